#include "segments/distance.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "segments/simd_target.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "segments/distance.cc"
#include <hwy/foreach_target.h>

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace alcove::segments {
namespace HWY_NAMESPACE {

#if HWY_NATIVE_FMA && HWY_TARGET != HWY_SCALAR && HWY_TARGET != HWY_EMU128

namespace hn = hwy::HWY_NAMESPACE;

constexpr hn::CappedTag<float, 16> kTag;
constexpr hn::FixedTag<float, 4> kFour;
using Vector = hn::Vec<decltype(kTag)>;
using Four = hn::Vec<decltype(kFour)>;

constexpr std::size_t kLanes = hn::MaxLanes(kTag);
constexpr std::size_t kParts = 16 / kLanes;
constexpr auto kEachPart = std::make_index_sequence<kParts>();

struct Dot {
  static HWY_INLINE Vector fold(Vector x, Vector y, Vector sum) { return hn::MulAdd(x, y, sum); }
};
struct SquaredL2 {
  static HWY_INLINE Vector fold(Vector x, Vector y, Vector sum) {
    const Vector difference = hn::Sub(x, y);
    return hn::MulAdd(difference, difference, sum);
  }
};

// The sixteen accumulators, in as many registers as they take.
struct Accumulators {
  Vector part[kParts];
};

template <std::size_t... part>
HWY_INLINE Accumulators zero(std::index_sequence<part...>) {
  return {{((void)part, hn::Zero(kTag))...}};
}

// The first `count` floats at `from`, and reads none behind them.
HWY_INLINE Vector load_first(std::size_t count, const float* from) {
#if HWY_TARGET == HWY_NEON  // whose MaskedLoad reads all lanes
  float copy[kLanes] = {};
  std::memcpy(copy, from, count * sizeof(float));
  return hn::LoadU(kTag, copy);
#else
  return hn::MaskedLoad(hn::FirstN(kTag, count), kTag, from);
#endif
}

// A row's elements from some place on: of floats, and of numbers in a unit.
struct FloatRow {
  const float* at;
  HWY_INLINE FloatRow from(std::size_t i) const { return {at + i}; }
  HWY_INLINE Vector load() const { return hn::LoadU(kTag, at); }
  HWY_INLINE Vector load(std::size_t count) const { return load_first(count, at); }
};

constexpr hn::Rebind<std::int8_t, decltype(kTag)> kNumbers;
constexpr hn::Rebind<std::int32_t, decltype(kTag)> kInts;

struct RoundedRow {
  const std::int8_t* at;
  Vector unit;
  HWY_INLINE RoundedRow from(std::size_t i) const { return {at + i, unit}; }
  HWY_INLINE Vector load() const {
    return hn::Mul(unit, hn::ConvertTo(kTag, hn::PromoteTo(kInts, hn::LoadU(kNumbers, at))));
  }
  HWY_INLINE Vector load(std::size_t count) const {
    std::int8_t copy[kLanes] = {};
    std::memcpy(copy, at, count);
    return RoundedRow{copy, unit}.load();
  }
};

template <class Fold, class Row, std::size_t... part>
HWY_INLINE void fold_sixteen(std::index_sequence<part...>, const float* x, Row y, Accumulators& sums) {
  ((sums.part[part] = Fold::fold(hn::LoadU(kTag, x + part * kLanes), y.from(part * kLanes).load(),
                                 sums.part[part])),
   ...);
}

template <class Fold, class Row>
HWY_INLINE void fold_first(std::size_t count, const float* x, Row y, Vector& sum) {
  // A lane that has no element keeps its bits: adding a product of padding would turn -0 into 0.
  const Vector folded = Fold::fold(load_first(count, x), y.load(count), sum);
  sum = hn::IfThenElse(hn::FirstN(kTag, count), folded, sum);
}

// Requires: 0 < count < 16.
template <class Fold, class Row, std::size_t... part>
HWY_INLINE void fold_tail(std::index_sequence<part...>, std::size_t count, const float* x, Row y,
                          Accumulators& sums) {
  ((count > part * kLanes
        ? fold_first<Fold>(std::min(count - part * kLanes, kLanes), x + part * kLanes,
                           y.from(part * kLanes), sums.part[part])
        : void()),
   ...);
}

// a[j] += a[j + 8], a[j] += a[j + 4].
HWY_INLINE Four sum_to_four(const Accumulators& sums) {
#if HWY_MAX_BYTES == 16
  return hn::Add(hn::Add(sums.part[0], sums.part[2]), hn::Add(sums.part[1], sums.part[3]));
#else
  constexpr hn::FixedTag<float, 8> kEight;
#if HWY_MAX_BYTES == 32
  const auto eight = hn::Add(sums.part[0], sums.part[1]);
#else
  const auto eight = hn::Add(hn::LowerHalf(kEight, sums.part[0]),
                             hn::UpperHalf(kEight, sums.part[0]));
#endif
  return hn::Add(hn::LowerHalf(kFour, eight), hn::UpperHalf(kFour, eight));
#endif
}

template <class Fold, class Row>
HWY_INLINE float one_row(const float* x, Row y, std::size_t dimension) {
  Accumulators sums = zero(kEachPart);
  std::size_t i = 0;
  for (; i + 16 <= dimension; i += 16) fold_sixteen<Fold>(kEachPart, x + i, y.from(i), sums);
  if (i < dimension) fold_tail<Fold>(kEachPart, dimension - i, x + i, y.from(i), sums);
  const Four four = sum_to_four(sums);
  const Four two = hn::Add(four, hn::Shuffle1032(four));
  return hn::GetLane(hn::Add(two, hn::Shuffle2301(two)));
}

// Four rows side by side hide the latency of the additions and share the loads of the query.
template <class Fold>
HWY_INLINE void four_rows(const float* query, const float* const* rows, std::size_t dimension, float* sums) {
  const float* const row0 = rows[0];
  const float* const row1 = rows[1];
  const float* const row2 = rows[2];
  const float* const row3 = rows[3];
  Accumulators sums0 = zero(kEachPart);
  Accumulators sums1 = sums0;
  Accumulators sums2 = sums0;
  Accumulators sums3 = sums0;
  std::size_t i = 0;
  for (; i + 16 <= dimension; i += 16) {
    fold_sixteen<Fold>(kEachPart, query + i, FloatRow{row0 + i}, sums0);
    fold_sixteen<Fold>(kEachPart, query + i, FloatRow{row1 + i}, sums1);
    fold_sixteen<Fold>(kEachPart, query + i, FloatRow{row2 + i}, sums2);
    fold_sixteen<Fold>(kEachPart, query + i, FloatRow{row3 + i}, sums3);
  }
  if (i < dimension) {
    const std::size_t count = dimension - i;
    fold_tail<Fold>(kEachPart, count, query + i, FloatRow{row0 + i}, sums0);
    fold_tail<Fold>(kEachPart, count, query + i, FloatRow{row1 + i}, sums1);
    fold_tail<Fold>(kEachPart, count, query + i, FloatRow{row2 + i}, sums2);
    fold_tail<Fold>(kEachPart, count, query + i, FloatRow{row3 + i}, sums3);
  }
  // The last two steps of the sum, for the four rows at once: lanes are gathered so that the
  // partner of each addition stands in the same lane.
  const Four four0 = sum_to_four(sums0);
  const Four four1 = sum_to_four(sums1);
  const Four four2 = sum_to_four(sums2);
  const Four four3 = sum_to_four(sums3);
  const Four two01 = hn::Add(hn::InterleaveLower(kFour, four0, four1),
                             hn::InterleaveUpper(kFour, four0, four1));
  const Four two23 = hn::Add(hn::InterleaveLower(kFour, four2, four3),
                             hn::InterleaveUpper(kFour, four2, four3));
  hn::StoreU(hn::Add(hn::ConcatLowerLower(kFour, two23, two01),
                     hn::ConcatUpperUpper(kFour, two23, two01)),
             kFour, sums);
}

template <class Fold>
HWY_INLINE void all_rows(const float* query, const float* rows, std::size_t dimension,
                         std::size_t count, float* out) {
  // The four rows are taken from the four quarters of the block, not from neighbours: so memory
  // is read as four long sequential streams, which the hardware prefetches better than one.
  const std::size_t quarter = count / 4;
  for (std::size_t i = 0; i < quarter; ++i) {
    const float* four[4];
    for (std::size_t j = 0; j < 4; ++j) four[j] = rows + (i + j * quarter) * dimension;
    float sums[4];
    four_rows<Fold>(query, four, dimension, sums);
    for (std::size_t j = 0; j < 4; ++j) out[i + j * quarter] = sums[j];
  }
  for (std::size_t i = quarter * 4; i < count; ++i) {
    out[i] = one_row<Fold>(query, FloatRow{rows + i * dimension}, dimension);
  }
}

float dot(const float* x, const float* y, std::size_t dimension) {
  return one_row<Dot>(x, FloatRow{y}, dimension);
}
float squared_l2(const float* x, const float* y, std::size_t dimension) {
  return one_row<SquaredL2>(x, FloatRow{y}, dimension);
}
float dot_rounded(const float* x, const std::int8_t* numbers, float unit, std::size_t dimension) {
  return one_row<Dot>(x, RoundedRow{numbers, hn::Set(kTag, unit)}, dimension);
}
float squared_l2_rounded(const float* x, const std::int8_t* numbers, float unit, std::size_t dimension) {
  return one_row<SquaredL2>(x, RoundedRow{numbers, hn::Set(kTag, unit)}, dimension);
}
void dot_rows(const float* query, const float* rows, std::size_t dimension, std::size_t count,
              float* out) {
  all_rows<Dot>(query, rows, dimension, count, out);
}
void squared_l2_rows(const float* query, const float* rows, std::size_t dimension,
                     std::size_t count, float* out) {
  all_rows<SquaredL2>(query, rows, dimension, count, out);
}
void dot_four(const float* query, const float* const* rows, std::size_t dimension, float* out) {
  four_rows<Dot>(query, rows, dimension, out);
}
void squared_l2_four(const float* query, const float* const* rows, std::size_t dimension, float* out) {
  four_rows<SquaredL2>(query, rows, dimension, out);
}

#else  // portable kernels: std::fma, one element after the other

float dot(const float* x, const float* y, std::size_t dimension) {
  return reference::dot(x, y, dimension);
}
float squared_l2(const float* x, const float* y, std::size_t dimension) {
  return reference::squared_l2(x, y, dimension);
}
float dot_rounded(const float* x, const std::int8_t* numbers, float unit, std::size_t dimension) {
  return reference::dot_rounded(x, numbers, unit, dimension);
}
float squared_l2_rounded(const float* x, const std::int8_t* numbers, float unit, std::size_t dimension) {
  return reference::squared_l2_rounded(x, numbers, unit, dimension);
}
void dot_rows(const float* query, const float* rows, std::size_t dimension, std::size_t count,
              float* out) {
  for (std::size_t i = 0; i < count; ++i) out[i] = dot(query, rows + i * dimension, dimension);
}
void squared_l2_rows(const float* query, const float* rows, std::size_t dimension,
                     std::size_t count, float* out) {
  for (std::size_t i = 0; i < count; ++i) {
    out[i] = squared_l2(query, rows + i * dimension, dimension);
  }
}
void dot_four(const float* query, const float* const* rows, std::size_t dimension, float* out) {
  for (std::size_t i = 0; i < 4; ++i) out[i] = dot(query, rows[i], dimension);
}
void squared_l2_four(const float* query, const float* const* rows, std::size_t dimension, float* out) {
  for (std::size_t i = 0; i < 4; ++i) out[i] = squared_l2(query, rows[i], dimension);
}

#endif

DistanceKernels kernels() {
  return {hwy::TargetName(HWY_TARGET), dot, squared_l2, dot_rows, squared_l2_rows, dot_four, squared_l2_four,
          dot_rounded, squared_l2_rounded};
}

}  // namespace HWY_NAMESPACE
}  // namespace alcove::segments
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace alcove::segments {
namespace {

const DistanceKernels& chosen() {
  static const DistanceKernels kernels = choose_target(distance_kernels());
  return kernels;
}

template <class Fold>
float canonical_sum(std::size_t dimension, Fold fold) {
  float sums[16] = {};
  for (std::size_t i = 0; i < dimension; ++i) sums[i % 16] = fold(i, sums[i % 16]);
  for (std::size_t width = 8; width > 0; width /= 2) {
    for (std::size_t j = 0; j < width; ++j) sums[j] += sums[j + width];
  }
  return sums[0];
}

}  // namespace

std::vector<DistanceKernels> distance_kernels() { return SUPPORTED_KERNELS(DistanceKernels, kernels); }

float dot(const float* x, const float* y, std::size_t dimension) {
  return chosen().dot(x, y, dimension);
}

float squared_l2(const float* x, const float* y, std::size_t dimension) {
  return chosen().squared_l2(x, y, dimension);
}

float squared_norm(const float* x, std::size_t dimension) { return dot(x, x, dimension); }

FourSumsKernel four_sums_kernel(Metric metric) {
  return metric == Metric::kEuclidean ? chosen().squared_l2_four : chosen().dot_four;
}

SumKernel sum_kernel(Metric metric) {
  return metric == Metric::kEuclidean ? chosen().squared_l2 : chosen().dot;
}

void dot_rows(const float* query, const float* rows, std::size_t dimension, std::size_t count,
              float* out) {
  chosen().dot_rows(query, rows, dimension, count, out);
}

void squared_l2_rows(const float* query, const float* rows, std::size_t dimension,
                     std::size_t count, float* out) {
  chosen().squared_l2_rows(query, rows, dimension, count, out);
}

float dot_rounded(const float* x, const std::int8_t* numbers, float unit, std::size_t dimension) {
  return chosen().dot_rounded(x, numbers, unit, dimension);
}

float squared_l2_rounded(const float* x, const std::int8_t* numbers, float unit, std::size_t dimension) {
  return chosen().squared_l2_rounded(x, numbers, unit, dimension);
}

float score(Metric metric, float sum, float query_squared_norm, float row_squared_norm) {
  if (metric != Metric::kCosine) return sum;
  const double norms = double{query_squared_norm} * double{row_squared_norm};
  // Vectors so short that their squared norm underflows have no direction left.
  if (norms <= 0) return 0;
  return static_cast<float>(std::clamp(double{sum} / std::sqrt(norms), -1.0, 1.0));
}

const char* simd_target() { return chosen().target; }

namespace reference {

float dot(const float* x, const float* y, std::size_t dimension) {
  return canonical_sum(dimension,
                       [x, y](std::size_t i, float sum) { return std::fma(x[i], y[i], sum); });
}

float squared_l2(const float* x, const float* y, std::size_t dimension) {
  return canonical_sum(dimension, [x, y](std::size_t i, float sum) {
    const float difference = x[i] - y[i];
    return std::fma(difference, difference, sum);
  });
}

float dot_rounded(const float* x, const std::int8_t* numbers, float unit, std::size_t dimension) {
  return canonical_sum(dimension, [&](std::size_t i, float sum) {
    return std::fma(x[i], unit * static_cast<float>(numbers[i]), sum);
  });
}

float squared_l2_rounded(const float* x, const std::int8_t* numbers, float unit, std::size_t dimension) {
  return canonical_sum(dimension, [&](std::size_t i, float sum) {
    const float difference = x[i] - unit * static_cast<float>(numbers[i]);
    return std::fma(difference, difference, sum);
  });
}

}  // namespace reference

}  // namespace alcove::segments
#endif  // HWY_ONCE
