#pragma once

#include <cstddef>
#include <vector>

namespace alcove::segments {

// A fixed orthonormal map of vectors that spreads their energy evenly over the coordinates, whatever
// directions the data prefers: what is quantised coordinate by coordinate then (code.h) loses about
// the same everywhere, and its error is near a normal distribution.
//
// ROTATION of dimension D, padded with zeros to P = D rounded up to a multiple of 8; T is the highest
// power of two not above P. Four rounds r = 0 … 3: each coordinate is multiplied by a sign; the first
// T coordinates (r even) or the last T (r odd) go through a Walsh-Hadamard transform divided by
// √T; if T < P, the first half a and the second half b of the coordinates become (a+b)/√2, (a-b)/√2.
// The signs are the bits of SplitMix64 seeded with P: the same for ever, so that codes may be copied
// from segment to segment. (As RaBitQ's authors rotate, arXiv:2405.12497 and their library.)
//
// Kernels are chosen at run time as in distance.h; every target finds the same bits, since each rounds the same sums
// and products. Thread-safe once made.
class Rotation {
 public:
  // Requires: a padded dimension.
  explicit Rotation(std::size_t padded);

  // Requires: `values` has as many floats, those behind the vector's own 0.
  void apply(float* values) const;

 private:
  std::size_t padded_;
  std::vector<float> signs_;  // of the four rounds
};

inline constexpr std::size_t kRotationRounds = 4;

// The kernels of one target, for tests that compare targets within one process: they rotate so many values in place,
// by the signs of all rounds.
struct RotationKernels {
  const char* target;
  void (*rotate)(float* values, const float* signs, std::size_t padded);
};
// Every target that this CPU supports, the best first; the last needs no vector instructions.
std::vector<RotationKernels> rotation_kernels();

// P of a dimension.
constexpr std::size_t padded_dimension(std::size_t dimension) { return (dimension + 7) / 8 * 8; }

// The rotation of a dimension, made at its first use and kept: one for each padded dimension, 512 up to
// kCodedDimensionMax, which take 17 MB together.
const Rotation& rotation_of(std::size_t dimension);

}  // namespace alcove::segments
