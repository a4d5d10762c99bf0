#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/file_system.h"
#include "base/metadata.h"
#include "segments/centroid.h"
#include "segments/filter.h"
#include "segments/row_set.h"
#include "segments/segment_descriptor.h"
#include "segments/segment_writer.h"
#include "segments/vector_file.h"

namespace alcove::segments {

// Where a vector lies: in which of a segment's files, and as which of the vectors there.
struct VectorPlace {
  std::uint32_t file = 0;
  std::uint32_t item = 0;
};

// At what remoteness a search ends (calibration.h), for each of kCalibratedRecalls.
struct Calibration {
  std::array<float, 8> near;        // of a search for kNearest rows
  std::array<float, 8> wide;        // of one for so many
  std::uint32_t wide_count = 0;
  // How much further a search goes for a query that is e times as far, in squares.
  float near_per_farness = 1.2F;
  float wide_per_farness = 1.2F;
  // How much the number of clusters looked at counts.
  float count_weight = 1;

  bool operator==(const Calibration&) const = default;
};

// A sealed segment file, open: mapped, immutable, every block verified at its first use. Rows are
// numbered 0 … rows()-1 in bytewise order of id. Thread-safe, without locks.
//
// Errors: kCorruption, naming the file, for whatever fails its checksum, disagrees with the
// descriptor, or was read while the mapping faulted. A caller must ask check_mapping() before it
// replies with anything that it read in place.
class Segment {
 public:
  // Checks size, header, footer and block table; reads no more. `path` must hold what `descriptor`
  // and `identity` say.
  static Result<std::shared_ptr<const Segment>> open(FileSystem& file_system,
                                                     const std::string& path,
                                                     const SegmentDescriptor& descriptor,
                                                     const SegmentIdentity& identity);
  // For `alcove inspect segment` and checks: takes descriptor and identity from the file itself.
  static Result<std::shared_ptr<const Segment>> open_unlisted(FileSystem& file_system,
                                                              const std::string& path);
  // Of a file that is being written, the last of `files`, with so many rows.
  static std::shared_ptr<const Segment> open_unfinished(VectorFiles files, std::uint32_t rows);
  virtual ~Segment() = default;

  virtual const SegmentDescriptor& descriptor() const = 0;
  virtual const SegmentIdentity& identity() const = 0;
  virtual const std::string& path() const = 0;
  std::uint32_t rows() const { return descriptor().rows; }
  std::uint32_t tombstones() const { return descriptor().tombstones; }

  // kCorruption if the mapping has faulted.
  virtual Status check_mapping() const = 0;

  // ---- ids, read in place ----
  virtual Result<std::string_view> id(std::uint32_t row) const = 0;
  // The first row whose id is not below `id`; rows() if there is none.
  virtual Result<std::uint32_t> lower_bound(std::string_view id) const = 0;
  virtual Result<std::optional<std::uint32_t>> find(std::string_view id) const = 0;

  // ---- tombstones, numbered 0 … tombstones()-1 in order of id ----
  virtual Result<std::string_view> tombstone_id(std::uint32_t tombstone) const = 0;
  virtual Result<bool> has_tombstone(std::string_view id) const = 0;
  virtual Result<Lsn> tombstone_lsn(std::uint32_t tombstone) const = 0;

  // ---- what belongs to a row ----
  virtual Result<Lsn> lsn(std::uint32_t row) const = 0;

  // Vectors of rows [first, first + count), one after the other: in place from the mapping, or
  // decompressed into `owner`.
  struct Vectors {
    const float* values = nullptr;
    const float* squared_norms = nullptr;
    std::uint32_t first = 0;
    std::uint32_t count = 0;
    std::shared_ptr<const void> owner;  // keeps decompressed values; empty when read in place
  };
  // The block of vectors that `row` lies in (it may begin before `row`), or of it the rows that follow each other there.
  virtual Result<Vectors> vectors(std::uint32_t row) const = 0;
  // The files that vectors lie in (vector_file.h), and in which of them, as its which vector, that of a row is.
  virtual const VectorFiles& vector_files() const = 0;
  virtual Result<VectorPlace> vector_place(std::uint32_t row) const = 0;

  // ---- quantised codes (code.h, code_column.h) ----
  // Numbered in order of row where there are no clusters, else in order of cluster.
  virtual bool has_codes() const = 0;
  // 0 where the rows are not clustered.
  virtual std::uint32_t clusters() const = 0;
  // What all codes are relative to, in place. Requires: has_codes().
  virtual Result<std::span<const float>> origin() const = 0;
  // In place. Requires: cluster < clusters().
  virtual Result<Centroid> centroid(std::uint32_t cluster) const = 0;
  // Codes [first, first + count), 32 after 32, in place.
  struct Codes {
    const char* bytes = nullptr;
    std::uint32_t first = 0;
    std::uint32_t count = 0;
  };
  // The block of codes that code `at` lies in (it may begin before it), and those behind it up to that of code
  // at + count - 1, as far as they lie side by side. Requires: has_codes(), the codes exist, and count > 0.
  virtual Result<Codes> codes(std::uint32_t at, std::uint32_t count) const = 0;
  // The block of the clusters' centroids' that the cluster's lies in. Requires: cluster < clusters().
  virtual Result<Codes> centroid_codes(std::uint32_t cluster) const = 0;
  struct Cluster {
    std::uint32_t first = 0;  // of its codes
    std::uint32_t rows = 0;
    float squared_norm = 0;    // of the centroid
    float squared_radius = 0;  // mean squared distance of a row to the centroid
    float variance = 0;        // of a row's distance to the centroid in the direction of a query nearby
  };
  virtual Result<Cluster> cluster(std::uint32_t number) const = 0;
  // Cluster `number` and those that follow in its block, in place, with codes that may be beyond the rows.
  virtual Result<std::span<const Cluster>> clusters_from(std::uint32_t number) const = 0;
  // When a search of the clusters ends (calibration.h). Requires: there are clusters.
  virtual Result<Calibration> calibration() const = 0;
  // The rows of code `at` and those that follow in its block, in place.
  // Requires: there are clusters.
  virtual Result<std::span<const std::uint32_t>> postings(std::uint32_t at) const = 0;

  // Hints that something will be read soon: the processor begins to fetch it, or the disk where it has not been read
  // yet, which is told of a centroid. Require: it exists.
  virtual void prefetch_id(std::uint32_t row) const = 0;
  virtual void prefetch_place(std::uint32_t row) const = 0;  // of a vector, which is asked for later
  // Where the vector lies, so that it need not be asked for again: of this row alone. `values` is null where vectors() is to be
  // asked, for the vector is compressed or has not been read yet.
  virtual Vectors fetch_vector(std::uint32_t row) const = 0;
  virtual bool prefetch_centroid(std::uint32_t cluster) const = 0;
  virtual void prefetch_postings(std::uint32_t at, std::uint32_t count) const = 0;
  // Has the disk begin with what has not been read yet: of what every search of codes reads; of a cluster's codes
  // [first, first + rows) and their postings. True: some of the codes have not. Requires: they exist.
  virtual void expect_search() const = 0;
  virtual bool expect_cluster(std::uint32_t first, std::uint32_t rows) const = 0;
  // Where codes from `at` on lie, of those up to at + count as many as are fetched ahead: to fetch, not to read, for
  // nothing is verified. Requires: they exist, and count > 0.
  virtual std::string_view place_of_codes(std::uint32_t at, std::uint32_t count) const = 0;

  // The block of metadata that `row` lies in, decompressed.
  class MetadataBlock {
   public:
    virtual ~MetadataBlock() = default;
    virtual std::uint32_t first() const = 0;
    virtual std::uint32_t count() const = 0;
    // Requires: first() <= row < first() + count(). Lives as long as the block.
    virtual MetadataView at(std::uint32_t row) const = 0;
  };
  virtual Result<std::shared_ptr<const MetadataBlock>> metadata(std::uint32_t row) const = 0;
  // Whether no row has metadata (then metadata() need not be asked).
  virtual bool without_metadata() const = 0;

  // ---- terms (term_column.h) ----
  virtual bool has_terms() const = 0;
  // Which of the rows [first, first + count) pass a filter; nothing where terms do not tell.
  struct Selection {
    std::uint32_t first = 0;  // a multiple of 64
    std::uint32_t count = 0;
    std::optional<RowSet> rows;
  };
  // Of the rows that `row` lies among. Requires: has_terms(), row < rows(), and a filter that is not empty.
  virtual Result<Selection> select(const Filter& filter, std::uint32_t row) const = 0;

  // Verifies every block: for `check` and tests.
  virtual Status verify() const = 0;

  // The sections and their sizes, for `alcove inspect segment`.
  virtual std::string describe() const = 0;
};

// Where segment `file` stands under `directory`: 256 folders by the second lowest byte of the
// number: files made together, which have numbers in a row, share a folder, and its one sync.
std::string segment_path(const std::string& directory, FileNumber file);
// Makes `directory` and its 256 folders, durable on return.
Status create_segment_directories(FileSystem& file_system, const std::string& directory);

}  // namespace alcove::segments
