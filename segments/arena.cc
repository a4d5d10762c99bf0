#include "segments/arena.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace alcove::segments {
namespace {

constexpr std::size_t kBlockBytesMax = 64 * 1024;

std::size_t padding(const std::byte* at, std::size_t alignment) {
  return (alignment - reinterpret_cast<std::uintptr_t>(at) % alignment) % alignment;
}

}  // namespace

std::byte* Arena::allocate(std::size_t bytes, std::size_t alignment) noexcept {
  if (const std::size_t pad = padding(free_, alignment); pad + bytes <= free_bytes_) {
    std::byte* const result = free_ + pad;
    free_ = result + bytes;
    free_bytes_ -= pad + bytes;
    return result;
  }
  // A large piece has a block of its own, so that the rest of the present one is not lost.
  const std::size_t needed = bytes + alignment - 1;
  if (needed > next_block_bytes_ / 4) {
    std::byte* const block = add_block(needed);
    return block + padding(block, alignment);
  }
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
  blocks_.push_back(std::make_unique_for_overwrite<std::byte[]>(bytes));
  bytes_ += bytes;
  return blocks_.back().get();
}

}  // namespace alcove::segments
