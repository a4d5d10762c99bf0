#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

namespace alcove::server {

// Bytes received and not yet used. Grows with what has come, never with what was only announced,
// and holds nothing while it is empty and released. Externally synchronised.
class InputBuffer {
 public:
  // Valid until the next prepare() or release().
  std::string_view unread() const { return {bytes_.get() + begin_, end_ - begin_}; }

  // Room to receive into, at least one byte, while fewer than `bytes_wanted` are unread.
  // Requires: that is so.
  std::span<char> prepare(std::size_t bytes_wanted);
  // Makes the room twice as large, up to `bytes_max`: for a peer that fills it again and again.
  void widen(std::size_t bytes_max);
  // So many bytes of the room have been filled.
  void commit(std::size_t bytes) { end_ += bytes; }
  // Requires: as many are unread.
  void consume(std::size_t bytes);
  // Frees the memory if nothing is unread.
  void release();

  std::size_t capacity() const { return capacity_; }

 private:
  void grow(std::size_t capacity);
  std::unique_ptr<char[]> bytes_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace alcove::server
