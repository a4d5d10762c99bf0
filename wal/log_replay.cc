#include "wal/log_replay.h"

#include <algorithm>
#include <memory>

#include "wal/log_reader.h"

namespace alcove::wal {
namespace {

Status read_again(FileSystem& file_system, const std::string& directory, const LogFile& file,
                  Lsn limit, const std::function<Status(const Frame&)>& visit) {
  const std::unique_ptr<LogReader> reader =
      TRY(LogReader::open(file_system, directory + "/" + file.name.text()));
  const bool whole = TRY(reader->read_to(limit, visit));
  if (!whole) {
    return damage(reader->path(), reader->offset(),
                  fmt::format("{}, though it was valid a moment ago", reader->refusal()));
  }
  return {};
}

}  // namespace

Status copy_unproven(FileSystem& file_system, const std::string& directory,
                     const LogExtent& extent, LogWriter& writer) {
  if (extent.proven_lsn == extent.end_lsn) return {};
  return read_again(
      file_system, directory, extent.files.back(), extent.end_lsn + 1,
      [&](const Frame& frame) -> Status {
        if (frame.header.record_count == 0 || frame.header.last_lsn() <= extent.proven_lsn) {
          return {};
        }
        TRY(writer.grow(frame.payload.size()));
        return writer.append_copy(frame.header, extent.proven_lsn, frame.payload);
      });
}

Status replay_log(FileSystem& file_system, const std::string& directory, const LogExtent& extent,
                  Lsn redo_lsn, const Replay& replay,
                  const std::function<void(std::uint64_t)>& read) {
  for (std::size_t i = 0; i < extent.files.size(); ++i) {
    const LogFile& file = extent.files[i];
    const bool last = i + 1 == extent.files.size();
    const Lsn limit = last ? extent.end_lsn + 1 : extent.files[i + 1].name.first_lsn;
    if (limit > std::max(redo_lsn, file.name.first_lsn)) {
      TRY(read_again(file_system, directory, file, limit, [&](const Frame& frame) {
        return for_each_record(frame, [&](Lsn lsn, std::string_view record) -> Status {
          if (lsn < redo_lsn) return {};
          return replay(lsn, record);
        });
      }));
    }
    read(file.file_bytes);
  }
  return {};
}

}  // namespace alcove::wal
