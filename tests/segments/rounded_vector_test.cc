#include "segments/rounded_vector.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace alcove::segments {
namespace {

std::vector<float> vector_of_size(std::size_t dimension, float size, std::mt19937& chance) {
  std::normal_distribution<float> normal;
  std::vector<float> values(dimension);
  for (float& value : values) value = normal(chance) * size;
  return values;
}

std::vector<float> whole(const RoundedVector& rounded) {
  std::vector<float> values(rounded.numbers.size());
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = rounded[i];
  return values;
}

TEST(RoundedVector, LiesWithinHalfAUnitInEachCoordinate) {
  std::mt19937 chance(5);
  for (const float size : {1e-30F, 1e-6F, 1.0F, 3e4F, 1e17F}) {
    for (const std::size_t dimension : {1UL, 3UL, 16UL, 768UL}) {
      const auto values = vector_of_size(dimension, size, chance);
      std::vector<std::int8_t> numbers(dimension);
      const RoundedVector rounded{numbers, round_vector(values, numbers)};
      const auto most = std::abs(*std::ranges::max_element(values, {}, [](float value) { return std::abs(value); }));
      EXPECT_GE(rounded.unit, most / 127);
      EXPECT_LE(rounded.unit, most / 127 * 1.0001F);
      for (std::size_t i = 0; i < dimension; ++i) {
        EXPECT_LE(std::abs(double{rounded[i]} - double{values[i]}), double{rounded.unit} * 0.5001);
      }
    }
  }
}

TEST(RoundedVector, IsTheSameRoundedAgain) {
  std::mt19937 chance(6);
  for (int i = 0; i < 1000; ++i) {
    const auto values = vector_of_size(20, std::exp2(static_cast<float>(i % 200 - 100)), chance);
    std::vector<std::int8_t> numbers(values.size());
    const float unit = round_vector(values, numbers);
    std::vector<std::int8_t> again(values.size());
    EXPECT_EQ(round_vector(whole({numbers, unit}), again), unit);
    EXPECT_EQ(again, numbers);
    // Each product is exact.
    for (const std::int8_t number : numbers) {
      EXPECT_EQ(double{unit * static_cast<float>(number)}, double{unit} * number);
    }
  }
}

TEST(RoundedVector, WithoutLengthIsZero) {
  for (const float value : {0.0F, -0.0F, std::numeric_limits<float>::denorm_min(), 1e-37F}) {
    const std::vector<float> values(5, value);
    std::vector<std::int8_t> numbers(values.size(), 3);
    EXPECT_EQ(round_vector(values, numbers), 0);
    EXPECT_EQ(numbers, std::vector<std::int8_t>(values.size()));
  }
}

}  // namespace
}  // namespace alcove::segments
