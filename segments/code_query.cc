#include "segments/code_query.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "segments/rotation.h"

namespace alcove::segments {

namespace {

// What float32 rounds away of a base, and of what is added to it.
constexpr double kRounding = 4e-6;

}  // namespace

CodeQuery::CodeQuery(Metric metric, std::span<const float> query, float squared_norm)
    : metric_(metric),
      shape_(query.size()),
      query_(query.begin(), query.end()),
      table_(shape_.groups * kGroupNumbers) {
  if (metric == Metric::kCosine && squared_norm > 0) {
    const double scale = 1 / std::sqrt(double{squared_norm});
    for (float& value : query_) value = static_cast<float>(double{value} * scale);
  }
  std::vector<float> rotated = query_;
  rotated.resize(shape_.padded_dimension);
  rotation_of(query.size()).apply(rotated.data());

  const float outermost = outermost_level(shape_);
  std::vector<float> lowest(shape_.groups);  // the product with the levels that are all against it
  for (std::size_t i = 0; i < rotated.size(); ++i) {
    lowest[i / shape_.coordinates_per_group] -= outermost * std::abs(rotated[i]);
  }
  const float widest = -2 * *std::min_element(lowest.begin(), lowest.end());
  step_ = double{widest} / kTableEntryMax;
  bias_ = std::accumulate(lowest.begin(), lowest.end(), 0.0);
  const float per_step = widest > 0 ? static_cast<float>(kTableEntryMax) / widest : 0.0F;
  for (std::size_t group = 0; group < shape_.groups; ++group) {
    float products[kGroupNumbers];
    group_products(shape_, rotated.data() + group * shape_.coordinates_per_group, products);
    std::uint8_t* const into = table_.data() + group * kGroupNumbers;
    for (unsigned number = 0; number < kGroupNumbers; ++number) {
      // Rounded to the nearest; what rounding puts below or above the table's ends belongs there.
      const float steps = (products[number] - lowest[group]) * per_step + 0.5F;
      into[number] = static_cast<std::uint8_t>(
          static_cast<int>(std::clamp(steps, 0.0F, static_cast<float>(kTableEntryMax))));
    }
  }
}

CodeScan CodeQuery::against(std::span<const float> centroid, double deviations) const {
  double product = 0;
  double squared_distance = 0;
  for (std::size_t i = 0; i < query_.size(); ++i) {
    const double difference = double{query_[i]} - double{centroid[i]};
    product += double{query_[i]} * double{centroid[i]};
    squared_distance += difference * difference;
  }
  // No product is greater than that of the lengths.
  const double lengths = std::sqrt(static_cast<double>(shape_.padded_dimension));
  // The table's bytes are off by half a unit at most, evenly spread: by 1/√12 in the mean square.
  const auto groups = static_cast<double>(shape_.groups);
  const double table_error =
      step_ * std::min(deviations * std::sqrt(groups / 12), groups / 2);
  const double base = metric_ == Metric::kEuclidean ? -squared_distance : product;
  CodeScan scan;
  scan.table = table_.data();
  scan.groups = shape_.groups;
  scan.scale = static_cast<float>(step_);
  scan.bias = static_cast<float>(bias_ + table_error);
  scan.base = static_cast<float>(base + std::abs(base) * kRounding);
  scan.reach =
      static_cast<float>(std::min(deviations, lengths) * std::sqrt(squared_distance));
  return scan;
}

}  // namespace alcove::segments
