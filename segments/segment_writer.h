#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_system.h"
#include "base/ids.h"
#include "base/record.h"
#include "segments/segment_descriptor.h"

namespace alcove::segments {

class BlockReader;
class Segment;
struct VectorPlace;

struct SegmentIdentity {
  FileNumber file = 0;
  IndexNumber index = 0;
  NamespaceNumber name_space = 0;
  std::uint32_t dimension = 0;
  Metric metric = Metric::kCosine;

  bool operator==(const SegmentIdentity&) const = default;
};

// Below so many rows all vectors are compared, and codes would not pay (language.md).
inline constexpr std::uint32_t kCodedRowsMin = 1000;
enum class Coding : unsigned char { kNone, kCodes };

// Writes one sealed segment file: rows and tombstones in bytewise order of id, then finish().
// Memory is bounded: a few blocks; while codes are made, some tens of MiB, 40 bytes a row, and four times
// the centroids (cluster.h). Externally synchronised.
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
  // Adds a row whose vector lies in one of the vector files, as its which vector. Otherwise as add_row().
  virtual Status add_row_in_place(std::string_view id, const VectorPlace& vector, std::string_view metadata,
                                  Lsn lsn) = 0;
  // Adds a tombstone: every version of `id` in an older segment is dead. Same order as rows.
  virtual Status add_tombstone(std::string_view id, Lsn lsn) = 0;

  // The files that vectors may lie in; there are links to them beside the segment (vector_file.h). Requires: no row has been
  // added.
  virtual void set_vector_files(std::vector<std::shared_ptr<const BlockReader>> files) = 0;
  // Takes the clusters and codes of `model`, a clustered segment of the namespace, where that saves making
  // them: of rows of which copies() was told. Requires: no row has been added.
  virtual void set_model(std::shared_ptr<const Segment> model) = 0;
  // The row added last is a copy of `row` of the model.
  virtual void copies(std::uint32_t row) = 0;

  // Makes the codes, writes footer and block table and syncs the file (not its directory). `replaced` is
  // left 0. `pause` is called now and then while codes are made: an error it returns is returned.
  // Requires: at least one row or tombstone.
  virtual Result<SegmentDescriptor> finish(const std::function<Status()>& pause) = 0;
  // Without finish() the destructor leaves the file behind; whoever created it unlinks it.
};

}  // namespace alcove::segments
