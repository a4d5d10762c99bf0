#include "segments/distance.h"

#include <bit>
#include <cctype>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include "segments/rounded_vector.h"

namespace alcove::segments {
namespace {

std::uint32_t bits(float value) { return std::bit_cast<std::uint32_t>(value); }

std::vector<std::size_t> dimensions() {
  std::vector<std::size_t> all;
  for (std::size_t dimension = 1; dimension <= 70; ++dimension) all.push_back(dimension);
  for (std::size_t dimension : {100u, 128u, 768u, 1536u, 20000u}) all.push_back(dimension);
  return all;
}

// Sources of floats that stress different parts of the arithmetic.
enum class Kind { kUniform, kDenormal, kZeros, kTiny, kHuge, kMixed };
constexpr Kind kKinds[] = {Kind::kUniform, Kind::kDenormal, Kind::kZeros,
                           Kind::kTiny,    Kind::kHuge,     Kind::kMixed};

std::vector<float> make_vector(Kind kind, std::size_t dimension, std::mt19937& random) {
  std::uniform_real_distribution<float> unit(-1, 1);
  const float huge = std::sqrt(1e37f / static_cast<float>(dimension));
  const float denormal = std::numeric_limits<float>::denorm_min();
  std::vector<float> values(dimension);
  for (float& value : values) {
    const float x = unit(random);
    switch (kind) {
      case Kind::kUniform: value = x; break;
      case Kind::kDenormal: value = x * 1000 * denormal; break;
      case Kind::kZeros: value = x < 0 ? -0.0f : 0.0f; break;
      // Products that round to a zero of either sign, so that sums stay at -0.
      case Kind::kTiny: value = std::copysign(1e-30f, x); break;
      case Kind::kHuge: value = x * huge; break;
      case Kind::kMixed: value = std::ldexp(x, static_cast<int>(random() % 60) - 40); break;
    }
  }
  return values;
}

constexpr std::size_t kRows = 7;

// Calls `check(query, rows, dimension)` with rows of every kind and dimension.
template <class Check>
void for_each_input(Check check) {
  std::mt19937 random(7);
  for (const std::size_t dimension : dimensions()) {
    for (const Kind kind : kKinds) {
      const std::vector<float> query = make_vector(kind, dimension, random);
      std::vector<float> rows;
      for (std::size_t row = 0; row < kRows; ++row) {
        const std::vector<float> values = make_vector(kind, dimension, random);
        rows.insert(rows.end(), values.begin(), values.end());
      }
      check(query.data(), rows.data(), dimension);
    }
  }
}

TEST(Distance, EveryTargetGivesTheBitsOfTheReference) {
  const std::vector<DistanceKernels> kernels = distance_kernels();
  for_each_input([&](const float* query, const float* rows, std::size_t dimension) {
    const std::uint32_t dot = bits(reference::dot(query, rows, dimension));
    const std::uint32_t l2 = bits(reference::squared_l2(query, rows, dimension));
    for (const DistanceKernels& target : kernels) {
      SCOPED_TRACE(target.target);
      ASSERT_EQ(bits(target.dot(query, rows, dimension)), dot) << dimension;
      ASSERT_EQ(bits(target.squared_l2(query, rows, dimension)), l2) << dimension;
    }
  });
}

TEST(Distance, RowsGiveTheBitsOfTheReference) {
  const std::vector<DistanceKernels> kernels = distance_kernels();
  for_each_input([&](const float* query, const float* rows, std::size_t dimension) {
    float dots[kRows];
    float l2s[kRows];
    for (std::size_t row = 0; row < kRows; ++row) {
      dots[row] = reference::dot(query, rows + row * dimension, dimension);
      l2s[row] = reference::squared_l2(query, rows + row * dimension, dimension);
    }
    for (const DistanceKernels& target : kernels) {
      for (const std::size_t count : {0u, 1u, 3u, 4u, 7u}) {
        float out[kRows + 1];
        out[count] = -1;
        target.dot_rows(query, rows, dimension, count, out);
        for (std::size_t row = 0; row < count; ++row) ASSERT_EQ(bits(out[row]), bits(dots[row]));
        target.squared_l2_rows(query, rows, dimension, count, out);
        for (std::size_t row = 0; row < count; ++row) ASSERT_EQ(bits(out[row]), bits(l2s[row]));
        ASSERT_EQ(out[count], -1) << "wrote behind the last row";
      }
      // Four that lie anywhere, one of them twice.
      const std::size_t anywhere[] = {6, 0, 3, 3};
      const float* four[4];
      for (std::size_t i = 0; i < 4; ++i) four[i] = rows + anywhere[i] * dimension;
      float out[4];
      target.dot_four(query, four, dimension, out);
      for (std::size_t i = 0; i < 4; ++i) ASSERT_EQ(bits(out[i]), bits(dots[anywhere[i]])) << target.target;
      target.squared_l2_four(query, four, dimension, out);
      for (std::size_t i = 0; i < 4; ++i) ASSERT_EQ(bits(out[i]), bits(l2s[anywhere[i]])) << target.target;
    }
  });
}

// As if each coordinate had been written out.
TEST(Distance, RoundedRowsGiveTheBitsOfTheReference) {
  const std::vector<DistanceKernels> kernels = distance_kernels();
  for_each_input([&](const float* query, const float* rows, std::size_t dimension) {
    std::vector<std::int8_t> numbers(dimension);
    const RoundedVector rounded{numbers, round_vector({rows, dimension}, numbers)};
    std::vector<float> row(dimension);
    for (std::size_t i = 0; i < dimension; ++i) row[i] = rounded[i];
    const std::uint32_t dot = bits(reference::dot(query, row.data(), dimension));
    const std::uint32_t l2 = bits(reference::squared_l2(query, row.data(), dimension));
    for (const DistanceKernels& target : kernels) {
      SCOPED_TRACE(target.target);
      ASSERT_EQ(bits(target.dot_rounded(query, numbers.data(), rounded.unit, dimension)), dot) << dimension;
      ASSERT_EQ(bits(target.squared_l2_rounded(query, numbers.data(), rounded.unit, dimension)), l2) << dimension;
    }
  });
}

TEST(Distance, ManyRowsKeepTheirOrder) {
  constexpr std::size_t kDimension = 5;
  std::mt19937 random(3);
  const std::vector<float> query = make_vector(Kind::kUniform, kDimension, random);
  const std::vector<float> rows = make_vector(Kind::kUniform, kDimension * 1001, random);
  for (const DistanceKernels& target : distance_kernels()) {
    std::vector<float> out(1001);
    target.dot_rows(query.data(), rows.data(), kDimension, 1001, out.data());
    for (std::size_t row = 0; row < 1001; ++row) {
      const float* const values = rows.data() + row * kDimension;
      ASSERT_EQ(bits(out[row]), bits(reference::dot(query.data(), values, kDimension)));
    }
  }
}

TEST(Distance, SumOfNegativeZerosKeepsItsSign) {
  // 16 products that each round to -0, and a tail whose padding must not add a +0 to them.
  const std::vector<float> x(18, 1e-30f);
  const std::vector<float> y(18, -1e-30f);
  for (const DistanceKernels& target : distance_kernels()) {
    EXPECT_EQ(bits(target.dot(x.data(), y.data(), 18)), bits(-0.0f)) << target.target;
  }
}

TEST(Distance, FoldsElementIIntoAccumulatorIModuloSixteen) {
  // In any other order the ones would be lost beside the large numbers.
  std::vector<float> x(34, 0);
  x[0] = 1e8f;
  x[1] = 1;
  x[16] = -1e8f;
  x[17] = 1;
  const std::vector<float> ones(34, 1);
  EXPECT_EQ(dot(x.data(), ones.data(), 34), 2);
}

TEST(Distance, MultipliesAndAddsWithOneRounding) {
  // (1 + e)^2 - 1 - 2e is e^2 exactly; a rounded product would give 0.
  const float e = std::ldexp(1.0f, -12);
  std::vector<float> x(17, 0);
  std::vector<float> y(17, 0);
  x[0] = -(1 + 2 * e);
  y[0] = 1;
  x[16] = 1 + e;
  y[16] = 1 + e;
  for (const DistanceKernels& target : distance_kernels()) {
    EXPECT_EQ(target.dot(x.data(), y.data(), 17), e * e) << target.target;
  }
}

// Numbers that end where an unreadable page begins.
class Fence {
 public:
  Fence() : page_(static_cast<std::size_t>(sysconf(_SC_PAGESIZE))) {
    void* const memory =
        mmap(nullptr, 2 * page_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    start_ = memory == MAP_FAILED ? nullptr : static_cast<char*>(memory);
    if (start_ != nullptr) mprotect(start_ + page_, page_, PROT_NONE);
  }
  ~Fence() { munmap(start_, 2 * page_); }
  Fence(const Fence&) = delete;
  Fence& operator=(const Fence&) = delete;
  float* floats(std::size_t count) { return last<float>(count); }
  template <class Number>
  Number* last(std::size_t count) {
    return reinterpret_cast<Number*>(start_ + page_ - count * sizeof(Number));
  }

 private:
  std::size_t page_;
  char* start_;
};

TEST(Distance, ReadsNothingBehindTheVectors) {
  Fence query;
  Fence rows;
  for (const DistanceKernels& target : distance_kernels()) {
    for (std::size_t dimension = 1; dimension <= 70; ++dimension) {
      float out[5];
      target.dot(query.floats(dimension), rows.floats(dimension), dimension);
      target.dot_rows(query.floats(dimension), rows.floats(5 * dimension), dimension, 5, out);
      target.squared_l2_rows(query.floats(dimension), rows.floats(4 * dimension), dimension, 4,
                             out);
      ASSERT_EQ(out[0], 0) << target.target << " " << dimension;
      const auto* const numbers = rows.last<std::int8_t>(dimension);
      ASSERT_EQ(target.dot_rounded(query.floats(dimension), numbers, 1, dimension), 0);
      ASSERT_EQ(target.squared_l2_rounded(query.floats(dimension), numbers, 1, dimension), 0);
    }
  }
}

TEST(Distance, EnvironmentForcesATarget) {
  testing::GTEST_FLAG(death_test_style) = "threadsafe";
  for (const DistanceKernels& target : distance_kernels()) {
    std::string name = target.target;
    for (char& c : name) c = static_cast<char>(std::tolower(c));
    EXPECT_EXIT(
        {
          setenv("ALCOVE_SIMD", name.c_str(), 1);
          std::exit(simd_target() == std::string(target.target) ? 0 : 1);
        },
        testing::ExitedWithCode(0), "");
  }
}

TEST(Distance, RefusesAForcedTargetThatTheCpuLacks) {
  testing::GTEST_FLAG(death_test_style) = "threadsafe";
  EXPECT_DEATH(
      {
        setenv("ALCOVE_SIMD", "avx1024", 1);
        simd_target();
      },
      "ALCOVE_SIMD");
}

TEST(Score, OfParallelVectorsIsOneAndNeverMore) {
  std::mt19937 random(5);
  for (int i = 0; i < 1000; ++i) {
    const std::vector<float> x = make_vector(Kind::kUniform, 8, random);
    std::vector<float> y = x;
    for (float& value : y) value *= 3;
    const float sum = dot(x.data(), y.data(), 8);
    const float cosine = score(Metric::kCosine, sum, squared_norm(x.data(), 8),
                               squared_norm(y.data(), 8));
    ASSERT_NEAR(cosine, 1, 1e-6);
    ASSERT_LE(cosine, 1);
    ASSERT_GE(score(Metric::kCosine, -sum, squared_norm(x.data(), 8), squared_norm(y.data(), 8)),
              -1);
  }
}

TEST(Score, OfNormsBeyondFloatIsFinite) {
  EXPECT_EQ(score(Metric::kCosine, 1e37f, 1e37f, 1e37f), 1);
  EXPECT_EQ(score(Metric::kCosine, 0, 0, 1), 0);
}

TEST(Score, IsTheSumForTheOtherMetrics) {
  EXPECT_EQ(score(Metric::kDotProduct, 5, 100, 100), 5);
  EXPECT_EQ(score(Metric::kEuclidean, 5, 100, 100), 5);
}

TEST(Score, BetterIsHigherExceptForDistances) {
  EXPECT_TRUE(better(Metric::kCosine, 1, 0.5f));
  EXPECT_TRUE(better(Metric::kDotProduct, 1, 0.5f));
  EXPECT_TRUE(better(Metric::kEuclidean, 0.5f, 1));
  EXPECT_FALSE(better(Metric::kCosine, 1, 1));
  EXPECT_FALSE(better(Metric::kEuclidean, 1, 1));
}

}  // namespace
}  // namespace alcove::segments
