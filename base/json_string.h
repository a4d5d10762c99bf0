#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace alcove {

// Strings as JSON has them, in quotes.

// Appends `text`; escapes only what JSON must. Requires: valid UTF-8.
void append_json_string(std::string& out, std::string_view text);

// What the string that begins at text[at] says. Moves `at` behind it, or to the fault. Bytes that
// need no escape are not looked at. Errors: kInvalidText, kInvalidValue for \u0000.
// Requires: a quote stands at text[at].
Result<std::string> read_json_string(std::string_view text, std::size_t& at);

}  // namespace alcove
