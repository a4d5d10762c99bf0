#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "base/ids.h"
#include "base/metadata.h"

namespace alcove::segments {

// What a write knew of the record it replaces: kBlind (UPSERT) knows nothing, kKnown (UPDATE,
// DELETE) has seen a live one. Only counts of records depend on it.
enum class Knowledge : unsigned char { kBlind, kKnown };

// The mutable segment of one namespace: its newest writes, in memory, until they are sealed. Holds
// every version written to it, so that a reader sees the state as of any LSN.
//
// Thread-safety: one writer at a time, in LSN order (the commit pipeline); any number of readers
// beside it without a lock. Entries never move and live as long as the memtable.
//
// Invariants
//   1. An entry is fully built before a reader can reach it.
//   2. Entries of one id form a chain from the newest to the oldest, LSNs never rising (of several
//      writes of one commit to one id only the last is seen, at any snapshot).
//   3. bytes() grows only; it counts all that the memtable allocated.
class Memtable {
 public:
  struct Entry {
    std::string_view id;
    const float* values;     // `dimension` floats; nullptr: a tombstone
    float squared_norm;      // segments::squared_norm of values
    MetadataView metadata;
    Lsn lsn;
    const Entry* older;      // the version before, or nullptr
    // LSN of the next version of this id; kLsnMax while there is none.
    std::atomic<Lsn> replaced_at;

    bool tombstone() const { return values == nullptr; }
    // Whether this is the version a reader at `snapshot` sees (maybe a tombstone). Requires:
    // snapshot < kLsnMax, and every commit up to it is applied.
    bool visible_at(Lsn snapshot) const {
      return lsn <= snapshot && replaced_at.load(std::memory_order_acquire) > snapshot;
    }
  };

  explicit Memtable(std::uint32_t dimension);
  ~Memtable();
  Memtable(const Memtable&) = delete;
  Memtable& operator=(const Memtable&) = delete;

  // ---- the writer ----
  // Requires: 0 < `lsn` < kLsnMax, not below any before; `values` has `dimension` floats;
  // `metadata` is valid.
  void upsert(Lsn lsn, std::string_view id, const float* values, std::string_view metadata,
              Knowledge knowledge);
  void erase(Lsn lsn, std::string_view id, Knowledge knowledge);

  // ---- readers ----
  std::uint32_t dimension() const { return dimension_; }
  // The version of `id` that `snapshot` sees, tombstones included; nullptr when this memtable says
  // nothing about it.
  const Entry* find(std::string_view id, Lsn snapshot) const;

  // Upserted rows in order of arrival, for scans. Rows [first, first + count) of a chunk lie one
  // after the other in `values`. A row may have been replaced: ask its entry.
  struct Rows {
    const float* values = nullptr;          // count * dimension
    const float* squared_norms = nullptr;   // count
    const Entry* const* entries = nullptr;  // count
    std::size_t count = 0;
  };
  // As many rows as lie together from `first` on, at most `count_max`; count 0 at the end.
  Rows rows(std::size_t first, std::size_t count_max) const;
  std::size_t row_count() const;  // upserts so far

  // A reader has compared all rows with a query; how often that has been done.
  void note_scan() const { scans_.fetch_add(1, std::memory_order_relaxed); }
  std::uint64_t scans() const { return scans_.load(std::memory_order_relaxed); }

  // Walks ids in bytewise order, each once, at its newest version whatever its LSN; use
  // entry(snapshot) for the one that is seen. Stays valid while the writer goes on.
  class Cursor {
   public:
    explicit Cursor(const Memtable& memtable);
    void seek(std::string_view id);        // the first id not below it
    void seek_to_last();                   // for walking down with previous()
    void seek_below(std::string_view id);  // the last id below it
    bool valid() const;
    std::string_view id() const;                // Requires: valid()
    const Entry* entry(Lsn snapshot) const;     // as find(id(), snapshot). Requires: valid()
    void next();
    void previous();

   private:
    const Memtable* memtable_;
    const void* node_ = nullptr;
  };

  std::size_t bytes() const { return bytes_.load(std::memory_order_relaxed); }
  bool empty() const { return first_lsn() == 0; }
  Lsn first_lsn() const { return first_lsn_.load(std::memory_order_acquire); }  // 0: none
  Lsn last_lsn() const { return last_lsn_.load(std::memory_order_acquire); }
  std::size_t id_count() const;  // distinct ids, tombstones included
  // How many records more (or fewer) the namespace has because of this memtable: exact but for
  // blind upserts of ids that older segments hold.
  std::int64_t record_delta() const { return record_delta_.load(std::memory_order_relaxed); }

 private:
  friend class Cursor;
  struct State;
  const Entry* write(Lsn lsn, std::string_view id, const float* values, float squared_norm,
                     MetadataView metadata, Knowledge knowledge);
  void count_bytes();

  std::uint32_t dimension_;
  std::atomic<std::size_t> bytes_{0};
  std::atomic<Lsn> first_lsn_{0};
  std::atomic<Lsn> last_lsn_{0};
  std::atomic<std::int64_t> record_delta_{0};
  mutable std::atomic<std::uint64_t> scans_{0};
  std::unique_ptr<State> state_;
};

}  // namespace alcove::segments
