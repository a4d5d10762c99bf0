#include "segments/code_query.h"

#include <algorithm>
#include <cmath>

#include "segments/distance.h"
#include "segments/rotation.h"

namespace alcove::segments {

namespace {

// What float32 rounds away of scores and bounds, of the products of lengths that they are made of.
constexpr double kRoundingOfQueries = 4e-6;

}  // namespace

CodeQuery::CodeQuery(Metric metric, std::span<const float> query, float squared_norm,
                     std::span<const float> origin, double deviations)
    : metric_(metric), query_(query.size()), origin_(origin.begin(), origin.end()) {
  const CodeShape shape(query.size());
  const double scale = metric == Metric::kCosine && squared_norm > 0
                           ? 1 / std::sqrt(double{squared_norm})
                           : 1;
  std::vector<float> difference(shape.padded_dimension);
  for (std::size_t i = 0; i < query.size(); ++i) {
    const double x = double{query[i]} * scale;
    query_[i] = static_cast<float>(x);
    difference[i] = static_cast<float>(x - double{origin[i]});
  }
  squared_norm_ = segments::squared_norm(query_.data(), query_.size());
  // No product is greater than that of the lengths.
  deviations_ = std::min(deviations, std::sqrt(static_cast<double>(shape.padded_dimension)));
  if (metric == Metric::kEuclidean) {
    from_origin_.assign(difference.begin(), difference.begin() + static_cast<std::ptrdiff_t>(query.size()));
    to_origin_ = std::sqrt(double{segments::squared_norm(from_origin_.data(), from_origin_.size())});
  } else {
    origin_value_ = dot(query_.data(), origin_.data(), query_.size());
    to_origin_ = 2 * std::sqrt(double{segments::squared_norm(origin_.data(), origin_.size())});
  }
  rotation_of(query.size()).apply(difference.data());
  tabulate(shape, difference);
}

CodeQuery::Place CodeQuery::place(const Centroid& centroid, float squared_norm) const {
  const std::size_t dimension = query_.size();
  if (!centroid.whole.empty()) {
    const float* const whole = centroid.whole.data();
    return place_of(metric_ == Metric::kEuclidean ? -squared_l2(query_.data(), whole, dimension)
                                                  : dot(query_.data(), whole, dimension),
                    squared_norm, to_origin_);
  }
  const std::int8_t* const numbers = centroid.offset.numbers.data();
  const float unit = centroid.offset.unit;
  return place_of(metric_ == Metric::kEuclidean
                      ? -squared_l2_rounded(from_origin_.data(), numbers, unit, dimension)
                      : origin_value_ + dot_rounded(query_.data(), numbers, unit, dimension),
                  squared_norm, to_origin_);
}

CodeQuery::Place CodeQuery::place_of(float value, float squared_norm, double by_way) const {
  Place place;
  place.value = value;
  place.squared_distance = squared_distance(place.value, squared_norm);
  // By way of the origin, as codes are, coordinates of another size are rounded: by half a unit in their last place each.
  constexpr double kOfDistances = 1.0 / 16;
  const double distance = std::sqrt(double{place.squared_distance});
  const double size = metric_ == Metric::kEuclidean
                          ? distance * (distance + by_way * kOfDistances)
                          : std::sqrt(double{squared_norm_}) * (std::sqrt(double{squared_norm}) + by_way);
  place.base = static_cast<float>(double{place.value} + size * kRoundingOfQueries);
  place.reach = static_cast<float>(
      deviations_ * std::sqrt(double{place.squared_distance} + size * kRoundingOfQueries));
  return place;
}

CodeScan CodeQuery::scan_origin() const {
  const float value = metric_ == Metric::kEuclidean ? -squared_l2(query_.data(), origin_.data(), query_.size())
                                                    : origin_value_;
  const Place at = place_of(value, segments::squared_norm(origin_.data(), origin_.size()), 0);
  return scan(at.base, at.reach);
}

CodeScan CodeQuery::estimate() const {
  CodeScan estimate = scan_origin();
  estimate.bias = static_cast<float>(double{estimate.bias} - rounded_away_);
  estimate.reach = 0;
  estimate.corrections = Corrections::kWhole;
  return estimate;
}

void CodeQuery::tabulate(const CodeShape& shape, const std::vector<float>& rotated) {
  // What a group gives at least is with the levels that are all against it, at most with those all for it.
  const double outermost = outermost_level(shape);
  double widest = 0;
  double sizes = 0;
  for (std::size_t i = 0; i < rotated.size(); i += shape.coordinates_per_group) {
    double size = 0;
    for (std::size_t j = 0; j < shape.coordinates_per_group; ++j) size += std::abs(double{rotated[i + j]});
    widest = std::max(widest, 2 * outermost * size);
    sizes += size;
  }
  const double step = widest / kTableEntryMax;
  const double per_step = widest > 0 ? kTableEntryMax / widest : 0;
  std::vector<float> steps(rotated.size());
  for (std::size_t i = 0; i < rotated.size(); ++i) {
    steps[i] = static_cast<float>(double{rotated[i]} * per_step);
  }
  table_.resize(shape.groups * kGroupNumbers);
  fill_code_table(shape, steps.data(), table_.data());
  // Entries are off by half a unit at most, evenly spread: by 1/√12 in the mean square.
  const auto groups = static_cast<double>(shape.groups);
  rounded_away_ = step * std::min(deviations_ * std::sqrt(groups / 12), groups / 2);
  scan_.table = table_.data();
  scan_.groups = shape.groups;
  scan_.scale = static_cast<float>(step);
  scan_.bias = static_cast<float>(rounded_away_ - outermost * sizes);
}

}  // namespace alcove::segments
