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
constexpr std::size_t kVectors = kWidth / hn::MaxLanes(kFloats);
// So many sums are at hand together that the additions of one do not wait for those before.
constexpr std::size_t kRowsAtOnce = 6;

template <std::size_t kRows>
HWY_INLINE void score_rows(const float* panel, const float* halves, const float* const* rows,
                           std::size_t dimension, float* scores, std::size_t stride) {
  hn::Vec<decltype(kFloats)> sums[kRows][kVectors];
  for (std::size_t row = 0; row < kRows; ++row) {
    for (std::size_t i = 0; i < kVectors; ++i) sums[row][i] = hn::Zero(kFloats);
  }
  for (std::size_t at = 0; at < dimension; ++at) {
    hn::Vec<decltype(kFloats)> column[kVectors];
    for (std::size_t i = 0; i < kVectors; ++i) {
      column[i] = hn::LoadU(kFloats, panel + at * kWidth + i * hn::MaxLanes(kFloats));
    }
    for (std::size_t row = 0; row < kRows; ++row) {
      const auto value = hn::Set(kFloats, rows[row][at]);
      for (std::size_t i = 0; i < kVectors; ++i) {
        sums[row][i] = hn::MulAdd(value, column[i], sums[row][i]);
      }
    }
  }
  for (std::size_t row = 0; row < kRows; ++row) {
    for (std::size_t i = 0; i < kVectors; ++i) {
      const std::size_t at = i * hn::MaxLanes(kFloats);
      hn::StoreU(hn::Sub(sums[row][i], hn::LoadU(kFloats, halves + at)), kFloats,
                 scores + row * stride + at);
    }
  }
}

// The scores of `count` rows with the 16 centroids of one panel.
void score_panel(const float* panel, const float* halves, const float* const* rows, std::size_t count,
                 std::size_t dimension, float* scores, std::size_t stride) {
  std::size_t row = 0;
  for (; row + kRowsAtOnce <= count; row += kRowsAtOnce) {
    score_rows<kRowsAtOnce>(panel, halves, rows + row, dimension, scores + row * stride, stride);
  }
  for (; row < count; ++row) {
    score_rows<1>(panel, halves, rows + row, dimension, scores + row * stride, stride);
  }
}

CentroidKernels kernels_of_centroids() { return {hwy::TargetName(HWY_TARGET), score_panel}; }

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
  for (std::size_t panel = 0; panel < panels_; ++panel) {
    chosen.score(values_.data() + panel * dimension_ * kPanel, halves_.data() + panel * kPanel, rows,
                 count, dimension_, scores + panel * kPanel, stride());
  }
}

}  // namespace alcove::segments
#endif  // HWY_ONCE
