#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

namespace alcove::segments {

// Memory that is handed out in pieces and given back all at once, when the arena is destroyed; no
// destructor of what was built in it runs. Blocks grow with use, so that a small arena stays small.
// Externally synchronised; what was handed out may be read from anywhere.
//
// When the machine has no memory left the process ends: what comes here is already in the log, and
// only a recovery could make it visible (design: a failure after that is a PANIC).
class Arena {
 public:
  // Requires: `alignment` is a power of two. Never nullptr.
  std::byte* allocate(std::size_t bytes, std::size_t alignment) noexcept;
  std::string_view copy(std::string_view bytes) noexcept;

  // All that was taken from the system.
  std::size_t bytes() const { return bytes_ + blocks_.capacity() * sizeof(blocks_[0]); }

 private:
  std::byte* add_block(std::size_t bytes);

  std::vector<std::unique_ptr<std::byte[]>> blocks_;
  std::byte* free_ = nullptr;  // in the block that is being filled
  std::size_t free_bytes_ = 0;
  std::size_t next_block_bytes_ = 1024;
  std::size_t bytes_ = 0;
};

}  // namespace alcove::segments
