#include <string>

#include "parser/vocabulary.h"

namespace alcove::parser {
namespace {

// One string, quoted name or character at `at`; false on a fault.
bool skip_one(Input& input, const char*& at) {
  if (begins_string(input, at)) {
    std::string ignored;
    return read_string(input, at, ignored);
  }
  if (*at == '"') {
    Name ignored;
    return read_name(input, at, ignored);
  }
  // The word as a whole, so that the E of `like'…'` does not begin an escape string.
  const std::size_t word_length = bare_name_length(input.from(at));
  at += word_length == 0 ? 1 : word_length;
  return true;
}

}  // namespace

bool read_rest(Input& input, const char*& at, x3::unused_type&) {
  std::string open;  // the closing brackets still to come
  while (!input.failed() && at != input.end() && *at != ';') {
    const char c = *at;
    if (c == '(' || c == '[') {
      if (!input.enter(at)) return false;
      open.push_back(c == '(' ? ')' : ']');
    } else if (c == ')' || c == ']') {
      if (open.empty() || open.back() != c) {
        return input.fail(ErrorCode::kSyntax, at,
                          std::string("syntax error at or near \"") + c + '"');
      }
      open.pop_back();
      input.leave();
    }
    if (!skip_one(input, at)) return false;
    at = input.skip_blanks(at);
  }
  if (!input.failed() && !open.empty()) {
    return input.fail(ErrorCode::kSyntax, at, std::string("expected \"") + open.back() + '"');
  }
  return !input.failed();
}

}  // namespace alcove::parser
