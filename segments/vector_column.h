#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/result.h"
#include "segments/block_codec.h"
#include "segments/block_reader.h"
#include "segments/block_writer.h"
#include "segments/segment.h"

namespace alcove::segments {

// The vectors of the rows, each with its squared norm.
//
// BLOCK of n vectors of dimension D, once decoded
//   OFFSET SIZE FIELD
//        0  4Dn the vectors, one after the other
//      4Dn   4n their squared norms
//
// Whether blocks are stored plain and read in place, or as planes, is decided for the whole
// segment by what planes save on its first MiB: they must save a fifth. Plain blocks are up to
// 64 KiB, to be scanned; planes are up to 16 KiB, so that one vector is cheap to read. A block of
// planes that would not be smaller is stored plain.

// Holds up to a MiB until it has decided. Externally synchronised.
class VectorColumnWriter {
 public:
  explicit VectorColumnWriter(std::uint32_t dimension) : dimension_(dimension) {}
  Status add(const float* values, float squared_norm, BlockWriter& out);
  Status finish(BlockWriter& out);

 private:
  bool decided() const { return rows_per_block_ > 0; }
  std::size_t rows_that_fit(std::size_t block_bytes) const;
  void decide();
  bool planes_pay();
  std::string_view assemble(std::size_t first, std::size_t count);
  // Writes the pending rows in whole blocks, and what remains too for kAll.
  enum class Extent : unsigned char { kWholeBlocks, kAll };
  Status flush(Extent extent, BlockWriter& out);

  std::uint32_t dimension_;
  BlockCompressor compressor_;
  std::size_t rows_per_block_ = 0;  // 0: not decided yet
  bool planes_ = false;
  std::vector<float> values_;  // of pending rows
  std::vector<float> norms_;
  std::string raw_;
};

// Thread-safe. Outlived by the BlockReader.
class VectorColumn {
 public:
  explicit VectorColumn(const BlockReader& reader);
  // The block that `row` lies in. Requires: `row` is in the column.
  Result<Segment::Vectors> block(std::uint32_t row) const;
  // By the disk, or where it is read in place by the processor. Requires: as block().
  void prefetch(std::uint32_t row) const;
  Status verify() const;

 private:
  const BlockReader& reader_;
  const BlockList& list_;
};

}  // namespace alcove::segments
