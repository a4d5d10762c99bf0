#include "base/json_string.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>

#include "base/utf8.h"

namespace alcove {
namespace {

bool stands_for_itself(char c) {
  return c != '"' && c != '\\' && static_cast<unsigned char>(c) >= 0x20;
}

Error bad_string(const char* why) { return Error(ErrorCode::kInvalidText, why); }

// The code unit of the \uXXXX at `at`, or nothing and `at` stays.
std::optional<char32_t> read_unit(std::string_view text, std::size_t& at) {
  const std::string_view escape = text.substr(at, 6);
  if (escape.size() < 6 || !escape.starts_with("\\u")) return std::nullopt;
  std::uint32_t unit = 0;
  const char* const end = escape.data() + escape.size();
  const std::from_chars_result read = std::from_chars(escape.data() + 2, end, unit, 16);
  if (read.ec != std::errc() || read.ptr != end) return std::nullopt;
  at += escape.size();
  return unit;
}

// Requires: a backslash stands at text[at].
Status read_escape(std::string_view text, std::size_t& at, std::string& out) {
  constexpr std::string_view kNames = "\"\\/bfnrt";
  constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
  if (at + 1 < text.size()) {
    if (const std::size_t which = kNames.find(text[at + 1]); which != kNames.npos) {
      out.push_back(kMeanings[which]);
      at += 2;
      return {};
    }
  }
  const std::size_t begin = at;
  const std::optional<char32_t> unit = read_unit(text, at);
  if (!unit) return bad_string("the escape sequence is not valid");
  if (*unit == 0) {
    at = begin;
    return Error(ErrorCode::kInvalidValue, "a string cannot hold \\u0000");
  }
  char32_t point = *unit;
  if (point >= 0xd800 && point < 0xe000) {
    const std::optional<char32_t> low = read_unit(text, at);
    if (point >= 0xdc00 || !low || *low < 0xdc00 || *low >= 0xe000) {
      at = begin;
      return bad_string("a surrogate stands without its other half");
    }
    point = 0x10000 + ((point - 0xd800) << 10) + (*low - 0xdc00);
  }
  append_utf8(out, point);
  return {};
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  out.push_back('"');
  for (const char c : text) {
    switch (c) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\b': out += "\\b"; break;
      case '\f': out += "\\f"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      default:
        if (const auto byte = static_cast<unsigned char>(c); byte < 0x20) {
          out += "\\u00";
          out.push_back(kHex[byte >> 4]);
          out.push_back(kHex[byte & 15]);
        } else {
          out.push_back(c);
        }
    }
  }
  out.push_back('"');
}

Result<std::string> read_json_string(std::string_view text, std::size_t& at) {
  ++at;
  std::string out;
  while (true) {
    const std::string_view rest = text.substr(at);
    const auto special = std::find_if_not(rest.begin(), rest.end(), stands_for_itself);
    const auto plain = static_cast<std::size_t>(special - rest.begin());
    out += rest.substr(0, plain);
    at += plain;
    if (at == text.size()) return bad_string("the string has no end");
    if (text[at] == '"') {
      ++at;
      return out;
    }
    if (text[at] != '\\') return bad_string("control characters in strings must be escaped");
    TRY(read_escape(text, at, out));
  }
}

}  // namespace alcove
