#include "segments/vector_batch.h"

#include <cstdint>
#include <memory>
#include <random>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "segments/distance.h"

namespace alcove::segments {
namespace {

// A block of rows, as a segment gives it, and a query.
class SomeRows {
 public:
  static constexpr std::uint32_t kFirst = 100;
  static constexpr std::uint32_t kRows = 20;
  static constexpr std::size_t kDimension = 37;

  SomeRows() {
    std::mt19937 chance(5);
    std::normal_distribution<float> normal;
    for (std::size_t i = 0; i < kRows * kDimension; ++i) values_.push_back(normal(chance));
    for (std::size_t i = 0; i < kDimension; ++i) query_.push_back(normal(chance));
    for (std::uint32_t i = 0; i < kRows; ++i) norms_.push_back(squared_norm(at(kFirst + i), kDimension));
  }
  Segment::Vectors vectors(std::shared_ptr<const void> owner = nullptr) const {
    return {values_.data(), norms_.data(), kFirst, kRows, std::move(owner)};
  }
  const float* query() const { return query_.data(); }
  const float* at(std::uint32_t row) const { return values_.data() + (row - kFirst) * kDimension; }

 private:
  std::vector<float> values_;
  std::vector<float> norms_;
  std::vector<float> query_;
};

class VectorBatchTest : public testing::TestWithParam<Metric> {};

TEST_P(VectorBatchTest, AnyNumberOfRowsHasTheSumsOfEach) {
  const SomeRows rows;
  VectorBatch batch(GetParam());
  const SumKernel sum = sum_kernel(GetParam());
  for (std::uint32_t size = 0; size <= VectorBatch::kRowsMax; ++size) {
    const auto number_of = [&](std::uint32_t i) { return SomeRows::kFirst + (i * 7 + size) % SomeRows::kRows; };
    for (std::uint32_t i = 0; i < size; ++i) batch.add(rows.vectors(), number_of(i), SomeRows::kDimension);
    ASSERT_EQ(batch.size(), size);
    const auto compared = batch.compare(rows.query(), SomeRows::kDimension);
    ASSERT_EQ(compared.size(), size);
    EXPECT_EQ(batch.size(), 0U);
    for (std::uint32_t i = 0; i < size; ++i) {
      const std::uint32_t number = number_of(i);
      EXPECT_EQ(compared[i].number, number);
      EXPECT_EQ(compared[i].sum, sum(rows.query(), rows.at(number), SomeRows::kDimension)) << i << " of " << size;
      EXPECT_EQ(compared[i].squared_norm, squared_norm(rows.at(number), SomeRows::kDimension));
    }
  }
}
INSTANTIATE_TEST_SUITE_P(Metrics, VectorBatchTest,
                         testing::Values(Metric::kCosine, Metric::kDotProduct, Metric::kEuclidean));

TEST(VectorBatch, KeepsWhatIsDecompressedUntilItIsCompared) {
  const SomeRows rows;
  VectorBatch batch(Metric::kCosine);
  const auto owner = std::make_shared<int>(1);
  batch.add(rows.vectors(owner), SomeRows::kFirst, SomeRows::kDimension);
  batch.add(rows.vectors(), SomeRows::kFirst + 1, SomeRows::kDimension);
  batch.add(rows.vectors(owner), SomeRows::kFirst + 2, SomeRows::kDimension);
  EXPECT_EQ(owner.use_count(), 3);
  batch.compare(rows.query(), SomeRows::kDimension);
  EXPECT_EQ(owner.use_count(), 1);
  // A row in place of one that had an owner has none.
  batch.add(rows.vectors(), SomeRows::kFirst, SomeRows::kDimension);
  EXPECT_EQ(owner.use_count(), 1);
}

}  // namespace
}  // namespace alcove::segments
