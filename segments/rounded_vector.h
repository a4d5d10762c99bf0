#pragma once

#include <cstdint>
#include <span>

namespace alcove::segments {

// A vector whose coordinates are whole numbers from -127 to 127 of a unit of its own: a quarter of the bytes of
// float32, for vectors that need only lie near where they were. The unit has at most 17 significant bits, so that
// each coordinate is exactly a float32: whoever computes with it finds the same.
struct RoundedVector {
  std::span<const std::int8_t> numbers;
  float unit = 0;

  float operator[](std::size_t i) const { return unit * static_cast<float>(numbers[i]); }
};

// Writes the numbers that are nearest to `values` and returns their unit: a 127th of the greatest, rounded up; 0, and all
// numbers 0, where that is less than float32 can hold. Requires: finite values, as many numbers.
float round_vector(std::span<const float> values, std::span<std::int8_t> numbers);

}  // namespace alcove::segments
