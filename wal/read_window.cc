#include "wal/read_window.h"

#include <algorithm>

namespace alcove::wal {
namespace {

constexpr std::size_t kChunkBytes = 256 * 1024;

}  // namespace

Result<std::string_view> ReadWindow::read(std::uint64_t offset, std::size_t size) {
  if (offset < begin_ || offset + size > begin_ + held_) {
    held_ = 0;
    const std::size_t wanted = std::max(size, kChunkBytes);
    if (buffer_.size() < wanted) buffer_.resize(wanted);
    held_ = TRY(file_.read(offset, buffer_.data(), wanted));
    begin_ = offset;
  }
  const auto skipped = static_cast<std::size_t>(offset - begin_);
  return std::string_view(buffer_.data() + skipped, std::min(size, held_ - skipped));
}

}  // namespace alcove::wal
