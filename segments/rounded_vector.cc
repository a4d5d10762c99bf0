#include "segments/rounded_vector.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

namespace alcove::segments {

namespace {

constexpr float kGreatest = std::numeric_limits<std::int8_t>::max();
// Of a float's 24 significant bits a number takes 7.
constexpr unsigned kFewerBits = 7;

}  // namespace

float round_vector(std::span<const float> values, std::span<std::int8_t> numbers) {
  float most = 0;
  for (const float value : values) most = std::max(most, std::abs(value));
  constexpr std::uint32_t kOthers = (1U << kFewerBits) - 1;
  const auto bits = std::bit_cast<std::uint32_t>(most / kGreatest);
  const auto unit = std::bit_cast<float>((bits + kOthers) & ~kOthers);
  if (unit < std::numeric_limits<float>::min()) {
    std::fill(numbers.begin(), numbers.end(), std::int8_t{0});
    return 0;
  }
  for (std::size_t i = 0; i < values.size(); ++i) {
    numbers[i] = static_cast<std::int8_t>(std::lround(std::clamp(values[i] / unit, -kGreatest, kGreatest)));
  }
  return unit;
}

}  // namespace alcove::segments
