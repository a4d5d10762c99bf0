#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "parser/input.h"
#include "parser/statement.h"

namespace alcove::parser {

// How long the word, number, parameter or symbol at the beginning of `text` is, as PostgreSQL cuts them. Requires: no
// string or quoted name begins there, nor a blank or comment, and it is not empty.
std::size_t token_length(std::string_view text);

// Reads one SELECT of SQL, from `at` to the end of its statement, as tokens: what asks PostgreSQL's
// catalogue is a language of its own, which the executor reads (executor/system_translation.h).
// Adjacent blanks and comments are left out. Faults: kSyntax for what is no token of SQL, brackets
// that do not match, and a statement that cannot end where it does.
bool read_system_select(Input& input, const char*& at, SystemSelect& select);

}  // namespace alcove::parser
