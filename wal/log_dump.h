#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/file_system.h"
#include "base/ids.h"

namespace alcove::wal {

// What one log file's header says.
struct LogFileHeader {
  std::uint64_t database_id = 0;
  std::uint32_t generation = 0;
  Lsn first_lsn = 0;
  std::string predecessor;      // its file name; empty for the first of all
  Lsn copied_through_lsn = 0;   // of the first file of a generation
};

struct LogFrame {
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
  Lsn first_lsn = 0;
  std::uint32_t record_count = 0;  // 0: a mark
  Lsn synced_lsn = 0;
};

// Reads one log file for people (`alcove inspect wal`), frame by frame up to the first invalid one,
// and says in the end why it stopped ("end of the log", "a frame at 4096 fails its checksum").
// `record` is called for each record. Errors: kIo, kCorruption when even the header is unreadable.
Result<std::string> dump_log_file(
    FileSystem& file_system, const std::string& path,
    const std::function<void(const LogFileHeader&)>& header,
    const std::function<void(const LogFrame&)>& frame,
    const std::function<void(Lsn, std::string_view)>& record);

}  // namespace alcove::wal
