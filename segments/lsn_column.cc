#include "segments/lsn_column.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <string>

#include "base/bytes.h"

namespace alcove::segments {

namespace {

constexpr std::size_t kWidthOffset = 8;
constexpr std::size_t kValuesOffset = 16;

std::size_t bytes_needed(std::uint64_t value) {
  return (static_cast<std::size_t>(std::bit_width(value)) + 7) / 8;
}

}  // namespace

Status LsnColumnWriter::add(Lsn lsn, BlockWriter& out) {
  lsns_.push_back(lsn);
  if (lsns_.size() == kLsnBlockItems) TRY(flush(out));
  return {};
}

Status LsnColumnWriter::flush(BlockWriter& out) {
  if (lsns_.empty()) return {};
  const auto [lowest, highest] = std::minmax_element(lsns_.begin(), lsns_.end());
  const Lsn base = *lowest;
  const std::size_t width = bytes_needed(*highest - base);
  std::string block;
  block.reserve(kValuesOffset + lsns_.size() * width);
  ByteWriter writer(block);
  writer.u64(base);
  writer.u8(static_cast<std::uint8_t>(width));
  writer.zeros(kValuesOffset - block.size());
  for (const Lsn lsn : lsns_) {
    const std::uint64_t above = lsn - base;
    char bytes[sizeof(above)];
    std::memcpy(bytes, &above, sizeof(above));
    writer.raw(std::string_view(bytes, width));
  }
  const auto items = static_cast<std::uint32_t>(lsns_.size());
  lsns_.clear();
  return out.append(section_, Codec::kPlain, items, {block}, block.size());
}

LsnColumn::LsnColumn(const BlockReader& reader, Section section)
    : reader_(reader), list_(reader.section(section)) {}

Result<Lsn> LsnColumn::at(std::uint32_t item) const {
  const Block& block = list_.even_block(item);
  const std::string_view bytes = TRY(reader_.stored(block));
  Lsn base = 0;
  std::memcpy(&base, bytes.data(), sizeof(base));
  const auto width = static_cast<unsigned char>(bytes[kWidthOffset]);
  std::uint64_t above = 0;
  if (width > sizeof(above) ||
      kValuesOffset + std::size_t{block.entry.items} * width != bytes.size()) {
    return reader_.damaged(block, "has LSNs of a wrong width");
  }
  std::memcpy(&above, bytes.data() + kValuesOffset + std::size_t{item - block.first} * width,
              width);
  return base + above;
}

Status LsnColumn::verify() const {
  const SegmentDescriptor& descriptor = reader_.descriptor();
  for (std::uint32_t item = 0; item < list_.items(); ++item) {
    const Lsn lsn = TRY(at(item));
    if (lsn < descriptor.first_lsn || lsn > descriptor.last_lsn) {
      return reader_.damaged(list_.even_block(item), "has an LSN that is not the segment's");
    }
  }
  return {};
}

}  // namespace alcove::segments
