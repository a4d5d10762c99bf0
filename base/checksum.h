#pragma once

#include <cstdint>
#include <string_view>

namespace alcove {

// XXH3-64 of `bytes` under `seed`. The seed carries the identity and the place of the bytes, so
// that sound bytes in a wrong place fail too.
std::uint64_t checksum(std::string_view bytes, std::uint64_t seed);

// A seed made of two numbers, such as a file's identity and an offset in it. Never 0, so that
// zeros do not check.
std::uint64_t checksum_seed(std::uint64_t identity, std::uint64_t offset);

}  // namespace alcove
