#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/file_system.h"
#include "base/ids.h"

namespace alcove::wal {

struct LogOptions {
  std::string directory;                             // exists
  std::uint64_t database_id = 0;                     // in every header: a foreign file is refused
  std::uint64_t file_bytes = 16 * 1024 * 1024;       // of one preallocated file; at least 64 KiB
  std::uint64_t record_bytes_max = 1024 * 1024 * 1024;  // of one record
};

// What the caller knows of the log from its manifest when it recovers.
struct RecoveryPoint {
  Lsn redo_lsn = 1;     // replay begins here; files wholly below may be missing
  Lsn durable_lsn = 0;  // every LSN up to here was durable once: if it is missing, that is damage
};

// Called once for each record from redo_lsn on, in LSN order, without gaps.
using Replay = std::function<Status(Lsn lsn, std::string_view record)>;

// Who may use the last spare file: only what frees space (drops, checkpoints), so that a full disk
// does not stop it.
enum class LogSpace : unsigned char { kOrdinary, kReserved };

// The write-ahead log: one sequence of opaque records for the whole server, each with an LSN.
//
//   frame       what one append() wrote: a group of records, checksummed as a whole, carrying the
//               highest LSN known durable when it was written. A mark is a frame without records.
//   file        preallocated, zero-filled and synced before use, never recycled; its header names
//               its generation, its first LSN and its predecessor
//   generation  begins at every recovery: the first file of a new one holds copies of all frames
//               that were valid but not proven durable
// Byte tables and validity rules: wal/log_format.h and docs/file-format.md.
//
// Thread-safety: append, sync, mark, rotate and release are externally synchronised (the commit
// pipeline); prepare_spare and the getters may run beside them on another thread.
//
// After any failed write or sync, failed() is true and every call answers kPanic: what reached the
// disk is unknown, the process must end and recover. kDiskFull is not such a failure: then nothing
// was written.
class Log {
 public:
  // Starts a log in an empty directory, durable on return. The first LSN will be 1.
  static Result<std::unique_ptr<Log>> create(FileSystem& file_system, LogOptions options);

  // Reads the log, decides where it ends, copies unproven frames into a new generation, syncs it
  // and then calls `replay` for each record from `point.redo_lsn`. On return the log is ready for
  // append() and everything replayed is durable. `progress` is told bytes read and bytes to read.
  //
  // A torn tail (an invalid frame that no later frame, no later file and no `durable_lsn` proves to
  // have been durable) ends the log. Errors: kCorruption, naming file and offset, for every other
  // invalid byte; kTooNew for a file of a newer format; what `replay` returns. Leftovers (spares,
  // files of a recovery that did not finish, unknown names) never stop it.
  static Result<std::unique_ptr<Log>> recover(
      FileSystem& file_system, LogOptions options, RecoveryPoint point, const Replay& replay,
      const std::function<void(std::uint64_t, std::uint64_t)>& progress = {});

  virtual ~Log() = default;

  // Writes one frame with these records, which get next_lsn() and the LSNs after it, and returns
  // the first. Not durable until sync() returned. Requires: at least one record.
  // Errors: kDiskFull (nothing was written, the LSNs are still free), kLimitExceeded for a record
  // over record_bytes_max, kPanic.
  virtual Result<Lsn> append(std::span<const std::string> records, LogSpace space) = 0;

  // Makes every appended frame durable.
  virtual Status sync() = 0;

  // Appends a mark, durable on return, which proves all before it. Does nothing when the last
  // frame is proven already.
  virtual Status mark() = 0;
  // Whether the last frame still awaits its proof.
  virtual bool wants_mark() const = 0;

  // Ends the current file and goes on in a new one. Durable on return.
  virtual Status rotate(LogSpace space) = 0;

  // Unlinks files that hold nothing from `redo_lsn` on. Never the current one.
  // Requires: `redo_lsn` is durable in the manifest.
  virtual Status release(Lsn redo_lsn) = 0;

  // Makes spare files ahead of need. Errors: kDiskFull is not remembered, the next call tries
  // again.
  virtual bool wants_spare() const = 0;
  virtual Status prepare_spare() = 0;

  virtual bool failed() const = 0;
  virtual Lsn next_lsn() const = 0;
  virtual Lsn durable_lsn() const = 0;
  // Bytes of the files that hold `lsn` and all after it, but of the current one those of its frames only.
  virtual std::uint64_t bytes_since(Lsn lsn) const = 0;
  virtual std::uint64_t bytes_on_disk() const = 0;
};

}  // namespace alcove::wal
