#include "segments/row_set.h"

#include <bit>

#include "segments/simd_target.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "segments/row_set.cc"
#include <hwy/foreach_target.h>

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace alcove::segments {
namespace HWY_NAMESPACE {

// By sums of 2, 4, 8 and all bits: without an instruction that not every processor has, std::popcount looks
// them up in a table.
HWY_INLINE std::uint64_t bits_of(std::uint64_t word) {
  word -= word >> 1 & 0x5555555555555555;
  word = (word & 0x3333333333333333) + (word >> 2 & 0x3333333333333333);
  word = (word + (word >> 4)) & 0x0f0f0f0f0f0f0f0f;
  return word * 0x0101010101010101 >> 56;
}

// Those from rows[at] on, beside `selected` that there are already.
HWY_INLINE std::size_t select_one_by_one(const std::uint64_t* words, std::uint32_t end, std::span<const std::uint32_t> rows,
                                         std::size_t at, std::uint32_t* into, std::size_t selected) {
  for (; at < rows.size(); ++at) {
    const std::uint32_t row = rows[at];
    // Without a jump that nobody could foretell.
    into[selected] = row;
    selected += row < end ? words[row / 64] >> row % 64 & 1U : 0;
  }
  return selected;
}

#if HWY_NATIVE_FMA && HWY_TARGET != HWY_SCALAR && HWY_TARGET != HWY_EMU128

namespace hn = hwy::HWY_NAMESPACE;

static_assert(std::endian::native == std::endian::little, "a word of 64 bits is two of 32, the lower first");

std::size_t select(const std::uint64_t* words, std::uint32_t end, std::span<const std::uint32_t> rows, std::uint32_t* into) {
  const hn::ScalableTag<std::uint32_t> d;
  const hn::RebindToSigned<decltype(d)> di;
  const auto* const halves = reinterpret_cast<const std::uint32_t*>(words);
  const auto one = hn::Set(d, 1);
  const auto last_bit = hn::Set(d, 31);
  const auto rows_end = hn::Set(d, end);
  std::size_t at = 0;
  std::size_t selected = 0;
  for (; at + hn::Lanes(d) <= rows.size(); at += hn::Lanes(d)) {
    const auto some = hn::LoadU(d, rows.data() + at);
    const auto there = hn::Lt(some, rows_end);
    const auto known = hn::IfThenElseZero(there, some);
    const auto word = hn::GatherIndex(d, halves, hn::BitCast(di, hn::ShiftRight<5>(known)));
    const auto bit = hn::And(hn::Shr(word, hn::And(known, last_bit)), one);
    const auto member = hn::And(there, hn::Eq(bit, one));
    // A whole register is stored: no further than what has been read, since no more than that are selected.
    hn::StoreU(hn::Compress(some, member), d, into + selected);
    selected += hn::CountTrue(d, member);
  }
  return select_one_by_one(words, end, rows, at, into, selected);
}

std::uint64_t count(std::span<const std::uint64_t> words) {
  const hn::ScalableTag<std::uint64_t> d;
  auto sums = hn::Zero(d);
  std::size_t at = 0;
  for (; at + hn::Lanes(d) <= words.size(); at += hn::Lanes(d)) {
    sums = hn::Add(sums, hn::PopulationCount(hn::LoadU(d, words.data() + at)));
  }
  std::uint64_t count = hn::GetLane(hn::SumOfLanes(d, sums));
  for (; at < words.size(); ++at) count += bits_of(words[at]);
  return count;
}

#else

std::size_t select(const std::uint64_t* words, std::uint32_t end, std::span<const std::uint32_t> rows, std::uint32_t* into) {
  return select_one_by_one(words, end, rows, 0, into, 0);
}

std::uint64_t count(std::span<const std::uint64_t> words) {
  std::uint64_t count = 0;
  for (const std::uint64_t word : words) count += bits_of(word);
  return count;
}

#endif

RowSetKernels row_set_kernels_here() { return {hwy::TargetName(HWY_TARGET), select, count}; }

}  // namespace HWY_NAMESPACE
}  // namespace alcove::segments
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace alcove::segments {

namespace {

const RowSetKernels& chosen() {
  static const RowSetKernels kernels = choose_target(row_set_kernels());
  return kernels;
}

}  // namespace

std::vector<RowSetKernels> row_set_kernels() { return SUPPORTED_KERNELS(RowSetKernels, row_set_kernels_here); }

std::uint64_t RowSet::count() const { return chosen().count(words_); }

std::size_t RowSet::select(std::span<const std::uint32_t> rows, std::uint32_t* into) const {
  if (rows_ == 0) return 0;
  return chosen().select(words_.data(), rows_, rows, into);
}

}  // namespace alcove::segments
#endif  // HWY_ONCE
