#include "segments/calibration.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <limits>
#include <utility>
#include <vector>

#include "segments/code_query.h"
#include "segments/code_search.h"
#include "segments/distance.h"
#include "segments/probe_order.h"
#include "segments/two_hands.h"

namespace alcove::segments {

namespace {

// Rows that are taken for queries: with 2,000 what is measured is off by a third of a percent at a recall of 0.9.
// Every fourth looks as far as can be, which takes several times as long and serves the highest recalls: with 128 that do,
// what is missed at 0.99 was off by a third and more.
constexpr std::uint32_t kQueriesMax = 2048;
constexpr std::uint32_t kFarQueryEvery = 4;
constexpr std::uint32_t kRowsPerQuery = 32;
constexpr std::uint32_t kTimesLess = 4;
constexpr std::uint32_t kQueriesOfLessMin = 512;
// How much further they look, in a merge that keeps clusters, than would have done before: for the highest recall, which few rows
// decide; docs/decisions/0012 says what that spares and costs.
constexpr float kFurther = 1.5F;
constexpr float kLeastFar = 5;
// And where more than one of so many of what they find comes so near to that, they look again, without an end.
constexpr float kBeyond = 1;
constexpr std::size_t kFoundPerJust = 500;
// What the others serve: recalls up to `recall_max`. They look until `share` of what those that look far find would be found.
struct Near {
  double recall_max;
  double share;
};
constexpr Near kNear{0.95, 0.98};
// Of a merge that keeps clusters, where they are few.
constexpr Near kNearOfLess{0.99, 0.999};
// Some look for more: whoever asks for many, or whose filter lets few pass, goes where clusters lie differently.
constexpr std::uint32_t kWideQueryEvery = 16;
constexpr std::uint32_t kRowsPerWideCount = 256;
constexpr std::uint32_t kWideCountMax = 1000;
// Nobody's ten nearest have been met beyond.
constexpr float kRemotest = 16;
constexpr double kDeviations = 2;
// Where more are as good as each other, they are found wherever the search ends. Others that a search compares do not count.
constexpr std::size_t kNearEnoughPerNearestMax = 100;
// At which recall it is measured how much more far queries need.
constexpr double kSlopeRecall = 0.95;

// How remote what a search looks at may be, and by how much more for each of the query's farness.
struct Reach {
  float remoteness = kRemotest;
  float per_farness = 0;
};

// What is added for each of the query's farness, in searches for ten and for more.
struct Slopes {
  float near = 0;
  float wide = 0;
};

// What finding one of a query's nearest takes, and the query's farness.
struct Need {
  float remoteness;
  float farness;
};

// One row as a query.
class Trial {
 public:
  Trial(const Segment& segment, std::uint32_t row, std::size_t count)
      : segment_(segment), row_(row), count_(count) {}

  // Adds for each of the `count` nearest others what finding it takes, of those that a search finds which
  // goes no further than `reach`.
  Status run(const Reach& reach, std::vector<Need>& needed) {
    const Segment::Vectors own = TRY(segment_.vectors(row_));
    const std::size_t dimension = segment_.identity().dimension;
    const float* const values = own.values + (row_ - own.first) * dimension;
    query_.assign(values, values + dimension);
    squared_norm_ = own.squared_norms[row_ - own.first];
    const auto origin = TRY(segment_.origin());
    const CodeQuery ready(segment_.identity().metric, query_, squared_norm_, origin, kDeviations);
    ProbeOrder order = TRY(ProbeOrder::create(segment_, ready, nullptr));
    CodeSearch search(segment_, CodeSearch::Order::kByPromise);
    const auto threshold_now = [this] { return threshold(); };
    float need = std::numeric_limits<float>::lowest();
    while (true) {
      if (nearest_.size() == count_) {
        need = std::max(need, order.remoteness(threshold(), kCountWeight));
        if (need > reach.remoteness + reach.per_farness * order.farness()) break;
      }
      const auto probe = TRY(order.next());
      if (!probe || near_enough_ > kNearEnoughPerNearestMax * count_) break;
      const auto visit = [&](std::uint32_t row) { return look_at(row, need); };
      TRY(search.scan(probe->scan, probe->first, probe->first + probe->rows, threshold_now, visit));
      TRY(search.finish(threshold_now, visit));
    }
    for (const Found& found : nearest_) needed.push_back({found.need, order.farness()});
    return {};
  }

 private:
  struct Found {
    float value;
    float need;
    bool operator>(const Found& other) const { return value > other.value; }
  };

  float threshold() const {
    return nearest_.size() < count_ ? -std::numeric_limits<float>::infinity() : nearest_.front().value;
  }

  Status look_at(std::uint32_t row, float need) {
    if (row == row_) return {};
    if (block_.values == nullptr || row < block_.first || row >= block_.first + block_.count) {
      block_ = TRY(segment_.vectors(row));
    }
    const std::size_t dimension = query_.size();
    const float* const values = block_.values + (row - block_.first) * dimension;
    float value = 0;
    switch (segment_.identity().metric) {
      case Metric::kEuclidean: value = -squared_l2(query_.data(), values, dimension); break;
      case Metric::kDotProduct: value = dot(query_.data(), values, dimension); break;
      case Metric::kCosine:
        value = score(Metric::kCosine, dot(query_.data(), values, dimension), squared_norm_,
                      block_.squared_norms[row - block_.first]);
        break;
    }
    if (nearest_.size() < count_ || value >= nearest_.front().value) ++near_enough_;
    if (nearest_.size() == count_ && value <= nearest_.front().value) return {};
    nearest_.push_back({value, need});
    std::push_heap(nearest_.begin(), nearest_.end(), std::greater<>());
    if (nearest_.size() <= count_) return {};
    std::pop_heap(nearest_.begin(), nearest_.end(), std::greater<>());
    nearest_.pop_back();
    return {};
  }

  const Segment& segment_;
  std::uint32_t row_;
  std::size_t count_;
  std::vector<float> query_;
  float squared_norm_ = 0;
  Segment::Vectors block_;      // that a row was read from last
  std::size_t near_enough_ = 0; // rows, when they were met
  std::vector<Found> nearest_;  // a heap with the furthest at the front
};

// Rows as queries, and how far each goes.
class Trials {
 public:
  Trials(const Segment& segment, const std::optional<Calibration>& before, const std::function<Status()>& pause)
      : segment_(segment), pause_(pause), count_(std::min(segment.rows() / kRowsPerQuery, kQueriesMax)) {
    if (!before) return;
    // What an older version measured is on another scale.
    if (before->count_weight == kCountWeight) {
      limited_ = true;
      slopes_ = Slopes{std::min(before->near_per_farness, kPerFarnessMax), std::min(before->wide_per_farness, kPerFarnessMax)};
      far_ = reach_after(before->near, before->near_per_farness);
      wide_ = reach_after(before->wide, before->wide_per_farness);
    }
    count_ = std::max(count_ / kTimesLess, std::min(count_, kQueriesOfLessMin));
    near_ = kNearOfLess;
  }

  // Whether so much of what was found was found only just that more lies beyond.
  bool looked_too_near() const { return limited_ && found_just_; }
  // As those do that nothing was measured before, or further.
  void look_further() {
    for (Reach* const reach : {&far_, &wide_}) *reach = {std::max(reach->remoteness, kRemotest), 0};
    limited_ = false;
    slopes_.reset();
  }

  // What the others serve.
  const Near& near() const { return near_; }
  // How much more far queries need, where that is known: fewer of them tell it worse than those before.
  const std::optional<Slopes>& slopes() const { return slopes_; }

  // Every fourth.
  Result<std::vector<Need>> run_far() {
    auto needs = run(kNearest, far_, [](std::uint32_t i) { return i % kFarQueryEvery == 0; });
    if (needs) note_just_found(*needs, far_);
    return needs;
  }
  // Some, for so many of their nearest.
  std::uint32_t wide_count() const { return std::min(segment_.rows() / kRowsPerWideCount, kWideCountMax); }
  Result<std::vector<Need>> run_wide() {
    auto needs = run(wide_count(), wide_, [](std::uint32_t i) { return i % kWideQueryEvery == 1; });
    if (needs) note_just_found(*needs, wide_);
    return needs;
  }
  // The others.
  Result<std::vector<Need>> run_near(const Reach& reach) {
    return run(kNearest, reach, [](std::uint32_t i) { return i % kFarQueryEvery != 0; });
  }

 private:
  void note_just_found(const std::vector<Need>& needs, const Reach& reach) {
    const auto just = std::count_if(needs.begin(), needs.end(), [&](const Need& need) {
      return need.remoteness > reach.remoteness + reach.per_farness * need.farness - kBeyond;
    });
    if (static_cast<std::size_t>(just) * kFoundPerJust > needs.size()) found_just_ = true;
  }
  static Reach reach_after(const std::array<float, 8>& remotenesses, float per_farness) {
    return {std::max(remotenesses.back() + kFurther, kLeastFar), per_farness};
  }
  // What finding each of their nearest takes.
  template <class Chosen>
  Result<std::vector<Need>> run(std::size_t nearest, const Reach& reach, const Chosen& chosen) {
    std::vector<std::uint32_t> rows;
    for (std::uint32_t i = 0; i < count_; ++i) {
      if (chosen(i)) rows.push_back(static_cast<std::uint32_t>(std::uint64_t{i} * segment_.rows() / count_));
    }
    std::array<std::vector<Need>, 2> needed;
    const auto try_them = [&](std::size_t hand, const std::function<Status()>& pause) -> Status {
      for (std::size_t i = hand; i < rows.size(); i += needed.size()) {
        TRY(Trial(segment_, rows[i], nearest).run(reach, needed[hand]));
        TRY(pause());
      }
      return {};
    };
    TRY(with_two_hands(pause_, try_them));
    needed[0].insert(needed[0].end(), needed[1].begin(), needed[1].end());
    return std::move(needed[0]);
  }

  const Segment& segment_;
  const std::function<Status()>& pause_;
  std::uint32_t count_;
  Near near_ = kNear;
  std::optional<Slopes> slopes_;
  Reach far_;
  Reach wide_;
  bool limited_ = false;  // by what was measured before
  bool found_just_ = false;  // so much, where either search ended
};

// What a share of the values is not above. Requires: rising values.
float quantile(const std::vector<float>& values, double share) {
  if (values.empty()) return kRemotest;
  const auto at = static_cast<std::size_t>(share * static_cast<double>(values.size()));
  return std::max(values[std::min(at, values.size() - 1)], -kRemotest);
}

// Rising.
std::vector<float> less_farness(const std::vector<Need>& needs, float per_farness) {
  std::vector<float> rest;
  rest.reserve(needs.size());
  for (const Need& need : needs) rest.push_back(need.remoteness - per_farness * need.farness);
  std::sort(rest.begin(), rest.end());
  return rest;
}

float per_farness_of(std::vector<Need> needs) {
  std::sort(needs.begin(), needs.end(), [](const Need& x, const Need& y) { return x.farness < y.farness; });
  const auto middle = needs.begin() + static_cast<std::ptrdiff_t>(needs.size() / 2);
  const auto quantile_and_mean = [](const std::vector<Need>& half) {
    double sum = 0;
    for (const Need& need : half) sum += double{need.farness};
    return std::pair(double{quantile(less_farness(half, 0), kSlopeRecall)},
                     sum / static_cast<double>(std::max<std::size_t>(half.size(), 1)));
  };
  const auto [near_needs, near_mean] = quantile_and_mean({needs.begin(), middle});
  const auto [far_needs, far_mean] = quantile_and_mean({middle, needs.end()});
  if (far_mean <= near_mean) return 0;
  // Where nearly all are found before there is a threshold nothing has been measured.
  if (near_needs <= -double{kRemotest} || far_needs <= -double{kRemotest}) return std::min(Calibration().near_per_farness, kPerFarnessMax);
  return std::clamp(static_cast<float>((far_needs - near_needs) / (far_mean - near_mean)), 0.0F, kPerFarnessMax);
}

double between(const std::array<float, 8>& remotenesses, double recall) {
  // What is missed, on a scale on which each half of it is a step.
  const auto scale = [](double r) { return -std::log(std::max(1 - r, 1e-9)); };
  std::size_t above = 1;
  while (above + 1 < kCalibratedRecalls.size() && kCalibratedRecalls[above] < recall) ++above;
  const double from = scale(kCalibratedRecalls[above - 1]);
  const double to = scale(kCalibratedRecalls[above]);
  const double share = (scale(recall) - from) / (to - from);
  const double least = double{remotenesses[above - 1]};
  return least + share * (double{remotenesses[above]} - least);
}

Result<Calibration> measure(Trials& trials) {
  Calibration calibration;
  calibration.count_weight = kCountWeight;
  const std::vector<Need> far_needs = TRY(trials.run_far());
  calibration.near_per_farness = trials.slopes() ? trials.slopes()->near : per_farness_of(far_needs);
  const std::vector<float> far = less_farness(far_needs, calibration.near_per_farness);
  const float remotest = quantile(far, trials.near().share);
  std::vector<float> near =
      less_farness(TRY(trials.run_near({remotest, calibration.near_per_farness})), calibration.near_per_farness);
  const auto within = std::upper_bound(far.begin(), far.end(), remotest);
  const double share_within =
      far.empty() ? 1 : static_cast<double>(within - far.begin()) / static_cast<double>(far.size());
  near.insert(near.end(), far.begin(), within);
  std::sort(near.begin(), near.end());
  const std::vector<Need> wide_needs = TRY(trials.run_wide());
  calibration.wide_per_farness = trials.slopes() ? trials.slopes()->wide : per_farness_of(wide_needs);
  const std::vector<float> wide = less_farness(wide_needs, calibration.wide_per_farness);
  calibration.wide_count = trials.wide_count();
  for (std::size_t i = 0; i < kCalibratedRecalls.size(); ++i) {
    const double found = kCalibratedRecalls[i];
    // Of all that the near ones should have found, they can have found those within reach.
    calibration.near[i] = found <= trials.near().recall_max ? quantile(near, found / share_within) : quantile(far, found);
    calibration.wide[i] = quantile(wide, found);
    if (i == 0) continue;
    calibration.near[i] = std::max(calibration.near[i], calibration.near[i - 1]);
    calibration.wide[i] = std::max(calibration.wide[i], calibration.wide[i - 1]);
  }
  return calibration;
}

// By how much more of the clusters' remoteness a search for more needs than one for ten; what it needs beyond is reckoned with that.
double rise_to_wide(const Calibration& calibration) {
  const double near = between(calibration.near, kSlopeRecall);
  if (near <= -double{kRemotest}) return 0;  // nothing has been measured
  return std::max(between(calibration.wide, kSlopeRecall) - near, 0.0);
}

}  // namespace

float remoteness_for(const Calibration& calibration, double recall, double count, double farness) {
  const double near = between(calibration.near, recall) + double{calibration.near_per_farness} * farness;
  if (count <= kNearest || calibration.wide_count <= kNearest) return static_cast<float>(near);
  const double wide = between(calibration.wide, recall) + double{calibration.wide_per_farness} * farness;
  const double share = std::log(count / kNearest) / std::log(static_cast<double>(calibration.wide_count) / kNearest);
  if (share <= 1) return static_cast<float>(near + share * (wide - near));
  return static_cast<float>(wide + (share - 1) * rise_to_wide(calibration));
}

Result<Calibration> calibrate(const Segment& segment, const std::optional<Calibration>& before,
                              const std::function<Status()>& pause) {
  Trials trials(segment, before, pause);
  Calibration calibration = TRY(measure(trials));
  if (trials.looked_too_near()) {
    trials.look_further();
    calibration = TRY(measure(trials));
  }
  return calibration;
}

}  // namespace alcove::segments
