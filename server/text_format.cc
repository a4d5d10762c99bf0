#include "server/text_format.h"

#include <charconv>
#include <cmath>
#include <limits>
#include <string_view>
#include <variant>

#include <fmt/format.h>

#include "base/check.h"

namespace alcove::server {
namespace {

// More than "-2.2250738585072014e-308" or a fixed number of up to 15 digits needs.
constexpr std::size_t kNumberBytesMax = 32;

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
  constexpr Float kFixedEnd = static_cast<Float>(std::numeric_limits<Float>::digits10 == 6 ? 1e6 : 1e15);
  const Float magnitude = std::abs(value);
  const bool fixed = magnitude == 0 || (magnitude >= kFixedMin && magnitude < kFixedEnd);
  const auto format = fixed ? std::chars_format::fixed : std::chars_format::scientific;
  return std::to_chars(to, to + kNumberBytesMax, value, format).ptr;
}

template <class Float>
void append_float(std::string& out, Float value) {
  char text[kNumberBytesMax];
  out.append(text, write_float(text, value));
}

}  // namespace

void append_float4(std::string& out, float value) { append_float(out, value); }
void append_float8(std::string& out, double value) { append_float(out, value); }

void append_float4_array(std::string& out, std::span<const float> values) {
  constexpr std::size_t kChunk = 64;
  char text[kChunk * kNumberBytesMax];
  out.push_back('{');
  while (!values.empty()) {
    char* end = text;
    for (const float value : values.first(std::min(kChunk, values.size()))) {
      end = write_float(end, value);
      *end++ = ',';
    }
    values = values.subspan(std::min(kChunk, values.size()));
    out.append(text, values.empty() ? end - 1 : end);
  }
  out.push_back('}');
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

}  // namespace alcove::server
