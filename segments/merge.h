#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>

#include "base/file_system.h"
#include "segments/memtable.h"
#include "segments/segment.h"
#include "segments/segment_writer.h"

namespace alcove::segments {

// Writes the newest version of each id of a memtable that takes no more writes. Tombstones are
// left out when `oldest` (nothing older exists for them to kill).
enum class Tombstones : unsigned char { kKeep, kDrop };

// Empty when nothing remains to be written (then no file is left behind). The file is synced, its
// directory is not. `pause` is called between blocks of rows, for throttling and interruption: an
// error it returns ends the work and unlinks the file.
Result<std::optional<SegmentDescriptor>> write_memtable(FileSystem& file_system,
                                                        const std::string& path,
                                                        const SegmentIdentity& identity,
                                                        const Memtable& memtable,
                                                        Tombstones tombstones,
                                                        const std::function<Status()>& pause);

// Merges segments that are neighbours in LSN order, oldest first, into one: of each id the newest
// version survives. Tombstones are kept unless kDrop, which requires that the oldest segment of the
// namespace is among them. Vectors are left in files of at least `linked_bytes_min` where that is of use (vector_file.h).
// Rows that segments outside the merge have replaced are copied like any
// other, so that their counts of `replaced` stay true; the result's own is
// rows(result) - sum of rows + sum of replaced. Otherwise as write_memtable.
Result<std::optional<SegmentDescriptor>> merge_segments(
    FileSystem& file_system, const std::string& path, const SegmentIdentity& identity,
    std::span<const std::shared_ptr<const Segment>> segments, Tombstones tombstones, std::uint64_t linked_bytes_min,
    const std::function<Status()>& pause);

}  // namespace alcove::segments
