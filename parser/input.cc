#include "parser/input.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace alcove::parser {
namespace {

bool is_blank(char c) {
  return c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

bool starts_with(const char* at, const char* end, char first, char second) {
  return end - at >= 2 && at[0] == first && at[1] == second;
}

// Past the /* comment */ at `at`, comments inside it counted; null where it does not end.
const char* comment_end(const char* at, const char* end) {
  std::size_t open = 0;
  while (at != end) {
    if (starts_with(at, end, '/', '*')) {
      ++open;
      at += 2;
    } else if (starts_with(at, end, '*', '/')) {
      at += 2;
      if (--open == 0) return at;
    } else {
      ++at;
    }
  }
  return nullptr;
}

}  // namespace

const char* Input::skip_blanks(const char* at) {
  if (at == end() || (!is_blank(*at) && *at != '-' && *at != '/')) return at;
  if (at == blanks_begin_) return blanks_end_;
  blanks_begin_ = at;
  while (at != end()) {
    if (is_blank(*at)) {
      ++at;
    } else if (starts_with(at, end(), '-', '-')) {
      at = std::find(at, end(), '\n');
    } else if (starts_with(at, end(), '/', '*')) {
      const char* after = comment_end(at, end());
      if (after == nullptr) {
        fail(ErrorCode::kSyntax, at, "unterminated /* comment");
        at = end();
      } else {
        at = after;
      }
    } else {
      break;
    }
  }
  blanks_end_ = at;
  return at;
}

bool Input::fail(ErrorCode code, const char* at, std::string message, std::string hint) {
  if (fault_) return false;
  fault_ = Error(code, std::move(message)).at(offset(at));
  if (!hint.empty()) fault_ = fault_->with_hint(std::move(hint));
  return false;
}

bool Input::enter(const char* at) {
  if (depth_ >= limits_.filter_nesting_max) {
    return fail(ErrorCode::kNestedTooDeep, at,
                fmt::format("nested deeper than {} levels", limits_.filter_nesting_max));
  }
  ++depth_;
  return true;
}

}  // namespace alcove::parser
