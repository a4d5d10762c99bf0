#pragma once

#include <algorithm>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "base/check.h"

namespace alcove::segments {

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
