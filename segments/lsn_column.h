#pragma once

#include <cstdint>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "segments/block_reader.h"
#include "segments/block_writer.h"

namespace alcove::segments {

// The LSN of each row or tombstone, read in place.
//
// BLOCK of n LSNs, n at most 4096
//   OFFSET SIZE FIELD
//        0    8 base, the lowest LSN of the block
//        8    1 width w in bytes, 0 to 8
//        9    7 zeros
//       16   wn what each LSN has above the base
// A block written by one commit is 16 bytes.
inline constexpr std::uint32_t kLsnBlockItems = 4096;

// Externally synchronised.
class LsnColumnWriter {
 public:
  explicit LsnColumnWriter(Section section) : section_(section) {}
  Status add(Lsn lsn, BlockWriter& out);
  Status finish(BlockWriter& out) { return flush(out); }

 private:
  Status flush(BlockWriter& out);

  Section section_;
  std::vector<Lsn> lsns_;
};

// Thread-safe. Outlived by the BlockReader.
class LsnColumn {
 public:
  LsnColumn(const BlockReader& reader, Section section);
  // Requires: `item` is in the column.
  Result<Lsn> at(std::uint32_t item) const;
  // Checks every block, and that the LSNs lie in the range that the file claims.
  Status verify() const;

 private:
  const BlockReader& reader_;
  const BlockList& list_;
};

}  // namespace alcove::segments
