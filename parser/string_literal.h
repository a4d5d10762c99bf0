#pragma once

#include <string>

#include "parser/input.h"

namespace alcove::parser {

// Whether a string may begin at `at`: ', E' or e', or a $tag$.
bool begins_string(const Input& input, const char* at);

// Reads 'it''s', E'…' with PostgreSQL's escapes, or $tag$…$tag$ at `at`; false where none begins.
// Strings with only blanks and a line break between them are one, as in SQL.
// Faults: kSyntax without an end or with a broken escape, kBadEncoding where escapes make a NUL or
// what is not UTF-8.
bool read_string(Input& input, const char*& at, std::string& text);

}  // namespace alcove::parser
