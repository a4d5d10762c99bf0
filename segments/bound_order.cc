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
// Fewer than so many are put in order as fast one by one: Highway 1.0.3 asks the kernel for random numbers each time,
// which takes as long as to sort a hundred.
constexpr std::size_t kSortedTogether = 40;

// A number that is less for a greater bound, and the bound from it. Sorted are these: Highway 1.0.3 does not sort floats
// rightly where there are zeros of both signs or infinities.
std::uint32_t descending(float bound) {
  const auto bits = std::bit_cast<std::uint32_t>(bound + 0.0F);  // one zero only
  return bits >> 31U != 0 ? bits : bits ^ 0x7fffffffU;
}
float bound_of(std::uint32_t descending) {
  return std::bit_cast<float>(descending >> 31U != 0 ? descending : descending ^ 0x7fffffffU);
}
// And one that is less for a hit that comes first.
std::uint64_t key_of(const CodeHit& hit) { return std::uint64_t{descending(hit.bound)} << 32U | hit.row; }
CodeHit hit_of(std::uint64_t key) {
  return {static_cast<std::uint32_t>(key), bound_of(static_cast<std::uint32_t>(key >> 32U))};
}

// Highway's own choice of a target, whatever ALCOVE_SIMD says: there is but one order.
template <class Key>
void sort_keys(std::vector<Key>& keys) {
  thread_local const hwy::Sorter sorter;
  sorter(keys.data(), keys.size(), hwy::SortAscending());
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
    sample_.resize(greatest_.size());
    std::transform(greatest_.begin(), greatest_.end(), sample_.begin(), descending);
  } else {
    const std::size_t step = std::max<std::size_t>(std::min(bounds_.size() / kSample, count / 8), 1);
    sample_.clear();
    for (std::size_t i = 0; i < bounds_.size(); i += step) sample_.push_back(descending(bounds_[i]));
    count = (count + step - 1) / step;
  }
  const auto last = sample_.begin() + static_cast<std::ptrdiff_t>(count - 1);
  if (sample_.size() < kSortedTogether) {
    std::nth_element(sample_.begin(), last, sample_.end());
  } else {
    sort_keys(sample_);
  }
  return std::max(bound_of(*last), kLowest);
}

std::span<const CodeHit> BoundOrder::collect(float threshold) {
  threshold = std::max(threshold, kLowest);
  std::size_t found = 0;
  while (found == 0) {
    if (reached_ <= threshold) return {};
    const float least = threshold == kLowest ? bound_of_about(count_) : threshold;
    count_ *= kTimesMore;
    // A sample is not all: it may say that fewer are above than have been collected.
    if (least >= reached_) continue;
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
  sort_keys(keys_);
  std::transform(keys_.begin(), keys_.end(), hits.begin(), hit_of);
}

}  // namespace alcove::segments
