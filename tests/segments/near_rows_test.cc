// The best rows, beside sorting all.

#include <algorithm>
#include <random>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "segments/near_rows.h"

namespace alcove::segments {
namespace {

class NearRowsTest : public testing::TestWithParam<Metric> {};

TEST_P(NearRowsTest, KeepsTheBestAndOfEqualsTheLower) {
  const bool smaller_is_better = GetParam() == Metric::kEuclidean;
  std::mt19937 chance(9);
  for (const std::size_t k : {1U, 7U, 40U}) {
    NearRows near(GetParam(), k);
    std::vector<std::pair<float, std::uint32_t>> all;
    for (std::uint32_t i = 0; i < 300; ++i) {
      const auto score = static_cast<float>(chance() % 60);
      const std::uint32_t number = (i * 77) % 300;
      near.offer(score, number);
      all.emplace_back(smaller_is_better ? score : -score, number);
      ASSERT_EQ(near.full(), all.size() >= k);
      if (!near.full()) continue;
      std::sort(all.begin(), all.end());
      const float worst = all[k - 1].first;
      ASSERT_EQ(near.worst_score(), smaller_is_better ? worst : -worst);
    }
    std::vector<std::pair<float, std::uint32_t>> kept;
    for (const NearRows::Row& row : near.rows()) {
      kept.emplace_back(smaller_is_better ? row.score : -row.score, row.number);
    }
    std::sort(kept.begin(), kept.end());
    all.resize(k);
    EXPECT_EQ(kept, all);
  }
}

INSTANTIATE_TEST_SUITE_P(Metrics, NearRowsTest,
                         testing::Values(Metric::kCosine, Metric::kDotProduct, Metric::kEuclidean));

}  // namespace
}  // namespace alcove::segments
