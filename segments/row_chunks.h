#pragma once

#include <atomic>
#include <cstddef>

#include "segments/arena.h"
#include "segments/memtable.h"

namespace alcove::segments {

// The upserted rows of a memtable in order of arrival, in chunks in which the vectors lie one after
// the other. The first chunk is small, each next one twice as large up to about 256 KiB.
//
// Thread-safety: one writer at a time; any number of readers beside it without a lock. Chunks live
// in the arena and never move.
//
// Invariants
//   1. A row is whole, and its chunk in the directory, before count() includes it: count_ is
//      stored with release and loaded with acquire, before anything else is looked at.
//   2. A directory that grew too small stays as it is for the readers that still hold it.
class RowChunks {
 public:
  RowChunks(Arena& arena, std::size_t dimension);

  // ---- the writer ----
  // Where the values of the next row belong; room for `dimension` floats.
  float* next_values();
  // Makes the next row readable. Requires: its values were written to next_values().
  void publish(float squared_norm, const Memtable::Entry* entry);

  // ---- readers ----
  Memtable::Rows rows(std::size_t first, std::size_t count_max) const;
  std::size_t count() const { return count_.load(std::memory_order_acquire); }

 private:
  struct Chunk {
    float* values;
    float* squared_norms;
    const Memtable::Entry** entries;
  };
  struct Place {
    std::size_t chunk;
    std::size_t row;  // within the chunk
    std::size_t capacity;
  };
  Place place_of(std::size_t row) const;
  void add_chunk(std::size_t capacity);
  template <class T>
  T* make_array(std::size_t count);

  Arena& arena_;
  const std::size_t dimension_;
  const std::size_t first_capacity_;
  const unsigned doublings_;  // chunks before those of full capacity
  Chunk* chunk_ = nullptr;    // the one being filled
  std::size_t chunk_count_ = 0;
  std::size_t directory_capacity_ = 0;
  std::atomic<Chunk**> directory_{nullptr};
  std::atomic<std::size_t> count_{0};
};

}  // namespace alcove::segments
