#include "segments/code_query.h"

#include <algorithm>
#include <cmath>

#include "segments/rotation.h"

namespace alcove::segments {

namespace {

constexpr unsigned kNumbers = 16;
constexpr double kTableMax = 255;
// What float32 rounds away of a base, and of what is added to it.
constexpr double kRounding = 4e-6;

}  // namespace

CodeQuery::CodeQuery(Metric metric, std::span<const float> query, float squared_norm)
    : metric_(metric),
      shape_(query.size()),
      query_(query.begin(), query.end()),
      table_(shape_.groups * kNumbers) {
  if (metric == Metric::kCosine && squared_norm > 0) {
    const double scale = 1 / std::sqrt(double{squared_norm});
    for (float& value : query_) value = static_cast<float>(double{value} * scale);
  }
  std::vector<float> rotated = query_;
  rotated.resize(shape_.padded_dimension);
  rotation_of(query.size()).apply(rotated.data());

  const std::size_t step = shape_.coordinates_per_group;
  std::vector<float> levels(kNumbers * step);
  for (unsigned number = 0; number < kNumbers; ++number) {
    group_levels(shape_, number, levels.data() + number * step);
  }
  std::vector<float> products(table_.size());
  std::vector<float> lowest(shape_.groups);
  float widest = 0;
  for (std::size_t group = 0; group < shape_.groups; ++group) {
    float* const of_group = products.data() + group * kNumbers;
    for (unsigned number = 0; number < kNumbers; ++number) {
      float product = 0;
      for (std::size_t i = 0; i < step; ++i) {
        product += rotated[group * step + i] * levels[number * step + i];
      }
      of_group[number] = product;
    }
    const auto [low, high] = std::minmax_element(of_group, of_group + kNumbers);
    lowest[group] = *low;
    bias_ += double{*low};
    widest = std::max(widest, *high - *low);
  }
  step_ = double{widest} / kTableMax;
  const float per_step = widest > 0 ? static_cast<float>(kTableMax) / widest : 0.0F;
  for (std::size_t group = 0; group < shape_.groups; ++group) {
    for (unsigned number = 0; number < kNumbers; ++number) {
      const std::size_t at = group * kNumbers + number;
      // Rounded to the nearest; never above kTableMax, which the widest group reaches.
      const float steps = (products[at] - lowest[group]) * per_step + 0.5F;
      table_[at] = static_cast<std::uint8_t>(std::min(steps, static_cast<float>(kTableMax)));
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
