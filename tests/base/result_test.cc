#include "base/result.h"

#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "base/check.h"

namespace alcove {
namespace {

Result<int> half(int number) {
  if (number % 2 != 0) return fail(ErrorCode::kInvalidValue, "{} is odd", number);
  return number / 2;
}

Result<std::unique_ptr<int>> quarter(int number) {
  const int once = TRY(half(number));
  const int twice = TRY(half(once));
  return std::make_unique<int>(twice);
}

Status can_be_halved(int number) {
  TRY(half(number));
  return {};
}

TEST(Result, TryGivesTheValueOrReturnsTheError) {
  const auto good = quarter(8);
  ASSERT_TRUE(good.has_value());
  EXPECT_EQ(**good, 2);
  const auto bad = quarter(6);
  ASSERT_FALSE(bad.has_value());
  EXPECT_EQ(bad.error().code(), ErrorCode::kInvalidValue);
  EXPECT_EQ(bad.error().message(), "3 is odd");
  EXPECT_TRUE(can_be_halved(2).has_value());
  EXPECT_FALSE(can_be_halved(3).has_value());
}

TEST(Error, BuildersLeaveTheOriginalAlone) {
  const Error original(ErrorCode::kIo, "short read");
  const Error built =
      original.in("segment 7").at(12).with_detail("d").with_hint("h").with_code(ErrorCode::kPanic);
  EXPECT_EQ(built.message(), "segment 7: short read");
  EXPECT_EQ(built.offset(), 12U);
  EXPECT_EQ(built.detail(), "d");
  EXPECT_EQ(built.hint(), "h");
  EXPECT_EQ(built.code(), ErrorCode::kPanic);
  EXPECT_EQ(original.message(), "short read");
  EXPECT_EQ(original.code(), ErrorCode::kIo);
  EXPECT_FALSE(original.offset().has_value());
}

TEST(CheckDeathTest, NamesTheBrokenInvariantAndAborts) {
  EXPECT_DEATH(CHECK(1 + 1 == 3, "sums add up"), "result_test.cc:.*sums add up");
}

}  // namespace
}  // namespace alcove
