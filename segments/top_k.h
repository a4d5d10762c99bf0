#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/record.h"

namespace alcove::segments {

// One hit. Order of results: better score first, then id, then namespace, bytewise.
struct Hit {
  float score = 0;
  std::uint32_t source = 0;   // which of the caller's namespaces, in bytewise order of their names
  std::string id;
};

// The best `k` hits of all that were offered. Externally synchronised.
class TopK {
 public:
  TopK(Metric metric, std::size_t k);  // Requires: k > 0

  // Whether a row with this score could still enter, whatever its id: cheap, for scans.
  bool may_enter(float score) const {
    return heap_.size() < k_ || !worse_than_worst(score);
  }
  // Keeps the hit if it is among the best so far.
  void offer(float score, std::string_view id, std::uint32_t source);
  std::size_t k() const { return k_; }
  std::size_t size() const { return heap_.size(); }
  bool full() const { return heap_.size() == k_; }
  // What a score must not be worse than to enter. Requires: full().
  float worst_score() const { return heap_.front().score; }
  // The hits in order, leaving the object empty.
  std::vector<Hit> take_sorted();

 private:
  bool worse_than_worst(float score) const;  // strictly worse than the worst kept
  bool before(const Hit& x, const Hit& y) const;
  bool before(float score, std::string_view id, std::uint32_t source, const Hit& other) const;
  Metric metric_;
  std::size_t k_;
  std::vector<Hit> heap_;  // a heap with the worst at the front
};

}  // namespace alcove::segments
