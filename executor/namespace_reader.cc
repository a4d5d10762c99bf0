#include "executor/namespace_reader.h"

#include <algorithm>

namespace alcove::executor {

Result<NamespaceReader> NamespaceReader::open(Transaction::NamespaceSight sight,
                                              Lsn snapshot_lsn) {
  NamespaceReader reader;
  if (sight.overlay && !sight.overlay->empty()) {
    reader.memory_.push_back({std::move(sight.overlay), sight.overlay_lsn, true});
    reader.overlays_ = 1;
  }
  reader.segments_.assign(sight.staged.rbegin(), sight.staged.rend());
  reader.staged_ = reader.segments_.size();
  if (sight.base) {
    reader.base_ = std::move(sight.base);
    const Version& version = *reader.base_;
    // Empty layers say nothing, and a walk or a scan is the cheaper without them.
    if (!version.memtable->empty()) reader.memory_.push_back({version.memtable, snapshot_lsn});
    for (auto sealed = version.sealed.rbegin(); sealed != version.sealed.rend(); ++sealed) {
      reader.memory_.push_back({*sealed, snapshot_lsn});
    }
    const auto open = TRY(version.segments->open());
    reader.segments_.insert(reader.segments_.end(), open.rbegin(), open.rend());
  }
  return reader;
}

NamespaceReader::Found NamespaceReader::find_in_memory(std::size_t first, std::size_t last,
                                                       std::string_view id) const {
  for (std::size_t i = first; i < last; ++i) {
    if (const auto* entry = memory_[i].memtable->find(id, memory_[i].snapshot_lsn)) {
      if (entry->tombstone()) return std::optional<Place>();
      return std::optional<Place>(Place{entry, 0, 0});
    }
  }
  return std::nullopt;
}

Result<NamespaceReader::Found> NamespaceReader::find_in_segments(std::size_t first,
                                                                 std::size_t last,
                                                                 std::string_view id) const {
  for (std::size_t i = first; i < last; ++i) {
    const segments::Segment& segment = *segments_[i].segment;
    auto row = segment.find(id);
    if (!row) return blame(row.error());
    if (*row) {
      // A dead row was replaced by a newer segment, which would have decided.
      return Found(Place{nullptr, static_cast<std::uint32_t>(i), **row});
    }
    auto tombstone = segment.has_tombstone(id);
    if (!tombstone) return blame(tombstone.error());
    if (*tombstone) return Found(std::optional<Place>());
  }
  return Found();
}

Result<std::optional<NamespaceReader::Place>> NamespaceReader::find(std::string_view id) const {
  if (const Found found = find_in_memory(0, overlays_, id)) return *found;
  if (const Found found = TRY(find_in_segments(0, staged_, id))) return *found;
  if (const Found found = find_in_memory(overlays_, memory_.size(), id)) return *found;
  if (const Found found = TRY(find_in_segments(staged_, segments_.size(), id))) return *found;
  return std::optional<Place>();
}

bool NamespaceReader::in_memory(std::size_t first, std::size_t last, std::string_view id) const {
  for (std::size_t i = first; i < last; ++i) {
    if (memory_[i].memtable->find(id, memory_[i].snapshot_lsn) != nullptr) return true;
  }
  return false;
}

Result<bool> NamespaceReader::is_staged(std::string_view id) const {
  if (staged_ == 0) return false;
  const Found found = TRY(find_in_segments(0, staged_, id));
  return found.has_value();
}

Result<bool> NamespaceReader::overruled_in_memory(std::size_t layer, std::string_view id) const {
  if (in_memory(0, layer, id)) return true;
  return layer < overlays_ ? Result<bool>(false) : is_staged(id);
}

Result<bool> NamespaceReader::overruled_in_segment(std::size_t segment,
                                                   std::string_view id) const {
  if (segment < staged_) return in_memory(0, overlays_, id);
  if (in_memory(0, memory_.size(), id)) return true;
  return is_staged(id);
}

Result<bool> NamespaceReader::is_own(std::string_view id) const {
  if (in_memory(0, overlays_, id)) return true;
  return is_staged(id);
}

Result<RecordView> NamespaceReader::load(const Place& place, Want want) const {
  RecordView record;
  if (place.entry != nullptr) {
    record.id = place.entry->id;
    record.values = place.entry->values;
    record.squared_norm = place.entry->squared_norm;
    record.metadata = place.entry->metadata;
    return record;
  }
  const segments::Segment& segment = *segments_[place.segment].segment;
  auto id = segment.id(place.row);
  if (!id) return blame(id.error());
  record.id = *id;
  if (read_.empty()) read_.resize(segments_.size());
  ReadLast& read = read_[place.segment];
  const auto lies_in = [&](std::uint32_t first, std::uint32_t count) {
    return place.row >= first && place.row - first < count;
  };
  if (wants(want, Want::kValues)) {
    segments::Segment::Vectors& vectors = read.vectors;
    if (!lies_in(vectors.first, vectors.count)) {
      auto block = segment.vectors(place.row);
      if (!block) return blame(block.error());
      vectors = std::move(*block);
    }
    const std::size_t at = place.row - vectors.first;
    record.values = vectors.values + at * segment.identity().dimension;
    record.squared_norm = vectors.squared_norms[at];
    record.values_owner = vectors.owner;
  }
  if (wants(want, Want::kMetadata) && !segment.without_metadata()) {
    if (read.metadata == nullptr || !lies_in(read.metadata->first(), read.metadata->count())) {
      auto block = segment.metadata(place.row);
      if (!block) return blame(block.error());
      read.metadata = std::move(*block);
    }
    record.metadata = read.metadata->at(place.row);
    record.metadata_owner = read.metadata;
  }
  return record;
}

Result<std::uint64_t> NamespaceReader::count_one_by_one() const {
  RecordCursor cursor(*this, RecordCursor::Direction::kUp);
  std::uint64_t records = 0;
  while (TRY(cursor.next())) ++records;
  return records;
}

Result<std::uint64_t> NamespaceReader::count() const {
  if (staged_ > 0) return count_one_by_one();
  std::uint64_t records = 0;
  for (const OpenSegment& open : segments_) {
    records += open.segment->rows() - (open.dead ? open.dead->count() : 0);
  }
  // Each id that memory knows counts by what memory says, not by what segments say.
  for (std::size_t layer = 0; layer < memory_.size(); ++layer) {
    segments::Memtable::Cursor cursor(*memory_[layer].memtable);
    for (cursor.seek({}); cursor.valid(); cursor.next()) {
      const auto* entry = cursor.entry(memory_[layer].snapshot_lsn);
      if (entry == nullptr || in_memory(0, layer, entry->id)) continue;
      if (!entry->tombstone()) ++records;
      for (const OpenSegment& open : segments_) {
        const auto row = open.segment->find(entry->id);
        if (!row) return base_->segments->blame(row.error());
        if (*row && !(open.dead && open.dead->dead(**row))) --records;
      }
    }
  }
  return records;
}

std::uint64_t NamespaceReader::count_at_least() const {
  if (staged_ > 0) return 0;
  std::uint64_t records = 0;
  for (const OpenSegment& open : segments_) {
    records += open.segment->rows() - (open.dead ? open.dead->count() : 0);
  }
  std::uint64_t changed = 0;
  for (const MemoryLayer& layer : memory_) changed += layer.memtable->id_count();
  return records > changed ? records - changed : 0;
}

Status NamespaceReader::check_mappings() const {
  for (std::size_t i = 0; i < staged_; ++i) TRY(segments_[i].segment->check_mapping());
  return base_ ? base_->segments->check_mappings() : Status();
}

// ---- RecordCursor -------------------------------------------------------------------------------

RecordCursor::RecordCursor(const NamespaceReader& reader, Direction direction)
    : reader_(reader), direction_(direction) {
  for (const auto& layer : reader.memory()) {
    memory_.push_back({segments::Memtable::Cursor(*layer.memtable), layer.snapshot_lsn,
                       layer.own});
    if (direction == Direction::kUp) {
      memory_.back().cursor.seek({});
    } else {
      memory_.back().cursor.seek_to_last();
    }
  }
  std::uint32_t position = 0;
  for (const OpenSegment& open : reader.segments()) {
    const std::int64_t row = direction == Direction::kUp ? 0 : std::int64_t{open.segment->rows()} - 1;
    const bool staged = position < reader.staged_count();
    segments_.push_back({&open, staged, position++, row, {}, false});
  }
}

Status RecordCursor::seek(std::string_view id) {
  for (MemoryCursor& each : memory_) {
    if (direction_ == Direction::kUp) {
      each.cursor.seek(id);
    } else {
      each.cursor.seek_below(id);
    }
  }
  for (SegmentCursor& each : segments_) {
    const std::uint32_t row = TRY(each.open->segment->lower_bound(id));
    each.row = direction_ == Direction::kUp ? std::int64_t{row} : std::int64_t{row} - 1;
  }
  return {};
}

void RecordCursor::step(MemoryCursor& each) {
  if (direction_ == Direction::kUp) {
    each.cursor.next();
  } else {
    each.cursor.previous();
  }
}

void RecordCursor::settle(MemoryCursor& each) {
  while (each.cursor.valid() && each.cursor.entry(each.snapshot_lsn) == nullptr) step(each);
}

Status RecordCursor::step(SegmentCursor& each) {
  each.row += direction_ == Direction::kUp ? 1 : -1;
  return settle(each);
}

Status RecordCursor::settle(SegmentCursor& each) {
  const std::int64_t rows = each.open->segment->rows();
  const std::int64_t by = direction_ == Direction::kUp ? 1 : -1;
  while (each.row >= 0 && each.row < rows && each.open->dead &&
         each.open->dead->dead(static_cast<std::uint32_t>(each.row))) {
    each.row += by;
  }
  each.valid = each.row >= 0 && each.row < rows;
  if (each.valid) each.id = TRY(each.open->segment->id(static_cast<std::uint32_t>(each.row)));
  return {};
}

Result<std::optional<RecordCursor::Item>> RecordCursor::next() {
  if (!begun_) {
    begun_ = true;
    for (MemoryCursor& each : memory_) settle(each);
    for (SegmentCursor& each : segments_) TRY(settle(each));
  }
  while (true) {
    // Of those at the same id the first that is looked at decides.
    std::optional<Item> first;
    const auto look_at_memory = [&](bool own) {
      for (MemoryCursor& each : memory_) {
        if (each.own == own && each.cursor.valid() &&
            (!first || before(each.cursor.id(), first->id))) {
          first = Item{each.cursor.id(), {each.cursor.entry(each.snapshot_lsn), 0, 0}};
        }
      }
    };
    const auto look_at_segments = [&](bool staged) {
      for (const SegmentCursor& each : segments_) {
        if (each.staged == staged && each.valid && (!first || before(each.id, first->id))) {
          first = Item{each.id, {nullptr, each.segment, static_cast<std::uint32_t>(each.row)}};
        }
      }
    };
    look_at_memory(true);
    look_at_segments(true);
    const bool own = first.has_value();
    const std::string_view own_id = own ? first->id : std::string_view();
    look_at_memory(false);
    look_at_segments(false);
    if (!first) return std::optional<Item>();
    for (MemoryCursor& each : memory_) {
      if (each.cursor.valid() && each.cursor.id() == first->id) {
        step(each);
        settle(each);
      }
    }
    for (SegmentCursor& each : segments_) {
      if (each.valid && each.id == first->id) TRY(step(each));
    }
    if (first->place.entry != nullptr && first->place.entry->tombstone()) continue;
    // Segments' cursors walk rows only: what a staged tombstone hides is asked for.
    const bool is_own = own && own_id == first->id;
    if (!is_own && TRY(reader_.is_staged(first->id))) continue;
    return first;
  }
}

}  // namespace alcove::executor
