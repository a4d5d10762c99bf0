#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/file_system.h"
#include "base/ids.h"
#include "base/result.h"
#include "wal/log_format.h"
#include "wal/read_window.h"

namespace alcove::wal {

// A valid frame. The payload lives until the reader's next call.
struct Frame {
  FrameHeader header;
  std::uint64_t offset = 0;
  std::string_view payload;
};

// Called for each record of a frame with its LSN.
using VisitRecord = std::function<Status(Lsn lsn, std::string_view record)>;
Status for_each_record(const Frame& frame, const VisitRecord& visit);

// An error that names the place: "<path>: damage at offset <offset>: <what>".
Error damage(const std::string& path, std::uint64_t offset, std::string_view what);

// Reads the frames of one log file in order. Holds one frame in memory. Externally synchronised.
//
// Errors of all: kIo; kCorruption, naming path and offset, for what no crash explains (a header
// that is not valid; checksums that are right over content that is not).
class LogReader {
 public:
  // What the bytes behind an invalid frame tell about it.
  struct Traces {
    Lsn synced_lsn = 0;     // the highest that any frame header there names
    bool next_lsn = false;  // the frame of next_lsn() is there: a mark stood here
  };

  // Errors: also kTooNew.
  static Result<std::unique_ptr<LogReader>> open(FileSystem& file_system, const std::string& path);

  const FileHeader& header() const { return header_; }
  std::uint64_t file_bytes() const { return file_bytes_; }
  const std::string& path() const { return file_->path(); }

  // Where the next frame stands, and the LSN with which it must begin.
  std::uint64_t offset() const { return offset_; }
  Lsn next_lsn() const { return next_lsn_; }

  // The next frame; nothing if what stands there is not valid. Then refusal() says why and the
  // reader has not moved.
  Result<std::optional<Frame>> read() { return read_below(kLsnMax); }
  // Visits frames until next_lsn() is `limit`; false if a frame that is not valid, or reaches
  // beyond, comes first.
  Result<bool> read_to(Lsn limit, const std::function<Status(const Frame&)>& visit);
  const std::string& refusal() const { return refusal_; }

  // Looks at every offset from offset() to the end of the file for frame headers.
  Result<Traces> search_rest();

 private:
  LogReader(std::unique_ptr<File> file, std::uint64_t file_bytes, const FileHeader& header);
  Result<std::optional<Frame>> read_below(Lsn limit);
  std::optional<Frame> refuse(std::string why);

  std::unique_ptr<File> file_;
  std::uint64_t file_bytes_;
  FileHeader header_;
  std::uint64_t identity_;
  ReadWindow window_;
  std::uint64_t offset_ = kFileHeaderBytes;
  Lsn next_lsn_;
  std::string refusal_;
};

}  // namespace alcove::wal
