#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/metadata.h"
#include "executor/catalogue.h"
#include "executor/transaction.h"
#include "segments/memtable.h"

namespace alcove::executor {

// One record as a reader sees it. Views live as long as the reader and `owners`.
struct RecordView {
  std::string_view id;
  const float* values = nullptr;  // null unless asked for
  float squared_norm = 0;
  MetadataView metadata;          // empty unless asked for
  std::shared_ptr<const void> values_owner;
  std::shared_ptr<const void> metadata_owner;
};

enum class Want : unsigned char { kIdOnly = 0, kValues = 1, kMetadata = 2, kAll = 3 };
inline bool wants(Want want, Want part) {
  return (static_cast<unsigned>(want) & static_cast<unsigned>(part)) != 0;
}

// One namespace as of one snapshot, with the own writes of a transaction over it. A record stands in
// layers, newest first: the transaction's overlay, its staged segments, the memtable, sealed
// memtables, segments; the first layer that knows an id decides. Externally synchronised; keeps alive
// what it reads.
//
// Errors of all functions: kCorruption naming the namespace and the file, kIo.
class NamespaceReader {
 public:
  // Opens the segments, if they are not. `sight` may be of a namespace that does not exist: empty.
  static Result<NamespaceReader> open(Transaction::NamespaceSight sight, Lsn snapshot_lsn);

  // Where a record stands: an entry of a memory layer, or a row of a segment.
  struct Place {
    const segments::Memtable::Entry* entry = nullptr;
    std::uint32_t segment = 0;  // position in segments(), newest first
    std::uint32_t row = 0;
  };

  struct MemoryLayer {
    std::shared_ptr<const segments::Memtable> memtable;
    Lsn snapshot_lsn;
    bool own = false;  // a transaction's overlay
  };
  const std::vector<MemoryLayer>& memory() const { return memory_; }  // newest first
  // Newest first, staged ones before all others.
  std::span<const OpenSegment> segments() const { return segments_; }

  std::size_t staged_count() const { return staged_; }

  Result<std::optional<Place>> find(std::string_view id) const;
  // Whether a layer above the memory layer, or above the segment, knows `id`: then the version there
  // is not what is seen. Newer segments of the same kind are not asked: OpenSegment::dead tells.
  Result<bool> overruled_in_memory(std::size_t layer, std::string_view id) const;
  Result<bool> overruled_in_segment(std::size_t segment, std::string_view id) const;
  // Whether there are such layers above the segment at all.
  bool may_be_overruled(std::size_t segment) const {
    return segment < staged_ ? overlays_ > 0 : !memory_.empty() || staged_ > 0;
  }
  // Whether the version that is seen is the transaction's own.
  Result<bool> is_own(std::string_view id) const;
  Result<RecordView> load(const Place& place, Want want) const;
  // The number of records.
  Result<std::uint64_t> count() const;
  // No more than that, at once.
  std::uint64_t count_at_least() const;
  // To be asked before what was read is told to anybody.
  Status check_mappings() const;
  // An error met while reading one of segments() directly, with the namespace named.
  Error blame(const Error& error) const {
    return base_ ? base_->segments->blame(error) : error;
  }
  // Number of the incarnation read; 0 when there is no committed one.
  NamespaceNumber number() const { return base_ ? base_->name_space : 0; }

 private:
  friend class RecordCursor;
  bool in_memory(std::size_t first, std::size_t last, std::string_view id) const;
  // Whether a staged segment knows `id`, as row or tombstone.
  Result<bool> is_staged(std::string_view id) const;
  // What a layer says of an id: nothing at all, or where it stands, or that it is gone.
  using Found = std::optional<std::optional<Place>>;
  Found find_in_memory(std::size_t first, std::size_t last, std::string_view id) const;
  Result<Found> find_in_segments(std::size_t first, std::size_t last, std::string_view id) const;
  Result<std::uint64_t> count_one_by_one() const;

  std::shared_ptr<const Version> base_;
  std::vector<MemoryLayer> memory_;
  std::vector<OpenSegment> segments_;
  // Of each segment the blocks that a record was loaded from last, for whoever loads one after the other: decoded
  // once, not for each record.
  struct ReadLast {
    segments::Segment::Vectors vectors;
    std::shared_ptr<const segments::Segment::MetadataBlock> metadata;
  };
  mutable std::vector<ReadLast> read_;
  std::size_t overlays_ = 0;  // of memory_, the transaction's: 0 or 1
  std::size_t staged_ = 0;    // of segments_, the transaction's
};

// Walks the records of a namespace in order of id, up or down. The reader outlives it.
class RecordCursor {
 public:
  enum class Direction : unsigned char { kUp, kDown };
  RecordCursor(const NamespaceReader& reader, Direction direction);

  // To the first id not below `id` (up), or the last below it (down). Without it the walk begins
  // at the end that the direction comes from.
  Status seek(std::string_view id);

  struct Item {
    std::string_view id;
    NamespaceReader::Place place;
  };
  // The next record; nothing at the end.
  Result<std::optional<Item>> next();

 private:
  struct MemoryCursor {
    segments::Memtable::Cursor cursor;
    Lsn snapshot_lsn;
    bool own;  // of the transaction: above its staged segments
  };
  struct SegmentCursor {
    const OpenSegment* open;
    bool staged;
    std::uint32_t segment;
    std::int64_t row;
    std::string_view id;  // of `row`, when valid
    bool valid = false;
  };
  void step(MemoryCursor& cursor);
  void settle(MemoryCursor& cursor);  // onto a version that is seen
  Status step(SegmentCursor& cursor);
  Status settle(SegmentCursor& cursor);  // onto a row that is alive
  bool before(std::string_view x, std::string_view y) const {
    return direction_ == Direction::kUp ? x < y : y < x;
  }

  const NamespaceReader& reader_;
  Direction direction_;
  bool begun_ = false;
  std::vector<MemoryCursor> memory_;
  std::vector<SegmentCursor> segments_;
};

}  // namespace alcove::executor
