#include "wal/log.h"

#include <algorithm>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/log.h"
#include "wal/log_format.h"
#include "wal/log_replay.h"
#include "wal/log_survey.h"
#include "wal/log_writer.h"
#include "wal/spare_files.h"

namespace alcove::wal {
namespace {

// Unlinks files, of those before `end`, of which nothing counts, for the next begins with the same LSN: else each
// restart before a checkpoint would leave one. Requires: the names of those that stay are durable.
void unlink_superseded(FileSystem& file_system, const std::string& directory, std::vector<LogFile>& files,
                       std::size_t end) {
  for (std::size_t i = end; i-- > 0;) {
    if (i + 1 == files.size() || files[i].name.first_lsn < files[i + 1].name.first_lsn) continue;
    const Status unlinked = file_system.unlink(directory + "/" + files[i].name.text());
    if (unlinked) {
      files.erase(files.begin() + static_cast<std::ptrdiff_t>(i));
    } else {
      log_warning("{}", unlinked.error().message());
    }
  }
}

// INVARIANTS
// 1. A file is begun only when all before it is synced: its header proves every lower LSN.
// 2. A frame is written only once the name of its file is durable; copies are proven again by a
//    mark that is.
// 3. A frame's synced LSN was durable before the frame was written.
// 4. Every file has room for one mark behind its last frame.
// 5. No two files have one name: a file is begun only when the current one holds a record.
class FileLog final : public Log {
 public:
  FileLog(FileSystem& file_system, LogOptions options, std::vector<std::uint64_t> leftovers)
      : file_system_(file_system),
        options_(std::move(options)),
        spares_(file_system, options_.directory, options_.file_bytes, std::move(leftovers)) {}

  Status begin_first();
  // Begins the generation after `extent`, with copies of what is unproven, and adds it to `extent`.
  Status begin_after(LogExtent& extent);
  // Requires: everything has been replayed.
  void unlink_superseded() { alcove::wal::unlink_superseded(file_system_, options_.directory, files_, files_.size()); }
  // A full disk does not stop a recovery that needs no more space.
  Status keep_reserve_if_possible();

  Result<Lsn> append(std::span<const std::string> records, LogSpace space) override;
  Status sync() override;
  Status mark() override;
  bool wants_mark() const override;
  Status rotate(LogSpace space) override;
  Status release(Lsn redo_lsn) override;
  bool wants_spare() const override { return spares_.wants(); }
  Status prepare_spare() override;
  bool failed() const override;
  Lsn next_lsn() const override;
  Lsn durable_lsn() const override;
  std::uint64_t bytes_since(Lsn lsn) const override;
  std::uint64_t bytes_on_disk() const override;

 private:
  // How far the log has come.
  struct Head {
    Lsn next = 1;
    Lsn durable = 0;
    Lsn proven = 0;          // by something durable
    Lsn proven_at_sync = 0;  // by something written; proven by the next sync
  };

  Status check_usable() const;
  // Passes on an error after which another try may succeed; any other ends the log's life.
  Error refuse(const Error& error);
  Error fail_for_good(const Error& error);
  Status make_room(std::uint64_t payload_bytes, LogSpace space);
  Status start_file(LogSpace space);
  Status write(std::span<const std::string> records);
  void make_current(std::unique_ptr<LogWriter> writer);
  bool current_holds_record() const { return writer_->name().first_lsn < head_.next; }

  FileSystem& file_system_;
  const LogOptions options_;
  SpareFiles spares_;
  std::uint32_t generation_ = 1;
  std::unique_ptr<LogWriter> writer_;

  // Guards what other threads read too; only the user's thread changes head_ and files_, and so
  // reads them without it.
  mutable std::mutex mutex_;
  std::optional<Error> failure_;
  Head head_;
  std::vector<LogFile> files_;  // in the order of the log, the current one last
};

Status FileLog::begin_first() {
  TRY(start_file(LogSpace::kReserved));
  return spares_.keep_reserve();
}

Status FileLog::begin_after(LogExtent& extent) {
  const LogFileName predecessor = extent.files.back().name;
  generation_ = predecessor.generation + 1;
  std::unique_ptr<File> spare = TRY(spares_.take(LogSpace::kReserved));
  std::unique_ptr<LogWriter> writer = TRY(LogWriter::begin(
      std::move(spare),
      {.database_id = options_.database_id,
       .name = {.generation = generation_, .first_lsn = extent.proven_lsn + 1},
       .predecessor = predecessor,
       .copied_through_lsn = extent.end_lsn}));
  TRY(copy_unproven(file_system_, options_.directory, extent, *writer));
  TRY(writer->publish(file_system_, options_.directory));
  if (extent.proven_lsn < extent.end_lsn) {
    TRY(writer->append(extent.end_lsn + 1, extent.end_lsn, {}));
    TRY(writer->sync());
  }
  files_ = extent.files;
  head_ = {.next = extent.end_lsn + 1,
           .durable = extent.end_lsn,
           .proven = extent.end_lsn,
           .proven_at_sync = extent.end_lsn};
  make_current(std::move(writer));
  extent.files = files_;
  return {};
}

Status FileLog::keep_reserve_if_possible() {
  const Status kept = spares_.keep_reserve();
  if (kept || kept.error().code() != ErrorCode::kDiskFull) return kept;
  log_warning("{}; only what frees space is written until there is more", kept.error().message());
  return {};
}

Status FileLog::check_usable() const {
  const std::lock_guard lock(mutex_);
  if (failure_) return failure_->in("the log has failed before");
  return {};
}

Error FileLog::fail_for_good(const Error& error) {
  const std::lock_guard lock(mutex_);
  if (!failure_) failure_ = error.with_code(ErrorCode::kPanic);
  return *failure_;
}

Error FileLog::refuse(const Error& error) {
  return error.code() == ErrorCode::kPanic ? fail_for_good(error) : error;
}

Result<Lsn> FileLog::append(std::span<const std::string> records, LogSpace space) {
  TRY(check_usable());
  CHECK(!records.empty(), "an append has a record");
  for (const std::string& record : records) {
    if (record.size() > options_.record_bytes_max) {
      return fail(ErrorCode::kLimitExceeded, "a log record of {} bytes is over the limit of {}",
                  record.size(), options_.record_bytes_max);
    }
  }
  TRY(make_room(payload_bytes(records), space));
  const Lsn first = head_.next;
  TRY(write(records));
  return first;
}

Status FileLog::sync() {
  TRY(check_usable());
  if (head_.durable + 1 == head_.next && head_.proven == head_.proven_at_sync) return {};
  const Status synced = writer_->sync();
  if (!synced) return fail_for_good(synced.error());
  const std::lock_guard lock(mutex_);
  head_.durable = head_.next - 1;
  head_.proven = head_.proven_at_sync;
  return {};
}

Status FileLog::mark() {
  TRY(check_usable());
  if (!wants_mark()) return {};
  TRY(sync());
  TRY(write({}));
  return sync();
}

bool FileLog::wants_mark() const {
  const std::lock_guard lock(mutex_);
  return head_.proven + 1 < head_.next;
}

Status FileLog::rotate(LogSpace space) {
  TRY(check_usable());
  if (!current_holds_record()) return sync();
  return start_file(space);
}

Status FileLog::release(Lsn redo_lsn) {
  TRY(check_usable());
  while (files_.size() > 1 && files_[1].name.first_lsn <= redo_lsn) {
    TRY(file_system_.unlink(options_.directory + "/" + files_.front().name.text()));
    const std::lock_guard lock(mutex_);
    files_.erase(files_.begin());
  }
  return {};
}

Status FileLog::prepare_spare() {
  TRY(check_usable());
  const Status prepared = spares_.prepare();
  if (!prepared) return refuse(prepared.error());
  return {};
}

bool FileLog::failed() const {
  const std::lock_guard lock(mutex_);
  return failure_.has_value();
}

Lsn FileLog::next_lsn() const {
  const std::lock_guard lock(mutex_);
  return head_.next;
}

Lsn FileLog::durable_lsn() const {
  const std::lock_guard lock(mutex_);
  return head_.durable;
}

std::uint64_t FileLog::bytes_since(Lsn lsn) const {
  const std::lock_guard lock(mutex_);
  std::uint64_t bytes = 0;
  for (std::size_t i = files_.size(); i > 0; --i) {
    const bool holds_later = i == files_.size() || files_[i].name.first_lsn > lsn;
    if (holds_later) bytes += i == files_.size() ? files_[i - 1].frame_bytes : files_[i - 1].file_bytes;
  }
  return bytes;
}

std::uint64_t FileLog::bytes_on_disk() const {
  std::uint64_t bytes = spares_.bytes_on_disk();
  const std::lock_guard lock(mutex_);
  for (const LogFile& file : files_) bytes += file.file_bytes;
  return bytes;
}

// Ordinary appends stop as soon as there is no reserve, not only when the current file is full:
// otherwise they would fill the reserve that a drop had begun.
Status FileLog::make_room(std::uint64_t payload_bytes, LogSpace space) {
  if (space == LogSpace::kOrdinary) {
    const Status kept = spares_.keep_reserve();
    if (!kept) return refuse(kept.error());
  }
  if (writer_->fits(payload_bytes)) return {};
  if (current_holds_record()) TRY(start_file(space));
  if (writer_->fits(payload_bytes)) return {};
  const Status grown = writer_->grow(payload_bytes);
  if (grown) return {};
  if (grown.error().code() == ErrorCode::kDiskFull) return grown;
  return fail_for_good(grown.error());
}

Status FileLog::start_file(LogSpace space) {
  Result<std::unique_ptr<File>> spare = spares_.take(space);
  if (!spare) return refuse(spare.error());
  TRY(sync());
  const std::string path = (*spare)->path();
  FileHeader header{.database_id = options_.database_id,
                    .name = {.generation = generation_, .first_lsn = head_.next},
                    .predecessor = {},
                    .copied_through_lsn = head_.next - 1};
  if (writer_) header.predecessor = writer_->name();
  Result<std::unique_ptr<LogWriter>> writer = LogWriter::begin(*std::move(spare), header);
  if (!writer) return fail_for_good(writer.error());
  const Status published = (*writer)->publish(file_system_, options_.directory);
  if (!published) {
    if (published.error().code() != ErrorCode::kDiskFull) return fail_for_good(published.error());
    spares_.give_back(path);
    return published;
  }
  make_current(*std::move(writer));
  return {};
}

Status FileLog::write(std::span<const std::string> records) {
  const Status written = writer_->append(head_.next, head_.durable, records);
  if (!written) return fail_for_good(written.error());
  const std::lock_guard lock(mutex_);
  head_.next += records.size();
  head_.proven_at_sync = head_.durable;
  files_.back().file_bytes = writer_->file_bytes();
  files_.back().frame_bytes = writer_->frame_bytes();
  return {};
}

void FileLog::make_current(std::unique_ptr<LogWriter> writer) {
  writer_ = std::move(writer);
  const std::lock_guard lock(mutex_);
  files_.push_back({.name = writer_->name(),
                    .file_bytes = writer_->file_bytes(),
                    .frame_bytes = writer_->frame_bytes()});
  // The file's header proves what is before it.
  head_.proven = head_.durable;
  head_.proven_at_sync = head_.durable;
}

void check_options(const LogOptions& options) {
  CHECK(options.file_bytes >= kFileBytesMin, "a log file has at least 64 KiB");
}

}  // namespace

Result<std::unique_ptr<Log>> Log::create(FileSystem& file_system, LogOptions options) {
  check_options(options);
  LogListing listing = TRY(list_log(file_system, options.directory, 1));
  if (!listing.files.empty()) {
    return fail(ErrorCode::kIo, "{}: it holds a log already, {}", options.directory,
                listing.files.front().name.text());
  }
  auto log = std::make_unique<FileLog>(file_system, std::move(options), std::move(listing.spares));
  TRY(log->begin_first());
  return std::unique_ptr<Log>(std::move(log));
}

Result<std::unique_ptr<Log>> Log::recover(
    FileSystem& file_system, LogOptions options, RecoveryPoint point, const Replay& replay,
    const std::function<void(std::uint64_t, std::uint64_t)>& progress) {
  check_options(options);
  CHECK(point.redo_lsn > 0, "LSNs begin with 1");
  const std::string directory = options.directory;
  LogListing listing = TRY(list_log(file_system, directory, point.redo_lsn));

  // Each byte is read twice: to find the end, and to replay.
  std::uint64_t to_read = 0;
  for (const LogFile& file : listing.files) to_read += 2 * file.file_bytes;
  std::uint64_t has_read = 0;
  const auto read = [&](std::uint64_t bytes) {
    has_read = std::min(has_read + bytes, to_read);
    if (progress) progress(has_read, to_read);
  };

  LogExtent extent =
      TRY(survey_log(file_system, options, point, std::move(listing.files), read));
  // Now, so that the new generation may have their space; what is left of the log has durable names.
  TRY(file_system.sync_directory(directory));
  for (const LogFileName& name : listing.unneeded) {
    TRY(file_system.unlink(directory + "/" + name.text()));
  }
  // Likewise. What the last file's copies were made of stays until they have been replayed.
  if (extent.files.size() > 2) {
    unlink_superseded(file_system, directory, extent.files, extent.files.size() - 2);
  }
  auto log = std::make_unique<FileLog>(file_system, std::move(options), std::move(listing.spares));
  TRY(log->begin_after(extent));
  TRY(replay_log(file_system, directory, extent, point.redo_lsn, replay, read));
  log->unlink_superseded();
  TRY(log->keep_reserve_if_possible());
  return std::unique_ptr<Log>(std::move(log));
}

}  // namespace alcove::wal
