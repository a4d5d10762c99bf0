#include "segments/centroid_set.h"

#include <algorithm>
#include <limits>

#include "segments/simd_target.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "segments/centroid_set.cc"
#include <hwy/foreach_target.h>

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace alcove::segments {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

constexpr std::size_t kWidth = 16;  // of a panel
constexpr hn::CappedTag<float, kWidth> kFloats;
// Of a panel, and how many panels are compared at once: so many sums are at hand together that the additions of one do not
// wait for those before, and numbers are multiplied more often than they are loaded.
constexpr std::size_t kVectors = kWidth / hn::MaxLanes(kFloats);
constexpr std::size_t kPanelsAtOnce = kVectors == 1 ? 2 : 1;
constexpr std::size_t kRowsAtOnce = kVectors == 1 ? 12 : 6;

template <std::size_t kRows, std::size_t kPanels>
HWY_INLINE void score_rows(const float* panel, const float* halves, const float* const* rows,
                           std::size_t dimension, float* scores, std::size_t stride) {
  constexpr std::size_t kSums = kPanels * kVectors;
  const auto place_of = [](std::size_t i) { return i * hn::MaxLanes(kFloats); };  // among the centroids
  hn::Vec<decltype(kFloats)> sums[kRows][kSums];
  for (std::size_t row = 0; row < kRows; ++row) {
    for (std::size_t i = 0; i < kSums; ++i) sums[row][i] = hn::Zero(kFloats);
  }
  for (std::size_t at = 0; at < dimension; ++at) {
    hn::Vec<decltype(kFloats)> column[kSums];
    for (std::size_t i = 0; i < kSums; ++i) {
      const float* const begin = panel + place_of(i) / kWidth * dimension * kWidth;
      column[i] = hn::LoadU(kFloats, begin + at * kWidth + place_of(i) % kWidth);
    }
    for (std::size_t row = 0; row < kRows; ++row) {
      const auto value = hn::Set(kFloats, rows[row][at]);
      for (std::size_t i = 0; i < kSums; ++i) sums[row][i] = hn::MulAdd(value, column[i], sums[row][i]);
    }
  }
  for (std::size_t row = 0; row < kRows; ++row) {
    for (std::size_t i = 0; i < kSums; ++i) {
      hn::StoreU(hn::Sub(sums[row][i], hn::LoadU(kFloats, halves + place_of(i))), kFloats,
                 scores + row * stride + place_of(i));
    }
  }
}

template <std::size_t kPanels>
HWY_INLINE void score_panels(const float* panel, const float* halves, const float* const* rows, std::size_t count,
                             std::size_t dimension, float* scores, std::size_t stride) {
  std::size_t row = 0;
  for (; row + kRowsAtOnce <= count; row += kRowsAtOnce) {
    score_rows<kRowsAtOnce, kPanels>(panel, halves, rows + row, dimension, scores + row * stride, stride);
  }
  constexpr std::size_t kSomeRows = 4;
  for (; row + kSomeRows <= count; row += kSomeRows) {
    score_rows<kSomeRows, kPanels>(panel, halves, rows + row, dimension, scores + row * stride, stride);
  }
  for (; row < count; ++row) {
    score_rows<1, kPanels>(panel, halves, rows + row, dimension, scores + row * stride, stride);
  }
}

void score(const float* panels, const float* halves, std::size_t count_of_panels, const float* const* rows,
           std::size_t count, std::size_t dimension, float* scores) {
  const std::size_t stride = count_of_panels * kWidth;
  std::size_t panel = 0;
  for (; panel + kPanelsAtOnce <= count_of_panels; panel += kPanelsAtOnce) {
    score_panels<kPanelsAtOnce>(panels + panel * dimension * kWidth, halves + panel * kWidth, rows, count, dimension,
                                scores + panel * kWidth, stride);
  }
  for (; panel < count_of_panels; ++panel) {
    score_panels<1>(panels + panel * dimension * kWidth, halves + panel * kWidth, rows, count, dimension,
                    scores + panel * kWidth, stride);
  }
}

CentroidKernels kernels_of_centroids() { return {hwy::TargetName(HWY_TARGET), score}; }

}  // namespace HWY_NAMESPACE
}  // namespace alcove::segments
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace alcove::segments {

CentroidSet::CentroidSet(std::span<const float> values, std::size_t dimension)
    : dimension_(dimension),
      size_(values.size() / dimension),
      panels_((size_ + kPanel - 1) / kPanel),
      values_(panels_ * dimension * kPanel),
      // What is behind the last centroid is zeros, as far away as can be.
      halves_(panels_ * kPanel, std::numeric_limits<float>::max()) {
  for (std::size_t i = 0; i < size_; ++i) {
    double squared = 0;
    for (std::size_t at = 0; at < dimension; ++at) {
      const float value = values[i * dimension + at];
      values_[(i / kPanel * dimension + at) * kPanel + i % kPanel] = value;
      squared += double{value} * double{value};
    }
    halves_[i] = static_cast<float>(squared / 2);
  }
}

void CentroidSet::score(const float* const* rows, std::size_t count, float* scores) const {
  static const CentroidKernels chosen = choose_target(SUPPORTED_KERNELS(CentroidKernels, kernels_of_centroids));
  chosen.score(values_.data(), halves_.data(), panels_, rows, count, dimension_, scores);
}

}  // namespace alcove::segments
#endif  // HWY_ONCE
