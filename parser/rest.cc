#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "parser/sql_token.h"
#include "parser/vocabulary.h"

namespace alcove::parser {
namespace {

// Whether a statement cannot end in this: something has to follow.
bool asks_for_more(std::string_view last) {
  constexpr std::array<std::string_view, 12> kWords = {"SELECT", "FROM", "WHERE", "AND",
                                                       "OR",     "NOT",  "AS",    "BY",
                                                       "ON",     "JOIN", "IN",    "LIKE"};
  const bool is_number = last.size() > 1 && last[0] >= '0' && last[0] <= '9';
  if (!last.empty() && !is_number && std::string_view(",+-/<>=|.").find(last.back()) != std::string_view::npos) {
    return true;
  }
  return std::any_of(kWords.begin(), kWords.end(),
                     [last](std::string_view it) { return equals_keyword(last, it); });
}

bool fail_at(Input& input, const char* at) {
  return input.fail(ErrorCode::kSyntax, at, std::string("syntax error at or near \"") + *at + '"');
}

// Whether no token of SQL begins here, a string or parameter apart.
bool is_stray(std::string_view text) {
  if (text[0] == '$') return text.size() < 2 || text[1] < '0' || text[1] > '9';
  return text[0] == '{' || text[0] == '}' || text[0] == '\\';
}

// One token at `at`, cut as read_system_select() will cut it; false on a fault.
bool skip_one(Input& input, const char*& at) {
  if (begins_string(input, at)) {
    std::string ignored;
    return read_string(input, at, ignored);
  }
  if (*at == '"') {
    Name ignored;
    return read_name(input, at, ignored);
  }
  if (is_stray(input.from(at))) return fail_at(input, at);
  at += token_length(input.from(at));
  return true;
}

}  // namespace

bool read_rest(Input& input, const char*& at, x3::unused_type&) {
  std::string open;  // the closing brackets still to come
  std::string_view last;
  while (!input.failed() && at != input.end() && *at != ';') {
    const char c = *at;
    if (c == '(' || c == '[') {
      if (!input.enter(at)) return false;
      open.push_back(c == '(' ? ')' : ']');
    } else if (c == ')' || c == ']') {
      if (open.empty() || open.back() != c) return fail_at(input, at);
      open.pop_back();
      input.leave();
    }
    const char* const begin = at;
    if (!skip_one(input, at)) return false;
    last = {begin, at};
    at = input.skip_blanks(at);
  }
  if (!input.failed() && !open.empty()) {
    return input.fail(ErrorCode::kSyntax, at, std::string("expected \"") + open.back() + '"');
  }
  if (!input.failed() && asks_for_more(last)) {
    return input.fail(ErrorCode::kSyntax, at, "syntax error at end of input");
  }
  return !input.failed();
}

}  // namespace alcove::parser
