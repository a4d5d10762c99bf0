#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/result.h"
#include "segments/memtable.h"
#include "segments/segment.h"

namespace alcove::segments {

// Which rows of one sealed segment newer segments have replaced: one bit a row. Immutable once
// shared; building is externally synchronised.
class DeadRows {
 public:
  explicit DeadRows(std::uint32_t rows) : words_((rows + 63) / 64) {}
  bool dead(std::uint32_t row) const { return (words_[row / 64] >> (row % 64)) & 1; }
  // Returns whether the row was alive until now.
  bool kill(std::uint32_t row);
  std::uint32_t count() const { return count_; }

 private:
  std::vector<std::uint64_t> words_;
  std::uint32_t count_ = 0;
};

// Kills in `dead` (of segment `older`) every row whose id stands in `newer`, as row or tombstone.
Status kill_replaced(const Segment& older, const Segment& newer, DeadRows& dead);

// The dead rows of each of `segments` (oldest first), from the ids of those after it.
Result<std::vector<std::shared_ptr<const DeadRows>>> find_dead_rows(
    std::span<const std::shared_ptr<const Segment>> segments);

}  // namespace alcove::segments
