#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "base/check.h"

// To be included before Highway is. Only targets with a fused multiply-add can follow the canonical
// procedure in vectors; the others are left to the portable kernels. Vectors of unknown width (SVE, RVV)
// are left out, too.
#define HWY_DISABLED_TARGETS                                                               \
  (HWY_SSSE3 | HWY_SSE4 | HWY_AVX3_DL | HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128 | \
   HWY_RVV | HWY_WASM | HWY_WASM_EMU256 | HWY_PPC8)

namespace alcove::segments {

// A compiled target, and what makes its kernels: null where it is of another machine.
template <class Kernels>
struct CompiledTarget {
  std::int64_t target;
  Kernels (*make)();
};

// The kernels of those targets, given best first, that `supported` has (hwy::SupportedTargets()), and last of
// all those of the static target, which needs nothing that the compiler was not told to take for granted.
template <class Kernels, std::size_t kCount>
std::vector<Kernels> supported_kernels(std::int64_t supported,
                                       const std::array<CompiledTarget<Kernels>, kCount>& dynamic,
                                       const CompiledTarget<Kernels>& last) {
  std::vector<Kernels> found;
  for (const CompiledTarget<Kernels>& each : dynamic) {
    if (each.target == last.target || each.make == nullptr) continue;
    if ((supported & each.target) != 0) found.push_back(each.make());
  }
  found.push_back(last.make());
  return found;
}

// Those that the function `make` of each target's namespace makes, likewise. Requires: Highway is included.
#define SUPPORTED_KERNELS(Kernels, make)                                                                  \
  supported_kernels<Kernels>(                                                                             \
      hwy::SupportedTargets(),                                                                            \
      std::array<CompiledTarget<Kernels>, 3>{{{HWY_AVX3, HWY_CHOOSE_AVX3(make)},                          \
                                              {HWY_AVX2, HWY_CHOOSE_AVX2(make)},                          \
                                              {HWY_NEON, HWY_CHOOSE_NEON(make)}}},                        \
      CompiledTarget<Kernels>{HWY_STATIC_TARGET, HWY_STATIC_DISPATCH(make)})

// Of the kernels of several targets, best first, those to use: the best, or those whose `target` the
// environment variable ALCOVE_SIMD names in any case. A name that is not among them ends the
// process: a test that ran on another target than the one it names would prove nothing.
template <class Kernels>
Kernels choose_target(const std::vector<Kernels>& supported) {
  const char* const forced = std::getenv("ALCOVE_SIMD");
  if (forced == nullptr || *forced == '\0') return supported.front();
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  for (const Kernels& one : supported) {
    if (std::ranges::equal(std::string_view(one.target), std::string_view(forced), {}, lower, lower)) {
      return one;
    }
  }
  CHECK(false, "ALCOVE_SIMD names no target that this CPU supports");
  return supported.front();
}

}  // namespace alcove::segments
