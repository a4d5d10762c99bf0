#include "parser/sql_token.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "parser/vocabulary.h"

namespace alcove::parser {
namespace {

constexpr std::string_view kOperatorCharacters = "+-*/<>=~!@#%^&|`?";

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool begins_word(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || byte >= 0x80;
}
bool continues_word(char c) { return begins_word(c) || is_digit(c) || c == '$'; }

template <class Takes>
std::size_t length_of(std::string_view text, Takes takes) {
  return static_cast<std::size_t>(
      std::find_if_not(text.begin(), text.end(), takes) - text.begin());
}

std::size_t number_length(std::string_view text) {
  std::size_t length = length_of(text, is_digit);
  if (length < text.size() && text[length] == '.') {
    length += 1 + length_of(text.substr(length + 1), is_digit);
  }
  if (length < text.size() && (text[length] == 'e' || text[length] == 'E')) {
    std::size_t digits = length + 1;
    if (digits < text.size() && (text[digits] == '+' || text[digits] == '-')) ++digits;
    const std::size_t count = length_of(text.substr(digits), is_digit);
    if (count > 0) length = digits + count;
  }
  return length;
}

// As PostgreSQL cuts them: the longest run, which a comment ends, and which ends in a sign only if
// something in it says that it is no arithmetic: `=-1` is two operators.
std::size_t operator_length(std::string_view text) {
  std::size_t length = length_of(
      text, [](char c) { return kOperatorCharacters.find(c) != std::string_view::npos; });
  for (const std::string_view comment : {"--", "/*"}) {
    length = std::min(length, text.substr(0, length).find(comment));
  }
  const auto is_sign = [](char c) { return c == '+' || c == '-'; };
  const bool free = text.substr(0, length).find_first_of("~!@#%^&|`?") != std::string_view::npos;
  while (length > 1 && !free && is_sign(text[length - 1])) --length;
  return length;
}

std::size_t symbol_length(std::string_view text) {
  if (text.starts_with("::")) return 2;
  return std::max<std::size_t>(1, operator_length(text));
}

// Of what is neither string nor quoted name.
SqlToken::Kind kind_of(std::string_view text) {
  using Kind = SqlToken::Kind;
  if (begins_word(text[0])) return Kind::kWord;
  if (is_digit(text[0]) || (text[0] == '.' && text.size() > 1 && is_digit(text[1]))) return Kind::kNumber;
  return text[0] == '$' ? Kind::kParameter : Kind::kSymbol;
}

std::size_t length_of_token(std::string_view text, SqlToken::Kind kind) {
  switch (kind) {
    case SqlToken::Kind::kWord: return length_of(text, continues_word);
    case SqlToken::Kind::kNumber: return number_length(text);
    case SqlToken::Kind::kParameter: return 1 + length_of(text.substr(1), is_digit);
    default: return symbol_length(text);
  }
}

// Requires: read_rest() has taken what stands here, so that every token of it is sound.
bool read_token(Input& input, const char*& at, SqlToken& token) {
  using Kind = SqlToken::Kind;
  token.offset = input.offset(at);
  if (begins_string(input, at)) {
    token.kind = Kind::kString;
    return read_string(input, at, token.text);
  }
  if (*at == '"') {
    Name name;
    const bool took = read_name(input, at, name);
    token.kind = Kind::kQuotedName;
    token.text = std::move(name.text);
    return took;
  }
  const std::string_view text = input.from(at);
  token.kind = kind_of(text);
  const std::size_t length = length_of_token(text, token.kind);
  const std::string_view written = text.substr(0, length);
  token.text = token.kind == Kind::kWord ? lower_case(written) : std::string(written);
  at += length;
  return true;
}

bool add_parameter(Input& input, const SqlToken& token, SystemSelect& select) {
  std::uint32_t number = 0;
  const char* const end = token.text.data() + token.text.size();
  const auto [stop, code] = std::from_chars(token.text.data() + 1, end, number);
  if (code != std::errc{} || number == 0) {
    return input.fail(ErrorCode::kUndefinedParameter, input.begin() + token.offset,
                      "there is no parameter " + token.text);
  }
  const auto place = std::lower_bound(
      select.parameters.begin(), select.parameters.end(), number,
      [](const SystemSelect::NumberedValue& value, std::uint32_t it) { return value.number < it; });
  if (place != select.parameters.end() && place->number == number) return true;
  Value value;
  value.what = Parameter{number};
  value.offset = token.offset;
  select.parameters.insert(place, {number, std::move(value)});
  return true;
}

}  // namespace

std::size_t token_length(std::string_view text) { return length_of_token(text, kind_of(text)); }

bool read_system_select(Input& input, const char*& at, SystemSelect& select) {
  const char* const begin = at;
  x3::unused_type ignored;
  if (!read_rest(input, at, ignored)) return false;
  auto tokens = std::make_shared<std::vector<SqlToken>>();
  for (const char* next = begin; next < at; next = input.skip_blanks(next)) {
    SqlToken& token = tokens->emplace_back();
    if (!read_token(input, next, token)) return false;
    if (token.kind == SqlToken::Kind::kParameter && !add_parameter(input, token, select)) {
      return false;
    }
  }
  tokens->push_back({SqlToken::Kind::kEnd, {}, input.offset(at)});
  select.tokens = std::move(tokens);
  return true;
}

}  // namespace alcove::parser
