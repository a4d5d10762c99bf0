#include "server/failed_logins.h"

#include <string>

#include <gtest/gtest.h>

namespace alcove::server {
namespace {

constexpr std::uint64_t kNowUs = 1'000'000'000;

TEST(FailedLogins, CostMoreAndMoreButNotTooMuch) {
  FailedLogins failed;
  EXPECT_EQ(failed.delay_us("a", kNowUs), 0U);
  for (unsigned i = 0; i < FailedLogins::kForgiven; ++i) failed.note("a", kNowUs);
  EXPECT_EQ(failed.delay_us("a", kNowUs), 0U);
  std::uint64_t expected_us = FailedLogins::kFirstDelayUs;
  for (int i = 0; i < 5; ++i) {
    failed.note("a", kNowUs);
    EXPECT_EQ(failed.delay_us("a", kNowUs), expected_us);
    expected_us *= 2;
  }
  for (int i = 0; i < 1'000; ++i) failed.note("a", kNowUs);
  EXPECT_EQ(failed.delay_us("a", kNowUs), FailedLogins::kDelayUsMax);
  EXPECT_EQ(failed.delay_us("b", kNowUs), 0U);
}

TEST(FailedLogins, AreForgottenWithTime) {
  FailedLogins failed;
  for (int i = 0; i < 1'000; ++i) failed.note("a", kNowUs);
  std::uint64_t last_us = failed.delay_us("a", kNowUs);
  for (unsigned halvings = 1; halvings <= 10; ++halvings) {
    const std::uint64_t us =
        failed.delay_us("a", kNowUs + halvings * FailedLogins::kHalfLifeUs);
    EXPECT_LE(us, last_us);
    last_us = us;
  }
  EXPECT_EQ(last_us, 0U);
}

TEST(FailedLogins, RememberTheAddressesThatFailedLast) {
  FailedLogins failed;
  for (int i = 0; i < 8; ++i) failed.note("first", kNowUs);
  for (int i = 0; i < 8; ++i) failed.note("second", kNowUs);
  failed.note("first", kNowUs);
  for (std::size_t i = 0; i + 1 < FailedLogins::kAddressesMax; ++i) {
    failed.note(std::to_string(i), kNowUs);
  }
  EXPECT_EQ(failed.size(), FailedLogins::kAddressesMax);
  EXPECT_GT(failed.delay_us("first", kNowUs), 0U);
  EXPECT_EQ(failed.delay_us("second", kNowUs), 0U);
}

}  // namespace
}  // namespace alcove::server
