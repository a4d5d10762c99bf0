#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "segments/code_scan.h"

namespace alcove::segments {

// Numbered things by their bounds, the greatest first, some at a time: who looks at a few of many has them without
// putting all in order. Externally synchronised.
class BoundOrder {
 public:
  // `about`: how many come first where there is no threshold. Requires: about > 0.
  explicit BoundOrder(std::size_t about) : count_(about) {}

  // Room for so many times kCodedRows bounds more, and for the greatest of each kCodedRows, to be written before
  // collect() is called first. Valid until the next call.
  struct Room {
    float* bounds;
    float* greatest;
  };
  Room add(std::size_t blocks);
  // Those added have the numbers from 0 on.
  std::size_t size() const { return bounds_.size(); }
  // Numbers in [begin, end) are not there: all in one block of kCodedRows.
  void leave_out(std::size_t begin, std::size_t end);

  // Those that come next and are not below `threshold`, in order, equals in that of their numbers, until the next call;
  // of a threshold of minus infinity some, of another all. Empty: there are none left.
  std::span<const CodeHit> collect(float threshold);

 private:
  float bound_of_about(std::size_t count);
  void put_in_order(std::span<CodeHit> hits);

  std::vector<float> bounds_;    // minus infinity of what is not there
  std::vector<float> greatest_;  // of each kCodedRows
  std::vector<std::uint32_t> sample_;
  std::vector<CodeHit> hits_;
  std::vector<std::uint64_t> keys_;
  std::size_t count_;            // about so many have been collected after the next time
  float reached_ = std::numeric_limits<float>::quiet_NaN();  // by all that have been; by none yet
};

}  // namespace alcove::segments
