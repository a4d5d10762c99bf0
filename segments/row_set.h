#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/check.h"

namespace alcove::segments {

// A set of the rows 0 … rows()-1, a bit each. A value.
class RowSet {
 public:
  explicit RowSet(std::uint32_t rows = 0)
      : rows_(rows), words_((std::size_t{rows} + kWordBits - 1) / kWordBits) {}

  std::uint32_t rows() const { return rows_; }
  // Requires, as the next: row < rows().
  bool contains(std::uint32_t row) const { return (words_[row / kWordBits] >> row % kWordBits & 1U) != 0; }
  void insert(std::uint32_t row) { words_[row / kWordBits] |= std::uint64_t{1} << row % kWordBits; }
  // Requires: first <= last <= rows().
  void insert_range(std::uint32_t first, std::uint32_t last) {
    for (; first < last && first % kWordBits != 0; ++first) insert(first);
    for (; first + kWordBits <= last; first += kWordBits) words_[first / kWordBits] = ~std::uint64_t{0};
    for (; first < last; ++first) insert(first);
  }
  // Bits 64 · word and those that follow it; bits beyond the rows are passed over. Requires: word < words().
  void insert_word(std::size_t word, std::uint64_t bits) {
    words_[word] |= bits;
    clear_beyond();
  }
  std::size_t words() const { return words_.size(); }

  // Require: as many rows.
  void unite(const RowSet& other) {
    CHECK(rows_ == other.rows_, "sets of the same rows");
    for (std::size_t i = 0; i < words_.size(); ++i) words_[i] |= other.words_[i];
  }
  void intersect(const RowSet& other) {
    CHECK(rows_ == other.rows_, "sets of the same rows");
    for (std::size_t i = 0; i < words_.size(); ++i) words_[i] &= other.words_[i];
  }
  void complement() {
    for (std::uint64_t& word : words_) word = ~word;
    clear_beyond();
  }
  // Adds the rows of `part`, of which the first is `first` here. Requires: a multiple of 64, and room.
  void insert_part(std::uint32_t first, const RowSet& part) {
    CHECK(first % kWordBits == 0 && part.rows_ <= rows_ - first, "a part that fits");
    for (std::size_t i = 0; i < part.words_.size(); ++i) words_[first / kWordBits + i] |= part.words_[i];
  }

  std::uint64_t count() const;
  // Writes those of `rows` that are members, in their order, to `into`, which has room for all. Returns how many.
  std::size_t select(std::span<const std::uint32_t> rows, std::uint32_t* into) const;
  // The first member that is not below `row`; rows() if there is none.
  std::uint32_t next(std::uint32_t row) const {
    if (row >= rows_) return rows_;
    std::size_t i = row / kWordBits;
    std::uint64_t word = words_[i] >> row % kWordBits << row % kWordBits;
    while (word == 0) {
      if (++i == words_.size()) return rows_;
      word = words_[i];
    }
    return static_cast<std::uint32_t>(i * kWordBits) + static_cast<std::uint32_t>(std::countr_zero(word));
  }

 private:
  static constexpr std::uint32_t kWordBits = 64;
  void clear_beyond() {
    if (rows_ % kWordBits != 0) words_.back() &= (std::uint64_t{1} << rows_ % kWordBits) - 1;
  }

  std::uint32_t rows_;
  std::vector<std::uint64_t> words_;
};

// The kernels of one target, for tests that compare targets within one process: select() of the words of a set of
// so many rows, at least one, and count() of words.
struct RowSetKernels {
  const char* target;
  std::size_t (*select)(const std::uint64_t* words, std::uint32_t rows_end, std::span<const std::uint32_t> rows,
                        std::uint32_t* into);
  std::uint64_t (*count)(std::span<const std::uint64_t> words);
};
// Of those that this CPU has, best first.
std::vector<RowSetKernels> row_set_kernels();

}  // namespace alcove::segments
