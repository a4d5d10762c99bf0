#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "parser/input.h"
#include "parser/statement.h"

namespace alcove::parser {

// Names as the language writes them. Each reader takes one at `at` (blanks before it are skipped
// already), or answers false and leaves `at` alone.

// Length of the longest [A-Za-z0-9_]+(-[A-Za-z0-9_]+)* at the beginning of `text`, 0 if none.
std::size_t bare_name_length(std::string_view text);

// Whether ASCII `text` is `upper` (which has no lower-case letters) in any case.
bool equals_keyword(std::string_view text, std::string_view upper);

std::string lower_case(std::string_view text);

// A bare name or a "quoted" one; never folded.
bool read_name(Input& input, const char*& at, Name& name);

// As read_name, but a bare one is lower case, as PostgreSQL folds: savepoints, cursors, prepared
// statements, channels, column labels.
bool read_folded_name(Input& input, const char*& at, Name& name);

// PostgreSQL's identifier, for types, functions, settings and columns: [A-Za-z_][A-Za-z0-9_$]* in
// lower case, or "quoted" as it stands. No hyphens: `1::int-1` subtracts.
bool read_identifier(Input& input, const char*& at, Name& name);

// Identifiers with dots between them, all in lower case, quoted or not: a setting's name.
bool read_setting_name(Input& input, const char*& at, Name& name);

}  // namespace alcove::parser
