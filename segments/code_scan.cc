#include "segments/code_scan.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>

#include "segments/code.h"
#include "segments/simd_target.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "segments/code_scan.cc"
#include <hwy/foreach_target.h>

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace alcove::segments {
namespace HWY_NAMESPACE {

// Of the 32 codes at hand, from one block of them; where they are whole, the lower halves stand behind.
struct Corrected {
  const std::uint16_t* factors;
  const std::uint16_t* addends;
  const std::uint16_t* deviations;
};

constexpr std::size_t kLowerHalves = kCorrectionBytes / sizeof(std::uint16_t);
HWY_INLINE std::size_t bytes_of(const CodeScan& scan) {
  return scan.groups * 16 + (scan.corrections == Corrections::kWhole ? 2 : 1) * kCorrectionBytes;
}

HWY_INLINE float known_bound(float bound) {
  return bound == bound ? bound : std::numeric_limits<float>::infinity();
}

// What is fetched while codes are scanned, in equal parts.
class Ahead {
 public:
  HWY_INLINE Ahead(std::string_view bytes, std::size_t parts)
      : bytes_(bytes), part_((bytes.size() / kLine + parts) / parts * kLine) {}
  HWY_INLINE void fetch_part() {
    const std::size_t end = std::min(at_ + part_, bytes_.size());
    for (; at_ < end; at_ += kLine) __builtin_prefetch(bytes_.data() + at_);
  }

 private:
  static constexpr std::size_t kLine = 64;
  std::string_view bytes_;
  std::size_t part_;
  std::size_t at_ = 0;
};

HWY_INLINE Corrected corrections_of(const char* codes, std::size_t groups) {
  const auto* const halves = reinterpret_cast<const std::uint16_t*>(codes + groups * 16);
  return {halves, halves + kCodedRows, halves + 2 * kCodedRows};
}

#if HWY_NATIVE_FMA && HWY_TARGET != HWY_SCALAR && HWY_TARGET != HWY_EMU128

namespace hn = hwy::HWY_NAMESPACE;

// Two or four groups side by side, as many as a register takes: 64 bytes are a tenth faster than 32 on Sapphire Rapids.
constexpr hn::CappedTag<std::uint8_t, 64> kBytes;
constexpr hn::Repartition<std::uint16_t, decltype(kBytes)> kWords;
constexpr hn::CappedTag<float, 16> kFloats;
constexpr hn::Rebind<std::int32_t, decltype(kFloats)> kInts;
constexpr hn::Rebind<std::uint16_t, decltype(kFloats)> kShorts;
using Words = hn::Vec<decltype(kWords)>;
using Floats = hn::Vec<decltype(kFloats)>;

constexpr std::size_t kLanes = hn::MaxLanes(kFloats);
constexpr std::size_t kGroupsAtOnce = hn::MaxLanes(kBytes) / 16;
// A word takes so many bytes without overflowing.
constexpr std::size_t kBytesInWord = 257;

using Bytes = hn::Vec<decltype(kBytes)>;

// What the numbers at `codes` name in the table, for the rows 0 … 15 and those 16 further.
struct Named {
  Bytes low;
  Bytes high;
};

HWY_INLINE Named named(Bytes numbers, Bytes entries) {
  const auto low_half = hn::Set(kBytes, 0x0f);
  const Bytes next = hn::BitCast(kBytes, hn::ShiftRight<4>(hn::BitCast(kWords, numbers)));
  return {hn::TableLookupBytes(entries, hn::And(numbers, low_half)),
          hn::TableLookupBytes(entries, hn::And(next, low_half))};
}

HWY_INLINE Named look_up(const std::uint8_t* codes, const std::uint8_t* table) {
  return named(hn::LoadU(kBytes, codes), hn::LoadU(kBytes, table));
}
// Of so many bytes; the rest of what they name is zeros.
HWY_INLINE Named look_up_some(const std::uint8_t* codes, const std::uint8_t* table, std::size_t bytes) {
  const auto there = hn::FirstN(kBytes, bytes);
  return named(hn::MaskedLoad(there, kBytes, codes), hn::MaskedLoad(there, kBytes, table));
}

// The sums of bytes at even and at odd places are kept apart. A sum of whole words has the odd ones in
// its high halves: without them, modulo 2^16, it is the sum of the even ones.
struct Sums {
  Words whole;
  Words odd;
};

HWY_INLINE void add(Bytes bytes, Sums& sums) {
  const Words words = hn::BitCast(kWords, bytes);
  sums.whole = hn::Add(sums.whole, words);
  sums.odd = hn::Add(sums.odd, hn::ShiftRight<8>(words));
}

// Adds the sums of the rows 0 … 7 (even) and 8 … 15 (odd) to `totals`.
HWY_INLINE void collect(const Sums& sums, std::int32_t* totals) {
  constexpr std::size_t kCount = hn::MaxLanes(kWords);
  std::uint16_t even[kCount];
  std::uint16_t odd[kCount];
  hn::StoreU(hn::Sub(sums.whole, hn::ShiftLeft<8>(sums.odd)), kWords, even);
  hn::StoreU(sums.odd, kWords, odd);
  for (std::size_t i = 0; i < kCount; ++i) {
    totals[i % 8] += even[i];
    totals[8 + i % 8] += odd[i];
  }
}

// So many groups add up to no more than a word takes.
constexpr std::size_t kGroupsInWord = 65535 / kTableEntryMax;

// Adds what the numbers in [at, end) name: whole times two steps, and what is left.
HWY_INLINE void add_groups(const CodeScan& scan, const std::uint8_t* codes, std::size_t at,
                           std::size_t end, Sums& low, Sums& high) {
  constexpr std::size_t kStep = kGroupsAtOnce * 16;
  // Two entries of a table fit a byte together.
  for (; at + 2 * kStep <= end; at += 2 * kStep) {
    const Named first = look_up(codes + at, scan.table + at);
    const Named second = look_up(codes + at + kStep, scan.table + at + kStep);
    add(hn::Add(first.low, second.low), low);
    add(hn::Add(first.high, second.high), high);
  }
  for (; at + kStep <= end; at += kStep) {
    const Named last = look_up(codes + at, scan.table + at);
    add(last.low, low);
    add(last.high, high);
  }
  if constexpr (kStep > 32) {
    if (at == end) return;
    const Named rest = look_up_some(codes + at, scan.table + at, end - at);
    add(rest.low, low);
    add(rest.high, high);
  }
}

// The sums of 8 rows, of words that fit.
template <class Tag>
HWY_INLINE auto eight_of(Tag tag, hn::Vec<Tag> sums) {
  if constexpr (hn::MaxLanes(tag) > 8) {
    constexpr hn::Half<Tag> kHalf;
    return eight_of(kHalf, hn::Add(hn::LowerHalf(kHalf, sums), hn::UpperHalf(kHalf, sums)));
  } else {
    return sums;
  }
}

// Of 16 rows. Written as they will be read: a processor waits where it reads at once what it wrote in two.
template <class Tag>
HWY_INLINE void store_words(Tag shorts, const Sums& sums, std::uint16_t* words) {
  const auto even = eight_of(kWords, hn::Sub(sums.whole, hn::ShiftLeft<8>(sums.odd)));
  const auto odd = eight_of(kWords, sums.odd);
  if constexpr (hn::MaxLanes(shorts) > 8) {
    hn::StoreU(hn::Combine(shorts, odd, even), shorts, words);
  } else {
    constexpr hn::CappedTag<std::uint16_t, 8> kEight;
    hn::StoreU(even, kEight, words);
    hn::StoreU(odd, kEight, words + 8);
  }
}

HWY_INLINE void sum_in_words(const CodeScan& scan, const std::uint8_t* codes, std::uint16_t* words) {
  Sums low{hn::Zero(kWords), hn::Zero(kWords)};
  Sums high = low;
  add_groups(scan, codes, 0, scan.groups * 16, low, high);
  store_words(kShorts, low, words);
  store_words(kShorts, high, words + 16);
}

HWY_INLINE void sum_codes(const CodeScan& scan, const std::uint8_t* codes, std::int32_t* totals) {
  const std::size_t size = scan.groups * 16;
  constexpr std::size_t kPart = kBytesInWord / 2 * 2 * kGroupsAtOnce * 16;
  std::fill(totals, totals + kCodedRows, 0);
  for (std::size_t at = 0; at < size; at += kPart) {
    Sums low{hn::Zero(kWords), hn::Zero(kWords)};
    Sums high = low;
    add_groups(scan, codes, at, std::min(size, at + kPart), low, high);
    collect(low, totals);
    collect(high, totals + kCodedRows / 2);
  }
}

// Of which the higher halves stand there, and maybe the lower further behind.
HWY_INLINE Floats widened(const std::uint16_t* halves, bool whole) {
  auto bits = hn::ShiftLeft<16>(hn::PromoteTo(kInts, hn::LoadU(kShorts, halves)));
  if (whole) bits = hn::Or(bits, hn::PromoteTo(kInts, hn::LoadU(kShorts, halves + kLowerHalves)));
  return hn::BitCast(kFloats, bits);
}

// The bounds of 32 rows after the other.
class Bounds {
 public:
  HWY_INLINE explicit Bounds(const CodeScan& scan)
      : scan_(scan),
        in_words_(scan.groups <= kGroupsInWord),
        whole_(scan.corrections == Corrections::kWhole),
        scale_(hn::Set(kFloats, scan.scale)),
        bias_(hn::Set(kFloats, scan.bias)),
        base_(hn::Set(kFloats, scan.base)),
        reach_(hn::Set(kFloats, scan.reach)) {}

  HWY_INLINE void begin(const char* codes) {
    const auto* const numbers = reinterpret_cast<const std::uint8_t*>(codes);
    if (in_words_) {
      sum_in_words(scan_, numbers, words_);
    } else {
      sum_codes(scan_, numbers, totals_);
    }
    rows_ = corrections_of(codes, scan_.groups);
  }
  // Of the rows from i on, as many as a register takes.
  HWY_INLINE Floats at(std::size_t i) const {
    const auto whole = in_words_ ? hn::PromoteTo(kInts, hn::LoadU(kShorts, words_ + i))
                                 : hn::LoadU(kInts, totals_ + i);
    const auto along = hn::MulAdd(hn::ConvertTo(kFloats, whole), scale_, bias_);
    const auto corrected =
        hn::MulAdd(widened(rows_.factors + i, whole_), along, hn::Add(widened(rows_.addends + i, whole_), base_));
    return hn::MulAdd(widened(rows_.deviations + i, whole_), reach_, corrected);
  }

 private:
  const CodeScan& scan_;
  const bool in_words_;
  const bool whole_;
  const Floats scale_;
  const Floats bias_;
  const Floats base_;
  const Floats reach_;
  Corrected rows_{};
  std::uint16_t words_[kCodedRows];
  std::int32_t totals_[kCodedRows];
};

std::size_t scan(const CodeScan& scan, const char* codes, std::size_t count, float threshold,
                 CodeHit* hits) {
  const auto least = hn::Set(kFloats, threshold);
  const std::size_t bytes = bytes_of(scan);
  Bounds of(scan);
  Ahead ahead(scan.ahead, count);
  std::size_t found = 0;
  for (std::size_t block = 0; block < count; ++block, codes += bytes) {
    ahead.fetch_part();
    of.begin(codes);
    for (std::size_t i = 0; i < kCodedRows; i += kLanes) {
      const Floats bound = of.at(i);
      if (hn::AllTrue(kFloats, hn::Lt(bound, least))) continue;
      float bounds[kLanes];
      hn::StoreU(bound, kFloats, bounds);
      for (std::size_t lane = 0; lane < kLanes; ++lane) {
        if (bounds[lane] < threshold) continue;
        hits[found++] = {static_cast<std::uint32_t>(block * kCodedRows + i + lane),
                         known_bound(bounds[lane])};
      }
    }
  }
  return found;
}

void bound(const CodeScan& scan, const char* codes, std::size_t count, float* bounds,
           float* greatest) {
  const auto infinity = hn::Set(kFloats, std::numeric_limits<float>::infinity());
  const auto lowest = hn::Set(kFloats, std::numeric_limits<float>::lowest());
  const std::size_t bytes = bytes_of(scan);
  Bounds of(scan);
  for (std::size_t block = 0; block < count; ++block, codes += bytes, bounds += kCodedRows) {
    of.begin(codes);
    Floats most = lowest;
    for (std::size_t i = 0; i < kCodedRows; i += kLanes) {
      const Floats told = of.at(i);
      const Floats known = hn::Max(hn::IfThenElse(hn::IsNaN(told), infinity, told), lowest);
      hn::StoreU(known, kFloats, bounds + i);
      most = hn::Max(most, known);
    }
    greatest[block] = hn::GetLane(hn::MaxOfLanes(kFloats, most));
  }
}

std::size_t select(const float* bounds, float least, float most, std::uint32_t first, CodeHit* hits) {
  const auto from = hn::Set(kFloats, least);
  const auto to = hn::Set(kFloats, most);
  std::size_t found = 0;
  for (std::size_t i = 0; i < kCodedRows; i += kLanes) {
    const Floats bound = hn::LoadU(kFloats, bounds + i);
    const auto taken = hn::AndNot(hn::Ge(bound, to), hn::Ge(bound, from));
    if (hn::AllFalse(kFloats, taken)) continue;
    std::uint8_t bits[8] = {};
    hn::StoreMaskBits(kFloats, taken, bits);
    for (unsigned left = bits[0] | (unsigned{bits[1]} << 8U); left != 0; left &= left - 1) {
      const auto at = i + static_cast<std::size_t>(std::countr_zero(left));
      hits[found++] = {first + static_cast<std::uint32_t>(at), bounds[at]};
    }
  }
  return found;
}

HWY_INLINE float sum_of_sizes(const float* steps, std::size_t count) {
  float sum = 0;
  for (std::size_t i = 0; i < count; ++i) sum += std::abs(steps[i]);
  return sum;
}

void fill_table(const CodeShape& shape, const float* steps, std::uint8_t* table) {
  constexpr hn::Rebind<std::uint8_t, decltype(kFloats)> kEntries;
  const GroupLevels& levels = group_levels(shape);
  const std::size_t coordinates = shape.coordinates_per_group;
  const float outermost = outermost_level(shape);
  for (std::size_t group = 0; group < shape.groups; ++group, steps += coordinates) {
    const auto half_above = hn::Set(kFloats, std::fma(outermost, sum_of_sizes(steps, coordinates), 0.5F));
    for (std::size_t n = 0; n < kGroupNumbers; n += kLanes, table += kLanes) {
      auto entries = half_above;
      for (std::size_t i = 0; i < coordinates; ++i) {
        entries = hn::MulAdd(hn::Set(kFloats, steps[i]), hn::LoadU(kFloats, levels[i].data() + n), entries);
      }
      // What float32 rounds beyond the ends belongs there.
      entries = hn::Min(entries, hn::Set(kFloats, static_cast<float>(kTableEntryMax)));
      hn::StoreU(hn::DemoteTo(kEntries, hn::ConvertTo(kInts, entries)), kEntries, table);
    }
  }
}

#else  // portable kernels: one row after the other

void fill_table(const CodeShape& shape, const float* steps, std::uint8_t* table) {
  const GroupLevels& levels = group_levels(shape);
  const std::size_t coordinates = shape.coordinates_per_group;
  for (std::size_t group = 0; group < shape.groups; ++group, steps += coordinates) {
    float sizes = 0;
    for (std::size_t i = 0; i < coordinates; ++i) sizes += std::abs(steps[i]);
    const float half_above = std::fma(outermost_level(shape), sizes, 0.5F);
    for (std::size_t n = 0; n < kGroupNumbers; ++n) {
      float entry = half_above;
      for (std::size_t i = 0; i < coordinates; ++i) entry = std::fma(steps[i], levels[i][n], entry);
      *table++ = static_cast<std::uint8_t>(std::clamp(entry, 0.0F, static_cast<float>(kTableEntryMax)));
    }
  }
}

float widened(const CodeScan& scan, const std::uint16_t* half) {
  const std::uint32_t low = scan.corrections == Corrections::kWhole ? half[kLowerHalves] : 0U;
  return std::bit_cast<float>(std::uint32_t{*half} << 16U | low);
}

float bound_of(const CodeScan& scan, const char* codes, std::size_t row) {
  const auto* const numbers = reinterpret_cast<const std::uint8_t*>(codes);
  const Corrected rows = corrections_of(codes, scan.groups);
  const std::size_t byte = row % 16 % 8 * 2 + row % 16 / 8;
  std::int32_t sum = 0;
  for (std::size_t group = 0; group < scan.groups; ++group) {
    const unsigned both = numbers[group * 16 + byte];
    sum += scan.table[group * 16 + (row < 16 ? both & 0x0fU : both >> 4U)];
  }
  const float along = std::fma(static_cast<float>(sum), scan.scale, scan.bias);
  const float corrected =
      std::fma(widened(scan, rows.factors + row), along, widened(scan, rows.addends + row) + scan.base);
  return known_bound(std::fma(widened(scan, rows.deviations + row), scan.reach, corrected));
}

std::size_t scan(const CodeScan& scan, const char* codes, std::size_t count, float threshold,
                 CodeHit* hits) {
  const std::size_t bytes = bytes_of(scan);
  std::size_t found = 0;
  for (std::size_t block = 0; block < count; ++block, codes += bytes) {
    for (std::size_t row = 0; row < kCodedRows; ++row) {
      const float bound = bound_of(scan, codes, row);
      if (bound < threshold) continue;
      hits[found++] = {static_cast<std::uint32_t>(block * kCodedRows + row), bound};
    }
  }
  return found;
}

void bound(const CodeScan& scan, const char* codes, std::size_t count, float* bounds,
           float* greatest) {
  const std::size_t bytes = bytes_of(scan);
  for (std::size_t block = 0; block < count; ++block, codes += bytes, bounds += kCodedRows) {
    for (std::size_t row = 0; row < kCodedRows; ++row) {
      bounds[row] = std::max(bound_of(scan, codes, row), std::numeric_limits<float>::lowest());
    }
    greatest[block] = *std::max_element(bounds, bounds + kCodedRows);
  }
}

std::size_t select(const float* bounds, float least, float most, std::uint32_t first, CodeHit* hits) {
  std::size_t found = 0;
  for (std::uint32_t i = 0; i < kCodedRows; ++i) {
    if (bounds[i] < least || bounds[i] >= most) continue;
    hits[found++] = {first + i, bounds[i]};
  }
  return found;
}

#endif

CodeKernels kernels_of_code() { return {hwy::TargetName(HWY_TARGET), fill_table, scan, bound, select}; }

}  // namespace HWY_NAMESPACE
}  // namespace alcove::segments
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace alcove::segments {
std::vector<CodeKernels> code_kernels() { return SUPPORTED_KERNELS(CodeKernels, kernels_of_code); }

namespace {

const CodeKernels& chosen() {
  static const CodeKernels kernels = choose_target(code_kernels());
  return kernels;
}

}  // namespace

void fill_code_table(const CodeShape& shape, const float* steps, std::uint8_t* table) {
  chosen().fill_table(shape, steps, table);
}

std::size_t scan_codes(const CodeScan& scan, const char* codes, std::size_t count, float threshold,
                       CodeHit* hits) {
  return chosen().scan(scan, codes, count, threshold, hits);
}

void bound_codes(const CodeScan& scan, const char* codes, std::size_t count, float* bounds,
                 float* greatest) {
  chosen().bound(scan, codes, count, bounds, greatest);
}

std::size_t select_bounds(const float* bounds, float least, float most, std::uint32_t first,
                          CodeHit* hits) {
  return chosen().select(bounds, least, most, first, hits);
}

}  // namespace alcove::segments
#endif  // HWY_ONCE
