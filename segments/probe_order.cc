#include "segments/probe_order.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace alcove::segments {

namespace {

// About so many candidates are put in order at a time; a query at a usual recall needs few times as many.
constexpr std::size_t kSortedAtOnce = 128;
constexpr std::size_t kSteps = 1024;  // of the histogram
constexpr std::size_t kCentroidsAhead = 4;
// So many times as far from a centroid as its rows are, in the mean of squares.
constexpr float kForeign = 4;
// From so many whose distances are computed the next is chosen: estimates are off by more than one place.
constexpr std::size_t kChosenFrom = 32;
// How many deviations above the mean a cluster's best rows are taken to lie, in the order of clusters.
constexpr float kPromiseDeviations = 4;

constexpr auto kLessPromising = [](const auto& x, const auto& y) { return x.promise < y.promise; };

}  // namespace

float ProbeOrder::Spread::promise() const { return mean + kPromiseDeviations * deviation; }

Result<ProbeOrder> ProbeOrder::create(const Segment& segment, const CodeQuery& query,
                                      const RowSet* passing) {
  ProbeOrder order(segment, query);
  TRY(order.estimate());
  if (passing != nullptr) TRY(order.leave_out_others(*passing));
  order.candidates_.reserve(kChosenFrom);
  order.sort_more();
  TRY(order.compute_more());
  return order;
}

Status ProbeOrder::estimate() {
  const CodeScan scan = query_->estimate();
  const std::uint32_t clusters = segment_->clusters();
  estimates_.resize(clusters);
  std::vector<float> values;
  std::vector<float> greatest;
  for (std::uint32_t first = 0; first < clusters;) {
    const Segment::Codes codes = TRY(segment_->centroid_codes(first));
    const std::size_t groups = (codes.count + kCodedRows - 1) / kCodedRows;
    values.resize(groups * kCodedRows);
    greatest.resize(groups);
    bound_codes(scan, codes.bytes, groups, values.data(), greatest.data());
    for (std::uint32_t at = 0; at < codes.count;) {
      const auto entries = TRY(segment_->clusters_from(first + at));
      const auto some = std::min(codes.count - at, static_cast<std::uint32_t>(entries.size()));
      for (std::uint32_t i = 0; i < some; ++i) {
        const float value = values[at + i];
        const float squared_distance = query_->squared_distance(value, entries[i].squared_norm);
        estimates_[first + at + i] = {spread_of(value, squared_distance, entries[i]).promise(),
                                      first + at + i};
      }
      at += some;
    }
    first += codes.count;
  }
  return {};
}

ProbeOrder::Spread ProbeOrder::spread_of(float value, float squared_distance,
                                         const Segment::Cluster& cluster) const {
  const float deviation = std::sqrt(squared_distance * cluster.variance);
  if (query_->metric() == Metric::kEuclidean) return {value - cluster.squared_radius, 2 * deviation};
  return {value, deviation};
}

Status ProbeOrder::leave_out_others(const RowSet& passing) {
  const auto passes = [&](std::uint32_t row) { return row < passing.rows() && passing.contains(row); };
  std::size_t kept = 0;
  for (const Estimate& each : estimates_) {
    const Segment::Cluster cluster = TRY(segment_->cluster(each.cluster));
    const std::uint32_t end = cluster.first + cluster.rows;
    bool any = false;
    for (std::uint32_t at = cluster.first; at < end && !any;) {
      const auto rows = TRY(segment_->postings(at));
      const auto some = rows.first(std::min<std::size_t>(rows.size(), end - at));
      any = std::any_of(some.begin(), some.end(), passes);
      at += static_cast<std::uint32_t>(some.size());
    }
    if (any) estimates_[kept++] = each;
  }
  estimates_.resize(kept);
  return {};
}

// Those that come next are told by a histogram of what is left, which takes a third of the time of
// std::nth_element.
void ProbeOrder::sort_more() {
  const auto begin = estimates_.begin() + static_cast<std::ptrdiff_t>(sorted_);
  const auto end = begin + static_cast<std::ptrdiff_t>(move_best_to_front(
                               std::span(estimates_).subspan(sorted_)));
  sorted_ = static_cast<std::size_t>(end - estimates_.begin());
  std::sort(begin, end, [](const Estimate& x, const Estimate& y) { return x.promise > y.promise; });
}

// Puts about kSortedAtOnce of the most promising before the others, and says how many.
std::size_t ProbeOrder::move_best_to_front(std::span<Estimate> left) {
  if (left.size() <= 2 * kSortedAtOnce) return left.size();
  float least = std::numeric_limits<float>::max();
  float most = std::numeric_limits<float>::lowest();
  for (const Estimate& each : left) {
    least = std::min(least, each.promise);
    most = std::max(most, each.promise);
  }
  const float per_step = (kSteps - 1) / (most - least);
  if (!std::isfinite(most - least) || !std::isfinite(per_step)) return left.size();
  std::array<std::uint32_t, kSteps> counts{};
  const auto step_of = [&](const Estimate& each) {
    return static_cast<std::size_t>((each.promise - least) * per_step);
  };
  for (const Estimate& each : left) ++counts[step_of(each)];
  std::size_t lowest = kSteps;
  for (std::size_t count = 0; lowest > 0 && count < kSortedAtOnce;) count += counts[--lowest];
  const auto others = std::partition(left.begin(), left.end(),
                                     [&](const Estimate& each) { return step_of(each) >= lowest; });
  return static_cast<std::size_t>(others - left.begin());
}

Status ProbeOrder::compute_more() {
  while (candidates_.size() < kChosenFrom && computed_ < estimates_.size()) {
    if (computed_ == sorted_) sort_more();
    const std::uint32_t number = estimates_[computed_++].cluster;
    if (computed_ + kCentroidsAhead < sorted_) {
      segment_->prefetch_centroid(1 + estimates_[computed_ + kCentroidsAhead].cluster);
    }
    const Segment::Cluster cluster = TRY(segment_->cluster(number));
    const auto centroid = TRY(segment_->centroid(1 + number));
    const CodeQuery::Place place = query_->place(centroid, cluster.squared_norm);
    const Spread spread = spread_of(place.value, place.squared_distance, cluster);
    if (computed_ == 1) foreign_ = place.squared_distance > kForeign * cluster.squared_radius;
    candidates_.push_back({spread.promise(), spread.mean, spread.deviation,
                           {cluster.first, cluster.rows, query_->scan(place.base, place.reach)}});
    std::push_heap(candidates_.begin(), candidates_.end(), kLessPromising);
  }
  return {};
}

Result<std::optional<ProbeOrder::Probe>> ProbeOrder::next() {
  if (candidates_.empty()) return std::optional<Probe>();
  std::pop_heap(candidates_.begin(), candidates_.end(), kLessPromising);
  const Probe probe = candidates_.back().probe;
  candidates_.pop_back();
  TRY(compute_more());
  // While this one is scanned, the one that will probably follow is on its way.
  if (!candidates_.empty()) {
    const Probe& following = candidates_.front().probe;
    segment_->prefetch_codes(following.first, following.rows);
  }
  return std::optional(probe);
}

float ProbeOrder::remoteness(float threshold) const {
  if (candidates_.empty()) return std::numeric_limits<float>::infinity();
  const Candidate& next = candidates_.front();
  const float short_of = threshold - next.mean;
  if (next.deviation <= 0) return std::copysign(std::numeric_limits<float>::infinity(), short_of);
  const std::size_t looked_at = computed_ - candidates_.size();
  return short_of / next.deviation + std::log(static_cast<float>(looked_at + 1));
}

}  // namespace alcove::segments
