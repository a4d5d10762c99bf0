#include "segments/code_query.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "segments/rotation.h"

namespace alcove::segments {

namespace {

// What float32 rounds away of scores and bounds, of the products of lengths that they are made of.
constexpr double kRounding = 4e-6;

}  // namespace

CodeQuery::CodeQuery(Metric metric, std::span<const float> query, float squared_norm,
                     std::span<const float> centroid, double deviations) {
  const CodeShape shape(query.size());
  const double scale = metric == Metric::kCosine && squared_norm > 0
                           ? 1 / std::sqrt(double{squared_norm})
                           : 1;
  std::vector<float> difference(shape.padded_dimension);
  double product = 0;
  double squared_query = 0;
  double squared_centroid = 0;
  double squared_distance = 0;
  for (std::size_t i = 0; i < query.size(); ++i) {
    const double x = double{query[i]} * scale;
    const double c = centroid[i];
    difference[i] = static_cast<float>(x - c);
    product += x * c;
    squared_query += x * x;
    squared_centroid += c * c;
    squared_distance += (x - c) * (x - c);
  }
  rotation_of(query.size()).apply(difference.data());
  tabulate(shape, std::move(difference), deviations);

  const double base = metric == Metric::kEuclidean ? -squared_distance : product;
  const double size = metric == Metric::kEuclidean
                          ? squared_distance
                          : std::sqrt(squared_query) * std::sqrt(squared_centroid);
  scan_.base = static_cast<float>(base + size * kRounding);
  // No product is greater than that of the lengths.
  const double most = std::sqrt(static_cast<double>(shape.padded_dimension));
  scan_.reach = static_cast<float>(std::min(deviations, most) * std::sqrt(squared_distance));
}

void CodeQuery::tabulate(const CodeShape& shape, std::vector<float> rotated, double deviations) {
  table_.resize(shape.groups * kGroupNumbers);
  const float outermost = outermost_level(shape);
  std::vector<float> lowest(shape.groups);  // the product with the levels that are all against it
  for (std::size_t i = 0; i < rotated.size(); ++i) {
    lowest[i / shape.coordinates_per_group] -= outermost * std::abs(rotated[i]);
  }
  const double widest = -2.0 * double{*std::min_element(lowest.begin(), lowest.end())};
  const double step = widest / kTableEntryMax;
  const double per_step = widest > 0 ? kTableEntryMax / widest : 0;
  for (std::size_t group = 0; group < shape.groups; ++group) {
    float products[kGroupNumbers];
    group_products(shape, rotated.data() + group * shape.coordinates_per_group, products);
    std::uint8_t* const into = table_.data() + group * kGroupNumbers;
    for (unsigned number = 0; number < kGroupNumbers; ++number) {
      // Rounded to the nearest; what rounding puts below or above the table's ends belongs there.
      const double steps = (double{products[number]} - double{lowest[group]}) * per_step + 0.5;
      into[number] = static_cast<std::uint8_t>(
          static_cast<int>(std::clamp(steps, 0.0, double{kTableEntryMax})));
    }
  }
  // Entries are off by half a unit at most, evenly spread: by 1/√12 in the mean square.
  const auto groups = static_cast<double>(shape.groups);
  const double rounded_away = step * std::min(deviations * std::sqrt(groups / 12), groups / 2);
  scan_.table = table_.data();
  scan_.groups = shape.groups;
  scan_.scale = static_cast<float>(step);
  scan_.bias = static_cast<float>(std::accumulate(lowest.begin(), lowest.end(), 0.0) + rounded_away);
}

}  // namespace alcove::segments
