#include "executor/committer.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "executor/engine.h"
#include "tests/support/test_database.h"

namespace alcove::tests {
namespace {

// Commits of more than 150 bytes are large here: four rows of an UPSERT and more.
class CommitterTest : public TestDatabase {
 protected:
  executor::DatabaseOptions options() const override {
    executor::DatabaseOptions options = TestDatabase::options();
    options.large_commit_bytes = 150;
    return options;
  }
  void SetUp() override {
    TestDatabase::SetUp();
    tag("CREATE INDEX i DIMENSION 1 METRIC dotproduct");
  }
  // An UPSERT of records `prefix`0 … 19, each of `value`: large.
  static std::string load(const std::string& prefix, int value) {
    std::string text = "UPSERT INTO i NAMESPACE n VALUES ";
    for (int i = 0; i < 20; ++i) {
      text += fmt::format("{}('{}{}', [{}])", i == 0 ? "" : ", ", prefix, i, value);
    }
    return text;
  }
  std::string count() { return rows("SELECT count(*) FROM i NAMESPACE n"); }
  std::string value(const std::string& id) {
    return rows(fmt::format("SELECT values FROM i NAMESPACE n WHERE id = '{}'", id));
  }
  // Records that SHOW NAMESPACES tells, which come from counts and not from looking.
  std::string counted() {
    const std::string row = rows("SHOW NAMESPACES FROM i");
    const std::size_t first = row.find('|');
    return row.substr(first + 1, row.find('|', first + 1) - first - 1);
  }
  std::size_t log_bytes() { return database_->engine().pipeline.log().bytes_since(1); }
  std::size_t segment_files() {
    std::size_t files = 0;
    const auto folders = disk_.list("/db/segments");
    for (const std::string& folder : *folders) {
      files += disk_.list("/db/segments/" + folder)->size();
    }
    return files;
  }
  void run_background() {
    for (int i = 0; i < 20; ++i) ASSERT_TRUE(database_->run_background());
  }
};

TEST_F(CommitterTest, ALargeCommitGoesAroundTheLogAndIsDurable) {
  const std::size_t before = log_bytes();
  EXPECT_EQ(tag(load("r", 1)), "INSERT 0 20");
  EXPECT_LT(log_bytes() - before, 600U);
  EXPECT_EQ(segment_files(), 1U);
  crash();
  EXPECT_EQ(count(), "20");
  EXPECT_EQ(value("r7"), "{1}");
}

TEST_F(CommitterTest, WhatItReplacesIsCounted) {
  tag(load("r", 1));
  tag(load("r", 2));
  tag(load("s", 3));
  tag("UPSERT INTO i NAMESPACE n VALUES ('r0', [4])");
  tag(load("r", 5));
  EXPECT_EQ(count(), "40");
  EXPECT_EQ(counted(), "40");
  tag("CHECKPOINT");
  crash();
  EXPECT_EQ(counted(), "40");
  EXPECT_EQ(tag("COMPACT NAMESPACE n FROM i"), "COMPACT");
  EXPECT_EQ(counted(), "40");
  EXPECT_EQ(value("r0"), "{5}");
}

TEST_F(CommitterTest, LoadersOfANewNamespaceDoNotExcludeEachOther) {
  const auto one = connect();
  const auto two = connect();
  for (StatementRunner* each : {one.get(), two.get()}) tag(*each, "BEGIN");
  EXPECT_EQ(tag(*one, load("a", 1) + "; " + load("b", 1)), "INSERT 0 20");
  EXPECT_EQ(tag(*two, load("c", 2) + "; " + load("a", 2)), "INSERT 0 20");
  EXPECT_EQ(tag("UPSERT INTO i NAMESPACE n VALUES ('x', [9])"), "INSERT 0 1");
  EXPECT_EQ(tag(*one, "COMMIT"), "COMMIT");
  EXPECT_EQ(tag(*two, "COMMIT"), "COMMIT");
  EXPECT_EQ(count(), "61");
  EXPECT_EQ(value("a0"), "{2}");
  crash();
  EXPECT_EQ(count(), "61");
}

TEST_F(CommitterTest, AnUpsertThatMeetsADroppedNamespaceMakesTheNext) {
  tag("UPSERT INTO i NAMESPACE n VALUES ('old', [1])");
  const auto other = connect();
  tag("BEGIN");
  tag(load("a", 1) + "; " + load("b", 1));
  tag(*other, "DROP NAMESPACE n FROM i");
  EXPECT_EQ(tag("COMMIT"), "COMMIT");
  EXPECT_EQ(count(), "40");
  crash();
  EXPECT_EQ(count(), "40");
  EXPECT_EQ(value("old"), "");
}

TEST_F(CommitterTest, ARollbackLeavesNoFile) {
  tag("BEGIN");
  tag(load("a", 1));
  tag("SAVEPOINT s");
  tag(load("b", 2) + "; " + load("a", 3) + "; " + load("a", 4));
  EXPECT_EQ(count(), "40");
  EXPECT_EQ(value("a3"), "{4}");
  EXPECT_GE(segment_files(), 2U);
  tag("ROLLBACK TO s");
  EXPECT_EQ(count(), "20");
  EXPECT_EQ(value("a3"), "{1}");
  tag("ROLLBACK");
  run_background();
  EXPECT_EQ(segment_files(), 0U);
  EXPECT_EQ(rows("SHOW NAMESPACES FROM i"), "");
}

TEST_F(CommitterTest, ACrashBeforeTheCommitLeavesNoFile) {
  tag("BEGIN");
  tag(load("a", 1) + "; " + load("a", 2) + "; " + load("a", 3) + "; " + load("a", 4));
  EXPECT_GE(segment_files(), 1U);
  crash();
  run_background();
  EXPECT_EQ(segment_files(), 0U);
  EXPECT_EQ(rows("SHOW NAMESPACES FROM i"), "");
}

TEST_F(CommitterTest, ALostCommitLeavesTheNamespaceAsItWas) {
  tag("UPSERT INTO i NAMESPACE n VALUES ('a0', [7])");
  tag("CHECKPOINT");
  bool armed = true;
  disk_.set_fault([&](SimulatedFileSystem::Call call,
                      const std::string& path) -> std::optional<Error> {
    const bool is_log = path.find("/log/") != std::string::npos;
    if (!armed || !is_log || call != SimulatedFileSystem::Call::kSync) return std::nullopt;
    return Error(ErrorCode::kIo, "the disk fails");
  });
  EXPECT_EQ(error(load("a", 1)), ErrorCode::kPanic);
  armed = false;
  crash();
  EXPECT_TRUE(count() == "1" || count() == "20") << count();
  EXPECT_EQ(value("a0"), count() == "1" ? "{7}" : "{1}");
}

// A write that comes between the flush and the commit is in memory, above the segment.
TEST_F(CommitterTest, AWriteWhileItCommitsIsOverruledInMemory) {
  tag("UPSERT INTO i NAMESPACE n VALUES ('r0', [7]), ('z', [1])");
  const auto other = connect();
  bool armed = true;
  int syncs = 0;
  disk_.set_fault([&](SimulatedFileSystem::Call call,
                      const std::string& path) -> std::optional<Error> {
    const bool is_flush = path.find("/segments/") != std::string::npos &&
                          call == SimulatedFileSystem::Call::kSyncDirectory;
    // The first directory is that of the staged segment, the second that of the flush.
    if (armed && is_flush && ++syncs == 2) {
      armed = false;
      EXPECT_EQ(tag(*other, "UPSERT INTO i NAMESPACE n VALUES ('r1', [8]), ('z', [2])"),
                "INSERT 0 2");
      EXPECT_EQ(tag(*other, "DELETE FROM i NAMESPACE n WHERE id = 'r0'"), "DELETE 1");
    }
    return std::nullopt;
  });
  EXPECT_EQ(tag(load("r", 1)), "INSERT 0 20");
  EXPECT_FALSE(armed);
  const auto check = [&] {
    EXPECT_EQ(count(), "21");
    EXPECT_EQ(value("r0"), "{1}");
    EXPECT_EQ(value("r1"), "{1}");
    EXPECT_EQ(value("z"), "{2}");
  };
  check();
  crash();
  check();
  tag("CHECKPOINT");
  check();
  EXPECT_EQ(counted(), "21");
  EXPECT_EQ(tag("COMPACT NAMESPACE n FROM i"), "COMPACT");
  check();
  EXPECT_EQ(counted(), "21");
}

TEST_F(CommitterTest, AReaderBeforeTheCommitSeesNothingOfIt) {
  tag(load("r", 1));
  const auto reader = connect();
  tag(*reader, "BEGIN ISOLATION LEVEL REPEATABLE READ");
  const std::string sum = "SELECT count(*) FROM i NAMESPACE n WHERE id >= 'r' AND id < 's'";
  EXPECT_EQ(rows(*reader, sum), "20");
  tag(load("r1", 2));
  tag("COMPACT NAMESPACE n FROM i");
  EXPECT_EQ(rows(*reader, sum), "20");
  EXPECT_EQ(rows(*reader, "SELECT values FROM i NAMESPACE n WHERE id = 'r11'"), "{1}");
  EXPECT_EQ(value("r11"), "{2}");
}

TEST_F(CommitterTest, AnUpdateOfALoadedRecordFindsTheConflict) {
  tag(load("r", 1));
  const auto other = connect();
  tag("BEGIN");
  EXPECT_EQ(tag("UPDATE i NAMESPACE n SET VALUES = [3] WHERE id = 'r3'"), "UPDATE 1");
  tag(*other, load("r", 2));
  EXPECT_EQ(error("COMMIT"), ErrorCode::kConflict);
  EXPECT_EQ(value("r3"), "{2}");
}

}  // namespace
}  // namespace alcove::tests
