#include "base/clock.h"

#include <chrono>

namespace alcove {
namespace {

template <class AnyClock>
std::uint64_t now_us() {
  const auto since = AnyClock::now().time_since_epoch();
  const auto us = std::chrono::duration_cast<std::chrono::microseconds>(since).count();
  return static_cast<std::uint64_t>(us);
}

}  // namespace

std::uint64_t SystemClock::monotonic_us() { return now_us<std::chrono::steady_clock>(); }

std::uint64_t SystemClock::wall_us() { return now_us<std::chrono::system_clock>(); }

}  // namespace alcove
