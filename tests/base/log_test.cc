#include "base/log.h"

#include <algorithm>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace alcove {
namespace {

std::string logged(LogLevel level, std::string_view line) {
  testing::internal::CaptureStderr();
  write_log(level, line);
  return testing::internal::GetCapturedStderr();
}

constexpr char kTime[] = "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z ";

TEST(Log, WritesOneLineWithTimeAndLevel) {
  EXPECT_THAT(logged(LogLevel::kInfo, "ready"),
              testing::MatchesRegex(std::string(kTime) + "info ready\n"));
  EXPECT_THAT(logged(LogLevel::kWarning, "slow {}"),
              testing::MatchesRegex(std::string(kTime) + "warning slow \\{\\}\n"));
  EXPECT_THAT(logged(LogLevel::kError, "broken"),
              testing::MatchesRegex(std::string(kTime) + "error broken\n"));
}

TEST(Log, KeepsAnEventOnItsLine) {
  const std::string text = logged(LogLevel::kInfo, "name\n2024 error forged\x1b[2J é");
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1);
  EXPECT_THAT(text, testing::HasSubstr("name\\x0a2024 error forged\\x1b[2J é\n"));
}

}  // namespace
}  // namespace alcove
