#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/file_system.h"
#include "base/result.h"

namespace alcove::wal {

// Reads a file mostly forward through one buffer: small pieces are served from it, and it grows
// to hold the largest piece asked for. Externally synchronised; does not own the file.
class ReadWindow {
 public:
  ReadWindow(const File& file, std::uint64_t file_bytes) : file_(file), file_bytes_(file_bytes) {}

  // `size` bytes at `offset`, fewer only at the end of the file. Lives until the next call.
  Result<std::string_view> read(std::uint64_t offset, std::size_t size);

 private:
  const File& file_;
  const std::uint64_t file_bytes_;
  std::string buffer_;
  std::uint64_t begin_ = 0;  // offset in the file of what the buffer holds
  std::size_t held_ = 0;
};

}  // namespace alcove::wal
