#include "parser/name.h"

#include <algorithm>

namespace alcove::parser {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_name_character(char c) { return is_letter(c) || is_digit(c); }
char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool read_quoted_name(Input& input, const char*& at, std::string& text) {
  const char* const begin = at;
  text.clear();
  for (const char* from = at + 1;;) {
    const char* quote = std::find(from, input.end(), '"');
    if (quote == input.end()) {
      return input.fail(ErrorCode::kSyntax, begin, "unterminated quoted name");
    }
    text.append(from, quote);
    from = quote + 1;
    if (from == input.end() || *from != '"') {
      if (text.empty()) {
        return input.fail(ErrorCode::kSyntax, begin,
                          "zero-length delimited identifier at or near \"\"\"\"");
      }
      at = from;
      return true;
    }
    text.push_back('"');
    ++from;
  }
}

std::size_t identifier_length(std::string_view text) {
  if (text.empty() || !is_letter(text.front())) return 0;
  const auto* end = std::find_if_not(text.begin(), text.end(),
                                     [](char c) { return is_name_character(c) || c == '$'; });
  return static_cast<std::size_t>(end - text.begin());
}

}  // namespace

std::size_t bare_name_length(std::string_view text) {
  std::size_t length = 0;
  while (true) {
    std::size_t part = length;
    while (part < text.size() && is_name_character(text[part])) ++part;
    // A part of no characters: the hyphen before it belongs to what follows (a comment, a minus).
    if (part == length) return length == 0 ? 0 : length - 1;
    if (part == text.size() || text[part] != '-') return part;
    length = part + 1;
  }
}

bool equals_keyword(std::string_view text, std::string_view upper) {
  return std::equal(text.begin(), text.end(), upper.begin(), upper.end(),
                    [](char a, char b) { return to_lower(a) == to_lower(b); });
}

std::string lower_case(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), to_lower);
  return lower;
}

bool read_name(Input& input, const char*& at, Name& name) {
  if (at == input.end()) return false;
  name.offset = input.offset(at);
  if (*at == '"') return read_quoted_name(input, at, name.text);
  const std::size_t length = bare_name_length(input.from(at));
  if (length == 0) return false;
  name.text.assign(at, length);
  at += length;
  return true;
}

bool read_folded_name(Input& input, const char*& at, Name& name) {
  const bool bare = at != input.end() && *at != '"';
  if (!read_name(input, at, name)) return false;
  if (bare) name.text = lower_case(name.text);
  return true;
}

bool read_identifier(Input& input, const char*& at, Name& name) {
  if (at == input.end()) return false;
  name.offset = input.offset(at);
  if (*at == '"') return read_quoted_name(input, at, name.text);
  const std::size_t length = identifier_length(input.from(at));
  if (length == 0) return false;
  name.text = lower_case({at, length});
  at += length;
  return true;
}

bool read_setting_name(Input& input, const char*& at, Name& name) {
  if (!read_identifier(input, at, name)) return false;
  Name part;
  for (const char* next = at; next != input.end() && *next == '.'; at = next) {
    if (!read_identifier(input, ++next, part)) break;
    name.text += '.' + part.text;
  }
  name.text = lower_case(name.text);
  return true;
}

}  // namespace alcove::parser
