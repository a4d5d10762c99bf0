#pragma once

#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "base/simulated_file_system.h"
#include "segments/segment.h"
#include "segments/segment_writer.h"

namespace alcove::segments {

// What a segment says of one id.
struct Version {
  std::vector<float> values;  // none: a tombstone
  std::string metadata;       // encoded
  Lsn lsn = 0;

  bool tombstone() const { return values.empty(); }
  bool operator==(const Version&) const = default;
};

// A plain model of a segment, or of several.
using Content = std::map<std::string, Version>;

// Values that keep all their bits, and such as were made from bytes.
enum class Values { kFloats, kBytes };

// Makes records, the same for the same seed.
class Sample {
 public:
  explicit Sample(std::uint64_t seed, std::uint32_t dimension, Values values = Values::kFloats)
      : random_(seed), dimension_(dimension), values_(values) {}

  std::uint64_t below(std::uint64_t limit) { return random_() % limit; }
  bool one_in(std::uint64_t n) { return below(n) == 0; }
  std::string bytes(std::size_t count);
  std::vector<float> values();
  std::string metadata();  // encoded, often empty
  Version row(Lsn lsn);
  // `rows` rows, and a tombstone after every `tombstone_every`th (0: none).
  Content content(std::size_t rows, std::size_t tombstone_every = 0);

 private:
  std::mt19937_64 random_;
  std::uint32_t dimension_;
  Values values_;
};

SegmentIdentity identity_of(FileNumber file, std::uint32_t dimension);

// Writes `content`, without unlinking anything after an error.
Result<SegmentDescriptor> write_segment(FileSystem& file_system, const std::string& path,
                                        const SegmentIdentity& identity, const Content& content);

// Reads all that a segment holds through its reader's row by row functions.
Result<Content> read_segment(const Segment& segment);

// A disk with one directory for segments.
struct SegmentDisk {
  SegmentDisk();
  std::string path(FileNumber file) const { return segment_path("data/segments", file); }
  // Writes and opens; fails the test where that fails.
  std::shared_ptr<const Segment> make(const SegmentIdentity& identity, const Content& content);

  SimulatedFileSystem file_system;
};

}  // namespace alcove::segments
