#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/record.h"

namespace alcove::segments {

// The best `k` rows of one segment: better score first, then the lower row, which has the lower id. So the ids of
// those that a better row drives out again are never read. Externally synchronised.
class NearRows {
 public:
  struct Row {
    float score = 0;
    std::uint32_t number = 0;
  };

  NearRows(Metric metric, std::size_t k) : metric_(metric), k_(k) {}  // Requires: k > 0

  // Keeps the row if it is among the best so far.
  void offer(float score, std::uint32_t number);
  bool full() const { return heap_.size() == k_; }
  // What a score must not be worse than to enter. Requires: full().
  float worst_score() const { return heap_.front().score; }
  // In no order.
  std::span<const Row> rows() const { return heap_; }

 private:
  Metric metric_;
  std::size_t k_;
  std::vector<Row> heap_;  // a heap with the worst at the front
};

}  // namespace alcove::segments
