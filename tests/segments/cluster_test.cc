// Clusters of a segment's rows, and the order in which a query looks at them, by what the segment shows.

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "segments/block_reader.h"
#include "segments/block_writer.h"
#include "segments/calibration.h"
#include "segments/centroid_set.h"
#include "segments/cluster.h"
#include "segments/code_query.h"
#include "segments/distance.h"
#include "segments/merge.h"
#include "segments/probe_order.h"
#include "tests/segments/segment_sample.h"

namespace alcove::segments {
namespace {

constexpr std::uint32_t kRows = kClusteredRowsMin + 1500;
constexpr std::uint32_t kDimension = 20;
constexpr std::size_t kCentres = 60;

enum class Kind { kCentred, kNormal, kSame, kTwo, kZero, kAllLengths };

class ClusteredRows : public SegmentDisk {
 public:
  ClusteredRows(Metric metric, Kind kind) : metric_(metric), kind_(kind) {
    for (std::size_t i = 0; i < kCentres; ++i) centres_.push_back(normal(3));
    identity_ = identity_of(1, kDimension);
    identity_.metric = metric;
  }

  std::vector<float> vector() {
    std::vector<float> values = normal(1);
    switch (kind_) {
      case Kind::kCentred: {
        const auto& centre = centres_[chance_() % kCentres];
        for (std::size_t i = 0; i < kDimension; ++i) values[i] += centre[i];
        return values;
      }
      case Kind::kNormal: return values;
      case Kind::kSame: return centres_[0];
      case Kind::kTwo: return centres_[chance_() % 2];
      case Kind::kZero: return std::vector<float>(kDimension);
      case Kind::kAllLengths: {
        const float length = std::pow(10.0F, static_cast<float>(chance_() % 13) - 6);
        for (float& value : values) value *= length;
        return values;
      }
    }
    return values;
  }

  // Writes rows and opens them.
  std::shared_ptr<const Segment> write() {
    auto writer = SegmentWriter::create(file_system, path(1), identity_, Coding::kCodes);
    EXPECT_TRUE(writer);
    for (std::uint32_t i = 0; i < kRows; ++i) {
      rows_.push_back(vector());
      EXPECT_TRUE((*writer)->add_row(fmt::format("{:06}", i), rows_.back().data(), norm(rows_.back()), {}, 7));
    }
    const auto written = (*writer)->finish([] { return Status(); });
    EXPECT_TRUE(written) << written.error().message();
    auto segment = Segment::open(file_system, path(1), *written, identity_);
    EXPECT_TRUE(segment) << segment.error().message();
    const Status verified = (*segment)->verify();
    EXPECT_TRUE(verified) << verified.error().message();
    return *segment;
  }

  static float norm(const std::vector<float>& x) { return squared_norm(x.data(), x.size()); }

  // On the scale of CodeQuery.
  double value(const std::vector<float>& query, std::uint32_t row) const {
    const std::vector<float>& x = rows_[row];
    if (metric_ == Metric::kEuclidean) return -double{squared_l2(query.data(), x.data(), kDimension)};
    const double product = dot(query.data(), x.data(), kDimension);
    if (metric_ == Metric::kDotProduct) return product;
    return score(metric_, static_cast<float>(product), norm(query), norm(x));
  }

  Metric metric() const { return metric_; }

 private:
  std::vector<float> normal(float deviation) {
    std::vector<float> values(kDimension);
    for (float& value : values) value = deviation * normal_(chance_);
    return values;
  }

  Metric metric_;
  Kind kind_;
  SegmentIdentity identity_;
  std::mt19937 chance_{3};
  std::normal_distribution<float> normal_;
  std::vector<std::vector<float>> centres_;
  std::vector<std::vector<float>> rows_;
};

using Shape = std::tuple<Metric, Kind>;
class ClusterTest : public testing::TestWithParam<Shape> {
 protected:
  ClusteredRows rows_{std::get<0>(GetParam()), std::get<1>(GetParam())};
};

// That each row is in one cluster, and each cluster in its place, is what Segment::verify() checks.
TEST_P(ClusterTest, LooksAtEveryRowOnceAndInTheEndAtAll) {
  const auto segment = rows_.write();
  ASSERT_GT(segment->clusters(), 0U);
  EXPECT_LE(segment->clusters(), kRows / kRowsPerCluster + 32);
  const std::vector<float> query = rows_.vector();
  const auto origin = segment->origin();
  ASSERT_TRUE(origin);
  const CodeQuery ready(rows_.metric(), query, ClusteredRows::norm(query), *origin, 3);
  auto order = ProbeOrder::create(*segment, ready, nullptr);
  ASSERT_TRUE(order);
  std::vector<bool> seen(kRows);
  std::uint32_t count = 0;
  for (;;) {
    const auto probe = order->next();
    ASSERT_TRUE(probe);
    if (!*probe) break;
    EXPECT_TRUE(std::isfinite((*probe)->scan.base));
    EXPECT_TRUE(std::isfinite((*probe)->scan.reach));
    for (std::uint32_t i = 0; i < (*probe)->rows; ++i) {
      const auto rows = segment->postings((*probe)->first + i);
      ASSERT_TRUE(rows);
      EXPECT_FALSE(seen[rows->front()]);
      seen[rows->front()] = true;
      ++count;
    }
  }
  EXPECT_EQ(count, kRows);
  EXPECT_EQ(order->remoteness(0, 1), std::numeric_limits<float>::infinity());
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, ClusterTest,
    testing::Combine(testing::Values(Metric::kCosine, Metric::kDotProduct, Metric::kEuclidean),
                     testing::Values(Kind::kCentred, Kind::kNormal, Kind::kSame, Kind::kTwo, Kind::kZero,
                                     Kind::kAllLengths)));

class CentredTest : public testing::TestWithParam<Metric> {
 protected:
  ClusteredRows rows_{GetParam(), Kind::kCentred};
};

// The rows of the nearest two of a hundred clusters hold nearly all of a query's ten nearest.
TEST_P(CentredTest, TheFirstClustersHoldTheNearestRows) {
  const auto segment = rows_.write();
  std::size_t found = 0;
  for (int i = 0; i < 20; ++i) {
    const std::vector<float> query = rows_.vector();
    const CodeQuery ready(rows_.metric(), query, ClusteredRows::norm(query), *segment->origin(), 3);
    auto order = ProbeOrder::create(*segment, ready, nullptr);
    ASSERT_TRUE(order);
    std::vector<double> all;
    for (std::uint32_t row = 0; row < kRows; ++row) all.push_back(rows_.value(query, row));
    std::nth_element(all.begin(), all.begin() + 9, all.end(), std::greater<>());
    for (std::uint32_t probes = 0; probes < segment->clusters() / 10; ++probes) {
      const auto probe = order->next();
      ASSERT_TRUE(probe && *probe);
      for (std::uint32_t at = (*probe)->first; at < (*probe)->first + (*probe)->rows; ++at) {
        if (rows_.value(query, segment->postings(at)->front()) >= all[9]) ++found;
      }
    }
  }
  EXPECT_GE(found, 180U);
}

// The further away, the more is asked for; and the more there is to beat, the further away the next is.
TEST_P(CentredTest, RemotenessRises) {
  const auto segment = rows_.write();
  const auto calibration = segment->calibration();
  ASSERT_TRUE(calibration);
  EXPECT_TRUE(std::is_sorted(calibration->near.begin(), calibration->near.end()));
  EXPECT_TRUE(std::is_sorted(calibration->wide.begin(), calibration->wide.end()));
  EXPECT_EQ(calibration->wide_count, kRows / 256);
  for (const double count : {1.0, 10.0, 30.0, 1e6}) {
    float last = remoteness_for(*calibration, 0, count, 0);
    for (const double recall : {0.3, 0.5, 0.7, 0.9, 0.93, 0.95, 0.99, 0.999, 0.9999}) {
      EXPECT_GE(remoteness_for(*calibration, recall, count, 0), last) << recall << " of " << count;
      last = remoteness_for(*calibration, recall, count, 0);
    }
  }
  EXPECT_FLOAT_EQ(remoteness_for(*calibration, 0.95, 10, 0), calibration->near[3]);
  const double wide = calibration->wide_count;
  EXPECT_FLOAT_EQ(remoteness_for(*calibration, 0.95, wide, 0), calibration->wide[3]);
  EXPECT_FLOAT_EQ(remoteness_for(*calibration, 0.95, 10, 2), calibration->near[3] + 2 * calibration->near_per_farness);
  EXPECT_FLOAT_EQ(remoteness_for(*calibration, 0.95, wide, -1), calibration->wide[3] - calibration->wide_per_farness);
  // Beyond what was measured with it rises on, for as many times more by as much, and never falls.
  Calibration rising = *calibration;
  rising.near.fill(2);
  rising.wide.fill(3);
  EXPECT_FLOAT_EQ(remoteness_for(rising, 0.99, wide * wide / 10, 0), 4);
  EXPECT_FLOAT_EQ(remoteness_for(rising, 0.99, wide, 0), 3);
  rising.wide.fill(1);
  EXPECT_FLOAT_EQ(remoteness_for(rising, 0.99, wide * wide / 10, 0), 1);
  // Not where ten were found before there was anything to measure.
  rising.near.fill(-16);
  EXPECT_FLOAT_EQ(remoteness_for(rising, 0.99, wide * wide / 10, 0), 1);
  EXPECT_GE(calibration->near_per_farness, 0);
  EXPECT_GE(calibration->wide_per_farness, 0);
  const bool by_length = rows_.metric() != Metric::kDotProduct;
  EXPECT_TRUE(by_length || calibration->near_per_farness == 0);

  const std::vector<float> query = rows_.vector();
  const CodeQuery ready(rows_.metric(), query, ClusteredRows::norm(query), *segment->origin(), 3);
  auto order = ProbeOrder::create(*segment, ready, nullptr);
  ASSERT_TRUE(order);
  EXPECT_GT(order->remoteness(5, 1), order->remoteness(-5, 1));
  EXPECT_EQ(order->remoteness(5, 1) - order->remoteness(5, 0), 0) << "the logarithm of the first";
  const float first = order->remoteness(0, 1);
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(order->next());
  EXPECT_GT(order->remoteness(0, 1), first);
  EXPECT_GT(order->remoteness(0, 1), order->remoteness(0, 0.5));
}

// As a search without a filter would look at them too; but where a filter chooses by cluster, no more than one that does not.
TEST_P(CentredTest, CountsClustersThatAFilterAtRandomLeavesOut) {
  const auto segment = rows_.write();
  constexpr std::uint32_t kShare = 400;
  RowSet scattered(kRows);
  for (std::uint32_t row = 0; row < kRows; row += kShare) scattered.insert(row * 7919U % kRows);
  RowSet gathered(kRows);
  const std::uint32_t begin = segment->cluster(segment->clusters() / 2)->first;
  for (std::uint32_t i = 0; i < kRows / kShare; ++i) gathered.insert(segment->postings(begin + i)->front());
  const std::vector<float> query = rows_.vector();
  const CodeQuery ready(rows_.metric(), query, ClusteredRows::norm(query), *segment->origin(), 3);
  // How many clusters count as looked at, the next included, after `looked_at`.
  const auto count = [&](const RowSet* passing, int looked_at) {
    auto order = ProbeOrder::create(*segment, ready, passing);
    EXPECT_TRUE(order);
    for (int i = 0; i < looked_at; ++i) EXPECT_TRUE(order->next());
    return std::exp(order->remoteness(0, 1) - order->remoteness(0, 0));
  };
  EXPECT_NEAR(count(nullptr, 5), 6, 0.1);
  const double rows_per_cluster = double{kRows} / segment->clusters();
  const double left_out = std::pow(1 - 1.0 / kShare, rows_per_cluster);
  EXPECT_GT(left_out, 0.5) << "most clusters have no row that passes";
  // As many as such filters leave out on average, or those that this one has before them, which may be fewer.
  EXPECT_LE(count(&scattered, 5), 6 / (1 - left_out) + 0.1);
  EXPECT_GT(count(&scattered, 5), 7);
  // None is left out where each has one, nor before those that have.
  RowSet everywhere(kRows);
  for (std::uint32_t i = 0; i < segment->clusters(); ++i) everywhere.insert(segment->postings(segment->cluster(i)->first)->front());
  EXPECT_NEAR(count(&everywhere, 5), 6, 0.1);
  // Of those behind the nearest, which are all that have one, none counts.
  RowSet nearest(kRows);
  auto all = ProbeOrder::create(*segment, ready, nullptr);
  ASSERT_TRUE(all);
  for (int i = 0; i < 3; ++i) {
    const auto probe = all->next();
    ASSERT_TRUE(probe && *probe);
    nearest.insert(segment->postings((*probe)->first)->front());
  }
  EXPECT_LT(count(&nearest, 0), 10) << "of " << segment->clusters();
  // One cluster has them all, or two.
  EXPECT_GT(count(&gathered, 0), 1);
  EXPECT_LE(count(&gathered, 0), 1.1 / (1 - left_out));
}

// A filter's rows, and no clusters without one.
TEST_P(CentredTest, LooksOnlyWhereRowsPass) {
  const auto segment = rows_.write();
  RowSet passing(kRows);
  for (std::uint32_t at = segment->cluster(3)->first; at < segment->cluster(4)->first; ++at) {
    passing.insert(segment->postings(at)->front());
  }
  const std::vector<float> query = rows_.vector();
  const CodeQuery ready(rows_.metric(), query, ClusteredRows::norm(query), *segment->origin(), 3);
  auto order = ProbeOrder::create(*segment, ready, &passing);
  ASSERT_TRUE(order);
  const auto probe = order->next();
  ASSERT_TRUE(probe && *probe);
  EXPECT_EQ((*probe)->first, segment->cluster(3)->first);
  ASSERT_EQ((*probe)->passing.size(), segment->cluster(3)->rows);
  for (std::uint32_t i = 0; i < segment->cluster(3)->rows; ++i) {
    EXPECT_EQ((*probe)->passing[i], segment->postings(segment->cluster(3)->first + i)->front());
  }
  EXPECT_FALSE(order->next()->has_value());
}

INSTANTIATE_TEST_SUITE_P(Metrics, CentredTest,
                         testing::Values(Metric::kCosine, Metric::kDotProduct, Metric::kEuclidean));

TEST(Cluster, TheSameRowsMakeTheSameFile) {
  ClusteredRows first(Metric::kCosine, Kind::kCentred);
  ClusteredRows second(Metric::kCosine, Kind::kCentred);
  first.write();
  second.write();
  EXPECT_EQ(first.file_system.content(first.path(1)), second.file_system.content(second.path(1)));
}

// A merge with few new rows keeps the clusters of the large segment: the centroids are the same.
TEST(Cluster, AMergeKeepsThoseOfTheLargestSegment) {
  ClusteredRows rows(Metric::kEuclidean, Kind::kCentred);
  const auto large = rows.write();
  SegmentIdentity identity = large->identity();
  identity.file = 2;
  Content content;
  for (int i = 0; i < 500; ++i) content[fmt::format("{:06}new", i * 20)] = {rows.vector(), {}, 9};
  const auto small_descriptor = write_segment(rows.file_system, rows.path(2), identity, content);
  ASSERT_TRUE(small_descriptor);
  const auto small = Segment::open(rows.file_system, rows.path(2), *small_descriptor, identity);
  ASSERT_TRUE(small);
  identity.file = 3;
  const std::vector<std::shared_ptr<const Segment>> both{large, *small};
  const auto merged_descriptor = merge_segments(rows.file_system, rows.path(3), identity, both,
                                                Tombstones::kDrop, 1, [] { return Status(); });
  ASSERT_TRUE(merged_descriptor && *merged_descriptor);
  const auto merged = Segment::open(rows.file_system, rows.path(3), **merged_descriptor, identity);
  ASSERT_TRUE(merged) << merged.error().message();
  const Status verified = (*merged)->verify();
  EXPECT_TRUE(verified) << verified.error().message();
  ASSERT_EQ((*merged)->clusters(), large->clusters());
  EXPECT_TRUE(std::ranges::equal(*large->origin(), *(*merged)->origin()));
  for (std::uint32_t i = 0; i < large->clusters(); ++i) {
    ASSERT_TRUE(large->centroid(i)->whole.empty());
    const RoundedVector before = large->centroid(i)->offset;
    const RoundedVector after = (*merged)->centroid(i)->offset;
    EXPECT_EQ(before.unit, after.unit);
    EXPECT_TRUE(std::ranges::equal(before.numbers, after.numbers));
  }
  // When its search ends is measured with the rows that it has now.
  EXPECT_EQ(*(*merged)->calibration(), *calibrate(**merged, *large->calibration(), [] { return Status(); }));
  // As it would be without what was measured before, but for what few rows need.
  const Calibration anew = *calibrate(**merged, Calibration(), [] { return Status(); });
  const Calibration after = *(*merged)->calibration();
  for (std::size_t i = 0; i + 1 < after.near.size(); ++i) EXPECT_NEAR(after.near[i], anew.near[i], 0.1) << i;
  // What is added for a query's farness stays, up to what is believed.
  Calibration sloping = *large->calibration();
  sloping.near_per_farness = 0.37F;
  sloping.wide_per_farness = 4;
  const Calibration kept = *calibrate(**merged, sloping, [] { return Status(); });
  EXPECT_EQ(kept.near_per_farness, 0.37F);
  EXPECT_EQ(kept.wide_per_farness, kPerFarnessMax);
  // Where that was far too little they look again.
  Calibration too_near = after;
  too_near.near.fill(-16);
  too_near.near_per_farness = -16;
  EXPECT_EQ(*calibrate(**merged, too_near, [] { return Status(); }), anew);
  too_near.wide.fill(-16);
  EXPECT_EQ(*calibrate(**merged, too_near, [] { return Status(); }), anew);
  // Each code is that of its own row: bounds are above values, and near them.
  const std::vector<float> query = rows.vector();
  const CodeQuery ready(rows.metric(), query, ClusteredRows::norm(query), *(*merged)->origin(), 4);
  auto order = ProbeOrder::create(**merged, ready, nullptr);
  ASSERT_TRUE(order);
  std::size_t below = 0;
  std::size_t far_above = 0;
  while (const auto probe = *order->next()) {
    for (std::uint32_t at = probe->first; at < probe->first + probe->rows; ++at) {
      const Segment::Codes codes = *(*merged)->codes(at, 1);
      const CodeShape shape(kDimension);
      std::vector<CodeHit> hits(kCodedRows);
      const std::uint32_t place = at - codes.first;
      scan_codes(probe->scan, codes.bytes + place / kCodedRows * shape.bytes, 1,
                 -std::numeric_limits<float>::infinity(), hits.data());
      const std::uint32_t row = (*merged)->postings(at)->front();
      const auto vectors = *(*merged)->vectors(row);
      const float* const values = vectors.values + std::size_t{row - vectors.first} * kDimension;
      const double value = -double{squared_l2(query.data(), values, kDimension)};
      const double bound = hits[place % kCodedRows].bound;
      below += bound < value;
      far_above += bound > value + 4 * double{probe->scan.reach} * 3;
    }
  }
  EXPECT_LE(below, kRows / 1000);
  EXPECT_LE(far_above, kRows / 1000);
}

// Where all rows of clusters are gone the others keep what is theirs.
TEST(Cluster, AMergeLeavesOutThoseThatHaveLostAllRows) {
  ClusteredRows rows(Metric::kEuclidean, Kind::kCentred);
  const auto segment = rows.write();
  SegmentIdentity identity = segment->identity();
  identity.file = 2;
  Content gone;
  for (const std::uint32_t cluster : {3U, 7U}) {
    const Segment::Cluster each = *segment->cluster(cluster);
    for (std::uint32_t at = each.first; at < each.first + each.rows; ++at) {
      gone[std::string(*segment->id(segment->postings(at)->front()))] = {{}, {}, 9};
    }
  }
  auto gone_descriptor = write_segment(rows.file_system, rows.path(2), identity, gone);
  ASSERT_TRUE(gone_descriptor);
  gone_descriptor->replaced = gone.size();
  const auto tombstones = Segment::open(rows.file_system, rows.path(2), *gone_descriptor, identity);
  ASSERT_TRUE(tombstones);
  identity.file = 3;
  const std::vector<std::shared_ptr<const Segment>> both{segment, *tombstones};
  const auto merged_descriptor = merge_segments(rows.file_system, rows.path(3), identity, both, Tombstones::kDrop, 1,
                                                [] { return Status(); });
  ASSERT_TRUE(merged_descriptor && *merged_descriptor);
  const auto merged = Segment::open(rows.file_system, rows.path(3), **merged_descriptor, identity);
  ASSERT_TRUE(merged);
  EXPECT_TRUE((*merged)->verify());
  ASSERT_EQ((*merged)->clusters(), segment->clusters() - 2);
  for (std::uint32_t i = 0, was = 0; i < (*merged)->clusters(); ++i, ++was) {
    while (was == 3 || was == 7) ++was;
    const RoundedVector before = segment->centroid(was)->offset;
    const RoundedVector after = (*merged)->centroid(i)->offset;
    ASSERT_EQ(after.numbers.size(), kDimension);
    EXPECT_EQ(before.unit, after.unit);
    EXPECT_TRUE(std::ranges::equal(before.numbers, after.numbers)) << i;
    EXPECT_EQ((*merged)->cluster(i)->squared_norm, segment->cluster(was)->squared_norm);
    EXPECT_EQ((*merged)->cluster(i)->rows, segment->cluster(was)->rows);
  }
}

// Of many coordinates: each is about the mean of its own rows.
TEST(Cluster, CentroidsTakeSeveralBlocks) {
  constexpr std::uint32_t kWide = 1024;
  SimulatedFileSystem file_system;
  ASSERT_TRUE(create_segment_directories(file_system, "s"));
  SegmentIdentity identity = identity_of(1, kWide);
  identity.metric = Metric::kEuclidean;
  auto writer = SegmentWriter::create(file_system, segment_path("s", 1), identity, Coding::kCodes);
  ASSERT_TRUE(writer);
  std::mt19937 chance(4);
  std::normal_distribution<float> normal;
  std::vector<std::vector<float>> centres(64, std::vector<float>(kWide));
  for (auto& centre : centres) std::ranges::generate(centre, [&] { return normal(chance); });
  std::vector<float> row(kWide);
  for (std::uint32_t i = 0; i < kClusteredRowsMin + 2048; ++i) {
    const auto& centre = centres[i % centres.size()];
    for (std::size_t j = 0; j < kWide; ++j) row[j] = centre[j] + 0.1F * static_cast<float>((i * 7919 + j * 104729) % 17) - 0.8F;
    ASSERT_TRUE((*writer)->add_row(fmt::format("{:06}", i), row.data(), ClusteredRows::norm(row), {}, 7));
  }
  const auto written = (*writer)->finish([] { return Status(); });
  ASSERT_TRUE(written) << written.error().message();
  const auto segment = Segment::open(file_system, segment_path("s", 1), *written, identity);
  ASSERT_TRUE(segment);
  const auto blocks = BlockReader::open(file_system, segment_path("s", 1), written->bytes);
  ASSERT_TRUE(blocks);
  ASSERT_GT((*blocks)->section(Section::kCentroids).blocks().size(), 2U);
  const auto origin = *(*segment)->origin();
  for (std::uint32_t i = 0; i < (*segment)->clusters(); ++i) {
    const Segment::Cluster cluster = *(*segment)->cluster(i);
    const Centroid centroid = *(*segment)->centroid(i);
    ASSERT_TRUE(centroid.whole.empty());
    double from_own = 0;
    for (std::uint32_t at = cluster.first; at < cluster.first + cluster.rows; ++at) {
      const std::uint32_t number = (*segment)->postings(at)->front();
      const auto vectors = *(*segment)->vectors(number);
      const float* const values = vectors.values + std::size_t{number - vectors.first} * kWide;
      for (std::size_t j = 0; j < kWide; ++j) {
        const double apart = double{values[j]} - double{centroid.at(origin, j)};
        from_own += apart * apart / cluster.rows;
      }
    }
    EXPECT_NEAR(from_own, double{cluster.squared_radius}, 1e-3 * from_own) << i;
  }
}

// As it is where rounding would move centroids too far.
std::shared_ptr<const Segment> with_whole_centroids(ClusteredRows& rows, const Segment& segment, FileNumber file) {
  SegmentIdentity identity = segment.identity();
  const auto from = BlockReader::open(rows.file_system, segment.path(), segment.descriptor().bytes);
  identity.file = file;
  auto to = BlockWriter::create(rows.file_system, rows.path(file), identity);
  EXPECT_TRUE(from && to);
  for (std::size_t number = 1; number <= kSectionCount; ++number) {
    const auto section = static_cast<Section>(number);
    for (const Block& block : (*from)->section(section).blocks()) {
      const std::string_view stored = *(*from)->stored(block);
      std::string bytes(stored);
      if (section == Section::kCentroids && block.first > 0) {
        bytes.clear();
        for (std::uint32_t i = 0; i < block.entry.items; ++i) {
          const Centroid centroid = *segment.centroid(block.first - 1 + i);
          for (std::size_t j = 0; j < kDimension; ++j) {
            const float coordinate = centroid.at(*segment.origin(), j);
            bytes.append(reinterpret_cast<const char*>(&coordinate), sizeof(coordinate));
          }
        }
      }
      const std::size_t raw_bytes = block.entry.codec == Codec::kPlain ? bytes.size() : block.entry.raw_bytes;
      EXPECT_TRUE(to->append(section, block.entry.codec, block.entry.items, {bytes}, raw_bytes));
    }
  }
  const auto written = to->finish(segment.descriptor());
  EXPECT_TRUE(written) << written.error().message();
  auto older = Segment::open(rows.file_system, rows.path(file), *written, identity);
  EXPECT_TRUE(older) << older.error().message();
  return *older;
}

// Whichever they are, a query sees about the same, and a merge leaves them as they are.
TEST(Cluster, CentroidsMayBeWhole) {
  for (const Metric metric : {Metric::kCosine, Metric::kDotProduct, Metric::kEuclidean}) {
    ClusteredRows rows(metric, Kind::kCentred);
    const auto segment = rows.write();
    const auto older = with_whole_centroids(rows, *segment, 2);
    ASSERT_TRUE(older->verify());
    ASSERT_EQ(older->clusters(), segment->clusters());
    const std::vector<float> query = rows.vector();
    const CodeQuery ready(metric, query, ClusteredRows::norm(query), *segment->origin(), 3);
    for (std::uint32_t i = 0; i < segment->clusters(); ++i) {
      const Centroid now = *segment->centroid(i);
      const Centroid before = *older->centroid(i);
      EXPECT_TRUE(now.whole.empty());
      ASSERT_EQ(before.whole.size(), kDimension);
      const float squared_norm = segment->cluster(i)->squared_norm;
      const CodeQuery::Place place = ready.place(now, squared_norm);
      const CodeQuery::Place place_before = ready.place(before, squared_norm);
      const float size = ClusteredRows::norm(query) + squared_norm;
      ASSERT_NEAR(place.value, place_before.value, size * 1e-5F);
      ASSERT_NEAR(place.reach, place_before.reach, std::sqrt(size) * 1e-2F);
    }
    SegmentIdentity identity = older->identity();
    for (const auto& model : {older, segment}) {
      ++identity.file;
      const std::vector<std::shared_ptr<const Segment>> one{model};
      const auto merged = merge_segments(rows.file_system, rows.path(identity.file), identity, one, Tombstones::kDrop,
                                         1, [] { return Status(); });
      ASSERT_TRUE(merged && *merged);
      const auto again = Segment::open(rows.file_system, rows.path(identity.file), **merged, identity);
      ASSERT_TRUE(again);
      EXPECT_TRUE((*again)->verify());
      ASSERT_EQ((*again)->clusters(), model->clusters());
      for (std::uint32_t i = 0; i < model->clusters(); ++i) {
        const Centroid was = *model->centroid(i);
        const Centroid is = *(*again)->centroid(i);
        EXPECT_TRUE(std::ranges::equal(was.whole, is.whole));
        EXPECT_TRUE(std::ranges::equal(was.offset.numbers, is.offset.numbers));
        EXPECT_EQ(was.offset.unit, is.offset.unit);
      }
      const auto codes = *(*again)->codes(0, kRows);
      const auto codes_before = *model->codes(0, kRows);
      ASSERT_EQ(codes.count, codes_before.count);
      const std::size_t bytes = codes.count / kCodedRows * CodeShape(kDimension).bytes;
      EXPECT_EQ(std::string_view(codes.bytes, bytes), std::string_view(codes_before.bytes, bytes));
    }
  }
}

// A byte of what belongs to clusters is wrong: the file says so when it is read, and rows are read all the same.
TEST(Cluster, DamageIsFound) {
  ClusteredRows rows(Metric::kCosine, Kind::kCentred);
  const SegmentDescriptor descriptor = rows.write()->descriptor();
  const std::string path = rows.path(1);
  const std::string sound = rows.file_system.content(path);
  const auto blocks = BlockReader::open(rows.file_system, path, sound.size());
  ASSERT_TRUE(blocks);
  const SegmentIdentity identity = (*blocks)->identity();
  for (const Section section : {Section::kCentroids, Section::kCodes, Section::kCentroidCodes,
                                Section::kClusters, Section::kPostings, Section::kCalibration}) {
    ASSERT_FALSE((*blocks)->section(section).blocks().empty());
    for (const Block& block : (*blocks)->section(section).blocks()) {
      std::string bytes = sound;
      bytes[block.offset + block.entry.stored_bytes / 2] ^= 4;
      rows.file_system.set_content(path, bytes);
      const auto damaged = Segment::open(rows.file_system, path, descriptor, identity);
      ASSERT_TRUE(damaged);
      const auto read = [&]() -> Status {
        switch (section) {
          case Section::kCentroids:
            if (block.first == 0) {
              TRY((*damaged)->origin());
            } else {
              TRY((*damaged)->centroid(block.first - 1));
            }
            break;
          case Section::kCodes: TRY((*damaged)->codes(block.first, 1)); break;
          case Section::kCentroidCodes: TRY((*damaged)->centroid_codes(block.first)); break;
          case Section::kClusters: TRY((*damaged)->cluster(block.first)); break;
          case Section::kPostings: TRY((*damaged)->postings(block.first)); break;
          default: TRY((*damaged)->calibration()); break;
        }
        return {};
      };
      const Status found = read();
      ASSERT_FALSE(found) << section_name(section);
      EXPECT_EQ(found.error().code(), ErrorCode::kCorruption);
      EXPECT_FALSE((*damaged)->verify());
      EXPECT_TRUE((*damaged)->vectors(0));
    }
  }
}

TEST(CentroidSet, ScoresAreProductsLessHalfTheSquaredLength) {
  std::mt19937 chance(1);
  std::normal_distribution<float> normal;
  for (const std::size_t dimension : {1UL, 3UL, 16UL, 100UL}) {
    for (const std::size_t size : {1UL, 15UL, 16UL, 17UL, 50UL}) {
      std::vector<float> centroids(size * dimension);
      for (float& value : centroids) value = normal(chance);
      const CentroidSet set(centroids, dimension);
      ASSERT_EQ(set.size(), size);
      std::vector<float> rows(20 * dimension);
      for (float& value : rows) value = normal(chance);
      std::vector<const float*> pointers;
      for (std::size_t i = 0; i < 20; ++i) pointers.push_back(rows.data() + i * dimension);
      std::vector<float> scores(20 * set.stride());
      set.score(pointers.data(), 20, scores.data());
      for (std::size_t i = 0; i < 20; ++i) {
        for (std::size_t j = 0; j < set.stride(); ++j) {
          const float score = scores[i * set.stride() + j];
          if (j >= size) {
            EXPECT_LT(score, -1e38F);
            continue;
          }
          double expected = 0;
          for (std::size_t at = 0; at < dimension; ++at) {
            const double c = centroids[j * dimension + at];
            expected += double{pointers[i][at]} * c - c * c / 2;
          }
          EXPECT_NEAR(score, expected, 1e-4);
        }
      }
    }
  }
}

}  // namespace
}  // namespace alcove::segments
