#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/record.h"

namespace alcove::segments {

// Distances between float32 vectors in one canonical procedure: the same inputs give the same bits
// on every CPU and from every place that asks (memtable, segment, index, EXACT).
//
// CANONICAL SUM of D products: sixteen float32 accumulators a[0..15] start at 0; element i is
// folded into a[i % 16] by one fused multiply-add, in order of i. Then a[j] += a[j + 8] for j < 8,
// a[j] += a[j + 4] for j < 4, a[j] += a[j + 2] for j < 2, and the sum is a[0] + a[1].
// dot(x, y) folds x[i] * y[i]; squared_l2(x, y) folds d * d with d = x[i] - y[i].
//
// Requires: finite vectors with squared norms up to 1e37 (language.md), so that no sum overflows.
//
// Kernels are written once with Google Highway and chosen at run time. ALCOVE_SIMD=avx2|avx3|…
// (Highway's target names, lower case) forces one for tests; the process ends at the first distance
// if this CPU does not have it. Thread-safe; no alignment required.

float dot(const float* x, const float* y, std::size_t dimension);
float squared_l2(const float* x, const float* y, std::size_t dimension);
// dot(x, x): the squared norm that is kept beside each vector.
float squared_norm(const float* x, std::size_t dimension);

// The one of the two that a metric's scores are made from, for who calls it often.
using SumKernel = float (*)(const float* x, const float* y, std::size_t dimension);
SumKernel sum_kernel(Metric metric);

// Likewise of four rows that lie anywhere: out[i] is that of rows[i], bit for bit. Takes less than four times one.
using FourSumsKernel = void (*)(const float* query, const float* const* rows, std::size_t dimension, float* out);
FourSumsKernel four_sums_kernel(Metric metric);

// `count` rows, one after the other at `rows`, against one query: out[i] is dot or squared_l2 of
// row i, bit for bit as the functions above give it.
void dot_rows(const float* query, const float* rows, std::size_t dimension, std::size_t count,
              float* out);
void squared_l2_rows(const float* query, const float* rows, std::size_t dimension,
                     std::size_t count, float* out);

// Of a vector in whole numbers of a unit (rounded_vector.h): the bits that dot and squared_l2 give with
// y[i] = unit * numbers[i].
float dot_rounded(const float* x, const std::int8_t* numbers, float unit, std::size_t dimension);
float squared_l2_rounded(const float* x, const std::int8_t* numbers, float unit, std::size_t dimension);

// The score users see, from the canonical sums.
//   cosine      dot / sqrt(norm(query) * norm(row)) in double, clamped to -1..1, rounded to float;
//               0 where a squared norm is 0 (of a vector shorter than about 1e-23)
//   dotproduct  dot
//   euclidean   squared_l2
// `sum` is dot for the first two, squared_l2 for the last.
float score(Metric metric, float sum, float query_squared_norm, float row_squared_norm);

// Whether score `x` is better than `y`: higher for cosine and dotproduct, lower for euclidean.
inline bool better(Metric metric, float x, float y) {
  return metric == Metric::kEuclidean ? x < y : x > y;
}

// The name of the target in use, such as "AVX2".
const char* simd_target();

// The kernels of one target, for tests that compare targets within one process.
struct DistanceKernels {
  const char* target;
  float (*dot)(const float*, const float*, std::size_t);
  float (*squared_l2)(const float*, const float*, std::size_t);
  void (*dot_rows)(const float*, const float*, std::size_t, std::size_t, float*);
  void (*squared_l2_rows)(const float*, const float*, std::size_t, std::size_t, float*);
  FourSumsKernel dot_four;
  FourSumsKernel squared_l2_four;
  float (*dot_rounded)(const float*, const std::int8_t*, float, std::size_t);
  float (*squared_l2_rounded)(const float*, const std::int8_t*, float, std::size_t);
};
// Every target that this CPU supports, the best first; the last needs no vector instructions.
std::vector<DistanceKernels> distance_kernels();

// The straightforward form of the canonical procedure, for tests to compare with.
namespace reference {
float dot(const float* x, const float* y, std::size_t dimension);
float squared_l2(const float* x, const float* y, std::size_t dimension);
float dot_rounded(const float* x, const std::int8_t* numbers, float unit, std::size_t dimension);
float squared_l2_rounded(const float* x, const std::int8_t* numbers, float unit, std::size_t dimension);
}  // namespace reference

}  // namespace alcove::segments
