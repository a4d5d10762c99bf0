#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "segments/block_reader.h"
#include "segments/block_writer.h"

namespace alcove::segments {

// Ids of rows or tombstones in bytewise order, read in place.
//
// BLOCK of n ids, n at most 256
//   OFFSET   SIZE FIELD
//        0 4(n+1) where each id begins in the block; the last is the block's size
//   4(n+1)        the ids, one after the other, 1 to 512 bytes each
//
// FENCES are the first ids of the blocks, kept in blocks of the same form and together at the end
// of the file, so that a search reads them and one block of ids. A column of one block has none.
inline constexpr std::uint32_t kIdBlockItems = 256;

// Externally synchronised.
class IdColumnWriter {
 public:
  IdColumnWriter(Section ids, Section fences) : ids_(ids), fences_(fences) {}
  // Requires: `id` is above the one before it, 1 to 512 bytes.
  Status add(std::string_view id, BlockWriter& out);
  Status finish(BlockWriter& out);

 private:
  Status flush(BlockWriter& out);

  Section ids_;
  Section fences_;
  std::string bytes_;                // of the ids of the block being filled
  std::vector<std::uint32_t> ends_;  // of these ids in bytes_
  std::vector<std::string> first_ids_;
};

// Thread-safe. Outlived by the BlockReader.
class IdColumn {
 public:
  IdColumn(const BlockReader& reader, Section ids, Section fences);

  // The view is into the mapping. Requires: `item` is in the column.
  Result<std::string_view> at(std::uint32_t item) const;
  // The first item whose id is not below `id`; the number of items if there is none.
  Result<std::uint32_t> lower_bound(std::string_view id) const;
  // A hint. Requires: as at().
  void prefetch(std::uint32_t item) const;
  // Checks every block, the order of the ids and the fences.
  Status verify() const;

 private:
  Result<std::string_view> read(const BlockList& list, std::uint32_t item) const;

  const BlockReader& reader_;
  const BlockList& ids_;
  const BlockList& fences_;
};

}  // namespace alcove::segments
