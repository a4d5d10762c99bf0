#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/result.h"
#include "segments/code.h"
#include "segments/code_scan.h"
#include "segments/probe_order.h"
#include "segments/segment.h"

namespace alcove::segments {

// Codes are scanned so many at a time with one threshold: a multiple of kCodedRows. What a few rows have
// shown to be near spares the vectors of many that follow.
inline constexpr std::uint32_t kCodesPerScan = 256;
inline constexpr std::size_t kVectorsAhead = 6;

// Room for the hits of one scan.
using ProbeHits = std::array<CodeHit, kCodesPerScan>;

// Scans the codes of one cluster and calls visit(row), which returns a Status, for each row whose bound is not
// below threshold() when it is its turn: of those scanned together the most promising first.
// Returns how many bytes of codes were read.
template <class Threshold, class Visit>
Result<std::uint64_t> scan_probe(const Segment& segment, const ProbeOrder::Probe& probe,
                                 ProbeHits& hits, const Threshold& threshold, const Visit& visit) {
  constexpr auto kTogether = static_cast<std::uint32_t>(kCodedRows);
  const std::size_t bytes = CodeShape(segment.identity().dimension).bytes;
  const std::uint32_t end = probe.first + probe.rows;
  std::uint64_t read = 0;
  for (std::uint32_t at = probe.first; at < end;) {
    const auto block = TRY(segment.codes(at));
    // Codes lie 32 together: those of the clusters before and behind are passed over.
    const std::uint32_t first = (at - block.first) / kTogether * kTogether;
    const std::uint32_t some =
        std::min({end, block.first + block.count, block.first + first + kCodesPerScan});
    const std::size_t groups = (some - block.first - first + kTogether - 1) / kTogether;
    const std::size_t found = scan_codes(probe.scan, block.bytes + first / kTogether * bytes, groups,
                                         threshold(), hits.data());
    read += groups * bytes;
    std::size_t kept = 0;
    for (std::size_t i = 0; i < found; ++i) {
      const std::uint32_t code = block.first + first + hits[i].row;
      if (code >= at && code < some) hits[kept++] = {code, hits[i].bound};
    }
    std::sort(hits.begin(), hits.begin() + static_cast<std::ptrdiff_t>(kept),
              [](const auto& x, const auto& y) {
                // Of equals in order of row: they may share a block that has to be decoded.
                return x.bound != y.bound ? x.bound > y.bound : x.row < y.row;
              });
    // Vectors are on their way some visits ahead, and no more of them than are likely to be visited.
    std::size_t ahead = 0;
    for (std::size_t i = 0; i < kept && hits[i].bound >= threshold(); ++i) {
      for (; ahead < std::min(kept, i + kVectorsAhead); ++ahead) {
        hits[ahead].row = TRY(segment.postings(hits[ahead].row)).front();
        if (hits[ahead].row < segment.rows()) segment.prefetch_vector(hits[ahead].row);
      }
      if (hits[i].row < segment.rows()) TRY(visit(hits[i].row));
    }
    at = some;
  }
  return read;
}

}  // namespace alcove::segments
