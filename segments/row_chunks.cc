#include "segments/row_chunks.h"

#include <algorithm>
#include <bit>
#include <memory>
#include <new>

namespace alcove::segments {
namespace {

constexpr std::size_t kFirstChunkBytes = 512;
constexpr std::size_t kFirstChunkRowsMax = 8;
constexpr std::size_t kChunkBytesMax = 256 * 1024;
constexpr std::size_t kCacheLineBytes = 64;

std::size_t choose_first_capacity(std::size_t row_bytes) {
  return std::clamp<std::size_t>(kFirstChunkBytes / row_bytes, 1, kFirstChunkRowsMax);
}

unsigned choose_doublings(std::size_t row_bytes) {
  unsigned doublings = 0;
  while ((choose_first_capacity(row_bytes) << (doublings + 1)) * row_bytes <= kChunkBytesMax) {
    ++doublings;
  }
  return doublings;
}

}  // namespace

RowChunks::RowChunks(Arena& arena, std::size_t dimension)
    : arena_(arena),
      dimension_(dimension),
      first_capacity_(choose_first_capacity(dimension * sizeof(float))),
      doublings_(choose_doublings(dimension * sizeof(float))) {}

// Chunk i < doublings_ holds first_capacity_ << i rows and begins at
// first_capacity_ * ((1 << i) - 1); all from doublings_ on are equal.
RowChunks::Place RowChunks::place_of(std::size_t row) const {
  const unsigned doubled =
      static_cast<unsigned>(std::bit_width(row / first_capacity_ + 1)) - 1;
  const unsigned growing = std::min(doubled, doublings_);
  const std::size_t capacity = first_capacity_ << growing;
  const std::size_t behind = row - (capacity - first_capacity_);
  return {growing + behind / capacity, behind % capacity, capacity};
}

template <class T>
T* RowChunks::make_array(std::size_t count) {
  std::byte* const place = arena_.allocate(count * sizeof(T), kCacheLineBytes);
  T* const array = reinterpret_cast<T*>(place);
  std::uninitialized_default_construct_n(array, count);
  return array;
}

void RowChunks::add_chunk(std::size_t capacity) {
  chunk_ = new (arena_.allocate(sizeof(Chunk), alignof(Chunk)))
      Chunk{make_array<float>(capacity * dimension_), make_array<float>(capacity),
            make_array<const Memtable::Entry*>(capacity)};
  Chunk** directory = directory_.load(std::memory_order_relaxed);
  if (chunk_count_ == directory_capacity_) {
    directory_capacity_ = std::max<std::size_t>(4, directory_capacity_ * 2);
    Chunk** const larger = make_array<Chunk*>(directory_capacity_);
    std::copy_n(directory, chunk_count_, larger);
    directory = larger;
    directory_.store(directory, std::memory_order_release);  // Invariant 2
  }
  directory[chunk_count_++] = chunk_;
}

float* RowChunks::next_values() {
  const Place place = place_of(count_.load(std::memory_order_relaxed));
  if (place.chunk == chunk_count_) add_chunk(place.capacity);
  return chunk_->values + place.row * dimension_;
}

void RowChunks::publish(float squared_norm, const Memtable::Entry* entry) {
  const std::size_t row = count_.load(std::memory_order_relaxed);
  const Place place = place_of(row);
  chunk_->squared_norms[place.row] = squared_norm;
  chunk_->entries[place.row] = entry;
  count_.store(row + 1, std::memory_order_release);  // Invariant 1
}

Memtable::Rows RowChunks::rows(std::size_t first, std::size_t count_max) const {
  const std::size_t end = count();
  if (first >= end) return {};
  const Place place = place_of(first);
  const Chunk& chunk = *directory_.load(std::memory_order_acquire)[place.chunk];
  return {chunk.values + place.row * dimension_, chunk.squared_norms + place.row,
          chunk.entries + place.row,
          std::min({count_max, end - first, place.capacity - place.row})};
}

}  // namespace alcove::segments
