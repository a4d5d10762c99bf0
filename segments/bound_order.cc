#include "segments/bound_order.h"

#include <algorithm>
#include <bit>

#include <hwy/contrib/sort/vqsort.h>

#include "segments/code.h"

namespace alcove::segments {

namespace {

constexpr float kNothing = -std::numeric_limits<float>::infinity();
constexpr float kLowest = std::numeric_limits<float>::lowest();
// Bounds that stand for all of them.
constexpr std::size_t kSample = 256;
constexpr std::size_t kTimesMore = 4;
// Fewer than so many are sorted as fast one by one.
constexpr std::size_t kSortedTogether = 24;

// A number that is less for a hit that comes first, and a hit from it.
std::uint64_t key_of(const CodeHit& hit) {
  const auto bits = std::bit_cast<std::uint32_t>(hit.bound + 0.0F);  // one zero only
  const std::uint32_t descending = bits >> 31U != 0 ? bits : bits ^ 0x7fffffffU;
  return std::uint64_t{descending} << 32U | hit.row;
}
CodeHit hit_of(std::uint64_t key) {
  const auto descending = static_cast<std::uint32_t>(key >> 32U);
  const std::uint32_t bits = descending >> 31U != 0 ? descending : descending ^ 0x7fffffffU;
  return {static_cast<std::uint32_t>(key), std::bit_cast<float>(bits)};
}

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
  hwy::Sorter()(sample_.data(), sample_.size(), hwy::SortDescending());
  return std::max(sample_[count - 1], kLowest);
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
  put_in_order(hits);
  return hits;
}

void BoundOrder::put_in_order(std::span<CodeHit> hits) {
  if (hits.size() < kSortedTogether) {
    std::sort(hits.begin(), hits.end(), [](const CodeHit& x, const CodeHit& y) {
      return x.bound != y.bound ? x.bound > y.bound : x.row < y.row;
    });
    return;
  }
  keys_.resize(hits.size());
  std::transform(hits.begin(), hits.end(), keys_.begin(), key_of);
  hwy::Sorter()(keys_.data(), keys_.size(), hwy::SortAscending());
  std::transform(keys_.begin(), keys_.end(), hits.begin(), hit_of);
}

}  // namespace alcove::segments
