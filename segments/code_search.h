#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <span>

#include "base/result.h"
#include "segments/code.h"
#include "segments/code_scan.h"
#include "segments/segment.h"

namespace alcove::segments {

// Codes are scanned so many at a time with one threshold, multiples of kCodedRows: at first few, for what a few rows
// have shown to be near spares the vectors of many that follow.
inline constexpr std::uint32_t kCodesOfFirstScan = 64;
inline constexpr std::uint32_t kCodesPerScan = 256;

// Scans the codes of a segment and visits the rows that they say may be near: of those scanned together the
// most promising first, and while their vectors are on their way the next codes are scanned. So a row
// is visited up to one scan late, and what it raises the threshold to is of use one scan later.
//
// A `threshold` is a function that says what a row's bound must not be below when its turn comes; minus infinity
// is for where none is known yet: then rows are visited at once. A `visit` takes a row and returns a
// Status. Externally synchronised; outlived by the segment.
class CodeSearch {
 public:
  // kByRow: in order of row, and no vectors are fetched, for visits that look at something else first.
  enum class Order : unsigned char { kByPromise, kByRow };
  CodeSearch(const Segment& segment, Order order)
      : segment_(&segment),
        bytes_(CodeShape(segment.identity().dimension).bytes),
        order_(order),
        rows_(segment.rows()),
        posted_(segment.clusters() > 0) {}

  // Scans the codes [begin, end): of one cluster, or any where there are none. Returns how many bytes of codes were
  // read.
  template <class Threshold, class Visit>
  Result<std::uint64_t> scan(const CodeScan& scan, std::uint32_t begin, std::uint32_t end,
                             const Threshold& threshold, const Visit& visit) {
    std::uint64_t read = 0;
    CodeScan part = scan;
    while (begin < end) {
      const auto block = TRY(segment_->codes(begin, std::min(end - begin, codes_per_scan_)));
      // Codes lie 32 together: those of the clusters before and behind are passed over.
      const auto first = (begin - block.first) / kTogether * kTogether;
      const std::uint32_t some =
          std::min({end, block.first + block.count, block.first + first + codes_per_scan_});
      codes_per_scan_ = std::min(2 * codes_per_scan_, kCodesPerScan);
      const std::size_t groups = (some - block.first - first + kTogether - 1) / kTogether;
      const float least = threshold();
      Hits& hits = hits_[1 - pending_];
      part.ahead = scan.ahead.substr(std::min(read, scan.ahead.size()), groups * bytes_);
      if (some == end) part.ahead = scan.ahead.substr(std::min(read, scan.ahead.size()));
      hits.count = scan_codes(part, block.bytes + first / kTogether * bytes_, groups, least,
                              hits.hits.data());
      read += groups * bytes_;
      TRY(keep(hits, block.first + first, begin, some));
      TRY(begin_fetching(hits, kFirstAhead));
      TRY(finish(threshold, visit));
      pending_ = 1 - pending_;
      if (least == -std::numeric_limits<float>::infinity()) TRY(finish(threshold, visit));
      begin = some;
    }
    return read;
  }

  // Visits those that are still to be visited.
  template <class Threshold, class Visit>
  Status finish(const Threshold& threshold, const Visit& visit) {
    Hits& hits = hits_[pending_];
    for (std::size_t i = 0; i < hits.count; ++i) {
      TRY(begin_fetching(hits, i + 1 + kAhead));
      const CodeHit& hit = hits.hits[i];
      if (hit.bound < threshold()) {
        if (order_ == Order::kByPromise) break;
      } else if (hit.row < rows_) {
        TRY(visit(hit.row));
      }
    }
    hits.count = 0;
    return {};
  }

 private:
  static constexpr auto kTogether = static_cast<std::uint32_t>(kCodedRows);
  // Vectors are on their way so many visits ahead, and no more of them than are likely to be visited.
  static constexpr std::size_t kFirstAhead = 8;
  static constexpr std::size_t kAhead = 6;
  // And where they lie is, so many more.
  static constexpr std::size_t kPlacesAhead = 8;

  struct Hits {
    std::array<CodeHit, kCodesPerScan> hits;  // those placed name their row, the others their code
    std::size_t count = 0;
    std::size_t placed = 0;   // those that name their row, and whose place is on its way
    std::size_t fetched = 0;
    std::span<const std::uint32_t> postings;  // from first_code on, if there are any
    std::uint32_t first_code = 0;
  };

  // Leaves the codes [begin, end), in order.
  Status keep(Hits& hits, std::uint32_t first, std::uint32_t begin, std::uint32_t end) {
    if (posted_ && hits.count > 0) hits.postings = TRY(segment_->postings(begin));
    hits.first_code = begin;
    std::size_t kept = 0;
    for (std::size_t i = 0; i < hits.count; ++i) {
      const std::uint32_t code = first + hits.hits[i].row;
      if (code < begin || code >= end) continue;
      hits.hits[kept++] = {code, hits.hits[i].bound};
      if (code - begin < hits.postings.size()) __builtin_prefetch(&hits.postings[code - begin]);
    }
    hits.count = kept;
    hits.placed = 0;
    hits.fetched = 0;
    if (order_ == Order::kByRow) return {};
    std::sort(hits.hits.begin(), hits.hits.begin() + static_cast<std::ptrdiff_t>(kept),
              [](const CodeHit& x, const CodeHit& y) {
                // Of equals in order of row: they may share a block that has to be decoded.
                return x.bound != y.bound ? x.bound > y.bound : x.row < y.row;
              });
    return {};
  }
  Result<std::uint32_t> row_of(const Hits& hits, std::uint32_t code) const {
    const std::uint32_t at = code - hits.first_code;
    if (at < hits.postings.size()) return hits.postings[at];
    return TRY(segment_->postings(code)).front();
  }
  // Until `end` are.
  Status begin_fetching(Hits& hits, std::size_t end) {
    const bool by_promise = order_ == Order::kByPromise;
    for (; hits.placed < std::min(end + kPlacesAhead, hits.count); ++hits.placed) {
      std::uint32_t& row = hits.hits[hits.placed].row;
      if (posted_) row = TRY(row_of(hits, row));
      if (by_promise && row < rows_) segment_->prefetch_place(row);
    }
    for (; hits.fetched < std::min(end, hits.count); ++hits.fetched) {
      const std::uint32_t row = hits.hits[hits.fetched].row;
      if (by_promise && row < rows_) segment_->fetch_vector(row);
    }
    return {};
  }

  const Segment* segment_;
  std::size_t bytes_;  // of kCodedRows codes
  Order order_;
  std::uint32_t codes_per_scan_ = kCodesOfFirstScan;
  std::uint32_t rows_;
  bool posted_;        // whether a code's row is told by its posting, or is the code's own number
  std::array<Hits, 2> hits_;
  std::size_t pending_ = 0;  // which of them is still to be visited
};

}  // namespace alcove::segments
