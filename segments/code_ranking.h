#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/result.h"
#include "segments/bound_order.h"
#include "segments/code_scan.h"
#include "segments/segment.h"

namespace alcove::segments {

// Scans codes that stand in order of row, as they do in a segment without clusters, and then visits the rows that
// may be near by what their codes promise, the best of all first. So few are visited beyond those that the last
// threshold leaves: where rows are visited as they are scanned (code_search.h), about twice as many, which costs
// more than to scan what little there is to its end first.
//
// Thresholds and visits are as in code_search.h. Externally synchronised; outlived by the segment.
class CodeRanking {
 public:
  // `wanted`: how many rows are looked for. Requires: wanted > 0, and no clusters, so fewer than kClusteredRowsMin rows,
  // of which 4 bytes each are kept.
  CodeRanking(const Segment& segment, std::size_t wanted) : segment_(&segment), order_(wanted + kMore) {}

  // Scans the rows [begin, end). Requires: begin is the end of what was scanned last, if anything was, and then a
  // multiple of kCodedRows; nothing has been visited. Returns how many bytes of codes were read.
  Result<std::uint64_t> scan(const CodeScan& scan, std::uint32_t begin, std::uint32_t end);

  // Visits some of the rows. False: nothing is left that may be near.
  template <class Threshold, class Visit>
  Result<bool> visit(const Threshold& threshold, const Visit& visit) {
    if (next_ == hits_.size()) {
      hits_ = order_.collect(threshold());
      next_ = 0;
      fetched_ = 0;
      if (hits_.empty()) return false;
    }
    const std::size_t end = std::min(hits_.size(), next_ + kVisitsAtOnce);
    for (; next_ < end; ++next_) {
      if (hits_[next_].bound < threshold()) {
        next_ = hits_.size();
        break;
      }
      for (; fetched_ < std::min(hits_.size(), next_ + kAhead); ++fetched_) {
        segment_->fetch_vector(first_ + hits_[fetched_].row);
      }
      TRY(visit(first_ + hits_[next_].row));
    }
    return true;
  }

 private:
  static constexpr auto kTogether = static_cast<std::uint32_t>(kCodedRows);
  // So many are visited before the first threshold, beyond those that are wanted: bounds are not quite in the order of
  // values.
  static constexpr std::size_t kMore = 6;
  static constexpr std::size_t kVisitsAtOnce = 256;
  // Vectors are on their way so many visits ahead.
  static constexpr std::size_t kAhead = 7;

  const Segment* segment_;
  BoundOrder order_;
  std::uint32_t first_ = 0;         // the row that is number 0 there, at the beginning of 32 codes
  std::span<const CodeHit> hits_;   // those from next_ on are still to be visited
  std::size_t next_ = 0;
  std::size_t fetched_ = 0;
};

}  // namespace alcove::segments
