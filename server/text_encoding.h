#pragma once

#include <cstddef>
#include <string_view>

#include "base/result.h"

namespace alcove::server {

// Whether a client's text is UTF-8 without NUL. Errors: kBadEncoding, worded as PostgreSQL's, with
// the bytes at fault.
Status check_text(std::string_view text);

// Whether a value of client_encoding is a name for UTF-8, in any of the spellings that drivers use
// (`UTF8`, `utf-8`, `'utf-8'`, `unicode`), or SQL_ASCII, which asks for no conversion.
bool names_utf8(std::string_view client_encoding);

// The 1-based number of the character that begins at, or holds, byte `offset` of valid UTF-8.
// An offset past the end is the place after the last character.
std::size_t character_position(std::string_view text, std::size_t offset);

}  // namespace alcove::server
