#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace alcove::parser {

// The text forms of a vector: `[0.1, 2, -3e4]` and `{0.1,"2"}` (elements may be quoted in braces),
// blanks allowed. Each number by JSON's grammar, rounded once to float32.
// Errors: kInvalidText where it is not of the form, kInvalidValue beyond float32's range.
Result<std::vector<float>> parse_vector_text(std::string_view text);

// A list of texts in PostgreSQL's array form `{a,"b c",NULL}`; NULL is kNullNotAllowed.
Result<std::vector<std::string>> parse_text_array(std::string_view text);

}  // namespace alcove::parser
