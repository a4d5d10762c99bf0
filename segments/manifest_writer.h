#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "base/file_system.h"
#include "segments/manifest.h"
#include "segments/manifest_format.h"

namespace alcove::segments {

// Writes one manifest file: first the snapshot, edit by edit, then frames that are durable at once.
//
//   create() -> add()* -> seal() -> append()*
//
// Invariants
//   1. Once sealed, all from bytes() to the end of the file are zeros, written and synced: the sync
//      of an append has no metadata to write.
//   2. Behind bytes() there are at least kReserveBytes of them, unless an append used the reserve
//      because the disk was full.
//
// Externally synchronised.
class ManifestWriter {
 public:
  static constexpr std::uint64_t kReserveBytes = 8 * 1024;

  // Creates the file, which must not exist.
  static Result<ManifestWriter> create(FileSystem& file_system, const std::string& path,
                                       const ManifestHeader& header,
                                       std::uint64_t allocation_bytes);

  // Adds an edit to the snapshot. Not durable before seal(). After an error of either the file is
  // of no use.
  Status add(const ManifestEdit& edit);
  Status seal();

  // Errors: kDiskFull, nothing was written; kPanic, what the file holds is unknown.
  Status append(std::span<const ManifestEdit> edits, Manifest::Reserve reserve);

  std::uint64_t bytes() const { return bytes_; }
  std::uint64_t frames() const { return frames_; }

 private:
  ManifestWriter(std::unique_ptr<File> file, const ManifestHeader& header,
                 std::uint64_t allocation_bytes);
  Status allocate(std::uint64_t end);
  Status write_frame(std::string_view payload, std::uint32_t edits, std::uint64_t synced_number);
  Status write_zeros(std::uint64_t begin);
  Status grow(std::uint64_t end);
  Status make_room(std::uint64_t frame_bytes, Manifest::Reserve reserve);

  std::unique_ptr<File> file_;
  ManifestHeader header_;
  std::uint64_t allocation_bytes_;
  std::uint64_t allocated_bytes_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint64_t frames_ = 0;
  std::string payload_;  // of the snapshot's next frame
  std::uint32_t edits_ = 0;
};

}  // namespace alcove::segments
