#include "base/clock.h"

#include <gtest/gtest.h>

namespace alcove {
namespace {

TEST(SystemClock, NeverGoesBack) {
  SystemClock clock;
  std::uint64_t before = clock.monotonic_us();
  for (int i = 0; i < 10'000; ++i) {
    const std::uint64_t now = clock.monotonic_us();
    ASSERT_GE(now, before);
    before = now;
  }
}

TEST(SystemClock, CountsMicrosecondsSince1970) {
  constexpr std::uint64_t kYearUs = 31'556'952'000'000;
  const std::uint64_t years = SystemClock().wall_us() / kYearUs;
  EXPECT_GE(years, 50U);
  EXPECT_LT(years, 500U);
}

}  // namespace
}  // namespace alcove
