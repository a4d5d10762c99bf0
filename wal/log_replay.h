#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/file_system.h"
#include "base/ids.h"
#include "base/result.h"
#include "wal/log.h"
#include "wal/log_survey.h"
#include "wal/log_writer.h"

namespace alcove::wal {

// Second readings of a surveyed log, each frame verified again as it is read. They hold one frame
// in memory. Errors of both: kIo; kCorruption, where the first reading found valid frames.

// Writes the frames behind extent.proven_lsn to `writer`, which grows as they need. Errors: also
// kDiskFull.
Status copy_unproven(FileSystem& file_system, const std::string& directory,
                     const LogExtent& extent, LogWriter& writer);

// Calls `replay` for each record of `extent` from `redo_lsn` to extent.end_lsn.
Status replay_log(FileSystem& file_system, const std::string& directory, const LogExtent& extent,
                  Lsn redo_lsn, const Replay& replay,
                  const std::function<void(std::uint64_t bytes)>& read);

}  // namespace alcove::wal
