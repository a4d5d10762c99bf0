#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace alcove {

// Base64 of RFC 4648, padded and without line breaks.
std::string base64_encode(std::string_view bytes);

// None where `text` is not what base64_encode() makes of some bytes.
std::optional<std::string> base64_decode(std::string_view text);

}  // namespace alcove
