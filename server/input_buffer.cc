#include "server/input_buffer.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/check.h"

namespace alcove::server {
namespace {

constexpr std::size_t kInitialBytes = 8 * 1024;

}  // namespace

std::span<char> InputBuffer::prepare(std::size_t bytes_wanted) {
  const std::size_t unread_bytes = end_ - begin_;
  CHECK(unread_bytes < bytes_wanted, "there is something to receive");
  if (end_ == capacity_) {
    // A full buffer grows to at most twice what has come, so that a peer pays for our memory with
    // bytes; one that was mostly used up only moves its rest to the front.
    const std::size_t enough = std::max(kInitialBytes, std::min(2 * unread_bytes, bytes_wanted));
    if (enough > capacity_) {
      grow(enough);
    } else {
      std::memmove(bytes_.get(), bytes_.get() + begin_, unread_bytes);
      begin_ = 0;
      end_ = unread_bytes;
    }
  }
  return {bytes_.get() + end_, capacity_ - end_};
}

void InputBuffer::widen(std::size_t bytes_max) {
  if (capacity_ < bytes_max) grow(std::min(std::max(kInitialBytes, 2 * capacity_), bytes_max));
}

void InputBuffer::grow(std::size_t capacity) {
  const std::size_t unread_bytes = end_ - begin_;
  auto grown = std::make_unique_for_overwrite<char[]>(capacity);
  if (unread_bytes > 0) std::memcpy(grown.get(), bytes_.get() + begin_, unread_bytes);
  bytes_ = std::move(grown);
  capacity_ = capacity;
  begin_ = 0;
  end_ = unread_bytes;
}

void InputBuffer::consume(std::size_t bytes) {
  CHECK(bytes <= end_ - begin_, "only received bytes are used up");
  begin_ += bytes;
  if (begin_ == end_) begin_ = end_ = 0;
}

void InputBuffer::release() {
  if (begin_ != end_) return;
  bytes_.reset();
  capacity_ = begin_ = end_ = 0;
}

}  // namespace alcove::server
