#include "segments/rotation.h"

#include <bit>
#include <cmath>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <numbers>

namespace alcove::segments {

namespace {

constexpr std::size_t kRounds = 4;

// SplitMix64 (Steele, Lea, Flood 2014).
std::uint64_t next_random(std::uint64_t& state) {
  std::uint64_t mixed = state += 0x9e3779b97f4a7c15U;
  mixed = (mixed ^ (mixed >> 30U)) * 0xbf58476d1ce4e5b9U;
  mixed = (mixed ^ (mixed >> 27U)) * 0x94d049bb133111ebU;
  return mixed ^ (mixed >> 31U);
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

}  // namespace

Rotation::Rotation(std::size_t padded)
    : padded_(padded), transformed_(std::bit_floor(padded)), signs_(kRounds * padded) {
  std::uint64_t state = padded_;
  for (float& sign : signs_) sign = (next_random(state) >> 63U) == 0 ? 1.0F : -1.0F;
}

void Rotation::apply(float* values) const {
  for (std::size_t round = 0; round < kRounds; ++round) {
    const float* const signs = signs_.data() + round * padded_;
    for (std::size_t i = 0; i < padded_; ++i) values[i] *= signs[i];
    transform(round % 2 == 0 ? values : values + padded_ - transformed_, transformed_);
    if (transformed_ == padded_) continue;
    butterfly(values, values + padded_ / 2, padded_ / 2, std::numbers::sqrt2_v<float> / 2);
  }
}

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
