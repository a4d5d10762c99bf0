#include "wal/log_dump.h"

#include <memory>
#include <optional>

#include "wal/log_reader.h"

namespace alcove::wal {

Result<std::string> dump_log_file(
    FileSystem& file_system, const std::string& path,
    const std::function<void(const LogFileHeader&)>& header,
    const std::function<void(const LogFrame&)>& frame,
    const std::function<void(Lsn, std::string_view)>& record) {
  const std::unique_ptr<LogReader> reader = TRY(LogReader::open(file_system, path));
  const FileHeader& found = reader->header();
  header({.database_id = found.database_id,
          .generation = found.name.generation,
          .first_lsn = found.name.first_lsn,
          .predecessor = found.predecessor ? found.predecessor->text() : "",
          .copied_through_lsn = found.copied_through_lsn});
  while (true) {
    const Result<std::optional<Frame>> next = reader->read();
    if (!next && next.error().code() == ErrorCode::kCorruption) return next.error().message();
    if (!next) return next.error();
    if (!*next) return fmt::format("offset {}: {}", reader->offset(), reader->refusal());
    const Frame& shown = **next;
    frame({.offset = shown.offset,
           .bytes = shown.header.frame_bytes(),
           .first_lsn = shown.header.first_lsn,
           .record_count = shown.header.record_count,
           .synced_lsn = shown.header.synced_lsn});
    TRY(for_each_record(shown, [&](Lsn lsn, std::string_view bytes) -> Status {
      record(lsn, bytes);
      return {};
    }));
  }
}

}  // namespace alcove::wal
