#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "base/result.h"

namespace alcove {

// Length of the longest prefix of `text` that is a number by JSON's grammar
// (-? int frac? exp?), 0 if there is none. `.5`, `1.`, `+1`, `01`, `nan` and `inf` are none
// (of `01` the prefix is `0`).
std::size_t json_number_length(std::string_view text);

// `text` must be a number by JSON's grammar. Rounded to nearest, ties to even; below the smallest
// it becomes zero. The sign of zero is kept. Errors: kInvalidValue beyond the type's range,
// kInvalidText for what is no such number.
Result<float> parse_float(std::string_view text);
Result<double> parse_double(std::string_view text);

}  // namespace alcove
