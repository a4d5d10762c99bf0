#include "parser/vector_text.h"

#include <algorithm>
#include <utility>

#include "parser/name.h"
#include "parser/vector_literal.h"

namespace alcove::parser {
namespace {

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

const char* skip_blanks(const char* at, const char* end) {
  return std::find_if_not(at, end, is_blank);
}

// A text's place, moved along while it is read.
struct Reading {
  const char* begin;
  const char* at;
  const char* end;

  explicit Reading(std::string_view text)
      : begin(text.data()), at(begin), end(begin + text.size()) {}

  void skip() { at = skip_blanks(at, end); }
  bool take(char c) {
    if (at == end || *at != c) return false;
    ++at;
    return true;
  }
  Error malformed(std::string_view kind) const {
    constexpr std::size_t kShownMax = 64;
    std::string_view shown(begin, static_cast<std::size_t>(end - begin));
    const bool whole = shown.size() <= kShownMax;
    std::size_t size = std::min(shown.size(), kShownMax);
    while (!whole && size > 0 && (static_cast<unsigned char>(shown[size]) & 0xC0U) == 0x80U) --size;
    return fail(ErrorCode::kInvalidText, "malformed {}: \"{}{}\"", kind, shown.substr(0, size),
                whole ? "" : "…")
        .at(static_cast<std::size_t>(at - begin));
  }
};

constexpr std::string_view kVector = "vector";
constexpr std::string_view kArray = "array literal";

Result<float> read_element(Reading& reading, bool quotes_allowed) {
  const bool quoted = quotes_allowed && reading.take('"');
  if (quoted) reading.skip();
  const ScannedFloat scanned = scan_float(reading.at, reading.end);
  if (scanned.end == nullptr) return reading.malformed(kVector);
  if (!scanned.in_range) {
    return fail(ErrorCode::kInvalidValue, "\"{}\" is out of range for type real",
                std::string_view(reading.at, scanned.end).substr(0, 64));
  }
  reading.at = scanned.end;
  if (quoted) {
    reading.skip();
    if (!reading.take('"')) return reading.malformed(kVector);
  }
  return scanned.value;
}

// One element of a text array, quoted or bare.
Result<std::string> read_text(Reading& reading) {
  std::string text;
  const bool quoted = reading.take('"');
  std::size_t kept = 0;  // bytes that are not blanks at a bare element's end
  bool escaped = false;
  while (reading.at != reading.end) {
    const char c = *reading.at;
    if (quoted ? c == '"' : c == ',' || c == '}') break;
    if (!quoted && (c == '{' || c == '"')) return reading.malformed(kArray);
    ++reading.at;
    const bool escape = c == '\\';
    if (escape && reading.at == reading.end) return reading.malformed(kArray);
    text.push_back(escape ? *reading.at++ : c);
    escaped = escaped || escape;
    if (escape || !is_blank(c)) kept = text.size();
  }
  if (quoted) {
    if (!reading.take('"')) return reading.malformed(kArray);
    return text;
  }
  text.resize(kept);
  if (text.empty()) return reading.malformed(kArray);
  if (!escaped && equals_keyword(text, "NULL")) {
    return Error(ErrorCode::kNullNotAllowed, "a list cannot hold NULL");
  }
  return text;
}

// Reads `element , element , …` up to and with `close`, and nothing after it.
template <class T, class ReadElement>
Result<std::vector<T>> read_elements(Reading& reading, char close, std::string_view kind,
                                     ReadElement read_next) {
  std::vector<T> elements;
  reading.skip();
  if (!reading.take(close)) {
    do {
      reading.skip();
      T element = TRY(read_next(reading));
      elements.push_back(std::move(element));
      reading.skip();
    } while (reading.take(','));
    if (!reading.take(close)) return reading.malformed(kind);
  }
  reading.skip();
  if (reading.at != reading.end) return reading.malformed(kind);
  return elements;
}

}  // namespace

Result<std::vector<float>> parse_vector_text(std::string_view text) {
  Reading reading(text);
  reading.skip();
  const bool braces = reading.take('{');
  if (!braces && !reading.take('[')) return reading.malformed(kVector);
  return read_elements<float>(reading, braces ? '}' : ']', kVector, [braces](Reading& element) {
    return read_element(element, braces);
  });
}

Result<std::vector<std::string>> parse_text_array(std::string_view text) {
  Reading reading(text);
  reading.skip();
  if (!reading.take('{')) return reading.malformed(kArray);
  return read_elements<std::string>(reading, '}', kArray, read_text);
}

}  // namespace alcove::parser
