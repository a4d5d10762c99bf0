#include "wal/read_window.h"

#include <algorithm>

namespace alcove::wal {
namespace {

constexpr std::uint64_t kChunkBytes = 256 * 1024;

}  // namespace

Result<std::string_view> ReadWindow::read(std::uint64_t offset, std::size_t size) {
  if (offset < begin_ || offset + size > begin_ + held_) {
    held_ = 0;
    begin_ = offset;
    const std::uint64_t rest = file_bytes_ - std::min(file_bytes_, offset);
    const std::uint64_t wanted = std::min(rest, std::max<std::uint64_t>(size, kChunkBytes));
    if (buffer_.size() < wanted) buffer_.resize(static_cast<std::size_t>(wanted));
    held_ = TRY(file_.read(offset, buffer_.data(), static_cast<std::size_t>(wanted)));
  }
  const auto skipped = static_cast<std::size_t>(offset - begin_);
  return std::string_view(buffer_.data() + skipped, std::min(size, held_ - skipped));
}

}  // namespace alcove::wal
