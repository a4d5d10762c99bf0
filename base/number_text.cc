#include "base/number_text.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <system_error>

namespace alcove {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::size_t digits_from(std::string_view text, std::size_t at) {
  std::size_t end = at;
  while (end < text.size() && is_digit(text[end])) ++end;
  return end - at;
}

// Whether a number that is not zero, but out of its type's range, is too large rather than too
// small: from_chars does not tell the two apart. Its leading digit's power of ten decides, since
// no range ends anywhere near 1.
bool is_large(std::string_view text) {
  if (text.front() == '-') text.remove_prefix(1);
  const std::size_t exponent_at = std::min(text.find_first_of("eE"), text.size());
  const std::string_view mantissa = text.substr(0, exponent_at);
  const std::size_t point = std::min(mantissa.find('.'), mantissa.size());
  const std::size_t leading = mantissa.find_first_of("123456789");
  const auto distance = static_cast<std::int64_t>(point) - static_cast<std::int64_t>(leading);

  std::string_view exponent = text.substr(exponent_at);
  if (!exponent.empty()) exponent.remove_prefix(1);
  const bool negative = !exponent.empty() && exponent.front() == '-';
  // Past this, no text fits in memory whose mantissa could make up for the exponent.
  constexpr std::int64_t kExponentMax = std::int64_t{1} << 56;
  std::int64_t power = 0;
  for (const char c : exponent) {
    if (is_digit(c)) power = std::min(power * 10 + (c - '0'), kExponentMax);
  }
  return distance + (negative ? -power : power) > 0;
}

template <class T>
Result<T> parse_number(std::string_view text, std::string_view type) {
  if (text.empty() || json_number_length(text) != text.size()) {
    return fail(ErrorCode::kInvalidText, "\"{}\" is not a number", text.substr(0, 64));
  }
  T value{};
  const char* const end = text.data() + text.size();
  const std::from_chars_result read = std::from_chars(text.data(), end, value);
  if (read.ec == std::errc::result_out_of_range) {
    if (is_large(text)) {
      return fail(ErrorCode::kInvalidValue, "{} is out of range for type {}", text.substr(0, 64),
                  type);
    }
    return text.front() == '-' ? T{-0.0} : T{0.0};
  }
  return value;
}

}  // namespace

std::size_t json_number_length(std::string_view text) {
  std::size_t end = text.starts_with('-') ? 1 : 0;
  const std::size_t whole = digits_from(text, end);
  if (whole == 0) return 0;
  end += text[end] == '0' ? 1 : whole;
  if (end < text.size() && text[end] == '.') {
    const std::size_t fraction = digits_from(text, end + 1);
    if (fraction == 0) return end;
    end += 1 + fraction;
  }
  if (end < text.size() && (text[end] == 'e' || text[end] == 'E')) {
    std::size_t power_at = end + 1;
    if (power_at < text.size() && (text[power_at] == '+' || text[power_at] == '-')) ++power_at;
    const std::size_t power = digits_from(text, power_at);
    if (power > 0) end = power_at + power;
  }
  return end;
}

Result<float> parse_float(std::string_view text) { return parse_number<float>(text, "real"); }

Result<double> parse_double(std::string_view text) {
  return parse_number<double>(text, "double precision");
}

}  // namespace alcove
