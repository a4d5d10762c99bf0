#include "segments/vector_batch.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace alcove::segments {

void VectorBatch::add(const Segment::Vectors& block, std::uint32_t row, std::size_t dimension) {
  CHECK(size_ < kRowsMax, "room in the batch");
  const std::size_t at = row - block.first;
  rows_[size_].number = row;
  squared_norms_[size_] = block.squared_norms + at;
  values_[size_] = block.values + at * dimension;
  if (block.owner) owners_[size_] = block.owner;
  ++size_;
}

std::span<const VectorBatch::Row> VectorBatch::compare(const float* query, std::size_t dimension) {
  constexpr std::size_t kTogether = 4;
  const std::size_t size = std::exchange(size_, 0U);
  for (std::size_t first = 0; first < size; first += kTogether) {
    if (first + 1 == size) {
      rows_[first].sum = sum_(query, values_[first], dimension);
      break;
    }
    // Two or three are filled up with the last.
    std::array<const float*, kTogether> four;
    for (std::size_t i = 0; i < kTogether; ++i) four[i] = values_[std::min(first + i, size - 1)];
    std::array<float, kTogether> sums;
    four_sums_(query, four.data(), dimension, sums.data());
    for (std::size_t i = first; i < std::min(first + kTogether, size); ++i) rows_[i].sum = sums[i - first];
  }
  for (std::size_t i = 0; i < size; ++i) {
    rows_[i].squared_norm = *squared_norms_[i];
    if (owners_[i]) owners_[i].reset();
  }
  return std::span(rows_).first(size);
}

}  // namespace alcove::segments
