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
// A merge leaves the vectors of a file where they are if all of them remain and it has no tombstones, so that nothing deleted
// stays; if they are 7/8
// of its bytes, which bounds what else stays, and lie plain, for one of a block of planes costs all; and if the file is not so small that it is soon copied. Of more than 8 files
// the smallest are copied.

inline constexpr std::size_t kVectorFilesMax = 8;
inline constexpr std::size_t kVectorFileEntryBytes = 24;

// Those that vectors of a segment lie in: of a segment that is open the last is its own.
using VectorFiles = std::vector<std::shared_ptr<const BlockReader>>;

std::string vector_file_path(const std::string& segment_path, std::size_t number);

// Unlinks a segment file and its links. A missing file is success, and so it may be done again after it broke off.
Status unlink_segment(FileSystem& file_system, const std::string& path);

// Links to `path`, where a segment will be written, the files that a merge of `segments`, oldest first, leaves vectors in.
// None has fewer than `bytes_min`. Where links cannot be made, because the file system has none or the file has gone, there
// are fewer.
VectorFiles link_vector_files(FileSystem& file_system, const std::string& path,
                              std::span<const std::shared_ptr<const Segment>> segments, std::uint64_t bytes_min);

// Writes which files they are, if any.
Status write_vector_files(const VectorFiles& files, BlockWriter& out);
// Opens those of the segment that `own` is the file of, and adds that.
// Errors: kCorruption where one is missing or not what the segment says.
Result<VectorFiles> open_vector_files(FileSystem& file_system, std::shared_ptr<const BlockReader> own);
// The bytes of all but the own.
std::uint64_t linked_bytes(const VectorFiles& files);

}  // namespace alcove::segments
