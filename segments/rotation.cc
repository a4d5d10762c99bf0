#include "segments/rotation.h"

#include <bit>
#include <cmath>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <numbers>

#include "segments/simd_target.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "segments/rotation.cc"
#include <hwy/foreach_target.h>

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace alcove::segments {
namespace HWY_NAMESPACE {

#if HWY_NATIVE_FMA && HWY_MAX_BYTES >= 32 && HWY_TARGET != HWY_SCALAR && HWY_TARGET != HWY_EMU128

namespace hn = hwy::HWY_NAMESPACE;

constexpr hn::FixedTag<float, 8> kRotated;
constexpr hn::FixedTag<float, 4> kHalfRotated;
constexpr std::size_t kEight = 8;
using Eight = hn::Vec<decltype(kRotated)>;

// -1 in the lanes that are the second of a pair.
alignas(32) constexpr float kSecondOfOne[kEight] = {1, -1, 1, -1, 1, -1, 1, -1};
alignas(32) constexpr float kSecondOfTwo[kEight] = {1, 1, -1, -1, 1, 1, -1, -1};
alignas(32) constexpr float kSecondOfFour[kEight] = {1, 1, 1, 1, -1, -1, -1, -1};

// a+b in the lanes of a and a-b in those of b, of which `others` are the values with the pairs swapped. The product is
// exact, so that fusing rounds nothing otherwise.
HWY_INLINE Eight pairs(Eight values, Eight others, const float* second) {
  return hn::MulAdd(values, hn::Load(kRotated, second), others);
}

HWY_INLINE void flip(float* values, const float* signs, std::size_t count) {
  for (std::size_t i = 0; i < count; i += kEight) {
    hn::StoreU(hn::Mul(hn::LoadU(kRotated, values + i), hn::LoadU(kRotated, signs + i)), kRotated, values + i);
  }
}

// The three narrowest steps.
HWY_INLINE void transform_eights(float* values, std::size_t size, float scale) {
  const auto scales = hn::Set(kRotated, scale);
  for (std::size_t i = 0; i < size; i += kEight) {
    Eight eight = hn::LoadU(kRotated, values + i);
    eight = pairs(eight, hn::Shuffle2301(eight), kSecondOfOne);
    eight = pairs(eight, hn::Shuffle1032(eight), kSecondOfTwo);
    eight = pairs(eight, hn::SwapAdjacentBlocks(eight), kSecondOfFour);
    hn::StoreU(hn::Mul(eight, scales), kRotated, values + i);
  }
}

// One step, and two at once.
HWY_INLINE void step_once(float* values, std::size_t width) {
  for (std::size_t i = 0; i < width; i += kEight) {
    const Eight a = hn::LoadU(kRotated, values + i);
    const Eight b = hn::LoadU(kRotated, values + width + i);
    hn::StoreU(hn::Add(a, b), kRotated, values + i);
    hn::StoreU(hn::Sub(a, b), kRotated, values + width + i);
  }
}
HWY_INLINE void step_twice(float* values, std::size_t width) {
  for (std::size_t i = 0; i < width; i += kEight) {
    float* const at = values + i;
    const Eight a = hn::LoadU(kRotated, at);
    const Eight b = hn::LoadU(kRotated, at + width);
    const Eight c = hn::LoadU(kRotated, at + 2 * width);
    const Eight d = hn::LoadU(kRotated, at + 3 * width);
    const Eight ab = hn::Add(a, b);
    const Eight a_b = hn::Sub(a, b);
    const Eight cd = hn::Add(c, d);
    const Eight c_d = hn::Sub(c, d);
    hn::StoreU(hn::Add(ab, cd), kRotated, at);
    hn::StoreU(hn::Add(a_b, c_d), kRotated, at + width);
    hn::StoreU(hn::Sub(ab, cd), kRotated, at + 2 * width);
    hn::StoreU(hn::Sub(a_b, c_d), kRotated, at + 3 * width);
  }
}

HWY_INLINE void transform(float* values, std::size_t size) {
  transform_eights(values, size, 1 / std::sqrt(static_cast<float>(size)));
  std::size_t width = kEight;
  for (; 4 * width <= size; width *= 4) {
    for (std::size_t i = 0; i < size; i += 4 * width) step_twice(values + i, width);
  }
  if (width < size) step_once(values, width);
}

template <class Tag>
HWY_INLINE void mix_some(Tag tag, float* x, float* y) {
  const auto scale = hn::Set(tag, std::numbers::sqrt2_v<float> / 2);
  const auto a = hn::LoadU(tag, x);
  const auto b = hn::LoadU(tag, y);
  hn::StoreU(hn::Mul(hn::Add(a, b), scale), tag, x);
  hn::StoreU(hn::Mul(hn::Sub(a, b), scale), tag, y);
}

// Of the two halves.
HWY_INLINE void mix(float* values, std::size_t half) {
  std::size_t i = 0;
  for (; i + kEight <= half; i += kEight) mix_some(kRotated, values + i, values + half + i);
  if (i < half) mix_some(kHalfRotated, values + i, values + half + i);
}

#else  // portable kernels

void flip(float* values, const float* signs, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) values[i] *= signs[i];
}

// (a+b)·scale and (a-b)·scale for a = x[0 … count-1] and b = y[0 … count-1].
void butterfly(float* x, float* y, std::size_t count, float scale) {
  for (std::size_t i = 0; i < count; ++i) {
    const float sum = (x[i] + y[i]) * scale;
    y[i] = (x[i] - y[i]) * scale;
    x[i] = sum;
  }
}

// The three narrowest steps at once, in registers. Requires: `size` is a multiple of 8.
void transform_eights(float* values, std::size_t size, float scale) {
  for (std::size_t i = 0; i < size; i += 8) {
    float* const v = values + i;
    const float a0 = v[0] + v[1], a1 = v[0] - v[1], a2 = v[2] + v[3], a3 = v[2] - v[3];
    const float a4 = v[4] + v[5], a5 = v[4] - v[5], a6 = v[6] + v[7], a7 = v[6] - v[7];
    const float b0 = a0 + a2, b1 = a1 + a3, b2 = a0 - a2, b3 = a1 - a3;
    const float b4 = a4 + a6, b5 = a5 + a7, b6 = a4 - a6, b7 = a5 - a7;
    v[0] = (b0 + b4) * scale;
    v[1] = (b1 + b5) * scale;
    v[2] = (b2 + b6) * scale;
    v[3] = (b3 + b7) * scale;
    v[4] = (b0 - b4) * scale;
    v[5] = (b1 - b5) * scale;
    v[6] = (b2 - b6) * scale;
    v[7] = (b3 - b7) * scale;
  }
}

void transform(float* values, std::size_t size) {
  transform_eights(values, size, 1 / std::sqrt(static_cast<float>(size)));
  for (std::size_t width = 8; width < size; width *= 2) {
    for (std::size_t i = 0; i < size; i += 2 * width) {
      butterfly(values + i, values + i + width, width, 1);
    }
  }
}

void mix(float* values, std::size_t half) {
  butterfly(values, values + half, half, std::numbers::sqrt2_v<float> / 2);
}

#endif

// `signs` are those of all rounds.
void rotate(float* values, const float* signs, std::size_t padded) {
  const std::size_t transformed = std::bit_floor(padded);
  for (std::size_t round = 0; round < kRotationRounds; ++round) {
    flip(values, signs + round * padded, padded);
    transform(round % 2 == 0 ? values : values + padded - transformed, transformed);
    if (transformed < padded) mix(values, padded / 2);
  }
}

RotationKernels rotation_kernels_here() { return {hwy::TargetName(HWY_TARGET), rotate}; }

}  // namespace HWY_NAMESPACE
}  // namespace alcove::segments
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace alcove::segments {

namespace {

const RotationKernels& chosen() {
  static const RotationKernels kernels = choose_target(rotation_kernels());
  return kernels;
}

// SplitMix64 (Steele, Lea, Flood 2014).
std::uint64_t next_random(std::uint64_t& state) {
  std::uint64_t mixed = state += 0x9e3779b97f4a7c15U;
  mixed = (mixed ^ (mixed >> 30U)) * 0xbf58476d1ce4e5b9U;
  mixed = (mixed ^ (mixed >> 27U)) * 0x94d049bb133111ebU;
  return mixed ^ (mixed >> 31U);
}

}  // namespace

std::vector<RotationKernels> rotation_kernels() { return SUPPORTED_KERNELS(RotationKernels, rotation_kernels_here); }

Rotation::Rotation(std::size_t padded) : padded_(padded), signs_(kRotationRounds * padded) {
  std::uint64_t state = padded_;
  for (float& sign : signs_) sign = (next_random(state) >> 63U) == 0 ? 1.0F : -1.0F;
}

void Rotation::apply(float* values) const { chosen().rotate(values, signs_.data(), padded_); }

const Rotation& rotation_of(std::size_t dimension) {
  static std::mutex mutex;
  static std::map<std::size_t, std::unique_ptr<const Rotation>> known;
  const std::size_t padded = padded_dimension(dimension);
  std::lock_guard lock(mutex);
  auto& rotation = known[padded];
  if (rotation == nullptr) rotation = std::make_unique<const Rotation>(padded);
  return *rotation;
}

}  // namespace alcove::segments
#endif  // HWY_ONCE
