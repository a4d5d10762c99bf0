#include "segments/block_writer.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/check.h"
#include "base/checksum.h"

namespace alcove::segments {

namespace {

// Of a huge page. What is written so much at a time, from multiples of it on, Linux keeps in its cache as huge
// pages and maps as such: of vectors read at random from 3 GB each takes 47 ns in place of 80.
constexpr std::size_t kWriteBytes = 2 * 1024 * 1024;
constexpr std::uint64_t kAllocationBytes = 4 * 1024 * 1024;
// So much at a time the disk is told to begin with.
constexpr std::uint64_t kWritebackBytes = 4 * 1024 * 1024;

}  // namespace

Result<BlockWriter> BlockWriter::create(FileSystem& file_system, const std::string& path,
                                        const SegmentIdentity& identity) {
  auto file = TRY(file_system.open(path, OpenMode::kCreate));
  return BlockWriter(std::move(file), identity);
}

BlockWriter::BlockWriter(std::unique_ptr<File> file, const SegmentIdentity& identity)
    : file_(std::move(file)), identity_(identity) {
  encode_header(identity_, buffer_);
}

Status BlockWriter::append(Section section, Codec codec, std::uint32_t items,
                           std::initializer_list<std::string_view> parts,
                           std::size_t raw_bytes) {
  CHECK(entries_.size() < std::numeric_limits<std::uint32_t>::max(), "the table counts in 32 bits");
  const std::uint64_t block_offset = offset();
  const std::size_t begin = buffer_.size();
  for (const std::string_view part : parts) buffer_.append(part);
  const std::size_t stored_bytes = buffer_.size() - begin;
  CHECK(items > 0 && raw_bytes <= kBlockRawBytesMax && stored_bytes <= raw_bytes,
        "a block within its limits");
  buffer_.append(padded(stored_bytes) - stored_bytes, '\0');

  BlockEntry entry;
  entry.section = section;
  entry.codec = codec;
  entry.items = items;
  entry.stored_bytes = static_cast<std::uint32_t>(stored_bytes);
  entry.raw_bytes = static_cast<std::uint32_t>(raw_bytes);
  entry.checksum =
      checksum(std::string_view(buffer_).substr(begin), segment_seed(identity_, block_offset));
  entries_.push_back(entry);
  const std::size_t tail = offset() % kWriteBytes;
  if (buffer_.size() > tail) TRY(flush(buffer_.size() - tail, Allocation::kAhead));
  return {};
}

Result<std::unique_ptr<BlockReader>> BlockWriter::reader(FileSystem& file_system) {
  TRY(flush(buffer_.size(), Allocation::kAhead));
  return BlockReader::open_unfinished(file_system, file_->path(), allocated_bytes_, identity_, entries_);
}

Result<SegmentDescriptor> BlockWriter::finish(const SegmentDescriptor& totals) {
  SegmentFooter footer;
  footer.table_offset = offset();
  footer.blocks = static_cast<std::uint32_t>(entries_.size());
  footer.rows = totals.rows;
  footer.tombstones = totals.tombstones;
  footer.first_lsn = totals.first_lsn;
  footer.last_lsn = totals.last_lsn;
  std::string table;
  for (const BlockEntry& entry : entries_) encode_entry(entry, table);
  footer.table_checksum = checksum(table, segment_seed(identity_, footer.table_offset));
  buffer_ += table;
  encode_footer(identity_, offset(), footer, buffer_);
  TRY(flush(buffer_.size(), Allocation::kExact));
  if (allocated_bytes_ > written_bytes_) TRY(file_->truncate(written_bytes_));
  TRY(file_->sync());

  SegmentDescriptor descriptor = totals;
  descriptor.file = identity_.file;
  descriptor.bytes = written_bytes_;
  descriptor.hash = footer.checksum;
  return descriptor;
}

Status BlockWriter::flush(std::size_t bytes, Allocation allocation) {
  const std::uint64_t end = written_bytes_ + bytes;
  if (end > allocated_bytes_) {
    std::uint64_t more = end - allocated_bytes_;
    if (allocation == Allocation::kAhead) more = std::max(more, kAllocationBytes);
    TRY(file_->allocate(allocated_bytes_, more));
    allocated_bytes_ += more;
  }
  TRY(file_->write(written_bytes_, std::string_view(buffer_).substr(0, bytes)));
  written_bytes_ = end;
  buffer_.erase(0, bytes);
  if (written_bytes_ - writeback_bytes_ >= kWritebackBytes) {
    file_->start_writeback(writeback_bytes_, written_bytes_ - writeback_bytes_);
    writeback_bytes_ = written_bytes_;
  }
  return {};
}

}  // namespace alcove::segments
