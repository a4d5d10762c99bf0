#include "executor/commit_record.h"

#include <gtest/gtest.h>

#include "executor/role.h"

namespace alcove::executor {
namespace {

std::string sample() {
  const float values[2] = {1.5F, -2};
  static std::string rows;
  rows.clear();
  encode_row("a", values, 2, {}, segments::Knowledge::kBlind, rows);
  encode_tombstone("b", segments::Knowledge::kKnown, rows);
  static const std::string role = [] {
    Role app;
    app.bound_to = {"i", "n"};
    std::string encoded;
    encode_role(app, encoded);
    return encoded;
  }();
  std::string record;
  encode_commit_record({CreateIndexChange{3, "i", 2, Metric::kEuclidean},
                        CreateNamespaceChange{9, 3, "n"}, WriteChange{9, 2, 2, rows},
                        DropNamespaceChange{9, 3, "n"}, DropIndexChange{3},
                        AddSegmentChange{9, {0x1ff, 4096, 0xabcdef0123456789U, 7, 2, 5, 0, 0}},
                        PutRoleChange{"app", role}, DropRoleChange{"other"}},
                       record);
  return record;
}

TEST(CommitRecord, SaysWhatItWasTold) {
  const std::string record = sample();
  const auto changes = decode_commit_record(record);
  ASSERT_TRUE(changes);
  ASSERT_EQ(changes->size(), 8U);
  EXPECT_EQ(std::get<CreateIndexChange>((*changes)[0]).metric, Metric::kEuclidean);
  RowReader rows(std::get<WriteChange>((*changes)[2]));
  const auto first = rows.next();
  ASSERT_TRUE(first);
  EXPECT_EQ(first->id, "a");
  EXPECT_EQ(first->values.size(), 8U);
  const auto second = rows.next();
  ASSERT_TRUE(second);
  EXPECT_TRUE(second->tombstone);
  EXPECT_EQ(second->knowledge, segments::Knowledge::kKnown);
  EXPECT_TRUE(rows.at_end());
  EXPECT_EQ(std::get<DropNamespaceChange>((*changes)[3]).name, "n");
  EXPECT_EQ(std::get<AddSegmentChange>((*changes)[5]).segment,
            (segments::SegmentDescriptor{0x1ff, 4096, 0xabcdef0123456789U, 7, 2, 5, 0, 0}));
  const auto& put = std::get<PutRoleChange>((*changes)[6]);
  EXPECT_EQ(put.name, "app");
  EXPECT_EQ(decode_role(put.name, put.role)->bound_to->name_space, "n");
  EXPECT_EQ(std::get<DropRoleChange>((*changes)[7]).name, "other");
}

TEST(CommitRecord, RefusesEveryTruncation) {
  const std::string record = sample();
  for (std::size_t size = 0; size < record.size(); ++size) {
    EXPECT_FALSE(decode_commit_record(std::string_view(record).substr(0, size))) << size;
  }
  EXPECT_FALSE(decode_commit_record(record + "x"));
}

}  // namespace
}  // namespace alcove::executor
