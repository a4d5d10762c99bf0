#include "segments/top_k.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "segments/distance.h"

namespace alcove::segments {

TopK::TopK(Metric metric, std::size_t k) : metric_(metric), k_(k) {
  CHECK(k > 0, "TOP is at least 1");
}

bool TopK::worse_than_worst(float score) const {
  return better(metric_, heap_.front().score, score);
}

bool TopK::before(float score, std::string_view id, std::uint32_t source, const Hit& other) const {
  if (better(metric_, score, other.score)) return true;
  if (better(metric_, other.score, score)) return false;
  const int order = id.compare(other.id);
  return order != 0 ? order < 0 : source < other.source;
}

bool TopK::before(const Hit& x, const Hit& y) const { return before(x.score, x.id, x.source, y); }

void TopK::offer(float score, std::string_view id, std::uint32_t source) {
  const auto order = [this](const Hit& x, const Hit& y) { return before(x, y); };
  if (heap_.size() == k_) {
    if (!before(score, id, source, heap_.front())) return;
    std::pop_heap(heap_.begin(), heap_.end(), order);
  } else {
    heap_.emplace_back();
  }
  Hit& hit = heap_.back();
  hit.score = score;
  hit.source = source;
  hit.id = id;
  std::push_heap(heap_.begin(), heap_.end(), order);
}

std::vector<Hit> TopK::take_sorted() {
  std::sort_heap(heap_.begin(), heap_.end(),
                 [this](const Hit& x, const Hit& y) { return before(x, y); });
  return std::exchange(heap_, {});
}

}  // namespace alcove::segments
