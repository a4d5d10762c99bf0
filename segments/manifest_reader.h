#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_system.h"
#include "segments/manifest_edit.h"
#include "segments/manifest_format.h"

namespace alcove::segments {

// Reads one manifest file from its first frame to its end. Memory: one frame, at least a window.
// Externally synchronised. Errors: kCorruption naming file and offset, kTooNew, kIo.
class ManifestReader {
 public:
  static Result<ManifestReader> open(FileSystem& file_system, const std::string& path);

  const ManifestHeader& header() const { return header_; }

  struct Frame {
    std::uint64_t offset = 0;
    std::uint64_t number = 0;
    std::vector<ManifestEdit> edits;
  };
  // The next frame; nothing at the end. A bad frame that a later one proves is kCorruption, else it
  // is the end.
  Result<std::optional<Frame>> next();

  // Where the next frame would stand, and how many were read.
  std::uint64_t offset() const { return offset_; }
  std::uint64_t frames() const { return frames_; }
  // Whether only zeros follow the last frame, as they do unless a write was torn.
  Result<bool> ends_in_zeros();

 private:
  explicit ManifestReader(std::unique_ptr<File> file) : file_(std::move(file)) {}
  Result<std::string_view> read(std::uint64_t offset, std::uint64_t size);
  Result<std::optional<FrameHeader>> read_frame(std::uint64_t offset, std::string_view& payload);
  Result<std::optional<std::uint64_t>> find_proof();
  Result<std::vector<ManifestEdit>> decode_edits(const FrameHeader& frame,
                                                 std::string_view payload) const;
  Error damaged(std::string_view what) const;

  std::unique_ptr<File> file_;
  std::uint64_t file_bytes_ = 0;
  ManifestHeader header_;
  std::uint64_t offset_ = kManifestHeaderBytes;
  std::uint64_t frames_ = 0;
  std::string window_;  // bytes of the file from window_offset_ on
  std::uint64_t window_offset_ = 0;
};

}  // namespace alcove::segments
