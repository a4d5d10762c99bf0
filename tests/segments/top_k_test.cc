#include "segments/top_k.h"

#include <algorithm>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>

#include "segments/distance.h"

namespace alcove::segments {
namespace {

std::vector<Hit> sorted(Metric metric, std::vector<Hit> hits, std::size_t k) {
  std::sort(hits.begin(), hits.end(), [metric](const Hit& x, const Hit& y) {
    if (x.score != y.score) return better(metric, x.score, y.score);
    return std::tie(x.id, x.source) < std::tie(y.id, y.source);
  });
  if (hits.size() > k) hits.resize(k);
  return hits;
}

TEST(TopK, KeepsWhatSortingWouldKeep) {
  std::mt19937 random(11);
  for (int round = 0; round < 600; ++round) {
    const Metric metric = round % 2 == 0 ? Metric::kCosine : Metric::kEuclidean;
    const std::size_t k = 1 + random() % 20;
    TopK top(metric, k);
    std::vector<Hit> offered;
    for (std::size_t i = random() % 60; i > 0; --i) {
      // Few different scores, so that ties are common; (id, source) is unique, as records are.
      Hit hit{static_cast<float>(random() % 5), static_cast<std::uint32_t>(i % 3),
              std::string(1 + i / 60, static_cast<char>('a' + i / 3))};
      top.offer(hit.score, hit.id, hit.source);
      offered.push_back(hit);
    }
    std::vector<Hit> expected = sorted(metric, offered, k);
    const std::vector<Hit> hits = top.take_sorted();
    ASSERT_EQ(hits.size(), expected.size());
    for (std::size_t i = 0; i < hits.size(); ++i) {
      ASSERT_EQ(hits[i].score, expected[i].score);
      ASSERT_EQ(hits[i].id, expected[i].id);
      ASSERT_EQ(hits[i].source, expected[i].source);
    }
  }
}

TEST(TopK, LetsAnEqualScoreEnterOnlyByItsId) {
  TopK top(Metric::kDotProduct, 2);
  top.offer(1, "m", 0);
  EXPECT_TRUE(top.may_enter(-5)) << "there is room";
  top.offer(2, "x", 0);
  EXPECT_FALSE(top.may_enter(0.5f));
  EXPECT_TRUE(top.may_enter(1));
  top.offer(1, "z", 0);
  top.offer(1, "a", 0);
  const std::vector<Hit> hits = top.take_sorted();
  ASSERT_EQ(hits.size(), 2u);
  EXPECT_EQ(hits[0].id, "x");
  EXPECT_EQ(hits[1].id, "a");
}

TEST(TopK, IsEmptyAfterItWasTaken) {
  TopK top(Metric::kEuclidean, 3);
  top.offer(1, "a", 0);
  EXPECT_EQ(top.take_sorted().size(), 1u);
  EXPECT_EQ(top.size(), 0u);
  top.offer(4, "b", 0);
  EXPECT_EQ(top.take_sorted().at(0).id, "b");
}

}  // namespace
}  // namespace alcove::segments
