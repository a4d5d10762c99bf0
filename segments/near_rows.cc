#include "segments/near_rows.h"

#include <algorithm>

#include "segments/distance.h"

namespace alcove::segments {

void NearRows::offer(float score, std::uint32_t number) {
  const auto before = [this](const Row& x, const Row& y) {
    if (better(metric_, x.score, y.score)) return true;
    if (better(metric_, y.score, x.score)) return false;
    return x.number < y.number;
  };
  const Row row{score, number};
  if (full()) {
    if (!before(row, heap_.front())) return;
    std::pop_heap(heap_.begin(), heap_.end(), before);
    heap_.back() = row;
  } else {
    heap_.push_back(row);
  }
  std::push_heap(heap_.begin(), heap_.end(), before);
}

}  // namespace alcove::segments
