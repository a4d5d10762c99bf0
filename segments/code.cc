#include "segments/code.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>

#include "base/check.h"
#include "segments/rotation.h"

namespace alcove::segments {

namespace {

constexpr float kLevels[] = {-1.5104F, -0.4528F, 0.4528F, 1.5104F};
constexpr float kBetween = 0.9816F;  // of the inner and the outer level

// What float32 rounds away of an addend and of what is added to it, of the lengths it is made of.
constexpr double kRoundingOfCodes = 1e-6;

// A sum that need not wait for each addition: of every so many-th its own.
class Sums {
 public:
  static constexpr std::size_t kSide = 8;
  // The products of kSide numbers.
  template <class Y>
  void add(const float* x, const Y* y) {
    for (std::size_t i = 0; i < kSide; ++i) sums_[i] += double{x[i]} * double{y[i]};
  }
  void add_one(double x, double y) { sums_[0] += x * y; }
  double total() const {
    double total = 0;
    for (const double sum : sums_) total += sum;
    return total;
  }

 private:
  std::array<double, kSide> sums_{};
};

double dot_of(const std::vector<float>& x, const std::vector<float>& y) {
  Sums sums;
  std::size_t i = 0;
  for (; i + Sums::kSide <= x.size(); i += Sums::kSide) sums.add(x.data() + i, y.data() + i);
  for (; i < x.size(); ++i) sums.add_one(double{x[i]}, double{y[i]});
  return sums.total();
}

// The higher half of a float32, and that as a whole one. Nothing here is too large for one that is rounded.
constexpr unsigned kHalfBits = 16;
std::uint16_t nearest_half(float x) {
  const auto bits = std::bit_cast<std::uint32_t>(x);
  const std::uint32_t even = bits >> kHalfBits & 1U;
  return static_cast<std::uint16_t>((bits + 0x7fffU + even) >> kHalfBits);
}
float whole(std::uint16_t half) { return std::bit_cast<float>(std::uint32_t{half} << kHalfBits); }
// One that is not below x, or what is no number where that is none.
std::uint16_t half_above(double x) {
  const auto nearest = static_cast<float>(x);
  const auto bits = std::bit_cast<std::uint32_t>(nearest);
  auto half = static_cast<std::uint16_t>(bits >> kHalfBits);
  // Without its lower half a number is nearer to zero.
  if (double{whole(half)} < x) half = static_cast<std::uint16_t>(x > 0 ? half + 1 : half - 1);
  return half;
}

// Where the numbers of a row stand in each group.
struct Lane {
  std::size_t byte;
  unsigned shift;
};
Lane lane_of(std::size_t place) {
  return {place % 16 % 8 * 2 + place % 16 / 8, place < 16 ? 0U : 4U};
}

// The levels that a number stands for.
void levels_of(std::size_t coordinates_per_group, unsigned number, float* levels) {
  if (coordinates_per_group == 4) {
    for (unsigned i = 0; i < 4; ++i) levels[i] = (number >> i & 1U) != 0 ? 1.0F : -1.0F;
  } else {
    levels[0] = kLevels[number & 3U];
    levels[1] = kLevels[number >> 2U];
  }
}

unsigned one_bit_number(const float* coordinates) {
  unsigned number = 0;
  for (unsigned i = 0; i < 4; ++i) number |= unsigned{coordinates[i] > 0} << i;
  return number;
}

unsigned two_bit_number(const float* coordinates, float unit) {
  unsigned number = 0;
  for (unsigned i = 0; i < 2; ++i) {
    const float x = coordinates[i];
    const unsigned outer = unsigned{std::abs(x) > kBetween * unit};
    const unsigned level = unsigned{x > 0} * (2 * outer + 1) + (1 - outer);
    number |= level << (2 * i);
  }
  return number;
}

}  // namespace

CodeShape::CodeShape(std::size_t dimension)
    : padded_dimension(segments::padded_dimension(dimension)),
      coordinates_per_group(dimension >= kOneBitDimension ? 4 : 2),
      groups(padded_dimension / coordinates_per_group),
      bytes(groups * 16 + kCorrectionBytes),
      centroid_bytes(bytes + kCorrectionBytes) {
  CHECK(dimension > 0 && dimension <= kCodedDimensionMax, "a dimension that is coded");
}

float outermost_level(const CodeShape& shape) {
  return shape.coordinates_per_group == 4 ? 1.0F : kLevels[3];
}

namespace {

// The levels of each number side by side: whether a coordinate is above 0 is a toss, on which nothing should be made to wait.
using NumberLevels = std::array<std::array<float, kGroupCoordinatesMax>, kGroupNumbers>;
const NumberLevels& number_levels(const CodeShape& shape) {
  static const auto make = [](std::size_t coordinates) {
    NumberLevels made{};
    for (unsigned number = 0; number < kGroupNumbers; ++number) levels_of(coordinates, number, made[number].data());
    return made;
  };
  static const NumberLevels four = make(4);
  static const NumberLevels two = make(2);
  return shape.coordinates_per_group == 4 ? four : two;
}

// Writes the numbers of a row's groups to `codes` and what levels they stand for to `levels`.
template <std::size_t kStep, class Number>
void put_numbers(Lane lane, const NumberLevels& levels_of_number, const std::vector<float>& residual, char* codes,
                 std::vector<float>& levels, const Number& number_of) {
  char* into = codes + lane.byte;
  for (std::size_t at = 0; at < residual.size(); at += kStep, into += 16) {
    const unsigned number = number_of(residual.data() + at);
    std::memcpy(levels.data() + at, levels_of_number[number].data(), kStep * sizeof(float));
    *into = static_cast<char>(static_cast<unsigned char>(*into) | number << lane.shift);
  }
}

}  // namespace

const GroupLevels& group_levels(const CodeShape& shape) {
  static const auto make = [](std::size_t coordinates) {
    GroupLevels made{};
    for (unsigned number = 0; number < kGroupNumbers; ++number) {
      float levels[kGroupCoordinatesMax] = {};
      levels_of(coordinates, number, levels);
      for (std::size_t i = 0; i < kGroupCoordinatesMax; ++i) made[i][number] = levels[i];
    }
    return made;
  };
  static const GroupLevels four = make(4);
  static const GroupLevels two = make(2);
  return shape.coordinates_per_group == 4 ? four : two;
}

void copy_code(const CodeShape& shape, const char* from, std::size_t from_place, char* codes,
               std::size_t place) {
  const Lane source = lane_of(from_place);
  const Lane target = lane_of(place);
  for (std::size_t group = 0; group < shape.groups; ++group) {
    const auto both = static_cast<unsigned char>(from[group * 16 + source.byte]);
    const unsigned number = both >> source.shift & 0x0fU;
    char& into = codes[group * 16 + target.byte];
    into = static_cast<char>(static_cast<unsigned char>(into) | number << target.shift);
  }
  for (std::size_t i = 0; i < 3; ++i) {
    const std::size_t numbers = shape.groups * 16 + i * kCodedRows * sizeof(std::uint16_t);
    std::memcpy(codes + numbers + place * sizeof(std::uint16_t), from + numbers + from_place * sizeof(std::uint16_t),
                sizeof(std::uint16_t));
  }
}

Encoder::Encoder(Metric metric, std::span<const float> origin, Corrections corrections)
    : metric_(metric),
      corrections_(corrections),
      shape_(origin.size()),
      rotation_(rotation_of(origin.size())),
      origin_(origin.begin(), origin.end()),
      residual_(shape_.padded_dimension),
      levels_(shape_.padded_dimension) {}

Encoder::Centroid Encoder::prepare(std::span<const float> offset) const {
  Centroid prepared;
  prepared.offset.resize(shape_.padded_dimension);
  double squared_norm = 0;
  for (std::size_t i = 0; i < origin_.size(); ++i) {
    prepared.offset[i] = offset[i];
    const double coordinate = double{origin_[i]} + double{offset[i]};
    prepared.product += double{offset[i]} * double{origin_[i]};
    squared_norm += coordinate * coordinate;
  }
  rotation_.apply(prepared.offset.data());
  prepared.norm = std::sqrt(squared_norm);
  prepared.offset_norm = std::sqrt(dot_of(prepared.offset, prepared.offset));
  return prepared;
}

double Encoder::encode(const float* values, float squared_norm, const Centroid& centroid,
                       std::size_t place, char* codes) {
  const std::size_t dimension = origin_.size();
  // A vector without length stays where it is: its cosine is 0, as is its product with the query.
  const double scale = metric_ == Metric::kCosine && squared_norm > 0
                           ? 1 / std::sqrt(double{squared_norm})
                           : 1;
  Sums of_origin;  // the product of the origin and what becomes the residual
  std::size_t at = 0;
  for (; at + Sums::kSide <= dimension; at += Sums::kSide) {
    std::array<double, Sums::kSide> differences;
    for (std::size_t i = 0; i < Sums::kSide; ++i) {
      differences[i] = double{values[at + i]} * scale - double{origin_[at + i]};
      residual_[at + i] = static_cast<float>(differences[i]);
    }
    of_origin.add(origin_.data() + at, differences.data());
  }
  for (; at < dimension; ++at) {
    const double difference = double{values[at]} * scale - double{origin_[at]};
    residual_[at] = static_cast<float>(difference);
    of_origin.add_one(double{origin_[at]}, difference);
  }
  std::fill(residual_.begin() + static_cast<std::ptrdiff_t>(dimension), residual_.end(), 0.0F);
  rotation_.apply(residual_.data());
  for (std::size_t i = 0; i < residual_.size(); ++i) residual_[i] -= centroid.offset[i];
  const double of_centroid = of_origin.total() - centroid.product + dot_of(centroid.offset, residual_);

  const double squared_length = dot_of(residual_, residual_);
  const auto unit = static_cast<float>(
      std::sqrt(squared_length / static_cast<double>(shape_.padded_dimension)));
  if (shape_.coordinates_per_group == 4) {
    put_numbers<4>(lane_of(place), number_levels(shape_), residual_, codes, levels_,
                   [](const float* coordinates) { return one_bit_number(coordinates); });
  } else {
    put_numbers<2>(lane_of(place), number_levels(shape_), residual_, codes, levels_,
                   [unit](const float* coordinates) { return two_bit_number(coordinates, unit); });
  }

  const double along = dot_of(residual_, levels_);
  const double f = along > 0 ? squared_length / along : 0;
  const double squared_levels = dot_of(levels_, levels_);
  const double missed = std::max(0.0, f * f * squared_levels - squared_length);
  const double deviation = std::sqrt(missed / static_cast<double>(shape_.padded_dimension));
  const bool halves = corrections_ == Corrections::kHalves;
  const auto factor = halves ? whole(nearest_half(static_cast<float>(f))) : static_cast<float>(f);
  const double of_offset = double{factor} * dot_of(centroid.offset, levels_);
  const double length = std::sqrt(squared_length);
  const double offset_size = f * std::sqrt(squared_levels) * centroid.offset_norm;
  std::array<double, 3> row;
  if (metric_ == Metric::kEuclidean) {
    row = {2 * double{factor},
           -squared_length - 2 * of_offset + (squared_length + 2 * offset_size) * kRoundingOfCodes, 2 * deviation};
  } else {
    row = {double{factor}, of_centroid - of_offset + (length * centroid.norm + offset_size) * kRoundingOfCodes,
           deviation};
  }
  char* into = codes + shape_.groups * 16 + place * sizeof(std::uint16_t);
  for (std::size_t i = 0; i < row.size(); ++i, into += kCodedRows * sizeof(std::uint16_t)) {
    const auto bits = std::bit_cast<std::uint32_t>(static_cast<float>(row[i]));
    auto high = static_cast<std::uint16_t>(bits >> kHalfBits);
    if (halves && i > 0) high = half_above(row[i]);
    std::memcpy(into, &high, sizeof(high));
    if (halves) continue;
    const auto low = static_cast<std::uint16_t>(bits);
    std::memcpy(into + kCorrectionBytes, &low, sizeof(low));
  }
  return squared_length;
}

}  // namespace alcove::segments
