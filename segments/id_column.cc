#include "segments/id_column.h"

#include <algorithm>
#include <cstring>

#include "base/bytes.h"
#include "base/check.h"
#include "base/record.h"

namespace alcove::segments {

namespace {

std::uint32_t load_u32(const char* bytes) {
  std::uint32_t value = 0;
  std::memcpy(&value, bytes, sizeof(value));
  return value;
}

// Id number `item` of a block; empty where the block does not hold one there. Offsets are read once
// and checked before use, since the mapping below may change to zeros at any time.
std::string_view id_in(std::string_view block, std::uint32_t items, std::uint32_t item) {
  const char* const offset = block.data() + std::size_t{item} * 4;
  const std::uint32_t begin = load_u32(offset);
  const std::uint32_t end = load_u32(offset + 4);
  if (begin < (std::size_t{items} + 1) * 4 || end <= begin || end > block.size() ||
      end - begin > kIdBytesMax) {
    return {};
  }
  return block.substr(begin, end - begin);
}

// The first number in [first, last) whose id is not below `id`, else `last`.
template <class IdAt>
Result<std::uint32_t> search(std::uint32_t first, std::uint32_t last, std::string_view id,
                             const IdAt& id_at) {
  while (first < last) {
    const std::uint32_t middle = first + (last - first) / 2;
    const std::string_view candidate = TRY(id_at(middle));
    if (candidate < id) {
      first = middle + 1;
    } else {
      last = middle;
    }
  }
  return first;
}

}  // namespace

Status IdColumnWriter::add(std::string_view id, BlockWriter& out) {
  CHECK(!id.empty() && id.size() <= kIdBytesMax, "an id within its limits");
  if (ends_.empty()) first_ids_.emplace_back(id);
  bytes_ += id;
  ends_.push_back(static_cast<std::uint32_t>(bytes_.size()));
  if (ends_.size() == kIdBlockItems) TRY(flush(out));
  return {};
}

Status IdColumnWriter::flush(BlockWriter& out) {
  if (ends_.empty()) return {};
  const auto ids_offset = static_cast<std::uint32_t>((ends_.size() + 1) * 4);
  std::string block;
  block.reserve(ids_offset + bytes_.size());
  ByteWriter writer(block);
  writer.u32(ids_offset);
  for (const std::uint32_t end : ends_) writer.u32(ids_offset + end);
  writer.raw(bytes_);
  const auto items = static_cast<std::uint32_t>(ends_.size());
  bytes_.clear();
  ends_.clear();
  return out.append(ids_, Codec::kPlain, items, {block}, block.size());
}

Status IdColumnWriter::finish(BlockWriter& out) {
  TRY(flush(out));
  if (first_ids_.size() <= 1) return {};
  const std::vector<std::string> fences = std::move(first_ids_);
  ids_ = fences_;
  for (const std::string& fence : fences) TRY(add(fence, out));
  return flush(out);
}

IdColumn::IdColumn(const BlockReader& reader, Section ids, Section fences)
    : reader_(reader), ids_(reader.section(ids)), fences_(reader.section(fences)) {}

Result<std::string_view> IdColumn::read(const BlockList& list, std::uint32_t item) const {
  const Block& block = list.even_block(item);
  const std::string_view bytes = TRY(reader_.stored(block));
  const std::string_view id = id_in(bytes, block.entry.items, item - block.first);
  if (id.empty()) return reader_.damaged(block, "holds no id where one should be");
  return id;
}

Result<std::string_view> IdColumn::at(std::uint32_t item) const { return read(ids_, item); }

Result<std::uint32_t> IdColumn::lower_bound(std::string_view id) const {
  if (ids_.blocks().empty()) return 0U;
  // The id can only stand in the last block that begins below it, or at the start of the next.
  const std::uint32_t fence = TRY(search(0, fences_.items(), id, [&](std::uint32_t item) {
    return read(fences_, item);
  }));
  const Block& block = ids_.blocks()[std::max(fence, 1U) - 1];
  return search(block.first, block.first + block.entry.items, id,
                [&](std::uint32_t item) { return read(ids_, item); });
}

void IdColumn::prefetch(std::uint32_t item) const {
  const Block& block = ids_.even_block(item);
  if (!reader_.expect(block)) reader_.prefetch(block, (item - block.first) * sizeof(std::uint32_t), 1);
}

Status IdColumn::verify() const {
  std::string previous;
  for (std::uint32_t item = 0; item < ids_.items(); ++item) {
    const Block& block = ids_.even_block(item);
    const std::string_view id = TRY(at(item));
    if (id <= previous) return reader_.damaged(block, "has ids out of order");
    previous = id;
    if (item != block.first) continue;
    const std::string_view bytes = TRY(reader_.stored(block));
    if (load_u32(bytes.data() + std::size_t{block.entry.items} * 4) != bytes.size()) {
      return reader_.damaged(block, "does not end with its last id");
    }
    if (fences_.blocks().empty()) continue;
    const auto number = static_cast<std::uint32_t>(&block - ids_.blocks().data());
    const std::string_view fence = TRY(read(fences_, number));
    if (fence != id) return reader_.damaged(block, "does not begin with its fence");
  }
  return {};
}

}  // namespace alcove::segments
