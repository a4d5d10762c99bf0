#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"
#include "segments/block_codec.h"
#include "segments/block_reader.h"
#include "segments/block_writer.h"
#include "segments/segment.h"
#include "segments/vector_file.h"

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

// Where vectors lie in other files too (vector_file.h), all are numbered: those of the first file, of the next, and of the
// segment's own last.
//
// PLACES, blocks of up to 16 KiB
//   each 4 bytes: the number of a row's vector

// Holds up to a MiB until it has decided. Externally synchronised.
class VectorColumnWriter {
 public:
  explicit VectorColumnWriter(std::uint32_t dimension) : dimension_(dimension) {}
  // Decides for plain blocks: where rows that follow each other lie in several files, one of a block of planes would cost all.
  // Requires: nothing has been added.
  void stay_plain();
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

// Externally synchronised.
class PlaceColumnWriter {
 public:
  Status add(std::uint32_t place, BlockWriter& out);
  Status finish(BlockWriter& out);

 private:
  std::vector<std::uint32_t> places_;  // of the block under way
};

// Thread-safe. Outlived by the files.
class VectorColumn {
 public:
  // Requires: as they are read by open_vector_files().
  explicit VectorColumn(const VectorFiles& files);
  // As Segment::vectors(). Requires: `row` is in the column.
  Result<Segment::Vectors> block(std::uint32_t row) const;
  Result<VectorPlace> place(std::uint32_t row) const;
  // By the disk, or where it is read in place by the processor. Requires: as block(). The first is of what says where the
  // vector lies, and comes earlier.
  void prefetch_place(std::uint32_t row) const;
  Segment::Vectors fetch(std::uint32_t row) const;  // as Segment::fetch_vector()
  // Has the disk begin with what says where vectors lie.
  void expect_places() const;
  // Requires: so many rows are in the column.
  Status verify(std::uint32_t rows) const;

 private:
  // A block, in a fifth of what a Block takes: those of 3 GB stay in a core's cache.
  struct Spot {
    std::uint32_t offset;  // in units of kBlockAlignment
    std::uint32_t number;
  };
  struct Part {
    const BlockReader* file;
    const BlockList* list;
    std::uint32_t first;      // number of its first vector
    std::uint32_t per_block;  // vectors
    std::vector<Spot> spots;  // of all blocks, where all lie plain
  };
  // One that lies plain in a block that has been verified; null where it does not.
  struct Vector {
    const float* values = nullptr;
    const float* squared_norm = nullptr;
    std::uint32_t behind = 0;  // vectors from it on, in the block
  };
  Vector find_plain(const Part& part, std::uint32_t item) const;
  bool everything_own() const { return places_.blocks().empty(); }
  // The numbers of this row's vector and of those behind it, as far as they stand in one block.
  Result<std::span<const std::uint32_t>> numbers(std::uint32_t row) const;
  Result<VectorPlace> place_of(std::uint32_t row, std::uint32_t number) const;

  const BlockReader& own_;
  const BlockList& places_;
  std::vector<Part> parts_;
  std::vector<std::uint32_t> first_vectors_;  // of the parts: once more, side by side, to be searched
  std::uint64_t vectors_ = 0;                 // of all parts
};

}  // namespace alcove::segments
