#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_system.h"
#include "segments/block_reader.h"
#include "segments/segment_format.h"

namespace alcove::segments {

// Writes the envelope of a segment file: header, blocks as they come, block table and footer.
// Sequential, through a bounded buffer, into space that is allocated before it is written: a full
// disk is kDiskFull. Externally synchronised.
class BlockWriter {
 public:
  // Creates the file, which must not exist.
  static Result<BlockWriter> create(FileSystem& file_system, const std::string& path,
                                    const SegmentIdentity& identity);

  // `parts`, one behind the other, are the bytes of a block of so many items, which decode to
  // `raw_bytes`.
  Status append(Section section, Codec codec, std::uint32_t items,
                std::initializer_list<std::string_view> parts, std::size_t raw_bytes);

  // What has been appended so far, to be read while more is appended. The BlockWriter outlives it, and
  // finishes when it is gone.
  Result<std::unique_ptr<BlockReader>> reader(FileSystem& file_system);

  // Writes what is left and syncs the file. Takes rows, tombstones and LSNs from `totals`.
  Result<SegmentDescriptor> finish(const SegmentDescriptor& totals);

 private:
  enum class Allocation : unsigned char { kAhead, kExact };

  BlockWriter(std::unique_ptr<File> file, const SegmentIdentity& identity);
  // The first `bytes` of the buffer.
  Status flush(std::size_t bytes, Allocation allocation);
  std::uint64_t offset() const { return written_bytes_ + buffer_.size(); }

  std::unique_ptr<File> file_;
  SegmentIdentity identity_;
  std::string buffer_;  // what comes behind the written bytes
  std::vector<BlockEntry> entries_;
  std::uint64_t written_bytes_ = 0;
  std::uint64_t allocated_bytes_ = 0;
  std::uint64_t writeback_bytes_ = 0;  // begun with
};

}  // namespace alcove::segments
