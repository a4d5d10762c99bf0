// Which rows a CodeRanking visits, in which order, beside what the codes say of all.

#include <algorithm>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <random>
#include <span>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "segments/code_query.h"
#include "segments/code_ranking.h"
#include "segments/distance.h"
#include "tests/segments/segment_sample.h"

namespace alcove::segments {
namespace {

constexpr std::uint32_t kRankedRows = 3500;
constexpr std::uint32_t kRankedDimension = 24;
constexpr float kNoThreshold = -std::numeric_limits<float>::infinity();

class CodeRankingTest : public testing::Test {
 protected:
  void SetUp() override {
    SegmentIdentity identity = identity_of(1, kRankedDimension);
    identity.metric = Metric::kDotProduct;
    auto writer = SegmentWriter::create(disk_.file_system, disk_.path(1), identity, Coding::kCodes);
    ASSERT_TRUE(writer);
    for (std::uint32_t i = 0; i < kRankedRows; ++i) {
      rows_.push_back(vector());
      ASSERT_TRUE((*writer)->add_row(fmt::format("{:06}", i), rows_.back().data(), norm(rows_.back()), {}, 7));
    }
    const auto written = (*writer)->finish([] { return Status(); });
    ASSERT_TRUE(written) << written.error().message();
    segment_ = *Segment::open(disk_.file_system, disk_.path(1), *written, identity);
    ASSERT_TRUE(segment_->has_codes());
    ASSERT_EQ(segment_->clusters(), 0U);
    query_ = vector();
    origin_ = *segment_->origin();
    ready_.emplace(Metric::kDotProduct, query_, norm(query_), origin_, 2);
  }

  std::vector<float> vector() {
    std::vector<float> values(kRankedDimension);
    for (float& value : values) value = normal_(chance_);
    return values;
  }
  static float norm(const std::vector<float>& x) { return squared_norm(x.data(), x.size()); }
  float value(std::uint32_t row) const { return dot(query_.data(), rows_[row].data(), kRankedDimension); }
  CodeScan scan() const { return ready_->scan_origin(); }

  // The bound of every row, by the scan that writes hits.
  std::vector<float> bounds() const {
    std::vector<float> bounds(kRankedRows);
    const std::size_t bytes = CodeShape(kRankedDimension).bytes;
    for (std::uint32_t row = 0; row < kRankedRows; row += kCodedRows) {
      const auto block = *segment_->codes(row, 1);
      std::vector<CodeHit> hits(kCodedRows);
      hits.resize(scan_codes(scan(), block.bytes + (row - block.first) / kCodedRows * bytes, 1, kNoThreshold,
                             hits.data()));
      for (const CodeHit& hit : hits) {
        if (row + hit.row < kRankedRows) bounds[row + hit.row] = hit.bound;
      }
    }
    return bounds;
  }

  // The rows visited while the best `wanted` of [begin, end) are looked for; `threshold` is what is known at first.
  std::vector<std::uint32_t> visited(std::uint32_t begin, std::uint32_t end, std::size_t wanted,
                                     float known = kNoThreshold) {
    CodeRanking ranking(*segment_, wanted);
    for (std::uint32_t at = begin; at < end;) {
      const std::uint32_t until = std::min(end, at / 1024 * 1024 + 1024);
      EXPECT_TRUE(ranking.scan(scan(), at, until));
      at = until;
    }
    std::vector<float> best;
    threshold_ = known;
    std::vector<std::uint32_t> rows;
    const auto take = [&](std::uint32_t row) -> Status {
      rows.push_back(row);
      best.push_back(value(row));
      std::sort(best.begin(), best.end(), std::greater<>());
      if (best.size() >= wanted) threshold_ = std::max(known, best[wanted - 1]);
      return {};
    };
    while (true) {
      const auto more = ranking.visit([&] { return threshold_; }, take);
      EXPECT_TRUE(more);
      if (!more || !*more) return rows;
    }
  }

  SegmentDisk disk_;
  std::mt19937 chance_{11};
  std::normal_distribution<float> normal_;
  std::vector<std::vector<float>> rows_;
  std::shared_ptr<const Segment> segment_;
  std::vector<float> query_;
  std::span<const float> origin_;
  std::optional<CodeQuery> ready_;
  float threshold_ = 0;  // at the end of the last search
};

TEST_F(CodeRankingTest, ReadsCodesOfSeveralBlocksAsOne) {
  const auto all = *segment_->codes(0, kRankedRows);
  EXPECT_EQ(all.first, 0U);
  EXPECT_EQ(all.count, kRankedRows);
  const std::size_t bytes = CodeShape(kRankedDimension).bytes;
  std::uint32_t blocks = 0;
  for (std::uint32_t row = 0; row < kRankedRows;) {
    const auto block = *segment_->codes(row, 1);
    EXPECT_EQ(block.first, row);
    EXPECT_EQ(block.bytes, all.bytes + row / kCodedRows * bytes);
    row += block.count;
    ++blocks;
  }
  EXPECT_GT(blocks, 2U);
  EXPECT_EQ(segment_->place_of_codes(40, 2400), std::string_view(all.bytes + bytes, 33 * bytes)) << "no more than 1,024";
  EXPECT_EQ(segment_->place_of_codes(40, 1000), std::string_view(all.bytes + bytes, (1039 / kCodedRows) * bytes));
}

TEST_F(CodeRankingTest, VisitsOnceAllThatMayEnterAndFewMore) {
  const auto all = bounds();
  for (const std::size_t wanted : {1UL, 10UL, 39UL, 40UL, 100UL, 1000UL}) {
    auto rows = visited(0, kRankedRows, wanted);
    std::sort(rows.begin(), rows.end());
    EXPECT_EQ(std::adjacent_find(rows.begin(), rows.end()), rows.end()) << wanted;
    std::size_t may_enter = 0;
    for (std::uint32_t row = 0; row < kRankedRows; ++row) {
      if (all[row] < threshold_) continue;
      ++may_enter;
      EXPECT_TRUE(std::binary_search(rows.begin(), rows.end(), row)) << wanted << ' ' << row;
    }
    EXPECT_GE(may_enter, wanted);
    EXPECT_LE(rows.size(), may_enter + wanted / 2 + 16) << wanted;
  }
}

TEST_F(CodeRankingTest, BeginsWithTheMostPromising) {
  const auto all = bounds();
  const auto rows = visited(0, kRankedRows, 10);
  ASSERT_GE(rows.size(), 10U);
  EXPECT_EQ(all[rows[0]], *std::max_element(all.begin(), all.end()));
  for (std::size_t i = 1; i < rows.size(); ++i) EXPECT_LE(all[rows[i]], all[rows[i - 1]]);
}

TEST_F(CodeRankingTest, KeepsToItsRows) {
  for (const auto& [begin, end] : {std::pair(100U, 1500U), {64U, 96U}, {65U, 66U}, {1000U, 2500U}, {2499U, 2500U}}) {
    // More are wanted than there are: all are visited.
    auto rows = visited(begin, end, kRankedRows);
    std::sort(rows.begin(), rows.end());
    ASSERT_EQ(rows.size(), end - begin) << begin;
    EXPECT_EQ(rows.front(), begin);
    EXPECT_EQ(rows.back(), end - 1);
  }
}

TEST_F(CodeRankingTest, LeavesWhatIsBelowAKnownThreshold) {
  const auto all = bounds();
  std::vector<float> sorted = all;
  std::sort(sorted.begin(), sorted.end(), std::greater<>());
  EXPECT_TRUE(visited(0, kRankedRows, 10, sorted[0] + 1).empty());
  for (const std::uint32_t row : visited(0, kRankedRows, 10, sorted[20])) EXPECT_GE(all[row], sorted[20]);
}

}  // namespace
}  // namespace alcove::segments
