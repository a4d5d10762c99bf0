// RowSet beside a plain set of numbers, on every target.

#include "segments/row_set.h"

#include <cstdint>
#include <random>
#include <set>
#include <vector>

#include <gtest/gtest.h>

namespace alcove::segments {
namespace {

// Around whole registers and words.
constexpr std::uint32_t kSizes[] = {1, 15, 31, 32, 63, 64, 65, 127, 511, 512, 513, 1000, 65'536, 100'003};

class RowSetTest : public testing::TestWithParam<std::uint32_t> {
 protected:
  // One of so many rows is a member.
  void fill(unsigned one_of) {
    set_ = RowSet(GetParam());
    members_.clear();
    for (std::uint32_t row = 0; row < GetParam(); ++row) {
      if (chance_() % one_of != 0) continue;
      set_.insert(row);
      members_.insert(row);
    }
  }
  // Some rows in no order, some of which the set does not have.
  std::vector<std::uint32_t> rows_to_ask_for() {
    std::vector<std::uint32_t> rows(chance_() % 400);
    for (std::uint32_t& row : rows) row = static_cast<std::uint32_t>(chance_() % (std::uint64_t{GetParam()} * 9 / 8 + 1));
    rows.push_back(~std::uint32_t{0});
    return rows;
  }
  std::vector<std::uint32_t> expected(const std::vector<std::uint32_t>& rows) const {
    std::vector<std::uint32_t> found;
    for (const std::uint32_t row : rows) {
      if (members_.contains(row)) found.push_back(row);
    }
    return found;
  }
  std::vector<std::uint64_t> words() const {
    std::vector<std::uint64_t> words((GetParam() + 63) / 64);
    for (const std::uint32_t row : members_) words[row / 64] |= std::uint64_t{1} << row % 64;
    return words;
  }

  std::mt19937_64 chance_{GetParam()};
  RowSet set_;
  std::set<std::uint32_t> members_;
};

TEST_P(RowSetTest, CountsAndSelectsItsMembers) {
  for (const unsigned one_of : {1U, 2U, 7U, 100U}) {
    fill(one_of);
    EXPECT_EQ(set_.count(), members_.size());
    const auto rows = rows_to_ask_for();
    std::vector<std::uint32_t> into(rows.size());
    into.resize(set_.select(rows, into.data()));
    EXPECT_EQ(into, expected(rows));
  }
}

TEST_P(RowSetTest, EveryTargetCountsAndSelectsTheSame) {
  constexpr std::uint32_t kUntouched = 0xabcdef01;
  for (const RowSetKernels& kernels : row_set_kernels()) {
    SCOPED_TRACE(kernels.target);
    for (const unsigned one_of : {1U, 3U, 64U}) {
      fill(one_of);
      EXPECT_EQ(kernels.count(words()), members_.size());
      const auto rows = rows_to_ask_for();
      std::vector<std::uint32_t> into(rows.size() + 1, kUntouched);
      const std::size_t count = kernels.select(words().data(), GetParam(), rows, into.data());
      EXPECT_EQ(into.back(), kUntouched) << "written beyond the room";
      into.resize(count);
      EXPECT_EQ(into, expected(rows));
    }
  }
}

TEST(RowSet, OfNoRowsHasNone) {
  const std::vector<std::uint32_t> rows(64, 0);
  std::vector<std::uint32_t> into(rows.size());
  EXPECT_EQ(RowSet().select(rows, into.data()), 0U);
  EXPECT_EQ(RowSet().count(), 0U);
}

INSTANTIATE_TEST_SUITE_P(Sizes, RowSetTest, testing::ValuesIn(kSizes));

}  // namespace
}  // namespace alcove::segments
