#pragma once

#include <string>
#include <vector>

#include "parser/statement.h"

namespace alcove::parser {

// A statement in the language's words, piece by piece: between any two pieces blanks and comments
// may stand. Names and strings are quoted, so that equal pieces mean equal statements, offsets
// apart. Knows the statements that random_statement() makes.
std::vector<std::string> pieces_of(const Statement& statement);

}  // namespace alcove::parser
