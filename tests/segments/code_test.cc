// Codes, queries against them and the kernels that scan them, as one: what a bound promises, and that
// every target finds the same.

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "segments/code.h"
#include "segments/code_query.h"
#include "segments/code_scan.h"
#include "segments/distance.h"

namespace alcove::segments {
namespace {

constexpr std::size_t kDimensions[] = {1,   2,   3,   8,   15,  31,   63,   64,  65,
                                       100, 127, 255, 256, 257, 1023, 1025, 4096};
constexpr Metric kMetrics[] = {Metric::kCosine, Metric::kDotProduct, Metric::kEuclidean};
constexpr float kAll = -std::numeric_limits<float>::infinity();

// Rows around a centre, coded.
class Coded {
 public:
  Coded(Metric metric, std::vector<std::vector<float>> rows, std::vector<float> centroid)
      : metric_(metric), rows_(std::move(rows)), centroid_(std::move(centroid)) {
    Encoder encoder(metric_, centroid_);
    const Encoder::Centroid origin = encoder.prepare_origin();
    const std::size_t bytes = encoder.shape().bytes;
    blocks_ = (rows_.size() + kCodedRows - 1) / kCodedRows;
    codes_.assign(blocks_ * bytes, '\0');
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      encoder.encode(rows_[i].data(), norm(rows_[i]), origin, i % kCodedRows,
                     codes_.data() + i / kCodedRows * bytes);
    }
  }

  static float norm(const std::vector<float>& x) { return squared_norm(x.data(), x.size()); }

  double value(const std::vector<float>& query, std::size_t row) const {
    double dot = 0;
    double distance = 0;
    double row_norm = 0;
    double query_norm = 0;
    for (std::size_t i = 0; i < query.size(); ++i) {
      const double x = query[i];
      const double y = rows_[row][i];
      dot += x * y;
      distance += (x - y) * (x - y);
      query_norm += x * x;
      row_norm += y * y;
    }
    if (metric_ == Metric::kEuclidean) return -distance;
    if (metric_ == Metric::kDotProduct) return dot;
    return row_norm * query_norm > 0 ? dot / std::sqrt(row_norm * query_norm) : 0;
  }

  std::vector<CodeHit> scan(const std::vector<float>& query, double deviations, float threshold,
                            const CodeKernels& kernels) const {
    const CodeQuery ready(metric_, query, norm(query), centroid_, deviations);
    std::vector<CodeHit> hits(blocks_ * kCodedRows);
    hits.resize(kernels.scan(ready.scan_origin(), codes_.data(), blocks_, threshold, hits.data()));
    std::erase_if(hits, [&](const CodeHit& hit) { return hit.row >= rows_.size(); });
    return hits;
  }
  // Of all rows of all blocks, and of each block the greatest.
  std::vector<float> all_bounds(const std::vector<float>& query, double deviations,
                                const CodeKernels& kernels, std::vector<float>& greatest) const {
    const CodeQuery ready(metric_, query, norm(query), centroid_, deviations);
    std::vector<float> bounds(blocks_ * kCodedRows);
    greatest.resize(blocks_);
    kernels.bound(ready.scan_origin(), codes_.data(), blocks_, bounds.data(), greatest.data());
    return bounds;
  }
  std::vector<CodeHit> bounds(const std::vector<float>& query, double deviations) const {
    return scan(query, deviations, kAll, code_kernels().front());
  }

  std::size_t size() const { return rows_.size(); }
  const std::string& codes() const { return codes_; }

 private:
  Metric metric_;
  std::vector<std::vector<float>> rows_;
  std::vector<float> centroid_;
  std::size_t blocks_ = 0;
  std::string codes_;
};

class CodeTest : public testing::Test {
 protected:
  std::vector<float> vector(std::size_t dimension, float spread = 1) {
    std::vector<float> values(dimension);
    for (float& value : values) value = spread * normal_(random_);
    return values;
  }
  // `count` rows around `centre`.
  std::vector<std::vector<float>> around(const std::vector<float>& centre, std::size_t count,
                                         float spread) {
    std::vector<std::vector<float>> rows;
    for (std::size_t i = 0; i < count; ++i) {
      rows.push_back(vector(centre.size(), spread));
      for (std::size_t j = 0; j < centre.size(); ++j) rows.back()[j] += centre[j];
    }
    return rows;
  }
  static std::vector<float> scaled(Metric metric, std::vector<float> values) {
    const float norm = Coded::norm(values);
    if (metric == Metric::kCosine && norm > 0) {
      for (float& value : values) value /= std::sqrt(norm);
    }
    return values;
  }

  std::mt19937 random_{5};
  std::normal_distribution<float> normal_;
};

TEST_F(CodeTest, EveryTargetFillsTheSameTableWithWhatLevelsGive) {
  for (const std::size_t dimension : {1U, 8U, 100U, 256U, 1023U}) {
    const CodeShape shape(dimension);
    const double outermost = outermost_level(shape);
    auto steps = vector(shape.padded_dimension, 10);
    steps.back() = 0;
    const auto tables = [&] {
      std::vector<std::vector<std::uint8_t>> made;
      for (const CodeKernels& kernels : code_kernels()) {
        made.emplace_back(shape.groups * kGroupNumbers);
        kernels.fill_table(shape, steps.data(), made.back().data());
      }
      return made;
    }();
    for (std::size_t at = 0; at < tables.front().size(); ++at) {
      const std::size_t group = at / kGroupNumbers;
      double entry = 0;
      for (std::size_t i = 0; i < shape.coordinates_per_group; ++i) {
        const double step = steps[group * shape.coordinates_per_group + i];
        entry += step * double{group_levels(shape)[i][at % kGroupNumbers]} + outermost * std::abs(step);
      }
      EXPECT_NEAR(tables.front()[at], std::min(entry, double{kTableEntryMax}), 0.501);
    }
    for (const auto& table : tables) EXPECT_EQ(table, tables.front());
  }
}

TEST_F(CodeTest, BoundsAreAboveValues) {
  for (const Metric metric : kMetrics) {
    std::size_t below = 0;
    std::size_t all = 0;
    for (const std::size_t dimension : kDimensions) {
      const auto centre = vector(dimension);
      const Coded coded(metric, around(centre, 77, 0.5F), scaled(metric, centre));
      for (int i = 0; i < 10; ++i) {
        const auto query = vector(dimension);
        for (const CodeHit& hit : coded.bounds(query, 4)) {
          if (double{hit.bound} < coded.value(query, hit.row)) ++below;
          ++all;
        }
      }
    }
    EXPECT_EQ(all, 77 * 10 * std::size(kDimensions));
    EXPECT_LE(below, all / 5000) << static_cast<int>(metric);
  }
}

// A bound that is far above tells nothing.
TEST_F(CodeTest, EstimatesAreNear) {
  for (const Metric metric : kMetrics) {
    for (const std::size_t dimension : {64UL, 100UL, 256UL, 768UL, 1025UL}) {
      const auto centre = vector(dimension);
      const Coded coded(metric, around(centre, 300, 0.5F), scaled(metric, centre));
      const auto query = around(centre, 1, 0.5F).front();
      double squared_error = 0;
      double mean = 0;
      double spread = 0;
      for (std::size_t row = 0; row < coded.size(); ++row) mean += coded.value(query, row) / 300;
      for (const CodeHit& hit : coded.bounds(query, 0)) {
        const double value = coded.value(query, hit.row);
        squared_error += (double{hit.bound} - value) * (double{hit.bound} - value);
        spread += (value - mean) * (value - mean);
      }
      // One bit misses a little more of the spread than two.
      EXPECT_LT(squared_error, spread * (dimension < kOneBitDimension ? 0.3 : 1.2))
          << dimension << " metric " << static_cast<int>(metric);
    }
  }
}

TEST_F(CodeTest, EveryTargetFindsTheSameBitsOfCentroids) {
  constexpr std::size_t kCount = 70;
  constexpr std::size_t kBlocks = (kCount + kCodedRows - 1) / kCodedRows;
  for (const Metric metric : {Metric::kDotProduct, Metric::kEuclidean}) {
    for (const std::size_t dimension : kDimensions) {
      const auto origin = vector(dimension);
      const auto rows = around(origin, kCount, 0.5F);
      Encoder encoder(metric, origin, Corrections::kWhole);
      const Encoder::Centroid at_origin = encoder.prepare_origin();
      const std::size_t bytes = encoder.shape().centroid_bytes;
      std::string codes(kBlocks * bytes, '\0');
      for (std::size_t i = 0; i < rows.size(); ++i) {
        encoder.encode(rows[i].data(), 0, at_origin, i % kCodedRows, codes.data() + i / kCodedRows * bytes);
      }
      const auto query = vector(dimension);
      const CodeQuery ready(metric, query, Coded::norm(query), origin, 3);
      const CodeScan scan = ready.estimate();
      std::vector<float> expected;
      for (const CodeKernels& target : code_kernels()) {
        std::vector<float> bounds(kBlocks * kCodedRows);
        std::vector<float> greatest(kBlocks);
        target.bound(scan, codes.data(), kBlocks, bounds.data(), greatest.data());
        if (expected.empty()) expected = bounds;
        EXPECT_EQ(bounds, expected) << target.target << ' ' << dimension;
      }
      // Without a row's deviation from what its code tells: halves alone would be off by up to one in 128.
      double along = 0;
      double across = 0;
      for (std::size_t i = 0; i < rows.size(); ++i) {
        const double value = metric == Metric::kEuclidean
                                 ? -double{squared_l2(query.data(), rows[i].data(), dimension)}
                                 : double{dot(query.data(), rows[i].data(), dimension)};
        along += double{expected[i]} * value;
        across += value * value;
      }
      EXPECT_NEAR(along / across, 1, 0.2) << dimension;
    }
  }
}

TEST_F(CodeTest, EveryTargetFindsTheSameBits) {
  const auto kernels = code_kernels();
  for (const Metric metric : kMetrics) {
    for (const std::size_t dimension : kDimensions) {
      const auto centre = vector(dimension);
      const Coded coded(metric, around(centre, 70, 0.5F), scaled(metric, centre));
      const auto query = vector(dimension);
      auto expected = coded.bounds(query, 3);
      ASSERT_EQ(expected.size(), coded.size());
      std::vector<float> sorted;
      for (const CodeHit& hit : expected) sorted.push_back(hit.bound);
      std::sort(sorted.begin(), sorted.end());
      for (const float threshold : {kAll, sorted[35], sorted[69], sorted[69] + 1000}) {
        std::vector<CodeHit> above = expected;
        std::erase_if(above, [&](const CodeHit& hit) { return hit.bound < threshold; });
        for (const CodeKernels& target : kernels) {
          const auto found = coded.scan(query, 3, threshold, target);
          ASSERT_EQ(found.size(), above.size()) << target.target << ' ' << dimension;
          for (std::size_t i = 0; i < found.size(); ++i) {
            EXPECT_EQ(found[i].row, above[i].row);
            EXPECT_EQ(found[i].bound, above[i].bound) << target.target << ' ' << dimension;
          }
        }
      }
      for (const CodeKernels& target : kernels) {
        std::vector<float> greatest;
        const auto bounds = coded.all_bounds(query, 3, target, greatest);
        for (const CodeHit& hit : expected) EXPECT_EQ(bounds[hit.row], hit.bound) << target.target;
        for (std::size_t block = 0; block < greatest.size(); ++block) {
          const auto first = bounds.begin() + static_cast<std::ptrdiff_t>(block * kCodedRows);
          EXPECT_EQ(greatest[block], *std::max_element(first, first + kCodedRows)) << target.target;
        }
      }
    }
  }
}

TEST_F(CodeTest, EveryTargetSelectsTheSame) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  constexpr float kNoNumber = std::numeric_limits<float>::quiet_NaN();
  std::array<float, kCodedRows> bounds;
  for (std::size_t i = 0; i < kCodedRows; ++i) bounds[i] = static_cast<float>(i * 7 % 32);
  bounds[3] = kInfinity;
  bounds[17] = -kInfinity;
  for (const auto& [least, most] : {std::pair(10.0F, 20.0F), {20.0F, kNoNumber}, {-1.0F, kInfinity},
                                    {20.0F, 20.0F}, {100.0F, kInfinity}, {-kInfinity, kNoNumber}}) {
    for (const CodeKernels& target : code_kernels()) {
      std::array<CodeHit, kCodedRows> hits;
      const std::size_t count = target.select(bounds.data(), least, most, 64, hits.data());
      std::size_t expected = 0;
      for (std::uint32_t i = 0; i < kCodedRows; ++i) {
        if (bounds[i] < least || bounds[i] >= most) continue;
        ASSERT_LT(expected, count) << target.target;
        EXPECT_EQ(hits[expected].row, 64 + i);
        EXPECT_EQ(hits[expected].bound, bounds[i]);
        ++expected;
      }
      EXPECT_EQ(count, expected) << target.target << ' ' << least << ' ' << most;
    }
  }
}

// 4,096 coordinates in one bit are 1,024 groups: more than a word of 16 bits takes.
TEST_F(CodeTest, LongSumsDoNotOverflow) {
  const std::vector<float> centre(4096);
  const std::vector<float> query(4096, 1);
  const Coded coded(Metric::kDotProduct, {std::vector<float>(4096, 1), std::vector<float>(4096, -1)},
                    centre);
  const auto bounds = coded.bounds(query, 0);
  EXPECT_NEAR(bounds[0].bound, 4096, 300);
  EXPECT_NEAR(bounds[1].bound, -4096, 300);
}

// Wherever among 32 a copy stands, it says what the code said.
TEST_F(CodeTest, CopiesSayTheSame) {
  for (const std::size_t dimension : {17UL, 300UL}) {
    const auto centre = vector(dimension);
    const Coded coded(Metric::kEuclidean, around(centre, 64, 0.5F), centre);
    const CodeShape shape(dimension);
    std::string copied(2 * shape.bytes, '\0');
    for (std::size_t row = 0; row < 64; ++row) {
      const std::size_t to = row * 37 % 64;
      copy_code(shape, coded.codes().data() + row / kCodedRows * shape.bytes, row % kCodedRows,
                copied.data() + to / kCodedRows * shape.bytes, to % kCodedRows);
    }
    const auto query = vector(dimension);
    const CodeQuery ready(Metric::kEuclidean, query, Coded::norm(query), centre, 3);
    std::vector<CodeHit> hits(64);
    ASSERT_EQ(scan_codes(ready.scan_origin(), copied.data(), 2, kAll, hits.data()), 64U);
    for (const CodeHit& hit : coded.bounds(query, 3)) {
      EXPECT_EQ(hits[hit.row * 37 % 64].bound, hit.bound);
    }
  }
}

// A code relative to one centroid and a query relative to another origin: the bounds hold all the same.
TEST_F(CodeTest, BoundsHoldForCentroidsAwayFromTheOrigin) {
  for (const Metric metric : kMetrics) {
    std::size_t below = 0;
    double squared_error = 0;
    double squared_spread = 0;
    for (const std::size_t dimension : {16UL, 100UL, 256UL, 768UL}) {
      const auto origin = vector(dimension, 0.3F);
      const auto centre = vector(dimension);
      auto centroid = scaled(metric, centre);
      for (std::size_t i = 0; i < dimension; ++i) centroid[i] -= origin[i];
      std::vector<std::int8_t> numbers(dimension);
      const Centroid rounded{{numbers, round_vector(centroid, numbers)}, {}};
      std::vector<float> offset(dimension);
      for (std::size_t i = 0; i < dimension; ++i) {
        centroid[i] = rounded.at(origin, i);
        offset[i] = rounded.offset_at(origin, i);
      }
      const auto rows = around(centre, 32, 0.3F);
      Encoder encoder(metric, origin);
      const Encoder::Centroid prepared = encoder.prepare(offset);
      std::string codes(encoder.shape().bytes, '\0');
      for (std::size_t i = 0; i < 32; ++i) {
        encoder.encode(rows[i].data(), Coded::norm(rows[i]), prepared, i, codes.data());
      }
      const Coded plain(metric, rows, centroid);
      for (int i = 0; i < 20; ++i) {
        const auto query = around(centre, 1, 0.6F).front();
        std::vector<CodeHit> hits(32);
        const CodeQuery bounding(metric, query, Coded::norm(query), origin, 4);
        const auto scan = [&](const CodeQuery& ready) {
          const CodeQuery::Place place = ready.place(rounded, Coded::norm(centroid));
          return ready.scan(place.base, place.reach);
        };
        ASSERT_EQ(scan_codes(scan(bounding), codes.data(), 1, kAll, hits.data()), 32U);
        for (const CodeHit& hit : hits) below += double{hit.bound} < plain.value(query, hit.row);
        const CodeQuery estimating(metric, query, Coded::norm(query), origin, 0);
        scan_codes(scan(estimating), codes.data(), 1, kAll, hits.data());
        double mean = 0;
        for (const CodeHit& hit : hits) mean += plain.value(query, hit.row) / 32;
        for (const CodeHit& hit : hits) {
          const double value = plain.value(query, hit.row);
          squared_error += (double{hit.bound} - value) * (double{hit.bound} - value);
          squared_spread += (value - mean) * (value - mean);
        }
      }
    }
    EXPECT_LE(below, 2U) << static_cast<int>(metric);
    EXPECT_LT(squared_error, squared_spread) << static_cast<int>(metric);
  }
}

TEST_F(CodeTest, TakesVectorsWithoutLengthOrDifference) {
  for (const Metric metric : kMetrics) {
    for (const std::size_t dimension : {1UL, 8UL, 100UL, 768UL}) {
      const auto centre = vector(dimension);
      const std::vector<float> zero(dimension);
      // The centroid itself, over and over; zero; and queries of both.
      const Coded coded(metric, {centre, centre, zero, centre}, scaled(metric, centre));
      for (const auto& query : {centre, zero, vector(dimension)}) {
        const auto bounds = coded.bounds(query, 4);
        ASSERT_EQ(bounds.size(), 4U);
        for (const CodeHit& hit : bounds) {
          EXPECT_GE(double{hit.bound}, coded.value(query, hit.row) - 1e-9)
              << dimension << " metric " << static_cast<int>(metric) << " row " << hit.row;
          EXPECT_TRUE(std::isfinite(hit.bound));
        }
      }
    }
  }
}

TEST_F(CodeTest, HoldsOverTwelveOrdersOfMagnitude) {
  for (const std::size_t dimension : {8UL, 100UL, 768UL}) {
    std::vector<std::vector<float>> rows;
    for (int i = 0; i < 64; ++i) {
      rows.push_back(vector(dimension, std::pow(10.0F, static_cast<float>(i % 13) - 6)));
    }
    for (const Metric metric : {Metric::kDotProduct, Metric::kEuclidean}) {
      const Coded coded(metric, rows, std::vector<float>(dimension));
      const auto query = vector(dimension);
      for (const CodeHit& hit : coded.bounds(query, 5)) {
        const double value = coded.value(query, hit.row);
        EXPECT_GE(double{hit.bound}, value - std::abs(value) * 1e-6) << dimension;
      }
    }
  }
}

}  // namespace
}  // namespace alcove::segments
