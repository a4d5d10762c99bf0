#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "base/record.h"
#include "segments/distance.h"
#include "segments/segment.h"

namespace alcove::segments {

// Some rows' vectors, to be compared with a query together: they are waited for at once where they have to come from
// memory, and sums of four side by side take little longer than one (distance.h). Externally synchronised; the
// segments that rows are of outlive their time in it.
class VectorBatch {
 public:
  static constexpr std::size_t kRowsMax = 8;

  explicit VectorBatch(Metric metric) : sum_(sum_kernel(metric)), four_sums_(four_sums_kernel(metric)) {}

  // Reads nothing of the vector, which may be on its way. Requires: fewer than kRowsMax rows, and `row` is one of the
  // block's, whose vectors have so many numbers.
  void add(const Segment::Vectors& block, std::uint32_t row, std::size_t dimension);
  std::size_t size() const { return size_; }

  struct Row {
    std::uint32_t number = 0;
    float squared_norm = 0;
    float sum = 0;  // of it and the query: what score() takes
  };
  // Compares all, and takes them out: valid until the next call. Requires: the query has `dimension` numbers.
  std::span<const Row> compare(const float* query, std::size_t dimension);

 private:
  SumKernel sum_;
  FourSumsKernel four_sums_;
  std::size_t size_ = 0;
  std::array<Row, kRowsMax> rows_;
  std::array<const float*, kRowsMax> values_{};
  std::array<const float*, kRowsMax> squared_norms_{};
  std::array<std::shared_ptr<const void>, kRowsMax> owners_;  // of those that are not in place
};

}  // namespace alcove::segments
