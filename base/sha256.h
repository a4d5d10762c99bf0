#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace alcove {

// SHA-256 and what is built on it, of arbitrary bytes, as strings of kSha256Bytes raw bytes.
inline constexpr std::size_t kSha256Bytes = 32;

std::string sha256(std::string_view bytes);
std::string hmac_sha256(std::string_view key, std::string_view bytes);

// PBKDF2 (RFC 8018) with HMAC-SHA-256, one block long. Takes about 0.4 µs an iteration.
// Requires: iterations >= 1.
std::string pbkdf2_sha256(std::string_view password, std::string_view salt,
                          std::uint32_t iterations);

// Takes the same time wherever the two differ. Strings of different lengths differ at once.
bool equal_in_constant_time(std::string_view a, std::string_view b);

}  // namespace alcove
