#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "parser/parse.h"

namespace alcove::parser {

// The text under the parser, with what its components share while they read: limits, how deep they
// are, and the first fault that is more than "something else stands here". One per parse(); used by
// one thread; owns no text.
//
// A component reads at a `const char*` within the text, moves it past what it took and answers
// whether it did. A fault set by fail() is final: every component then answers false, and parse()
// reports that fault whatever else the grammar made of the failure. So nothing of ours throws.
class Input {
 public:
  Input(std::string_view text, const ParseLimits& limits) : text_(text), limits_(limits) {}

  const char* begin() const { return text_.data(); }
  const char* end() const { return text_.data() + text_.size(); }
  std::size_t offset(const char* at) const { return static_cast<std::size_t>(at - begin()); }
  // What stands from `at` to the end.
  std::string_view from(const char* at) const { return text_.substr(offset(at)); }
  const ParseLimits& limits() const { return limits_; }

  // Past the blanks and comments at `at`. A comment without an end is a fault.
  const char* skip_blanks(const char* at);

  // Sets the fault, if none is set. Always false, so that a component can return it.
  bool fail(ErrorCode code, const char* at, std::string message, std::string hint = {});
  bool failed() const { return fault_.has_value(); }
  const std::optional<Error>& fault() const { return fault_; }

  // One bracket (or NOT) deeper; false and a fault past filter_nesting_max.
  bool enter(const char* at);
  void leave() { --depth_; }

 private:
  std::string_view text_;
  const ParseLimits& limits_;
  std::optional<Error> fault_;
  std::size_t depth_ = 0;
  // Alternatives tried at one place skip the same blanks: they are looked at once.
  const char* blanks_begin_ = nullptr;
  const char* blanks_end_ = nullptr;
};

}  // namespace alcove::parser
