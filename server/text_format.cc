#include "server/text_format.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <string_view>
#include <type_traits>
#include <variant>

#include <fmt/format.h>

#include "base/check.h"

namespace alcove::server {
namespace {

// More than "-2.2250738585072014e-308" or a fixed number of up to 15 digits needs.
constexpr std::size_t kNumberBytesMax = 32;

// Whether `text`, the shortest digits of `value`, lies exactly half way to the next float: it reads
// back as `value` only because ties go to even. PostgreSQL never writes such digits, for the sake
// of readers that round otherwise.
template <class Float>
bool is_tie(std::string_view text, Float value) {
  // The next wider type holds half-way points, and within the caller's limits the text, exactly.
  using Wide = std::conditional_t<std::is_same_v<Float, float>, double, long double>;
  Wide read = 0;
  std::from_chars(text.data(), text.data() + text.size(), read);
  if (read == Wide{value}) return false;
  constexpr Float kInfinity = std::numeric_limits<Float>::infinity();
  const Float neighbour = std::nextafter(value, read > Wide{value} ? kInfinity : -kInfinity);
  return read - Wide{value} == Wide{neighbour} - read;
}

template <class Float>
char* write_scientific(char* to, Float value) {
  // A tie has so few digits only beyond the range in which every whole number is a float, and as
  // long as the power of five in it fits the mantissa. Of doubles, those past 2^63 are let be.
  constexpr bool kSingle = std::is_same_v<Float, float>;
  constexpr Float kTieMin = kSingle ? Float(1U << 24) : Float(1ULL << 53);
  constexpr Float kTieMax = kSingle ? static_cast<Float>(1e20) : Float(1ULL << 63);
  char* end = std::to_chars(to, to + kNumberBytesMax, value, std::chars_format::scientific).ptr;
  const Float magnitude = std::abs(value);
  if (magnitude < kTieMin || magnitude > kTieMax) return end;
  while (is_tie(std::string_view(to, static_cast<std::size_t>(end - to)), value)) {
    // One digit more: the digits after the point, of which "1e+20" has none.
    const std::string_view text(to, static_cast<std::size_t>(end - to));
    const std::size_t exponent_at = text.find('e');
    const std::size_t point_at = std::min(text.find('.'), exponent_at - 1);
    const int decimals = static_cast<int>(exponent_at - point_at - 1);
    end = std::to_chars(to, to + kNumberBytesMax, value, std::chars_format::scientific,
                        decimals + 1).ptr;
  }
  return end;
}

// Writes at `to`, where kNumberBytesMax bytes are free, and returns the end. The thresholds may be
// compared as floats, and not by the printed exponent, because the shortest digits of a float on
// one side of a power of ten never reach it: that power's own float would be meant then.
template <class Float>
char* write_float(char* to, Float value) {
  if (!std::isfinite(value)) [[unlikely]] {
    const std::string_view word =
        std::isnan(value) ? "NaN" : (value < 0 ? "-Infinity" : "Infinity");
    return to + word.copy(to, word.size());
  }
  constexpr Float kFixedMin = static_cast<Float>(1e-4);
  constexpr Float kFixedEnd = static_cast<Float>(std::is_same_v<Float, float> ? 1e6 : 1e15);
  const Float magnitude = std::abs(value);
  const bool fixed = magnitude == 0 || (magnitude >= kFixedMin && magnitude < kFixedEnd);
  if (!fixed) return write_scientific(to, value);
  return std::to_chars(to, to + kNumberBytesMax, value, std::chars_format::fixed).ptr;
}

template <class Float>
void append_float(std::string& out, Float value) {
  char text[kNumberBytesMax];
  out.append(text, write_float(text, value));
}

// With a comma between.
void append_floats(std::string& out, std::span<const float> values) {
  constexpr std::size_t kChunk = 64;
  char text[kChunk * kNumberBytesMax];
  while (!values.empty()) {
    char* end = text;
    for (const float value : values.first(std::min(kChunk, values.size()))) {
      end = write_float(end, value);
      *end++ = ',';
    }
    values = values.subspan(std::min(kChunk, values.size()));
    out.append(text, values.empty() ? end - 1 : end);
  }
}

}  // namespace

void append_float4(std::string& out, float value) { append_float(out, value); }
void append_float8(std::string& out, double value) { append_float(out, value); }

void append_float4_array(std::string& out, std::span<const float> values) {
  out.push_back('{');
  append_floats(out, values);
  out.push_back('}');
}

void append_vector(std::string& out, std::span<const float> values) {
  out.push_back('[');
  append_floats(out, values);
  out.push_back(']');
}

void append_text(std::string& out, const executor::Cell& cell) {
  struct Append {
    std::string& to;
    void operator()(std::monostate) const { CHECK(false, "NULL has no text"); }
    void operator()(bool value) const { to.push_back(value ? 't' : 'f'); }
    void operator()(std::int64_t value) const {
      const fmt::format_int text(value);
      to.append(text.data(), text.size());
    }
    void operator()(float value) const { append_float4(to, value); }
    void operator()(double value) const { append_float8(to, value); }
    void operator()(std::string_view value) const { to.append(value); }
    void operator()(std::span<const float> values) const { append_float4_array(to, values); }
  };
  std::visit(Append{out}, cell);
}

void append_text(std::string& out, const executor::Cell& cell, executor::Type type) {
  const auto* values = std::get_if<std::span<const float>>(&cell);
  const bool as_vector =
      type == executor::Type::kVector || type == executor::Type::kVectorText;
  if (values != nullptr && as_vector) return append_vector(out, *values);
  append_text(out, cell);
}

}  // namespace alcove::server
