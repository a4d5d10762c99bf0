#include "segments/code_ranking.h"

#include <functional>

#include "segments/code.h"

namespace alcove::segments {

namespace {

constexpr float kNothing = -std::numeric_limits<float>::infinity();
constexpr float kLowest = std::numeric_limits<float>::lowest();
// So many are visited before the first threshold, beyond those that are wanted: bounds are not quite in the order of
// values.
constexpr std::size_t kMore = 6;

}  // namespace

Result<std::uint64_t> CodeRanking::scan(const CodeScan& scan, std::uint32_t begin, std::uint32_t end) {
  const std::size_t bytes = CodeShape(segment_->identity().dimension).bytes;
  if (bounds_.empty()) {
    first_ = begin / kTogether * kTogether;
    count_ = wanted_ + kMore;
    const std::size_t blocks = (segment_->rows() - first_ + kTogether - 1) / kTogether;
    bounds_.reserve(blocks * kTogether);
    greatest_.reserve(blocks);
  }
  std::uint64_t read = 0;
  for (std::uint32_t at = first_ + static_cast<std::uint32_t>(bounds_.size()); at < end;) {
    const auto block = TRY(segment_->codes(at));
    const std::uint32_t some = std::min(end, block.first + block.count) - at;
    const std::size_t groups = (some + kTogether - 1) / kTogether;
    const std::size_t place = bounds_.size();
    bounds_.resize(place + groups * kTogether);
    greatest_.resize(place / kTogether + groups);
    bound_codes(scan, block.bytes + (at - block.first) / kTogether * bytes, groups,
                bounds_.data() + place, greatest_.data() + place / kTogether);
    read += groups * bytes;
    at += some;
  }
  leave_out(first_, begin);
  leave_out(end, first_ + static_cast<std::uint32_t>(bounds_.size()));
  return read;
}

// Rows beside those that are scanned, whose codes stand with theirs.
void CodeRanking::leave_out(std::uint32_t begin, std::uint32_t end) {
  if (begin >= end || end - begin >= kTogether) return;
  const std::size_t block = (begin - first_) / kTogether;
  std::fill_n(bounds_.begin() + (begin - first_), end - begin, kNothing);
  const auto all = bounds_.begin() + static_cast<std::ptrdiff_t>(block * kTogether);
  greatest_[block] = *std::max_element(all, all + kTogether);
}

// A bound that so many rows have at least, and not many more. Of as many blocks as rows the greatest say nearly as
// much as all bounds would, in a fraction of the time.
float CodeRanking::bound_of_about(std::size_t count) {
  const std::vector<float>& among = 2 * count <= greatest_.size() ? greatest_ : bounds_;
  if (count >= among.size()) return kLowest;
  scratch_ = among;
  const auto place = scratch_.begin() + static_cast<std::ptrdiff_t>(count - 1);
  std::nth_element(scratch_.begin(), place, scratch_.end(), std::greater<>());
  return std::max(*place, kLowest);
}

bool CodeRanking::collect(float threshold) {
  threshold = std::max(threshold, kLowest);
  next_ = 0;
  fetched_ = 0;
  found_ = 0;
  while (found_ == 0) {
    if (reached_ <= threshold) return false;
    const float least = threshold == kLowest ? bound_of_about(count_) : threshold;
    count_ *= 4;
    for (std::size_t block = 0; block < greatest_.size(); ++block) {
      if (greatest_[block] < least) continue;
      if (hits_.size() < found_ + kTogether) hits_.resize(2 * hits_.size() + kTogether);
      const auto first = static_cast<std::uint32_t>(block) * kTogether;
      found_ += select_bounds(bounds_.data() + first, least, reached_, first_ + first, hits_.data() + found_);
    }
    reached_ = least;
  }
  std::sort(hits_.begin(), hits_.begin() + static_cast<std::ptrdiff_t>(found_), [](const CodeHit& x, const CodeHit& y) {
    // Of equals in order of row: they may share a block that has to be decoded.
    return x.bound != y.bound ? x.bound > y.bound : x.row < y.row;
  });
  return true;
}

}  // namespace alcove::segments
