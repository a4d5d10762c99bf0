#include "parser/vector_literal.h"

#include <array>
#include <bit>
#include <cstdint>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "base/number_text.h"
#include "parser/name.h"
#include "parser/number_literal.h"
#include "parser/string_literal.h"

namespace alcove::parser {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// A number as scanned: mantissa * 10^exponent. Exact while `digits` is at most kDigitsMax.
struct Decimal {
  const char* end = nullptr;
  std::uint64_t mantissa = 0;
  std::int64_t exponent = 0;
  std::int64_t digits = 0;
  bool negative = false;
};
constexpr std::int64_t kDigitsMax = 19;  // of any such count fits in 64 bits
constexpr std::int64_t kExponentMax = 1'000'000;

const char* scan_digits(const char* at, const char* end, Decimal& decimal) {
  const char* const begin = at;
  std::uint64_t mantissa = decimal.mantissa;
  for (; at != end && is_digit(*at); ++at) {
    mantissa = mantissa * 10 + static_cast<std::uint64_t>(*at - '0');
  }
  decimal.mantissa = mantissa;
  decimal.digits += at - begin;
  return at;
}

// Past the exponent at `at`, or `at` where none stands.
const char* scan_exponent(const char* at, const char* end, Decimal& decimal) {
  const char* digits = at + 1;
  const bool negative = digits != end && *digits == '-';
  if (digits != end && (*digits == '-' || *digits == '+')) ++digits;
  if (digits == end || !is_digit(*digits)) return at;
  std::int64_t power = 0;
  for (; digits != end && is_digit(*digits); ++digits) {
    if (power < kExponentMax) power = power * 10 + (*digits - '0');
  }
  decimal.exponent += negative ? -power : power;
  return digits;
}

Decimal scan_decimal(const char* at, const char* end) {
  Decimal decimal;
  if (at != end && *at == '-') {
    decimal.negative = true;
    ++at;
  }
  if (at == end || !is_digit(*at)) return decimal;
  at = *at == '0' ? at + 1 : scan_digits(at, end, decimal);
  if (end - at >= 2 && *at == '.' && is_digit(at[1])) {
    const char* const fraction = at + 1;
    at = scan_digits(fraction, end, decimal);
    decimal.exponent = fraction - at;
  }
  if (at != end && (*at == 'e' || *at == 'E')) at = scan_exponent(at, end, decimal);
  decimal.end = at;
  return decimal;
}

// The decimal's float32 by way of a double, where that is sure to round as one rounding would.
//
// Mantissa to double, and times or divided by a power of ten that is exact in a double, each round
// once: the double is within 2 units in its last place of the decimal. Rounding it to float32 goes
// wrong only if a midpoint of two floats lies between decimal and double. A midpoint has exactly
// the highest of a double's 29 spare bits set, so doubles within 4 units of one are left to
// from_chars. Results are normal or zero: at least 10^-22, and checked to be below float32's end.
bool round_by_double(const Decimal& decimal, float& value) {
  static constexpr std::array<double, 23> kPowers = {
      1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
      1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
  constexpr std::uint64_t kSpareBits = (std::uint64_t{1} << 29) - 1;
  constexpr std::uint64_t kMidpoint = std::uint64_t{1} << 28;
  constexpr std::uint64_t kMargin = 4;
  constexpr double kSafelyInRange = 3.4e38;

  if (decimal.digits > kDigitsMax || decimal.exponent < -22 || decimal.exponent > 22) return false;
  const auto mantissa = static_cast<double>(decimal.mantissa);
  const double magnitude =
      decimal.exponent < 0 ? mantissa / kPowers[static_cast<std::size_t>(-decimal.exponent)]
                           : mantissa * kPowers[static_cast<std::size_t>(decimal.exponent)];
  const std::uint64_t spare = std::bit_cast<std::uint64_t>(magnitude) & kSpareBits;
  if (spare - (kMidpoint - kMargin) <= 2 * kMargin || magnitude > kSafelyInRange) return false;
  value = static_cast<float>(decimal.negative ? -magnitude : magnitude);
  return true;
}

const char* skip_spaces(Input& input, const char* at) {
  if (at != input.end() && *at == ' ') ++at;
  return input.skip_blanks(at);
}

bool fail_element(Input& input, const char* at) {
  if (input.failed()) return false;
  const std::string_view rest = input.from(at);
  const bool malformed = !rest.empty() && (rest[0] == '.' || rest[0] == '+' || is_digit(rest[0]) ||
                                           (rest[0] == '-' && rest.size() > 1 && rest[1] == '.'));
  if (malformed) return fail_number(input, at);
  return input.fail(ErrorCode::kSyntax, at, "expected a number in the vector");
}

}  // namespace

ScannedFloat scan_float(const char* at, const char* end) {
  const Decimal decimal = scan_decimal(at, end);
  ScannedFloat scanned{.end = decimal.end};
  if (scanned.end == nullptr || round_by_double(decimal, scanned.value)) return scanned;
  const auto value = parse_float({at, static_cast<std::size_t>(scanned.end - at)});
  scanned.in_range = value.has_value();
  if (value) scanned.value = *value;
  return scanned;
}

bool read_vector(Input& input, const char*& at, Floats& vector) {
  if (at == input.end() || *at != '[') return false;
  const char* next = input.skip_blanks(at + 1);
  if (begins_string(input, next)) return false;
  if (next != input.end() && *next == ']') {
    at = next + 1;
    return !input.failed();
  }
  while (true) {
    const ScannedFloat scanned = scan_float(next, input.end());
    if (scanned.end == nullptr) return fail_element(input, next);
    if (!scanned.in_range) {
      return input.fail(ErrorCode::kInvalidValue, next,
                        fmt::format("\"{}\" is out of range for type real",
                                    std::string_view(next, scanned.end).substr(0, 64)));
    }
    vector.push_back(scanned.value);
    const char* after = scanned.end;
    if (after != input.end() && *after != ',') after = input.skip_blanks(after);
    if (after == input.end()) {
      return input.fail(ErrorCode::kSyntax, after, "expected \"]\" at the end of the vector");
    }
    if (*after == ']') {
      at = after + 1;
      return true;
    }
    if (*after != ',') {
      const bool goes_on = *after == '.' || bare_name_length({after, 1}) != 0;
      if (after == scanned.end && goes_on) return fail_number(input, next);
      return input.fail(ErrorCode::kSyntax, after, "expected \",\" or \"]\" in the vector");
    }
    next = skip_spaces(input, after + 1);
  }
}

}  // namespace alcove::parser
