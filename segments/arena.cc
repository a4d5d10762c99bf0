#include "segments/arena.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "base/check.h"

namespace alcove::segments {
namespace {

constexpr std::size_t kBlockBytesMax = 64 * 1024;
// Blocks begin here wherever the heap puts them: how much is taken then follows from what is asked
// for alone, and SHOW NAMESPACES tells no tenant of the server's other work.
constexpr std::size_t kCacheLineBytes = 64;

std::size_t padding(const std::byte* at, std::size_t alignment) {
  return (alignment - reinterpret_cast<std::uintptr_t>(at) % alignment) % alignment;
}

}  // namespace

std::byte* Arena::allocate(std::size_t bytes, std::size_t alignment) noexcept {
  CHECK(alignment <= kCacheLineBytes, "an arena aligns to cache lines at most");
  if (const std::size_t pad = padding(free_, alignment); pad + bytes <= free_bytes_) {
    std::byte* const result = free_ + pad;
    free_ = result + bytes;
    free_bytes_ -= pad + bytes;
    return result;
  }
  // A large piece has a block of its own, so that the rest of the present one is not lost.
  if (bytes > next_block_bytes_ / 4) return add_block(bytes);
  free_ = add_block(next_block_bytes_);
  free_bytes_ = next_block_bytes_;
  next_block_bytes_ = std::min(next_block_bytes_ * 2, kBlockBytesMax);
  return allocate(bytes, alignment);
}

std::string_view Arena::copy(std::string_view bytes) noexcept {
  if (bytes.empty()) return {};
  char* const place = reinterpret_cast<char*>(allocate(bytes.size(), 1));
  std::memcpy(place, bytes.data(), bytes.size());
  return {place, bytes.size()};
}

std::byte* Arena::add_block(std::size_t bytes) {
  const std::size_t taken = bytes + kCacheLineBytes - 1;
  blocks_.push_back(std::make_unique_for_overwrite<std::byte[]>(taken));
  bytes_ += taken;
  std::byte* const block = blocks_.back().get();
  return block + padding(block, kCacheLineBytes);
}

}  // namespace alcove::segments
