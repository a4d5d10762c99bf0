#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace alcove {

// Text as PostgreSQL takes it: UTF-8 without NUL.

// Offset of the first byte that is NUL or not part of valid UTF-8 (overlong forms, surrogates and
// code points past U+10FFFF are not); none if the whole text is sound.
std::optional<std::size_t> find_bad_utf8(std::string_view text);

// Appends one code point. Requires: a Unicode scalar value.
void append_utf8(std::string& text, char32_t code_point);

}  // namespace alcove
