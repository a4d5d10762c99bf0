#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/metadata.h"
#include "base/result.h"
#include "segments/block_reader.h"
#include "segments/block_writer.h"
#include "segments/row_set.h"
#include "segments/term.h"

namespace alcove::segments {

// Which rows have which terms (term.h), so that filters need not look at metadata.
//
// Rows are told in stretches of up to 65,536, each with terms of its own: a stretch is made as its rows come,
// in bounded memory. A stretch has one or more blocks, its terms rising through them.
//
// BLOCK of n terms, one item
//   OFFSET SIZE FIELD
//        0    4 first row of the stretch, a multiple of 64
//        4    4 rows of the stretch, 1 to 65,536; of all but the last a multiple of 64
//        8    4 n, which is 0 only where the stretch has no terms
//       12 4n+4 where each term begins in the block, and where the last ends
// Each term is a varint length and its bytes, the number of its rows, a varint of at least 1, and from the
// stretch's first row on
//   up to 4096 rows: each as u16, rising
//   more: a bit for each row of the stretch, filled up with zeros to a multiple of 8 bytes
// The stretches cover all rows. A segment of fewer than kTermedRowsMin rows, or whose rows have no metadata,
// has no terms.
inline constexpr std::uint32_t kStretchRowsMax = 65'536;
inline constexpr std::uint32_t kTermedRowsMin = 1000;
inline constexpr std::uint32_t kListedRowsMax = 4096;
inline constexpr std::size_t kTermBlockBytes = 64 * 1024;
// What a stretch's terms may take in memory: past it a stretch ends.
inline constexpr std::size_t kStretchBytesMax = 32 * 1024 * 1024;

// Externally synchronised.
class TermColumnWriter {
 public:
  Status add(MetadataView metadata, BlockWriter& out);
  Status finish(BlockWriter& out);

 private:
  Status flush(BlockWriter& out);
  Status append(std::vector<std::string>& entries, BlockWriter& out) const;

  using Term = std::pair<const std::string, std::uint32_t>;
  // Of the stretch being made, with their numbers, in the order in which they came.
  std::unordered_map<std::string, std::uint32_t> terms_;
  std::vector<const Term*> recent_;  // what each record's first, second, … was last: many have the same as the one before
  std::vector<std::uint32_t> told_;  // the numbers of each row's terms, row after row
  std::vector<std::size_t> told_ends_;
  std::size_t bytes_ = 0;     // about what all of these take
  std::uint32_t first_ = 0;   // row of it
  std::uint32_t rows_ = 0;    // of it
  bool any_block_ = false;
};

// Thread-safe. Outlived by the BlockReader.
class TermColumn {
 public:
  explicit TermColumn(const BlockReader& reader);
  bool empty() const { return list_.blocks().empty(); }

  // Some rows and the blocks that tell of them.
  struct Stretch {
    std::uint32_t first = 0;
    std::uint32_t rows = 0;
    std::size_t block_begin = 0;
    std::size_t block_end = 0;
  };
  // The stretch that `row` lies in. Requires: not empty(), and a row of the segment.
  Result<Stretch> stretch(std::uint32_t row) const;
  // Adds to `rows`, which are those of the stretch, those that have a term of the range.
  Status collect(const Stretch& stretch, const TermRange& range, RowSet& rows) const;
  Result<bool> has(const Stretch& stretch, const std::string& term) const;

  // Checks every block, and that the stretches cover `rows` rows.
  Status verify(std::uint32_t rows) const;

 private:
  class BlockView;
  Result<BlockView> view(std::size_t block) const;
  template <class Visit>
  Status for_each(const Stretch& stretch, const TermRange& range, const Visit& visit) const;

  const BlockReader& reader_;
  const BlockList& list_;
};

}  // namespace alcove::segments
