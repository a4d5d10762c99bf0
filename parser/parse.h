#pragma once

#include <string_view>
#include <vector>

#include "base/result.h"
#include "parser/statement.h"

namespace alcove::parser {

struct ParseLimits {
  std::size_t filter_nesting_max = 200;
  std::size_t in_items_max = 10'000;
  std::size_t records_per_statement_max = 100'000;
};

// Parses a whole text: statements separated by ';' (empty ones are left out), so that nothing runs
// unless all of it parses. Valid UTF-8 is required. Thread-safe; never recurses deeper than the
// limits, whatever the input.
//
// Errors, each with the byte offset and a message a person can act on ("expected a vector after
// NEAREST"; "syntax error at or near …" only where nothing better is known):
//   kSyntax          the text is not of the language
//   kInvalidValue    a number in a bare vector is beyond float32
//   kLimitExceeded   over records_per_statement_max or in_items_max
//   kNestedTooDeep   over filter_nesting_max, or brackets nested deeper than that elsewhere
//   kBadEncoding     not UTF-8, or a NUL
// What a *string* holds (text of vectors, JSON) is not looked at here: the binder does that.
Result<std::vector<Statement>> parse(std::string_view text, const ParseLimits& limits = {});

}  // namespace alcove::parser
