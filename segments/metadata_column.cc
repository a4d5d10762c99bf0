#include "segments/metadata_column.h"

#include <utility>
#include <vector>

#include "base/bytes.h"

namespace alcove::segments {

namespace {

// Immutable.
class DecodedBlock final : public Segment::MetadataBlock {
 public:
  // Rows without metadata.
  DecodedBlock(std::uint32_t first, std::uint32_t count) : first_(first), count_(count) {}
  DecodedBlock(std::uint32_t first, std::string bytes)
      : first_(first), count_(0), bytes_(std::move(bytes)) {}

  // Finds the rows in the bytes; false where they are not `count` valid encodings.
  bool parse(std::uint32_t count) {
    ByteReader reader(bytes_);
    rows_.reserve(count);
    for (count_ = 0; count_ < count; ++count_) {
      const std::string_view encoded = reader.string();
      if (!reader.ok() || !MetadataView::valid(encoded)) return false;
      rows_.push_back(encoded);
    }
    return reader.at_end();
  }

  std::uint32_t first() const override { return first_; }
  std::uint32_t count() const override { return count_; }
  MetadataView at(std::uint32_t row) const override {
    return rows_.empty() ? MetadataView() : MetadataView(rows_[row - first_]);
  }

 private:
  std::uint32_t first_;
  std::uint32_t count_;
  std::string bytes_;
  std::vector<std::string_view> rows_;  // into bytes_; none: all are empty
};

}  // namespace

Status MetadataColumnWriter::add(std::string_view encoded, BlockWriter& out) {
  if (encoded.size() > kMetadataEncodedBytesMax) {
    return fail(ErrorCode::kTooLong, "metadata of {} bytes is too long", encoded.size());
  }
  const bool full = raw_.size() + encoded.size() > kMetadataBlockBytes;
  const bool many = rows_ >= kMetadataBlockRows;
  // A run without metadata costs nothing for as long as it goes on.
  const bool ends = all_empty_ ? many && !encoded.empty() : full || many;
  if (rows_ > 0 && ends) TRY(flush(out));
  all_empty_ = all_empty_ && encoded.empty();
  ++rows_;
  if (!all_empty_ || rows_ <= kMetadataBlockRows) ByteWriter(raw_).string(encoded);
  return {};
}

Status MetadataColumnWriter::flush(BlockWriter& out) {
  const std::string raw = std::exchange(raw_, {});
  const std::uint32_t rows = std::exchange(rows_, 0U);
  any_block_ = true;
  if (std::exchange(all_empty_, true)) {
    return out.append(Section::kMetadata, Codec::kPlain, rows, {}, 0);
  }
  const std::string_view encoded = compressor_.zstd(raw);
  if (encoded.empty()) return out.append(Section::kMetadata, Codec::kPlain, rows, {raw}, raw.size());
  return out.append(Section::kMetadata, Codec::kZstd, rows, {encoded}, raw.size());
}

Status MetadataColumnWriter::finish(BlockWriter& out) {
  if (rows_ == 0 || (all_empty_ && !any_block_)) return {};
  return flush(out);
}

MetadataColumn::MetadataColumn(const BlockReader& reader)
    : reader_(reader), list_(reader.section(Section::kMetadata)) {}

Result<std::shared_ptr<const Segment::MetadataBlock>> MetadataColumn::block(
    std::uint32_t row) const {
  if (empty()) return std::make_shared<DecodedBlock>(0U, reader_.descriptor().rows);
  const Block& block = list_.find_block(row);
  const std::uint32_t rows = block.entry.items;
  const std::string_view stored = TRY(reader_.stored(block));
  if (block.entry.raw_bytes == 0) return std::make_shared<DecodedBlock>(block.first, rows);
  std::string bytes;
  if (block.entry.codec == Codec::kPlain) {
    // Copied, since what was found valid must stay so.
    bytes = stored;
  } else {
    bytes.resize(block.entry.raw_bytes);
    if (!decode_zstd(stored, bytes.data(), bytes.size())) {
      return reader_.damaged(block, "does not decode");
    }
  }
  auto decoded = std::make_shared<DecodedBlock>(block.first, std::move(bytes));
  if (!decoded->parse(rows)) return reader_.damaged(block, "holds invalid metadata");
  return decoded;
}

Status MetadataColumn::verify() const {
  for (const Block& each : list_.blocks()) TRY(block(each.first));
  return {};
}

}  // namespace alcove::segments
