#include "segments/block_reader.h"

#include <algorithm>
#include <utility>

#include "base/checksum.h"

namespace alcove::segments {

namespace {

// With every so many bytes twice as many are asked for where block after block is read.
constexpr std::uint64_t kStepBytes = 256 * 1024;

}  // namespace

const Block& BlockList::find_block(std::uint32_t item) const {
  CHECK(item < items(), "an item of the section");
  const auto after = std::upper_bound(
      blocks_.begin(), blocks_.end(), item,
      [](std::uint32_t wanted, const Block& block) { return wanted < block.first; });
  return *(after - 1);
}

Result<std::unique_ptr<BlockReader>> BlockReader::open(FileSystem& file_system,
                                                       const std::string& path,
                                                       std::uint64_t bytes) {
  if (bytes < kSegmentHeaderBytes + kSegmentFooterBytes) {
    return fail(ErrorCode::kCorruption, "{}: {} bytes are too few for a segment file", path, bytes);
  }
  auto mapping = TRY(file_system.map(path, bytes));
  std::unique_ptr<BlockReader> reader(new BlockReader(path, std::move(mapping)));
  const Status read = reader->read_envelope();
  if (!read) {
    TRY(reader->check_mapping());
    return read.error().in(path);
  }
  return reader;
}

Result<std::unique_ptr<BlockReader>> BlockReader::open_unfinished(
    FileSystem& file_system, const std::string& path, std::uint64_t bytes,
    const SegmentIdentity& identity, const std::vector<BlockEntry>& entries) {
  auto mapping = TRY(file_system.map(path, bytes));
  std::unique_ptr<BlockReader> reader(new BlockReader(path, std::move(mapping)));
  reader->identity_ = identity;
  reader->list_blocks(entries);
  return reader;
}

Result<std::unique_ptr<BlockReader>> BlockReader::open_listed(FileSystem& file_system, const std::string& path,
                                                              const SegmentDescriptor& descriptor,
                                                              const SegmentIdentity& identity,
                                                              std::span<const Block> blocks) {
  auto mapping = TRY(file_system.map(path, descriptor.bytes));
  std::unique_ptr<BlockReader> reader(new BlockReader(path, std::move(mapping)));
  reader->identity_ = identity;
  reader->descriptor_ = descriptor;
  std::uint32_t number = 0;
  for (Block block : blocks) {
    BlockList& list = reader->sections_[static_cast<std::size_t>(block.entry.section) - 1];
    block.first = list.items();
    block.number = number++;
    list.add(block);
  }
  reader->begin_marks(blocks.size());
  return reader;
}

BlockReader::BlockReader(std::string path, std::unique_ptr<Mapping> mapping)
    : path_(std::move(path)), mapping_(std::move(mapping)), bytes_(mapping_->bytes()) {}

Status BlockReader::read_envelope() {
  mapping_->will_read(0, kSegmentHeaderBytes);
  identity_ = TRY(decode_header(bytes_.substr(0, kSegmentHeaderBytes)));
  const std::uint64_t footer_offset = bytes_.size() - kSegmentFooterBytes;
  mapping_->will_read(footer_offset, kSegmentFooterBytes);
  const SegmentFooter footer =
      TRY(decode_footer(identity_, footer_offset, bytes_.substr(footer_offset)));
  mapping_->will_read(footer.table_offset, footer_offset - footer.table_offset);
  const std::string_view table =
      bytes_.substr(footer.table_offset, footer_offset - footer.table_offset);
  const std::vector<BlockEntry> entries = TRY(decode_table(identity_, footer, table));
  list_blocks(entries);

  descriptor_.file = identity_.file;
  descriptor_.bytes = bytes_.size();
  descriptor_.hash = footer.checksum;
  descriptor_.rows = footer.rows;
  descriptor_.tombstones = footer.tombstones;
  descriptor_.first_lsn = footer.first_lsn;
  descriptor_.last_lsn = footer.last_lsn;
  return {};
}

void BlockReader::list_blocks(const std::vector<BlockEntry>& entries) {
  std::array<std::size_t, kSectionCount> counts{};
  for (const BlockEntry& entry : entries) ++counts[static_cast<std::size_t>(entry.section) - 1];
  for (std::size_t i = 0; i < kSectionCount; ++i) sections_[i].reserve(counts[i]);
  const bool older_codes = std::any_of(entries.begin(), entries.end(), [this](const BlockEntry& entry) {
    return has_older_codes(entry, identity_.dimension);
  });
  Block block;
  block.offset = kSegmentHeaderBytes;
  for (const BlockEntry& entry : entries) {
    BlockList& list = sections_[static_cast<std::size_t>(entry.section) - 1];
    block.entry = entry;
    block.first = list.items();
    if (!older_codes || entry.section < Section::kCentroids || entry.section > Section::kCalibration) list.add(block);
    block.offset += padded(entry.stored_bytes);
    ++block.number;
  }
  begin_marks(entries.size());
}

void BlockReader::begin_marks(std::size_t blocks) {
  verified_ = Marks((blocks + 63) / 64);
  asked_ = Marks(verified_.size());
}

const BlockList& BlockReader::section(Section section) const {
  return sections_[static_cast<std::size_t>(section) - 1];
}

Result<std::string_view> BlockReader::stored(const Block& block) const {
  const std::string_view bytes = bytes_.substr(block.offset, padded(block.entry.stored_bytes));
  // The bit publishes nothing: whoever does not see it yet verifies once more.
  if (!marked(verified_, block.number)) TRY(verify(block, bytes));
  return bytes.substr(0, block.entry.stored_bytes);
}

bool BlockReader::expect(const BlockList& list, std::uint32_t first, std::uint32_t count) const {
  if (count == 0) return false;
  const std::span<const Block> blocks(&list.even_block(first), &list.even_block(first + count - 1) + 1);
  const auto unread = [this](const Block& block) { return !marked(verified_, block.number); };
  if (std::none_of(blocks.begin(), blocks.end(), unread)) return false;
  ask(blocks);
  return true;
}

void BlockReader::ask(std::span<const Block> blocks) const {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  for (const Block& block : blocks) {
    if (marked(asked_, block.number)) continue;
    mark(asked_, block.number);
    if (block.offset != padded(end)) {
      if (end > begin) mapping_->will_read(begin, end - begin);
      begin = block.offset;
    }
    end = block.offset + block.entry.stored_bytes;
  }
  if (end > begin) mapping_->will_read(begin, end - begin);
}

Status BlockReader::verify(const Block& block, std::string_view bytes) const {
  // Not asked, the kernel would read around the first byte as much as it is set to read ahead, which may be megabytes.
  expect(block);
  if (block.offset / kStepBytes < (block.offset + bytes.size()) / kStepBytes) read_ahead(block);
  if (checksum(bytes, segment_seed(identity_, block.offset)) != block.entry.checksum) {
    return damaged(block, "fails its checksum");
  }
  mark(verified_, block.number);
  return {};
}

void BlockReader::read_ahead(const Block& block) const {
  // Fewer are often one beside the other where clusters are read that are near to each other.
  constexpr std::uint64_t kRunBytes = 128 * 1024;
  const std::vector<Block>& blocks = section(block.entry.section).blocks();
  const auto before = [](const Block& each, std::uint64_t offset) { return each.offset < offset; };
  const auto here = std::lower_bound(blocks.begin(), blocks.end(), block.offset, before);
  auto at = here;
  for (std::uint64_t bytes = 0; bytes < kRunBytes; bytes += at->entry.stored_bytes) {
    if (at == blocks.begin()) return;
    --at;
    if (!marked(verified_, at->number)) return;
  }
  ask({here + 1, std::lower_bound(here + 1, blocks.end(), block.offset + 2 * kStepBytes, before)});
}

Status BlockReader::check_mapping() const {
  if (mapping_->faulted()) return damaged("the file could not be read");
  return {};
}

Error BlockReader::damaged(const Block& block, std::string_view what) const {
  if (mapping_->faulted()) return damaged("the file could not be read");
  return fail(ErrorCode::kCorruption, "{}: block {} ({}) at offset {} {}", path_, block.number,
              section_name(block.entry.section), block.offset, what);
}

Error BlockReader::damaged(std::string_view what) const {
  return fail(ErrorCode::kCorruption, "{}: {}", path_, what);
}

}  // namespace alcove::segments
