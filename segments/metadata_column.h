#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "segments/block_codec.h"
#include "segments/block_reader.h"
#include "segments/block_writer.h"
#include "segments/segment.h"

namespace alcove::segments {

// The metadata of the rows (encoded as base/metadata.h says), in blocks of about 32 KiB and at most
// 1024 rows; a row above 32 KiB has a block of its own.
//
// BLOCK of n rows, once decoded: for each row a varint length and its encoding. A block of no bytes
// stands for any number of rows without metadata. A segment in which no row has metadata has no
// block at all. Stored as zstd, or plain where that would not be smaller.
inline constexpr std::size_t kMetadataBlockBytes = 32 * 1024;
inline constexpr std::uint32_t kMetadataBlockRows = 1024;
// Well above what kMetadataTextBytesMax of JSON can be encoded to.
inline constexpr std::size_t kMetadataEncodedBytesMax = 128 * 1024;
static_assert(kMetadataEncodedBytesMax + 2 * kMetadataBlockRows < kBlockRawBytesMax);

// Externally synchronised.
class MetadataColumnWriter {
 public:
  // Errors: kTooLong above kMetadataEncodedBytesMax.
  Status add(std::string_view encoded, BlockWriter& out);
  Status finish(BlockWriter& out);

 private:
  Status flush(BlockWriter& out);

  BlockCompressor compressor_;
  std::string raw_;          // the block being filled
  std::uint32_t rows_ = 0;   // of that block
  bool all_empty_ = true;    // these rows have no metadata
  bool any_block_ = false;
};

// Thread-safe. Outlived by the BlockReader.
class MetadataColumn {
 public:
  explicit MetadataColumn(const BlockReader& reader);
  bool empty() const { return list_.blocks().empty(); }
  // The block that `row` lies in, decoded and every encoding in it found valid. Where no row has
  // metadata it is one block of all rows. Requires: `row` is below the segment's rows.
  Result<std::shared_ptr<const Segment::MetadataBlock>> block(std::uint32_t row) const;
  Status verify() const;

 private:
  const BlockReader& reader_;
  const BlockList& list_;
};

}  // namespace alcove::segments
