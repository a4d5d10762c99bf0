#include "segments/rotation.h"

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <numeric>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace alcove::segments {
namespace {

constexpr std::size_t kDimensions[] = {1, 2, 7, 8, 9, 63, 64, 65, 100, 127, 768, 1023, 1025, 4096};

std::vector<float> random_vector(std::size_t dimension, std::mt19937& random) {
  std::normal_distribution<float> normal;
  std::vector<float> values(dimension);
  for (float& value : values) value = normal(random);
  return values;
}

std::vector<float> rotated(std::vector<float> values) {
  const Rotation& rotation = rotation_of(values.size());
  values.resize(padded_dimension(values.size()));
  rotation.apply(values.data());
  return values;
}

double dot_of(const std::vector<float>& x, const std::vector<float>& y) {
  return std::inner_product(x.begin(), x.end(), y.begin(), 0.0);
}

TEST(Rotation, KeepsLengthsAndProducts) {
  std::mt19937 random(1);
  for (const std::size_t dimension : kDimensions) {
    const auto x = random_vector(dimension, random);
    const auto y = random_vector(dimension, random);
    const double lengths = std::sqrt(dot_of(x, x) * dot_of(y, y));
    EXPECT_NEAR(dot_of(rotated(x), rotated(y)), dot_of(x, y), lengths * 1e-5) << dimension;
    EXPECT_NEAR(dot_of(rotated(x), rotated(x)), dot_of(x, x), dot_of(x, x) * 1e-5) << dimension;
  }
}

TEST(Rotation, SpreadsWhatStandsInOneCoordinate) {
  for (const std::size_t dimension : {64UL, 100UL, 768UL, 1025UL}) {
    for (const std::size_t at : {0UL, dimension / 2, dimension - 1}) {
      std::vector<float> values(dimension);
      values[at] = 1;
      const auto spread = rotated(values);
      float most = 0;
      for (const float value : spread) most = std::max(most, std::abs(value));
      EXPECT_LT(most, 6 / std::sqrt(static_cast<float>(dimension))) << dimension << " at " << at;
    }
  }
}

std::vector<std::uint32_t> bits_of(const std::vector<float>& values) {
  std::vector<std::uint32_t> bits;
  for (const float value : values) bits.push_back(std::bit_cast<std::uint32_t>(value));
  return bits;
}

TEST(Rotation, EveryTargetFindsTheSameBits) {
  std::mt19937 random(2);
  const std::vector<RotationKernels> kernels = rotation_kernels();
  for (std::size_t padded = 8; padded <= 4096; padded += padded < 300 ? 8 : 424) {
    auto values = random_vector(padded, random);
    values[padded / 2] = -0.0F;
    std::vector<float> signs(kRotationRounds * padded);
    for (float& sign : signs) sign = random() % 2 == 0 ? 1.0F : -1.0F;
    auto expected = values;
    kernels.back().rotate(expected.data(), signs.data(), padded);
    for (const RotationKernels& target : kernels) {
      auto found = values;
      target.rotate(found.data(), signs.data(), padded);
      ASSERT_EQ(bits_of(found), bits_of(expected)) << target.target << ", " << padded;
    }
  }
}

// Codes are copied from file to file: the map may never change.
TEST(Rotation, IsTheSameForEver) {
  std::vector<float> values(12);
  std::iota(values.begin(), values.end(), 1.0F);
  const auto now = rotated(values);
  const std::vector<float> then = {-3.875F, 11.125F, 0.375F, -9.125F, -2.375F, 15.625F, -1.625F, 7.875F, -2.875F, -4.875F, 2.875F, 4.875F, -0.875F, -5.375F, 2.875F, 3.375F};
  ASSERT_EQ(now.size(), then.size());
  for (std::size_t i = 0; i < then.size(); ++i) EXPECT_NEAR(now[i], then[i], 1e-4F) << i;
}

}  // namespace
}  // namespace alcove::segments
