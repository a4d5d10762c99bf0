#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "segments/block_reader.h"
#include "segments/block_writer.h"
#include "segments/code.h"
#include "segments/segment.h"

namespace alcove::segments {

// The codes of the rows, in a segment that has enough rows to be worth it: in order of row, so that a
// code's place is its row, and with one centroid.
//
// CENTROIDS, one block
//   OFFSET SIZE FIELD
//        0   4D the centroid: under cosine of the vectors divided by their lengths
//
// CODES, blocks of up to 256 KiB, of n rows each
//   ⌈n/32⌉ times the codes of 32 rows (code.h)

// Holds the first rows until it has a centroid, their mean: any centroid serves, and the better the
// nearer the vectors are to it. Externally synchronised.
class CodeColumnWriter {
 public:
  explicit CodeColumnWriter(const SegmentIdentity& identity);
  Status add(const float* values, float squared_norm, BlockWriter& out);
  Status finish(BlockWriter& out);

 private:
  Status begin(BlockWriter& out);
  Status encode(const float* values, float squared_norm, BlockWriter& out);
  Status flush(BlockWriter& out);

  Metric metric_;
  std::uint32_t dimension_;
  std::vector<float> values_;  // of the rows that wait for the centroid
  std::vector<float> squared_norms_;
  std::optional<Encoder> encoder_;
  std::uint32_t rows_per_block_ = 0;
  std::uint32_t rows_ = 0;  // of the block under way
  std::string block_;
};

// Thread-safe. Outlived by the BlockReader.
class CodeColumn {
 public:
  explicit CodeColumn(const BlockReader& reader);
  bool empty() const { return codes_.blocks().empty(); }
  // Requires: !empty().
  Result<std::span<const float>> centroid() const;
  // The block that `row` lies in. Requires: `row` is in the column.
  Result<Segment::Codes> block(std::uint32_t row) const;
  Status verify() const;

 private:
  const BlockReader& reader_;
  const BlockList& centroids_;
  const BlockList& codes_;
};

}  // namespace alcove::segments
