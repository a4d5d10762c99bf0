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

Status write_vector_blocks(const VectorFiles& files, BlockWriter& out) {
  constexpr std::size_t kBytesMax = kPlainBlockBytes / kVectorBlockEntryBytes * kVectorBlockEntryBytes;
  std::string bytes;
  ByteWriter writer(bytes);
  const auto flush = [&] {
    const auto items = static_cast<std::uint32_t>(bytes.size() / kVectorBlockEntryBytes);
    const Status written = out.append(Section::kVectorBlocks, Codec::kPlain, items, {bytes}, bytes.size());
    bytes.clear();
    return written;
  };
  for (std::size_t i = 0; i < files.size(); ++i) {
    for (const Block& block : files[i]->section(Section::kVectors).blocks()) {
      writer.u32(static_cast<std::uint32_t>(i));
      writer.u32(block.entry.items);
      writer.u64(block.offset);
      writer.u64(block.entry.checksum);
      if (bytes.size() == kBytesMax) TRY(flush());
    }
  }
  return bytes.empty() ? Status() : flush();
}

// Number, size and checksum of each.
Result<std::vector<SegmentDescriptor>> read_vector_files(const BlockReader& own) {
  std::vector<SegmentDescriptor> files;
  for (const Block& block : own.section(Section::kVectorFiles).blocks()) {
    const std::string_view stored = TRY(own.stored(block));
    ByteReader reader(stored);
    for (std::uint32_t i = 0; i < block.entry.items; ++i) {
      SegmentDescriptor& file = files.emplace_back();
      file.file = reader.u64();
      file.bytes = reader.u64();
      file.hash = reader.u64();
    }
  }
  TRY(own.check_mapping());
  return files;
}

// Whether it can follow the blocks of a file before it.
bool follows(const Block& block, const std::vector<Block>& before, std::uint64_t file_bytes) {
  const std::uint64_t stored_bytes = padded(block.entry.stored_bytes);
  const bool last_was_even = before.empty() || before.back().entry.items == before.front().entry.items;
  const std::uint64_t begin =
      before.empty() ? kSegmentHeaderBytes : before.back().offset + padded(before.back().entry.stored_bytes);
  return block.entry.items > 0 && last_was_even &&
         (before.empty() || block.entry.items <= before.front().entry.items) && block.offset % kBlockAlignment == 0 &&
         block.offset >= begin && file_bytes >= stored_bytes && block.offset <= file_bytes - stored_bytes;
}

// Those of each file; nothing of a segment that has none written.
Result<std::vector<std::vector<Block>>> read_vector_blocks(const BlockReader& own,
                                                           const std::vector<SegmentDescriptor>& files) {
  const BlockList& list = own.section(Section::kVectorBlocks);
  std::vector<std::vector<Block>> blocks(list.blocks().empty() ? 0 : files.size());
  own.expect(list, 0, list.items());
  std::size_t file_before = 0;
  std::uint64_t vectors = 0;
  for (const Block& each : list.blocks()) {
    const std::string_view stored = TRY(own.stored(each));
    ByteReader reader(stored);
    for (std::uint32_t i = 0; i < each.entry.items; ++i) {
      Block block;
      const std::uint32_t file = reader.u32();
      block.entry.section = Section::kVectors;
      block.entry.items = reader.u32();
      block.offset = reader.u64();
      block.entry.checksum = reader.u64();
      const std::uint64_t bytes = std::uint64_t{block.entry.items} * (own.identity().dimension + 1) * sizeof(float);
      block.entry.raw_bytes = static_cast<std::uint32_t>(bytes);
      block.entry.stored_bytes = block.entry.raw_bytes;
      vectors += block.entry.items;
      if (vectors > std::numeric_limits<std::uint32_t>::max() || file < file_before || file >= files.size() ||
          bytes > kBlockRawBytesMax ||
          !follows(block, blocks[file], files[file].bytes)) {
        TRY(own.check_mapping());
        return own.damaged(each, "has an entry that makes no sense");
      }
      file_before = file;
      blocks[file].push_back(block);
    }
  }
  TRY(own.check_mapping());
  return blocks;
}

}  // namespace

std::string vector_file_path(const std::string& segment_path, std::size_t number) {
  return fmt::format("{}.vectors-{}", segment_path, number);
}

Status unlink_segment(FileSystem& file_system, const std::string& path, Links links) {
  // One may be missing, and others behind it there.
  const std::size_t count = links == Links::kNone ? 0 : kVectorFilesMax;
  for (std::size_t i = 0; i < count; ++i) TRY(file_system.unlink(vector_file_path(path, i)));
  return file_system.unlink(path);
}

VectorFiles link_vector_files(FileSystem& file_system, const std::string& path,
                              std::span<const std::shared_ptr<const Segment>> segments, std::uint64_t bytes_min) {
  const VectorFiles chosen = choose(segments, bytes_min);
  VectorFiles linked;
  if (!countable(chosen, segments)) return linked;
  for (const auto& file : chosen) {
    const std::string link = vector_file_path(path, linked.size());
    if (file_system.link(file->path(), link)) {
      linked.push_back(file);
    } else {
      // A file system over a network may have made it nevertheless.
      static_cast<void>(file_system.unlink(link));
    }
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
  TRY(out.append(Section::kVectorFiles, Codec::kPlain, static_cast<std::uint32_t>(files.size()), {bytes}, bytes.size()));
  return write_vector_blocks(files, out);
}

Result<VectorFiles> open_vector_files(FileSystem& file_system, std::shared_ptr<const BlockReader> own) {
  VectorFiles files;
  std::uint64_t vectors = vectors_in(*own);
  const auto entries = TRY(read_vector_files(*own));
  const auto blocks = TRY(read_vector_blocks(*own, entries));
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const SegmentDescriptor& entry = entries[i];
    SegmentIdentity identity = own->identity();
    identity.file = entry.file;
    const std::string path = vector_file_path(own->path(), i);
    // As damage, which is one namespace's.
    if (!TRY(file_system.exists(path))) return fail(ErrorCode::kCorruption, "{}: the file is missing", path);
    std::shared_ptr<const BlockReader> file;
    if (blocks.empty()) {
      file = TRY(BlockReader::open(file_system, path, entry.bytes));
    } else {
      file = TRY(BlockReader::open_listed(file_system, path, entry, identity, blocks[i]));
    }
    if (!(file->identity() == identity) || file->descriptor().hash != entry.hash) {
      return file->damaged(fmt::format("is not the vectors of {}", own->path()));
    }
    vectors += vectors_in(*file);
    files.push_back(std::move(file));
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
