// What comes in which order, beside sorting all.

#include <algorithm>
#include <limits>
#include <random>
#include <set>
#include <span>
#include <vector>

#include <gtest/gtest.h>

#include "segments/bound_order.h"
#include "segments/code.h"

namespace alcove::segments {
namespace {

constexpr float kInfiniteBound = std::numeric_limits<float>::infinity();

class BoundOrderTest : public testing::TestWithParam<std::size_t> {
 protected:
  // Bounds of which many are equal and some infinite, all in `order`.
  void fill(BoundOrder& order, std::size_t blocks) {
    const BoundOrder::Room room = order.add(blocks);
    for (std::size_t i = 0; i < blocks * kCodedRows; ++i) {
      const auto kind = chance_() % 50;
      const float bound = kind == 0   ? kInfiniteBound
                          : kind == 1 ? -0.0F
                                      : static_cast<float>(chance_() % 300) - 150;
      room.bounds[i] = bound;
      bounds_.push_back(bound);
    }
    for (std::size_t i = 0; i < blocks; ++i) {
      room.greatest[i] = *std::max_element(room.bounds + i * kCodedRows, room.bounds + (i + 1) * kCodedRows);
    }
  }
  // All numbers that are there and not below `threshold`, by sorting them.
  std::vector<std::uint32_t> expected(float threshold) const {
    std::vector<std::uint32_t> numbers;
    for (std::uint32_t i = 0; i < bounds_.size(); ++i) {
      if (!left_out_.contains(i) && bounds_[i] >= threshold) numbers.push_back(i);
    }
    std::stable_sort(numbers.begin(), numbers.end(),
                     [&](std::uint32_t x, std::uint32_t y) { return bounds_[x] > bounds_[y]; });
    return numbers;
  }

  std::mt19937 chance_{5};
  std::vector<float> bounds_;
  std::set<std::uint32_t> left_out_;
};

TEST_P(BoundOrderTest, GivesAllOnceInOrder) {
  BoundOrder order(16);
  fill(order, GetParam());
  for (std::uint32_t i = 7; i < bounds_.size(); i += 40) {
    order.leave_out(i, i + 1);
    left_out_.insert(i);
  }
  std::vector<std::uint32_t> got;
  for (auto some = order.collect(-kInfiniteBound); !some.empty(); some = order.collect(-kInfiniteBound)) {
    for (const CodeHit& hit : some) {
      EXPECT_EQ(hit.bound, bounds_[hit.row]);
      got.push_back(hit.row);
    }
  }
  EXPECT_EQ(got, expected(-kInfiniteBound));
}

TEST_P(BoundOrderTest, GivesNoneBelowTheThreshold) {
  BoundOrder order(16);
  fill(order, GetParam());
  std::vector<std::uint32_t> got;
  const auto take = [&](std::span<const CodeHit> some) {
    for (const CodeHit& hit : some) got.push_back(hit.row);
    return some.size();
  };
  take(order.collect(-kInfiniteBound));
  const float threshold = std::min(80.0F, bounds_[got.back()]);
  while (take(order.collect(threshold)) > 0) {
  }
  EXPECT_EQ(got, expected(threshold));
}

TEST_P(BoundOrderTest, BeginsWithAboutAsManyAsWereAskedFor) {
  BoundOrder order(16);
  const BoundOrder::Room room = order.add(GetParam());
  std::vector<float> bounds(GetParam() * kCodedRows);
  for (std::size_t i = 0; i < bounds.size(); ++i) bounds[i] = static_cast<float>(i);
  std::shuffle(bounds.begin(), bounds.end(), chance_);
  std::copy(bounds.begin(), bounds.end(), room.bounds);
  for (std::size_t i = 0; i < GetParam(); ++i) {
    room.greatest[i] = *std::max_element(room.bounds + i * kCodedRows, room.bounds + (i + 1) * kCodedRows);
  }
  const std::size_t first = order.collect(-kInfiniteBound).size();
  EXPECT_GE(first, 4U);
  EXPECT_LE(first, 64U);
}

// Neighbours are often alike: rows with ids alike, clusters of one parent. A sample of them may say that fewer are above a
// bound than have been given already.
TEST(BoundOrder, GivesNothingTwiceWhereNeighboursAreAlike) {
  std::mt19937 chance(7);
  for (int layout = 0; layout < 300; ++layout) {
    const std::size_t blocks = 50 + chance() % 400;
    const std::size_t high_end = chance() % blocks;
    const std::size_t high = std::min<std::size_t>(high_end, chance() % 60);
    BoundOrder order(10 + chance() % 150);
    const BoundOrder::Room room = order.add(blocks);
    for (std::size_t i = 0; i < blocks * kCodedRows; ++i) {
      const std::size_t block = i / kCodedRows;
      const bool is_high = block < high_end && block + high >= high_end;
      room.bounds[i] = static_cast<float>(chance() % 100'000) + (is_high ? 1e6F : 0);
    }
    for (std::size_t i = 0; i < blocks; ++i) {
      room.greatest[i] = *std::max_element(room.bounds + i * kCodedRows, room.bounds + (i + 1) * kCodedRows);
    }
    std::set<std::uint32_t> got;
    float last = kInfiniteBound;
    for (auto some = order.collect(-kInfiniteBound); !some.empty(); some = order.collect(-kInfiniteBound)) {
      for (const CodeHit& hit : some) {
        ASSERT_TRUE(got.insert(hit.row).second) << hit.row << " of " << blocks << " blocks";
        ASSERT_LE(hit.bound, last);
        last = hit.bound;
      }
    }
    ASSERT_EQ(got.size(), blocks * kCodedRows);
  }
}

INSTANTIATE_TEST_SUITE_P(Blocks, BoundOrderTest, testing::Values(1, 3, 31, 64, 500));

}  // namespace
}  // namespace alcove::segments
