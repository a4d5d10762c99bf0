#include "segments/probe_order.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>

namespace alcove::segments {

namespace {

// About so many are put in order at first; a query at a usual recall needs few times as many.
constexpr std::size_t kFirst = 128;
constexpr std::size_t kCentroidsAhead = 4;
// From a disk as many clusters are read at once as one of so many of those that are known: who has looked at many will look at
// many more.
constexpr std::size_t kKnownPerRead = 2;
constexpr std::uint32_t kRowsFromDisk = 16 * 1024;
constexpr std::size_t kCentroidsFromDisk = 16;
// So many times as far from a centroid as its rows are, in the mean of squares.
constexpr float kForeign = 4;
// No more counts, nor less than a part of so many.
constexpr float kFarTimesMax = 16;
// Where no more of a cluster's rows pass than one of so many, their vectors are read instead of many times as many codes.
constexpr std::size_t kFewPass = 16;
// From so many of which it is known what to expect the next is chosen: estimates are off by more than one place.
constexpr std::size_t kChosenFrom = 16;
// How many deviations above the mean a cluster's best rows are taken to lie, in the order of clusters.
constexpr float kPromiseDeviations = 4;

// Of what nothing is known, anything may be expected.
float in_order(float promise) {
  if (promise != promise) return std::numeric_limits<float>::infinity();
  return std::max(promise, std::numeric_limits<float>::lowest());
}

// Of kCodedRows values that are numbers.
float greatest_of(const float* values) {
  constexpr std::size_t kLanes = 8;
  std::array<float, kLanes> greatest;
  std::copy_n(values, kLanes, greatest.begin());
  for (std::size_t i = kLanes; i < kCodedRows; i += kLanes) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) greatest[lane] = std::max(greatest[lane], values[i + lane]);
  }
  return *std::max_element(greatest.begin(), greatest.end());
}

// For each cluster with a row that passes so many without one, if the filter were to choose rows at random.
double left_out_at_random(const Segment& segment, const RowSet& passing) {
  const double rows = segment.rows();
  const double share = static_cast<double>(passing.count()) / rows;
  const double left_out = std::pow(1 - share, rows / segment.clusters());
  return left_out / std::max(1 - left_out, 1 / rows);
}

constexpr auto kLessPromising = [](const auto& x, const auto& y) { return x.promise < y.promise; };

}  // namespace

float ProbeOrder::Spread::promise() const { return mean + kPromiseDeviations * deviation; }

ProbeOrder::ProbeOrder(const Segment& segment, const CodeQuery& query, const RowSet* passing)
    : segment_(&segment), query_(&query), passing_(passing), order_(kFirst), known_(kChosenFrom + 1) {
  for (std::uint32_t place = 1; place < known_.size(); ++place) free_.push_back(place);
}

Result<ProbeOrder> ProbeOrder::create(const Segment& segment, const CodeQuery& query,
                                      const RowSet* passing) {
  ProbeOrder order(segment, query, passing);
  TRY(order.estimate());
  order.candidates_.reserve(kChosenFrom);
  if (passing != nullptr) order.left_out_per_seen_ = static_cast<float>(left_out_at_random(segment, *passing));
  TRY(order.know_more());
  return order;
}

Status ProbeOrder::estimate() {
  const CodeScan scan = query_->estimate();
  const std::uint32_t clusters = segment_->clusters();
  if (passing_ != nullptr) values_.reserve(clusters);
  for (std::uint32_t first = 0; first < clusters;) {
    const Segment::Codes codes = TRY(segment_->centroid_codes(first));
    const std::size_t groups = (codes.count + kCodedRows - 1) / kCodedRows;
    const BoundOrder::Room room = order_.add(groups);
    bound_codes(scan, codes.bytes, groups, room.bounds, room.greatest);
    if (passing_ != nullptr) values_.insert(values_.end(), room.bounds, room.bounds + codes.count);
    for (std::uint32_t at = 0; at < codes.count;) {
      const auto entries = TRY(segment_->clusters_from(first + at));
      const auto some = entries.first(std::min<std::size_t>(codes.count - at, entries.size()));
      put_promises(some, room.bounds + at);
      at += static_cast<std::uint32_t>(some.size());
    }
    for (std::size_t group = 0; group < groups; ++group) {
      room.greatest[group] = greatest_of(room.bounds + group * kCodedRows);
    }
    first += codes.count;
  }
  if (clusters < order_.size()) order_.leave_out(clusters, order_.size());
  return {};
}

void ProbeOrder::put_promises(std::span<const Segment::Cluster> clusters, float* values) const {
  // What vector instructions take stands side by side.
  constexpr std::size_t kTogether = 64;
  std::array<float, kTogether> squared_norms;
  std::array<float, kTogether> squared_radii;
  std::array<float, kTogether> variances;
  for (; !clusters.empty(); clusters = clusters.subspan(std::min(kTogether, clusters.size()))) {
    const std::size_t count = std::min(kTogether, clusters.size());
    for (std::size_t i = 0; i < count; ++i) {
      squared_norms[i] = clusters[i].squared_norm;
      squared_radii[i] = clusters[i].squared_radius;
      variances[i] = clusters[i].variance;
    }
    for (std::size_t i = 0; i < count; ++i) {
      const float squared_distance = query_->squared_distance(values[i], squared_norms[i]);
      values[i] = in_order(spread_of(values[i], squared_distance, squared_radii[i], variances[i]).promise());
    }
    values += count;
  }
}

ProbeOrder::Spread ProbeOrder::spread_of(float value, float squared_distance, float squared_radius,
                                         float variance) const {
  const float deviation = std::sqrt(squared_distance * variance);
  if (query_->metric() == Metric::kEuclidean) return {value - squared_radius, 2 * deviation};
  return {value, deviation};
}

Status ProbeOrder::find_passing(const Segment::Cluster& cluster, Known& known) const {
  if (known.list.size() < cluster.rows) known.list.resize(cluster.rows);
  std::size_t count = 0;
  const std::uint32_t end = cluster.first + cluster.rows;
  for (std::uint32_t at = cluster.first; at < end;) {
    const auto rows = TRY(segment_->postings(at));
    const auto some = rows.first(std::min<std::size_t>(rows.size(), end - at));
    count += passing_->select(some, known.list.data() + count);
    at += static_cast<std::uint32_t>(some.size());
  }
  known.probe.passing = std::span<const std::uint32_t>(known.list).first(count);
  known.probe.few = count <= cluster.rows / kFewPass;
  if (known.probe.few) {
    for (const std::uint32_t row : known.probe.passing) segment_->prefetch_place(row);
  }
  return {};
}

Status ProbeOrder::know_more() {
  while (candidates_.size() < kChosenFrom) {
    if (next_.empty()) next_ = order_.collect(-std::numeric_limits<float>::infinity());
    if (next_.empty()) break;
    const std::uint32_t number = next_.front().row;
    next_ = next_.subspan(1);
    const Segment::Cluster cluster = TRY(segment_->cluster(number));
    if (passing_ != nullptr && next_.size() > kCentroidsAhead) {
      const Segment::Cluster later = TRY(segment_->cluster(next_[kCentroidsAhead].row));
      segment_->prefetch_postings(later.first, later.rows);
    }
    const std::uint32_t place = free_.back();
    Known& known = known_[place];
    known.probe.first = cluster.first;
    known.probe.rows = cluster.rows;
    if (passing_ != nullptr) {
      TRY(find_passing(cluster, known));
      if (known.probe.passing.empty()) {
        ++left_out_;
        continue;
      }
    }
    free_.pop_back();
    known.left_out = left_out_;
    known.spread = TRY(expect(number, cluster, known.probe));
    candidates_.push_back({known.spread.promise(), place});
    std::push_heap(candidates_.begin(), candidates_.end(), kLessPromising);
  }
  return {};
}

Result<ProbeOrder::Spread> ProbeOrder::expect(std::uint32_t number, const Segment::Cluster& cluster, Probe& probe) {
  const bool first = expected_++ == 0;
  if (probe.few && !first) {
    // An estimate may come out as no distance at all, from which nothing would be expected.
    const float value = values_[number];
    const float least = cluster.squared_radius / kFarTimesMax;
    return spread_of(value, std::max(query_->squared_distance(value, cluster.squared_norm), least),
                     cluster.squared_radius, cluster.variance);
  }
  if (!probe.few && next_.size() > kCentroidsAhead && segment_->prefetch_centroid(next_[kCentroidsAhead].row)) {
    for (std::size_t i = kCentroidsAhead + 1; i < std::min(next_.size(), kCentroidsFromDisk); ++i) {
      segment_->prefetch_centroid(next_[i].row);
    }
  }
  const auto centroid = TRY(segment_->centroid(number));
  const CodeQuery::Place place = query_->place(centroid, cluster.squared_norm);
  if (first) note_distance(place.squared_distance, cluster.squared_radius);
  probe.scan = query_->scan(place.base, place.reach);
  return spread_of(place.value, place.squared_distance, cluster.squared_radius, cluster.variance);
}

void ProbeOrder::note_distance(float squared_distance, float squared_radius) {
  foreign_ = squared_distance > kForeign * squared_radius;
  // A product ranks rows alike however long the query is.
  if (query_->metric() == Metric::kDotProduct || squared_distance <= 0 || squared_radius <= 0) return;
  const float times = std::clamp(squared_distance / squared_radius, 1 / kFarTimesMax, kFarTimesMax);
  farness_ = std::log(times);
}

Result<std::optional<ProbeOrder::Probe>> ProbeOrder::next() {
  if (candidates_.empty()) return std::optional<Probe>();
  std::pop_heap(candidates_.begin(), candidates_.end(), kLessPromising);
  free_.push_back(std::exchange(given_, candidates_.back().place));
  candidates_.pop_back();
  TRY(know_more());
  Probe probe = known_[given_].probe;
  // While this one is scanned, the one that will probably follow is on its way.
  if (!candidates_.empty()) {
    const Probe& following = known_[candidates_.front().place].probe;
    probe.scan.ahead = segment_->place_of_codes(following.first, following.rows);
    // From a disk it is long on its way, and so are those that stand behind it in the heap. Where a filter leaves few
    // rows of a cluster, its codes are not looked at.
    if (passing_ == nullptr && segment_->expect_cluster(following.first, following.rows)) {
      std::uint32_t rows = following.rows;
      for (std::size_t i = 1; i < std::min(candidates_.size(), expected_ / kKnownPerRead); ++i) {
        const Probe& later = known_[candidates_[i].place].probe;
        if (rows + later.rows > kRowsFromDisk) continue;
        rows += later.rows;
        segment_->expect_cluster(later.first, later.rows);
      }
    }
  }
  return std::optional(probe);
}

float ProbeOrder::remoteness(float threshold, float count_weight) const {
  if (candidates_.empty()) return std::numeric_limits<float>::infinity();
  const Known& known = known_[candidates_.front().place];
  const Spread& next = known.spread;
  const float short_of = threshold - next.mean;
  if (next.deviation <= 0) return std::copysign(std::numeric_limits<float>::infinity(), short_of);
  const auto seen = static_cast<float>(expected_ - candidates_.size() + 1);
  const float left_out = std::min(static_cast<float>(known.left_out), seen * left_out_per_seen_);
  return short_of / next.deviation + count_weight * std::log(seen + left_out);
}

}  // namespace alcove::segments
