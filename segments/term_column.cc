#include "segments/term_column.h"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <optional>
#include <span>
#include <utility>

#include "base/bytes.h"

namespace alcove::segments {

namespace {

constexpr std::size_t kBlockHeaderBytes = 12;
// What the map, and flush(), take for each term beside its bytes, about.
constexpr std::size_t kTermOverheadBytes = 96;
constexpr std::uint32_t kWordRows = 64;

std::size_t bitmap_bytes(std::uint32_t rows) {
  return (std::size_t{rows} + kWordRows - 1) / kWordRows * sizeof(std::uint64_t);
}

std::string encode_entry(std::string_view term, std::span<const std::uint16_t> rows, std::uint32_t stretch_rows) {
  std::string entry;
  ByteWriter writer(entry);
  writer.string(term);
  writer.varint(rows.size());
  if (rows.size() <= kListedRowsMax) {
    for (const std::uint16_t row : rows) writer.u16(row);
    return entry;
  }
  std::vector<std::uint64_t> words(bitmap_bytes(stretch_rows) / sizeof(std::uint64_t));
  for (const std::uint16_t row : rows) words[row / kWordRows] |= std::uint64_t{1} << row % kWordRows;
  for (const std::uint64_t word : words) writer.u64(word);
  return entry;
}

}  // namespace

Status TermColumnWriter::add(MetadataView metadata, BlockWriter& out) {
  const bool whole_words = rows_ % kWordRows == 0;
  if (rows_ == kStretchRowsMax || (whole_words && bytes_ > kStretchBytesMax)) TRY(flush(out));
  ++rows_;
  std::size_t at = 0;
  for_each_term(metadata, [&](std::string&& term) {
    if (at == recent_.size()) recent_.push_back(nullptr);
    const Term*& recent = recent_[at++];
    if (recent == nullptr || recent->first != term) {
      const std::size_t size = term.size();
      const auto [place, made] = terms_.try_emplace(std::move(term), static_cast<std::uint32_t>(terms_.size()));
      if (made) bytes_ += size + kTermOverheadBytes;
      recent = &*place;
    }
    told_.push_back(recent->second);
  });
  told_ends_.push_back(told_.size());
  bytes_ += at * sizeof(told_[0]) + sizeof(told_ends_[0]);
  return {};
}

Status TermColumnWriter::finish(BlockWriter& out) {
  const bool few = rows_ < kTermedRowsMin || terms_.empty();
  if (rows_ == 0 || (few && !any_block_)) return {};
  return flush(out);
}

Status TermColumnWriter::flush(BlockWriter& out) {
  // Behind each other, term by term.
  std::vector<std::size_t> ends(terms_.size() + 1);
  for (const std::uint32_t term : told_) ++ends[term + 1];
  std::partial_sum(ends.begin(), ends.end(), ends.begin());
  std::vector<std::uint16_t> rows(told_.size());
  const std::vector<std::size_t> begins = ends;
  for (std::uint32_t row = 0; row < rows_; ++row) {
    for (std::size_t i = row == 0 ? 0 : told_ends_[row - 1]; i < told_ends_[row]; ++i) {
      const std::uint32_t term = told_[i];
      // A list may have it twice.
      if (ends[term] > begins[term] && rows[ends[term] - 1] == row) continue;
      rows[ends[term]++] = static_cast<std::uint16_t>(row);
    }
  }
  std::vector<const Term*> sorted;
  sorted.reserve(terms_.size());
  for (const auto& each : terms_) sorted.push_back(&each);
  std::sort(sorted.begin(), sorted.end(), [](const auto* x, const auto* y) { return x->first < y->first; });
  std::vector<std::string> entries;
  std::size_t size = 0;
  for (const auto* each : sorted) {
    const std::uint32_t term = each->second;
    entries.push_back(encode_entry(each->first, std::span(rows).subspan(begins[term], ends[term] - begins[term]), rows_));
    size += entries.back().size() + sizeof(std::uint32_t);
    if (size < kTermBlockBytes) continue;
    TRY(append(entries, out));
    size = 0;
  }
  if (!entries.empty() || sorted.empty()) TRY(append(entries, out));
  first_ += std::exchange(rows_, 0U);
  terms_.clear();
  recent_.clear();
  told_.clear();
  told_ends_.clear();
  bytes_ = 0;
  any_block_ = true;
  return {};
}

Status TermColumnWriter::append(std::vector<std::string>& entries, BlockWriter& out) const {
  std::string block;
  ByteWriter writer(block);
  writer.u32(first_);
  writer.u32(rows_);
  writer.u32(static_cast<std::uint32_t>(entries.size()));
  std::size_t at = kBlockHeaderBytes + (entries.size() + 1) * sizeof(std::uint32_t);
  for (const std::string& entry : entries) {
    writer.u32(static_cast<std::uint32_t>(at));
    at += entry.size();
  }
  writer.u32(static_cast<std::uint32_t>(at));
  for (const std::string& entry : entries) writer.raw(entry);
  entries.clear();
  return out.append(Section::kTerms, Codec::kPlain, 1, {block}, block.size());
}

// One block, its header found to make sense.
class TermColumn::BlockView {
 public:
  static std::optional<BlockView> parse(std::string_view bytes) {
    BlockView view;
    ByteReader reader(bytes);
    view.bytes_ = bytes;
    view.first_ = reader.u32();
    view.rows_ = reader.u32();
    view.terms_ = reader.u32();
    const std::uint64_t offsets_end = kBlockHeaderBytes + (std::uint64_t{view.terms_} + 1) * sizeof(std::uint32_t);
    if (!reader.ok() || view.first_ % kWordRows != 0 || view.rows_ == 0 || view.rows_ > kStretchRowsMax ||
        offsets_end > bytes.size() || view.offset(0) != offsets_end ||
        view.offset(view.terms_) != bytes.size()) {
      return std::nullopt;
    }
    return view;
  }

  std::uint32_t first() const { return first_; }
  std::uint32_t rows() const { return rows_; }
  std::uint32_t terms() const { return terms_; }

  // The bytes of a term and of what is told of its rows; empty where they make no sense, for a term has a 0 at least.
  struct Entry {
    std::string_view term;
    std::uint32_t count = 0;
    std::string_view rows;
  };
  Entry entry(std::uint32_t number) const {
    const std::uint32_t begin = offset(number);
    const std::uint32_t end = offset(number + 1);
    if (begin > end || end > bytes_.size()) return {};
    ByteReader reader(bytes_.substr(begin, end - begin));
    Entry entry;
    entry.term = reader.string();
    const std::uint64_t count = reader.varint();
    if (count == 0 || count > rows_) return {};
    entry.count = static_cast<std::uint32_t>(count);
    entry.rows = reader.raw(count <= kListedRowsMax ? count * sizeof(std::uint16_t) : bitmap_bytes(rows_));
    return reader.at_end() ? entry : Entry();
  }

  // False where a row is beyond the stretch.
  bool add(const Entry& entry, RowSet& rows) const {
    const char* const bytes = entry.rows.data();
    if (entry.count > kListedRowsMax) {
      for (std::size_t i = 0; i < rows.words(); ++i) {
        std::uint64_t word = 0;
        std::memcpy(&word, bytes + i * sizeof(word), sizeof(word));
        rows.insert_word(i, word);
      }
      return true;
    }
    for (std::uint32_t i = 0; i < entry.count; ++i) {
      std::uint16_t row = 0;
      std::memcpy(&row, bytes + i * sizeof(row), sizeof(row));
      if (row >= rows_) return false;
      rows.insert(row);
    }
    return true;
  }

 private:
  // Requires: number <= terms().
  std::uint32_t offset(std::uint32_t number) const {
    std::uint32_t offset = 0;
    std::memcpy(&offset, bytes_.data() + kBlockHeaderBytes + std::size_t{number} * sizeof(offset), sizeof(offset));
    return offset;
  }

  std::string_view bytes_;
  std::uint32_t first_ = 0;
  std::uint32_t rows_ = 0;
  std::uint32_t terms_ = 0;
};

TermColumn::TermColumn(const BlockReader& reader)
    : reader_(reader), list_(reader.section(Section::kTerms)) {}

Result<TermColumn::BlockView> TermColumn::view(std::size_t block) const {
  const Block& stands = list_.blocks()[block];
  const auto view = BlockView::parse(TRY(reader_.stored(stands)));
  if (!view) return reader_.damaged(stands, "makes no sense");
  return *view;
}

Result<TermColumn::Stretch> TermColumn::stretch(std::uint32_t row) const {
  // The first block for which `test` holds, which it does from there on.
  const auto first_block = [this](std::size_t begin, const auto& test) -> Result<std::size_t> {
    std::size_t end = list_.blocks().size();
    while (begin < end) {
      const std::size_t middle = begin + (end - begin) / 2;
      const BlockView block = TRY(view(middle));
      if (test(block.first())) {
        end = middle;
      } else {
        begin = middle + 1;
      }
    }
    return begin;
  };
  Stretch stretch;
  stretch.block_end = TRY(first_block(0, [&](std::uint32_t first) { return first > row; }));
  if (stretch.block_end == 0) return reader_.damaged(list_.blocks().front(), "begins too late");
  const BlockView last = TRY(view(stretch.block_end - 1));
  stretch.first = last.first();
  stretch.rows = last.rows();
  stretch.block_begin = TRY(first_block(0, [&](std::uint32_t first) { return first >= stretch.first; }));
  const std::uint32_t rows = reader_.section(Section::kIds).items();
  if (row - stretch.first >= stretch.rows || stretch.rows > rows - stretch.first) {
    return reader_.damaged(list_.blocks()[stretch.block_end - 1], "tells of other rows than there are");
  }
  return stretch;
}

template <class Visit>
Status TermColumn::for_each(const Stretch& stretch, const TermRange& range, const Visit& visit) const {
  const auto entry_of = [this](std::size_t number, const BlockView& block,
                               std::uint32_t term) -> Result<BlockView::Entry> {
    const BlockView::Entry entry = block.entry(term);
    if (entry.term.empty()) return reader_.damaged(list_.blocks()[number], "holds no term where one should be");
    return entry;
  };
  // The last block that begins with a term not above, or the first.
  std::size_t begin = stretch.block_begin;
  for (std::size_t end = stretch.block_end; end - begin > 1;) {
    const std::size_t middle = begin + (end - begin) / 2;
    const BlockView block = TRY(view(middle));
    const bool above = block.terms() > 0 && TRY(entry_of(middle, block, 0)).term > range.from;
    (above ? end : begin) = middle;
  }
  for (std::size_t number = begin; number < stretch.block_end; ++number) {
    const BlockView block = TRY(view(number));
    if (block.rows() != stretch.rows) return reader_.damaged(list_.blocks()[number], "disagrees with its neighbours");
    // The first term not below, from one on which is not behind it.
    const auto first_from = [&](std::uint32_t term, const std::string& bound) -> Result<std::uint32_t> {
      for (std::uint32_t end = block.terms(); term < end;) {
        const std::uint32_t middle = term + (end - term) / 2;
        if (TRY(entry_of(number, block, middle)).term < bound) {
          term = middle + 1;
        } else {
          end = middle;
        }
      }
      return term;
    };
    std::uint32_t term = TRY(first_from(0, range.from));
    const std::uint32_t end = TRY(first_from(term, range.to));
    for (; term < end; ++term) {
      const BlockView::Entry entry = block.entry(term);
      if (entry.term.empty() || !visit(block, entry)) {
        return reader_.damaged(list_.blocks()[number], "holds no term, or rows beyond its own, where one should be");
      }
    }
    if (end < block.terms()) return {};
  }
  return {};
}

Status TermColumn::collect(const Stretch& stretch, const TermRange& range, RowSet& rows) const {
  return for_each(stretch, range, [&](const BlockView& block, const BlockView::Entry& entry) {
    return block.add(entry, rows);
  });
}

Result<bool> TermColumn::has(const Stretch& stretch, const std::string& term) const {
  bool found = false;
  TRY(for_each(stretch, TermRange::only(term), [&](const BlockView&, const BlockView::Entry&) {
    found = true;
    return true;
  }));
  return found;
}

Status TermColumn::verify(std::uint32_t rows) const {
  if (empty()) return {};
  std::uint32_t end = 0;
  std::string previous;
  for (std::size_t number = 0; number < list_.blocks().size(); ++number) {
    const Block& stands = list_.blocks()[number];
    const BlockView block = TRY(view(number));
    if (block.first() == end) {
      end = block.first() + block.rows();
      previous.clear();
    } else if (block.first() + block.rows() != end || block.terms() == 0) {
      return reader_.damaged(stands, "tells of other rows than there are");
    }
    if (end > rows) return reader_.damaged(stands, "tells of other rows than there are");
    RowSet all(block.rows());
    for (std::uint32_t i = 0; i < block.terms(); ++i) {
      const BlockView::Entry entry = block.entry(i);
      if (entry.term.empty() || entry.term <= previous || !block.add(entry, all)) {
        return reader_.damaged(stands, "has terms out of order, or rows beyond its own");
      }
      previous = entry.term;
    }
  }
  if (end != rows) return reader_.damaged("has terms of fewer rows than there are");
  return {};
}

}  // namespace alcove::segments
