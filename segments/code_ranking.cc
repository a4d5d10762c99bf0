#include "segments/code_ranking.h"

#include "segments/code.h"

namespace alcove::segments {

Result<std::uint64_t> CodeRanking::scan(const CodeScan& scan, std::uint32_t begin, std::uint32_t end) {
  const std::size_t bytes = CodeShape(segment_->identity().dimension).bytes;
  if (order_.size() == 0) first_ = begin / kTogether * kTogether;
  std::uint64_t read = 0;
  for (std::uint32_t at = first_ + static_cast<std::uint32_t>(order_.size()); at < end;) {
    const auto block = TRY(segment_->codes(at, end - at));
    const std::uint32_t some = std::min(end, block.first + block.count) - at;
    const std::size_t groups = (some + kTogether - 1) / kTogether;
    const BoundOrder::Room room = order_.add(groups);
    bound_codes(scan, block.bytes + (at - block.first) / kTogether * bytes, groups, room.bounds, room.greatest);
    read += groups * bytes;
    at += some;
  }
  // Rows beside those that are scanned, whose codes stand with theirs.
  if (first_ < begin && begin - first_ < kTogether) order_.leave_out(0, begin - first_);
  if (end - first_ < order_.size()) order_.leave_out(end - first_, order_.size());
  return read;
}

}  // namespace alcove::segments
