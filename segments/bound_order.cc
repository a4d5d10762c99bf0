#include "segments/bound_order.h"

#include <algorithm>
#include <functional>

#include "segments/code.h"

namespace alcove::segments {

namespace {

constexpr float kNothing = -std::numeric_limits<float>::infinity();
constexpr float kLowest = std::numeric_limits<float>::lowest();
// Bounds that stand for all of them.
constexpr std::size_t kSample = 256;
constexpr std::size_t kTimesMore = 4;

}  // namespace

BoundOrder::Room BoundOrder::add(std::size_t blocks) {
  const std::size_t place = bounds_.size();
  bounds_.resize(place + blocks * kCodedRows);
  greatest_.resize(bounds_.size() / kCodedRows);
  return {bounds_.data() + place, greatest_.data() + place / kCodedRows};
}

void BoundOrder::leave_out(std::size_t begin, std::size_t end) {
  const std::size_t block = begin / kCodedRows;
  std::fill(bounds_.begin() + static_cast<std::ptrdiff_t>(begin), bounds_.begin() + static_cast<std::ptrdiff_t>(end),
            kNothing);
  const auto all = bounds_.begin() + static_cast<std::ptrdiff_t>(block * kCodedRows);
  greatest_[block] = *std::max_element(all, all + kCodedRows);
}

// A bound that about so many have at least. Of as many blocks as are wanted the greatest say nearly as much as all
// bounds would, and so does a sample of more, in a fraction of the time.
float BoundOrder::bound_of_about(std::size_t count) {
  if (count >= bounds_.size()) return kLowest;
  if (2 * count <= greatest_.size()) {
    sample_ = greatest_;
  } else {
    const std::size_t step = std::max<std::size_t>(std::min(bounds_.size() / kSample, count / 8), 1);
    sample_.clear();
    for (std::size_t i = 0; i < bounds_.size(); i += step) sample_.push_back(bounds_[i]);
    count = (count + step - 1) / step;
  }
  const auto place = sample_.begin() + static_cast<std::ptrdiff_t>(count - 1);
  std::nth_element(sample_.begin(), place, sample_.end(), std::greater<>());
  return std::max(*place, kLowest);
}

std::span<const CodeHit> BoundOrder::collect(float threshold) {
  threshold = std::max(threshold, kLowest);
  std::size_t found = 0;
  while (found == 0) {
    if (reached_ <= threshold) return {};
    const float least = threshold == kLowest ? bound_of_about(count_) : threshold;
    count_ *= kTimesMore;
    for (std::size_t block = 0; block < greatest_.size(); ++block) {
      if (greatest_[block] < least) continue;
      if (hits_.size() < found + kCodedRows) hits_.resize(2 * hits_.size() + kCodedRows);
      const std::size_t first = block * kCodedRows;
      found += select_bounds(bounds_.data() + first, least, reached_, static_cast<std::uint32_t>(first),
                             hits_.data() + found);
    }
    reached_ = least;
  }
  const std::span hits = std::span(hits_).first(found);
  std::sort(hits.begin(), hits.end(), [](const CodeHit& x, const CodeHit& y) {
    return x.bound != y.bound ? x.bound > y.bound : x.row < y.row;
  });
  return hits;
}

}  // namespace alcove::segments
