#pragma once

#include <string_view>

#include "base/error.h"
#include "parser/input.h"

namespace alcove::parser {

// The words of a kSyntax error, for faults that only the grammar's failure shows.

// `what` was expected at `at` (or behind the blanks there), within the statement that begins at
// `statement`: "expected a vector after NEAREST". Hints at the keyword that what stands there is
// nearly.
Error expected(Input& input, const char* statement, const char* at, std::string_view what);

// Nothing known can stand at `at`: `syntax error at or near "bogus"`, or "at end of input".
Error unexpected(Input& input, const char* at);

// No statement begins with the word at `at`. Hints at what does what PostgreSQL's or another
// database's statement would.
Error unknown_statement(Input& input, const char* at);

}  // namespace alcove::parser
