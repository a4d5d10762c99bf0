#pragma once

#include <cstdint>

#include "base/ids.h"

namespace alcove::segments {

// Stands in a file for the LSN of what is written before its commit has one: all of the file's rows
// and tombstones have it, or none. Their LSN is then the descriptor's.
inline constexpr Lsn kStagedLsn = 0;

// What the manifest knows of one sealed segment file: enough to refuse a wrong or damaged one
// before it is mapped, and to count records without opening it.
struct SegmentDescriptor {
  FileNumber file = 0;
  std::uint64_t bytes = 0;      // exact size of the file
  std::uint64_t hash = 0;       // checksum that stands in its footer: covers the block table
  std::uint32_t rows = 0;
  std::uint32_t tombstones = 0;
  // Live rows of older segments that this one's rows and tombstones replace. So a namespace holds
  // the sum of rows less the sum of replaced.
  std::uint64_t replaced = 0;
  Lsn first_lsn = 0;
  Lsn last_lsn = 0;  // of a staged segment, once committed, both are its commit's
  std::uint64_t linked_bytes = 0;  // of the files that it has links to (vector_file.h)

  std::uint64_t disk_bytes() const { return bytes + linked_bytes; }
  bool operator==(const SegmentDescriptor&) const = default;
};

}  // namespace alcove::segments
