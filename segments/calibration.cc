#include "segments/calibration.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <functional>
#include <limits>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "segments/code_query.h"
#include "segments/code_search.h"
#include "segments/distance.h"
#include "segments/probe_order.h"

namespace alcove::segments {

namespace {

// Rows that are taken for queries: with 500 what is measured is off by half a percent at a recall of 0.9.
constexpr std::uint32_t kQueriesMax = 512;
constexpr std::uint32_t kRowsPerQuery = 64;
constexpr std::size_t kNearest = 10;
// Nobody's ten nearest have been met beyond.
constexpr float kRemotest = 16;
constexpr double kDeviations = 2;
// Where more are as good as each other, they are found wherever the search ends.
constexpr std::size_t kComparedMax = 1000;
// So much of what may be missed is aimed at: real queries are not rows, and the measurement is off by
// chance.
constexpr double kShareOfMissed = 0.8;

// One row as a query.
class Trial {
 public:
  Trial(const Segment& segment, std::uint32_t row) : segment_(segment), row_(row) {}

  // Adds for each of the ten nearest others the remoteness that finding it takes.
  Status run(std::vector<float>& needed) {
    const Segment::Vectors own = TRY(segment_.vectors(row_));
    const std::size_t dimension = segment_.identity().dimension;
    const float* const values = own.values + (row_ - own.first) * dimension;
    query_.assign(values, values + dimension);
    squared_norm_ = own.squared_norms[row_ - own.first];
    const auto origin = TRY(segment_.centroid(0));
    const CodeQuery ready(segment_.identity().metric, query_, squared_norm_, origin, kDeviations);
    ProbeOrder order = TRY(ProbeOrder::create(segment_, ready, nullptr));
    CodeSearch search(segment_, CodeSearch::Order::kByPromise);
    const auto threshold_now = [this] { return threshold(); };
    float need = std::numeric_limits<float>::lowest();
    while (true) {
      if (nearest_.size() == kNearest) {
        need = std::max(need, order.remoteness(threshold()));
        if (need > kRemotest) break;
      }
      const auto probe = TRY(order.next());
      if (!probe || compared_ > kComparedMax) break;
      const auto visit = [&](std::uint32_t row) { return look_at(row, need); };
      TRY(search.scan(probe->scan, probe->first, probe->first + probe->rows, threshold_now, visit));
      TRY(search.finish(threshold_now, visit));
    }
    for (const Found& found : nearest_) needed.push_back(found.need);
    return {};
  }

 private:
  struct Found {
    float value;
    float need;
    bool operator>(const Found& other) const { return value > other.value; }
  };

  float threshold() const {
    return nearest_.size() < kNearest ? -std::numeric_limits<float>::infinity() : nearest_.front().value;
  }

  Status look_at(std::uint32_t row, float need) {
    if (row == row_) return {};
    ++compared_;
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
    if (nearest_.size() == kNearest && value <= nearest_.front().value) return {};
    nearest_.push_back({value, need});
    std::push_heap(nearest_.begin(), nearest_.end(), std::greater<>());
    if (nearest_.size() <= kNearest) return {};
    std::pop_heap(nearest_.begin(), nearest_.end(), std::greater<>());
    nearest_.pop_back();
    return {};
  }

  const Segment& segment_;
  std::uint32_t row_;
  std::vector<float> query_;
  float squared_norm_ = 0;
  Segment::Vectors block_;      // that a row was read from last
  std::size_t compared_ = 0;    // vectors
  std::vector<Found> nearest_;  // a heap with the furthest at the front
};

// Every second trial, from the one of number `first` on.
Status run_trials(const Segment& segment, std::uint32_t first, std::vector<float>& needed,
                  const std::function<Status()>& pause) {
  const std::uint32_t trials = std::min(segment.rows() / kRowsPerQuery, kQueriesMax);
  for (std::uint32_t i = first; i < trials; i += 2) {
    const std::uint64_t row = std::uint64_t{i} * segment.rows() / trials;
    TRY(Trial(segment, static_cast<std::uint32_t>(row)).run(needed));
    TRY(pause());
  }
  return {};
}

}  // namespace

float remoteness_for(const Calibration& calibration, double recall) {
  // What is missed, on a scale on which each half of it is a step.
  const auto scale = [](double r) { return -std::log(std::max(1 - r, 1e-9)); };
  std::size_t above = 1;
  while (above + 1 < kCalibratedRecalls.size() && kCalibratedRecalls[above] < recall) ++above;
  const double from = scale(kCalibratedRecalls[above - 1]);
  const double to = scale(kCalibratedRecalls[above]);
  const double share = (scale(recall) - from) / (to - from);
  const double least = double{calibration[above - 1]};
  return static_cast<float>(least + share * (double{calibration[above]} - least));
}

Result<Calibration> calibrate(const Segment& segment, const std::function<Status()>& pause) {
  // Every second trial runs on a thread beside this one, if there is one to be had.
  std::vector<float> needed;
  std::vector<float> needed_beside;
  std::atomic<bool> stopped = false;
  Status ran_beside;
  const auto run_beside = [&] {
    ran_beside = run_trials(segment, 1, needed_beside, [&]() -> Status {
      if (stopped) return fail(ErrorCode::kCancelled, "the other half has failed");
      return {};
    });
  };
  std::thread beside;
  try {
    beside = std::thread(run_beside);
  } catch (const std::system_error&) {
    run_beside();
  }
  const Status ran = run_trials(segment, 0, needed, pause);
  if (!ran) stopped = true;
  if (beside.joinable()) beside.join();
  TRY(ran);
  TRY(ran_beside);
  needed.insert(needed.end(), needed_beside.begin(), needed_beside.end());
  std::sort(needed.begin(), needed.end());
  Calibration calibration{};
  for (std::size_t i = 0; i < calibration.size(); ++i) {
    const double missed = (1 - kCalibratedRecalls[i]) * kShareOfMissed;
    const auto at = static_cast<std::size_t>((1 - missed) * static_cast<double>(needed.size()));
    calibration[i] = needed.empty() ? kRemotest : needed[std::min(at, needed.size() - 1)];
  }
  return calibration;
}

}  // namespace alcove::segments
