#include "segments/vector_file.h"

#include <algorithm>
#include <limits>
#include <utility>

#include <fmt/format.h>

#include "base/bytes.h"
#include "segments/segment.h"

namespace alcove::segments {

namespace {

constexpr std::uint64_t kWorthEighths = 7;

std::uint32_t vectors_in(const BlockReader& file) { return file.section(Section::kVectors).items(); }

// Whether vectors are enough of what the file holds.
bool worth_keeping(const BlockReader& file, std::uint64_t bytes_min) {
  const std::uint64_t bytes = file.descriptor().bytes;
  // Ids of tombstones are of what was deleted.
  if (bytes < bytes_min || file.descriptor().tombstones > 0) return false;
  std::uint64_t bytes_of_vectors = 0;
  for (const Block& each : file.section(Section::kVectors).blocks()) {
    if (each.entry.codec != Codec::kPlain) return false;
    bytes_of_vectors += padded(each.entry.stored_bytes);
  }
  return bytes_of_vectors * 8 >= bytes * kWorthEighths;
}

// Those of which a merge keeps all vectors, the largest first.
VectorFiles choose(std::span<const std::shared_ptr<const Segment>> segments, std::uint64_t bytes_min) {
  VectorFiles chosen;
  std::uint64_t replaced = 0;
  // What newer segments have replaced is not told by file.
  for (std::size_t i = segments.size(); i-- > 0 && replaced == 0;) {
    const VectorFiles& files = segments[i]->vector_files();
    std::uint64_t vectors = 0;
    for (const auto& file : files) vectors += vectors_in(*file);
    for (const auto& file : files) {
      if (vectors == segments[i]->rows() && worth_keeping(*file, bytes_min)) chosen.push_back(file);
    }
    replaced += segments[i]->descriptor().replaced;
  }
  std::stable_sort(chosen.begin(), chosen.end(),
                   [](const auto& x, const auto& y) { return vectors_in(*x) > vectors_in(*y); });
  if (chosen.size() > kVectorFilesMax) chosen.resize(kVectorFilesMax);
  return chosen;
}

// Whether places of so many vectors, and of as many rows beside, are counted in 32 bits.
bool countable(const VectorFiles& files, std::span<const std::shared_ptr<const Segment>> segments) {
  std::uint64_t vectors = 0;
  for (const auto& file : files) vectors += vectors_in(*file);
  for (const auto& segment : segments) vectors += segment->rows();
  return vectors <= std::numeric_limits<std::uint32_t>::max();
}

}  // namespace

std::string vector_file_path(const std::string& segment_path, std::size_t number) {
  return fmt::format("{}.vectors-{}", segment_path, number);
}

Status unlink_segment(FileSystem& file_system, const std::string& path) {
  // One may be missing, and others behind it there.
  for (std::size_t i = 0; i < kVectorFilesMax; ++i) TRY(file_system.unlink(vector_file_path(path, i)));
  return file_system.unlink(path);
}

VectorFiles link_vector_files(FileSystem& file_system, const std::string& path,
                              std::span<const std::shared_ptr<const Segment>> segments, std::uint64_t bytes_min) {
  const VectorFiles chosen = choose(segments, bytes_min);
  VectorFiles linked;
  if (!countable(chosen, segments)) return linked;
  for (const auto& file : chosen) {
    if (file_system.link(file->path(), vector_file_path(path, linked.size()))) linked.push_back(file);
  }
  return linked;
}

Status write_vector_files(const VectorFiles& files, BlockWriter& out) {
  if (files.empty()) return {};
  std::string bytes;
  ByteWriter writer(bytes);
  for (const auto& file : files) {
    writer.u64(file->descriptor().file);
    writer.u64(file->descriptor().bytes);
    writer.u64(file->descriptor().hash);
  }
  return out.append(Section::kVectorFiles, Codec::kPlain, static_cast<std::uint32_t>(files.size()), {bytes},
                    bytes.size());
}

Result<VectorFiles> open_vector_files(FileSystem& file_system, std::shared_ptr<const BlockReader> own) {
  VectorFiles files;
  std::uint64_t vectors = vectors_in(*own);
  for (const Block& block : own->section(Section::kVectorFiles).blocks()) {
    const std::string_view stored = TRY(own->stored(block));
    ByteReader entries(stored);
    for (std::uint32_t i = 0; i < block.entry.items; ++i) {
      const FileNumber number = entries.u64();
      const std::uint64_t bytes = entries.u64();
      const std::uint64_t hash = entries.u64();
      TRY(own->check_mapping());
      SegmentIdentity identity = own->identity();
      identity.file = number;
      const std::string path = vector_file_path(own->path(), files.size());
      // As damage, which is one namespace's.
      if (!TRY(file_system.exists(path))) return fail(ErrorCode::kCorruption, "{}: the file is missing", path);
      std::shared_ptr<const BlockReader> file = TRY(BlockReader::open(file_system, path, bytes));
      if (!(file->identity() == identity) || file->descriptor().hash != hash) {
        return file->damaged(fmt::format("is not the vectors of {}", own->path()));
      }
      vectors += vectors_in(*file);
      files.push_back(std::move(file));
    }
  }
  if (vectors > std::numeric_limits<std::uint32_t>::max()) return own->damaged("has vectors in too many files");
  files.push_back(std::move(own));
  return files;
}

std::uint64_t linked_bytes(const VectorFiles& files) {
  std::uint64_t bytes = 0;
  for (std::size_t i = 0; i + 1 < files.size(); ++i) bytes += files[i]->descriptor().bytes;
  return bytes;
}

}  // namespace alcove::segments
