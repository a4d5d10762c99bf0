#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "base/result.h"
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
  CodeRanking(const Segment& segment, std::size_t wanted) : segment_(&segment), wanted_(wanted) {}

  // Scans the rows [begin, end). Requires: begin is the end of what was scanned last, if anything was, and then a
  // multiple of kCodedRows; nothing has been visited. Returns how many bytes of codes were read.
  Result<std::uint64_t> scan(const CodeScan& scan, std::uint32_t begin, std::uint32_t end);

  // Visits some of the rows. False: nothing is left that may be near.
  template <class Threshold, class Visit>
  Result<bool> visit(const Threshold& threshold, const Visit& visit) {
    if (next_ == found_ && !collect(threshold())) return false;
    const std::size_t end = std::min(found_, next_ + kVisitsAtOnce);
    for (; next_ < end; ++next_) {
      if (hits_[next_].bound < threshold()) {
        next_ = found_;
        break;
      }
      for (; fetched_ < std::min(found_, next_ + kAhead); ++fetched_) {
        segment_->prefetch_vector(hits_[fetched_].row);
      }
      TRY(visit(hits_[next_].row));
    }
    return true;
  }

 private:
  static constexpr auto kTogether = static_cast<std::uint32_t>(kCodedRows);
  static constexpr std::size_t kVisitsAtOnce = 256;
  // Vectors are on their way so many visits ahead.
  static constexpr std::size_t kAhead = 7;

  void leave_out(std::uint32_t begin, std::uint32_t end);
  // Makes `hits_` of those that come next. False: there are none.
  bool collect(float threshold);
  float bound_of_about(std::size_t count);

  const Segment* segment_;
  std::size_t wanted_;
  std::uint32_t first_ = 0;      // row of bounds_[0], at the beginning of 32 codes
  std::vector<float> bounds_;    // of rows, minus infinity for those that were not to be scanned
  std::vector<float> greatest_;  // of each 32
  std::vector<float> scratch_;
  // Of the first found_ of these, in order, those from next_ on are still to be visited; all rows from the bound
  // `reached_` up are among them or have been.
  std::vector<CodeHit> hits_;
  std::size_t found_ = 0;
  std::size_t next_ = 0;
  std::size_t fetched_ = 0;
  std::size_t count_ = 0;        // collected next, where there is no threshold yet
  float reached_ = std::numeric_limits<float>::quiet_NaN();  // by none yet
};

}  // namespace alcove::segments
