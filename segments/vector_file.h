#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "base/result.h"
#include "segments/block_reader.h"
#include "segments/block_writer.h"

namespace alcove::segments {

class Segment;

// A segment file that a merge has done away with but for the vectors in it, which are most of it. They are not copied: the
// merged segment has a hard link to the file, and says of each row where its vector lies (vector_column.h). So vectors
// are written once, however often the segments that they belong to are merged, and go with the last of these.
//
// The link stands beside the segment that reads it, as <its path>.vectors-<number>, counted from 0. Whoever unlinks a segment
// unlinks its links.
//
// VECTOR FILES, one block, of each file
//   OFFSET SIZE FIELD
//        0    8 number of the segment file that it is
//        8    8 its size in bytes
//       16    8 the checksum in its footer
//
// VECTOR BLOCKS, blocks of up to 2,730: those of the first file in the order of their items, of the next, … So a segment is
// opened without reading the files that it has links to. Files that version 8 or one before wrote have none, and the block table
// of each file is read.
//   OFFSET SIZE FIELD
//        0    4 which of the files, counted from 0
//        4    4 items
//        8    8 offset in the file
//       16    8 checksum, as in the file's block table
//
// A merge leaves the vectors of a file where they are if all of them remain and it has no tombstones, so that nothing deleted
// stays; if they are 7/8 of its bytes, which bounds what else stays, and lie plain, for one of a block of planes costs all; and
// if the file is not so small that it is soon copied. Of more than 128 files the smallest are copied.

inline constexpr std::size_t kVectorFilesMax = 128;
inline constexpr std::size_t kVectorFileEntryBytes = 24;
inline constexpr std::size_t kVectorBlockEntryBytes = 24;

// Those that vectors of a segment lie in: of a segment that is open the last is its own.
using VectorFiles = std::vector<std::shared_ptr<const BlockReader>>;

std::string vector_file_path(const std::string& segment_path, std::size_t number);

// Unlinks a segment file and its links, which are looked for where there may be any. A missing file is success, and so it may be
// done again after it broke off.
enum class Links : unsigned char { kNone, kMaybe };
Status unlink_segment(FileSystem& file_system, const std::string& path, Links links);

// Links to `path`, where a segment will be written, the files that a merge of `segments`, oldest first, leaves vectors in.
// None has fewer than `bytes_min`. Where links cannot be made, because the file system has none or the file has gone, there
// are fewer.
VectorFiles link_vector_files(FileSystem& file_system, const std::string& path,
                              std::span<const std::shared_ptr<const Segment>> segments, std::uint64_t bytes_min);

// Writes which files they are, if any, and where the vectors lie in them.
Status write_vector_files(const VectorFiles& files, BlockWriter& out);
// Opens those of the segment that `own` is the file of, and adds that. What stands in a file is verified block by block, as it
// is used. Errors: kCorruption where one is missing or not as long as the segment says.
Result<VectorFiles> open_vector_files(FileSystem& file_system, std::shared_ptr<const BlockReader> own);
// The bytes of all but the own.
std::uint64_t linked_bytes(const VectorFiles& files);

}  // namespace alcove::segments
