#pragma once

#include "parser/input.h"
#include "parser/statement.h"

namespace alcove::parser {

// The grammars, one per topic. Each reads a statement at `at` if its first word is one of the
// topic's, and answers false if it is not. X3's expectation failures pass through.

bool read_definition(Input& input, const char*& at, Statement& statement);
bool read_writing(Input& input, const char*& at, Statement& statement);
bool read_reading(Input& input, const char*& at, Statement& statement);
bool read_looking_around(Input& input, const char*& at, Statement& statement);
bool read_session(Input& input, const char*& at, Statement& statement);
bool read_session_object(Input& input, const char*& at, Statement& statement);
bool read_select(Input& input, const char*& at, Statement& statement);

}  // namespace alcove::parser
