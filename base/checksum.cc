#include "base/checksum.h"

#include <xxhash.h>

namespace alcove {

std::uint64_t checksum(std::string_view bytes, std::uint64_t seed) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

std::uint64_t checksum_seed(std::uint64_t identity, std::uint64_t offset) {
  const std::uint64_t pair[2] = {identity, offset};
  return XXH3_64bits(pair, sizeof(pair)) | 1U;
}

}  // namespace alcove
