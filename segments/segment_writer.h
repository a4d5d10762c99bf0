#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/file_system.h"
#include "base/ids.h"
#include "base/record.h"
#include "segments/segment_descriptor.h"

namespace alcove::segments {

struct SegmentIdentity {
  FileNumber file = 0;
  IndexNumber index = 0;
  NamespaceNumber name_space = 0;
  std::uint32_t dimension = 0;
  Metric metric = Metric::kCosine;
};

// Below so many rows all vectors are compared, and codes would not pay (language.md).
inline constexpr std::uint32_t kCodedRowsMin = 1000;
enum class Coding : unsigned char { kNone, kCodes };

// Writes one sealed segment file: rows and tombstones in bytewise order of id, then finish().
// Memory is bounded (a few blocks and 16 bytes a row). Externally synchronised.
class SegmentWriter {
 public:
  // Creates the file at `path`. Space is allocated ahead of writing: a full disk is kDiskFull.
  // `coding`: whether the rows get codes (code.h), if they are kCodedRowsMin or more.
  static Result<std::unique_ptr<SegmentWriter>> create(FileSystem& file_system, std::string path,
                                                       const SegmentIdentity& identity,
                                                       Coding coding);
  virtual ~SegmentWriter() = default;

  // Adds a row. Requires: `lsn` is kStagedLsn for all of the file or for nothing; `id` above every id added before; `values` has `dimension` floats.
  // `squared_norm` is segments::squared_norm(values).
  virtual Status add_row(std::string_view id, const float* values, float squared_norm,
                         std::string_view metadata, Lsn lsn) = 0;
  // Adds a tombstone: every version of `id` in an older segment is dead. Same order as rows.
  virtual Status add_tombstone(std::string_view id, Lsn lsn) = 0;

  // Writes footer and block table and syncs the file (not its directory). `replaced` is left 0.
  // Requires: at least one row or tombstone.
  virtual Result<SegmentDescriptor> finish() = 0;
  // Without finish() the destructor leaves the file behind; whoever created it unlinks it.
};

}  // namespace alcove::segments
