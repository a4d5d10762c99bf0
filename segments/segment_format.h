#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "segments/segment_descriptor.h"
#include "segments/segment_writer.h"

namespace alcove::segments {

// SEGMENT FILE, format version 9. Numbers are little-endian. One file holds a part of one
// namespace and is never changed once it is sealed.
//
//   header | block | block | … | block table | footer
//
// Every checksum is XXH3-64 under checksum_seed(checksum_seed(file number, namespace number),
// offset of the checked bytes in the file): sound bytes in a wrong place or file do not check.
//
// HEADER, 64 bytes at offset 0. Its size, magic, version and checksum stay as they are in every
// version, so that "too new" can be told from "damaged".
//   OFFSET SIZE FIELD
//        0    8 magic "ALCOVSEG"
//        8    4 format version
//       12    4 index number
//       16    8 file number
//       24    8 namespace number
//       32    4 dimension
//       36    1 metric (base/record.h)
//       37   19 zeros
//       56    8 checksum of bytes 0 to 55
//
// BLOCKS, the first at offset 64, each followed by zeros up to the next multiple of 64, where the
// next begins. Blocks of one section stand in the order of their items; sections mix freely.
//
// BLOCK TABLE, directly behind the last block: one entry for each block, in file order. A block's
// offset is not stored: it follows from the sizes of those before it.
//   OFFSET SIZE FIELD
//        0    2 section
//        2    1 codec
//        3    1 zero
//        4    4 items (rows, or tombstones, …), at least 1
//        8    4 stored bytes, without the zeros behind them
//       12    4 raw bytes: the size once decoded, at most 256 KiB
//       16    8 checksum of the stored bytes and the zeros behind them
//
// FOOTER, the last 64 bytes.
//   OFFSET SIZE FIELD
//        0    8 offset of the block table
//        8    4 blocks
//       12    4 rows
//       16    4 tombstones
//       20    4 zero
//       24    8 lowest LSN of a row or tombstone
//       32    8 highest LSN of a row or tombstone
//       40    8 checksum of the block table
//       48    8 magic "GESVOCLA"
//       56    8 checksum of bytes 0 to 55: the `hash` of the SegmentDescriptor
//
// SECTIONS                  items          codecs          raw bytes
//   1 ids                   rows           plain           id_column.h
//   2 id fences             blocks of 1    plain           id_column.h
//   3 LSNs                  rows           plain           lsn_column.h
//   4 vectors               rows           plain, planes   vector_column.h
//   5 metadata              rows           plain, zstd     metadata_column.h
//   6 tombstone ids         tombstones     plain           id_column.h
//   7 tombstone id fences   blocks of 6    plain           id_column.h
//   8 tombstone LSNs        tombstones     plain           lsn_column.h
//   9 centroids             1 + clusters   plain           code_column.h
//  10 codes                 rows           plain           code_column.h
//  11 centroid codes        clusters       plain           code_column.h
//  12 clusters              clusters       plain           code_column.h
//  13 postings              rows           plain           code_column.h
//  14 calibration           one            plain           calibration.h
//  15 terms                 blocks of 15   plain           term_column.h
//  16 places                rows           plain           vector_column.h
//  17 vector files          files          plain           vector_file.h
//  18 vector blocks         blocks of 4    plain           vector_file.h
// Version 1 has no sections above 8, version 2 none above 10, version 3 none above 14, version 6 none above 15, version 8 none above 17.
// Before version 8 codes took 192 bytes more of 32 rows. Sections 9 to 14 are passed over there: until a merge has made codes
// anew, all vectors are compared.
//
// LSNs are 0 in all of a file that was written before its commit (executor/stager.h): its rows and
// tombstones have the LSN that stands in the manifest, or of the log record that names the file.
//
// CODECS (block_codec.h): 0 plain, 1 zstd, 2 byte planes in zstd.
//
// A file is valid if and only if
//   - header, footer and block table check, and the table ends where the footer begins;
//   - the blocks end where the table begins;
//   - each entry has a section and one of its codecs, and sizes that its section can have;
//   - in every section but metadata all blocks have as many items as the first, the last at most
//     as many; of centroids the first block is the origin, and the rule holds for the others,
//     in which all are rounded or none is;
//   - the items of ids and LSNs add up to the rows; where there are vector files, 1 to 128 in one block, those of places do
//     and those of vectors to no more, else those of vectors do and there are neither places nor vector blocks; those of metadata and of codes to
//     the rows or to nothing, those of 6 and 8 to the tombstones; those of 11 and 12 are as many;
//     where there are some, the postings add up to the rows and there is a calibration, else neither;
//     where there are codes, there is one centroid more, else none, and no clusters; fences are one for each block of ids
//     where there are several, else none;
//   - blocks of 10 and 11 but the last have multiples of 32 items;
//   - a block of terms is one item;
//   - each block checks and decodes, ids and tombstone ids are strictly rising, no id is in both.
// Opening a file checks all but the last, which is checked block by block at first use.

inline constexpr std::uint32_t kSegmentVersion = 9;
inline constexpr std::size_t kSegmentHeaderBytes = 64;
inline constexpr std::size_t kSegmentFooterBytes = 64;
inline constexpr std::size_t kBlockEntryBytes = 24;
inline constexpr std::size_t kBlockAlignment = 64;
inline constexpr std::size_t kBlockRawBytesMax = 256 * 1024;
// What blocks that are read in place are filled to: the first touch of one reads all of it, to verify it
// (docs/decisions/0016).
inline constexpr std::size_t kPlainBlockBytes = 64 * 1024;

enum class Section : std::uint16_t {
  kIds = 1,
  kIdFences = 2,
  kLsns = 3,
  kVectors = 4,
  kMetadata = 5,
  kTombstoneIds = 6,
  kTombstoneIdFences = 7,
  kTombstoneLsns = 8,
  kCentroids = 9,
  kCodes = 10,
  kCentroidCodes = 11,
  kClusters = 12,
  kPostings = 13,
  kCalibration = 14,
  kTerms = 15,
  kPlaces = 16,
  kVectorFiles = 17,
  kVectorBlocks = 18,
};
inline constexpr std::size_t kSectionCount = 18;

enum class Codec : std::uint8_t { kPlain = 0, kZstd = 1, kPlanes = 2 };

struct BlockEntry {
  Section section = Section::kIds;
  Codec codec = Codec::kPlain;
  std::uint32_t items = 0;
  std::uint32_t stored_bytes = 0;
  std::uint32_t raw_bytes = 0;
  std::uint64_t checksum = 0;
};

struct SegmentFooter {
  std::uint64_t table_offset = 0;
  std::uint32_t blocks = 0;
  std::uint32_t rows = 0;
  std::uint32_t tombstones = 0;
  Lsn first_lsn = 0;
  Lsn last_lsn = 0;
  std::uint64_t table_checksum = 0;
  std::uint64_t checksum = 0;  // set by encoding and decoding
};

// `size` rounded up to the alignment of blocks.
constexpr std::uint64_t padded(std::uint64_t size) {
  return (size + kBlockAlignment - 1) / kBlockAlignment * kBlockAlignment;
}

// The seed for bytes at `offset` of the file.
std::uint64_t segment_seed(const SegmentIdentity& identity, std::uint64_t offset);

const char* section_name(Section section);
const char* codec_name(Codec codec);

// Each appends its bytes to `out`.
void encode_header(const SegmentIdentity& identity, std::string& out);
void encode_entry(const BlockEntry& entry, std::string& out);
void encode_footer(const SegmentIdentity& identity, std::uint64_t offset, SegmentFooter& footer,
                   std::string& out);

// Errors of these name no file: kCorruption, and kTooNew for the header of a later version.
// Requires: `bytes` has the size of what is decoded.
Result<SegmentIdentity> decode_header(std::string_view bytes);
Result<SegmentFooter> decode_footer(const SegmentIdentity& identity, std::uint64_t offset,
                                    std::string_view bytes);
// Whether it is a block of codes as versions before 8 wrote it. Requires: it is in a table that has been decoded.
bool has_older_codes(const BlockEntry& entry, std::uint32_t dimension);
// The block table as a whole: all that makes a file valid but the content of its blocks.
Result<std::vector<BlockEntry>> decode_table(const SegmentIdentity& identity,
                                             const SegmentFooter& footer, std::string_view bytes);

}  // namespace alcove::segments
