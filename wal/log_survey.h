#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "base/ids.h"
#include "base/result.h"
#include "wal/log.h"
#include "wal/log_format.h"

namespace alcove::wal {

struct LogFile {
  LogFileName name;
  std::uint64_t file_bytes = 0;
  std::uint64_t frame_bytes = 0;  // of the frames that count, up to the next file's first LSN
};

// What stands in a log directory, by names and sizes alone.
struct LogListing {
  // In the order of the log: from the newest file that begins at or before the redo LSN on; all
  // if there is no such file.
  std::vector<LogFile> files;
  std::vector<LogFileName> unneeded;  // before those
  std::vector<std::uint64_t> spares;
};
Result<LogListing> list_log(FileSystem& file_system, const std::string& directory, Lsn redo_lsn);

// Where a log begins and ends.
struct LogExtent {
  // The files that hold the redo LSN and all after it, in order. The LSNs from a file's first to
  // the next file's first are read from it; what it holds beyond is superseded.
  std::vector<LogFile> files;
  Lsn end_lsn = 0;  // of the last valid record
  // Up to here records and the names of their files are proven durable; not beyond end_lsn. The
  // frames behind it are all in the last file.
  Lsn proven_lsn = 0;
};

// Reads every frame of the listed files and decides where the log ends; changes nothing. `read` is told of bytes
// as they are read. Errors: kCorruption, naming file and offset, for what is missing or invalid
// though it was durable once; kTooNew; kIo.
Result<LogExtent> survey_log(FileSystem& file_system, const LogOptions& options,
                             const RecoveryPoint& point, std::vector<LogFile> files,
                             const std::function<void(std::uint64_t bytes)>& read);

}  // namespace alcove::wal
