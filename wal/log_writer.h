#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/file_system.h"
#include "base/ids.h"
#include "base/result.h"
#include "wal/log_format.h"

namespace alcove::wal {

// Writes one log file from its header on: one write for each frame, encoded into one buffer that is
// used again. Knows nothing of other files and numbers no frame itself. Externally synchronised.
//
// After an error of append, append_copy or sync the file must not be written or synced again.
class LogWriter {
 public:
  // Writes the header into a file of zeros that is still called a spare.
  static Result<std::unique_ptr<LogWriter>> begin(std::unique_ptr<File> spare,
                                                  const FileHeader& header);

  // Syncs the spare, renames it to what its header says and syncs the directory. Copies are
  // written before. Errors: kDiskFull: it is a spare still.
  Status publish(FileSystem& file_system, const std::string& directory);

  // Whether a frame fits and leaves room for a mark.
  bool fits(std::uint64_t payload_bytes) const;
  // Enlarges the file until fits(). Errors: kDiskFull: nothing has changed.
  Status grow(std::uint64_t payload_bytes);

  // Writes one frame; without records it is a mark. Requires: fits(), but for a mark.
  Status append(Lsn first_lsn, Lsn synced_lsn, std::span<const std::string> records);
  // Writes a frame of another file again. Requires: fits().
  Status append_copy(const FrameHeader& header, Lsn synced_lsn, std::string_view payload);
  Status sync() { return file_->sync(); }

  const LogFileName& name() const { return header_.name; }
  const std::string& path() const { return file_->path(); }
  std::uint64_t file_bytes() const { return file_bytes_; }
  std::uint64_t frame_bytes() const { return offset_ - kFileHeaderBytes; }

 private:
  LogWriter(std::unique_ptr<File> file, std::uint64_t file_bytes, const FileHeader& header);
  Status write_frame(FrameHeader header);

  std::unique_ptr<File> file_;
  std::uint64_t file_bytes_;
  FileHeader header_;
  std::uint64_t identity_;
  std::uint64_t offset_ = kFileHeaderBytes;
  std::string frame_;
};

}  // namespace alcove::wal
