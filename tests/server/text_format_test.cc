#include "server/text_format.h"

#include <bit>
#include <charconv>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace alcove::server {
namespace {

std::string float4(float value) {
  std::string out;
  append_float4(out, value);
  return out;
}

std::string float8(double value) {
  std::string out;
  append_float8(out, value);
  return out;
}

// What PostgreSQL 15 prints for the same values.
TEST(FloatText, IsPostgreSqls) {
  EXPECT_EQ(float4(0.1F), "0.1");
  EXPECT_EQ(float4(1.0F), "1");
  EXPECT_EQ(float4(-0.0F), "-0");
  EXPECT_EQ(float4(1e-10F), "1e-10");
  EXPECT_EQ(float4(123456789.0F), "1.2345679e+08");
  EXPECT_EQ(float4(0.99999994F), "0.99999994");
  EXPECT_EQ(float4(std::numeric_limits<float>::max()), "3.4028235e+38");
  EXPECT_EQ(float4(std::numeric_limits<float>::denorm_min()), "1e-45");
  EXPECT_EQ(float8(0.1), "0.1");
  EXPECT_EQ(float8(std::numeric_limits<double>::max()), "1.7976931348623157e+308");
  EXPECT_EQ(float8(std::numeric_limits<double>::denorm_min()), "5e-324");
}

TEST(FloatText, IsFixedWithinTheTypesPrecision) {
  EXPECT_EQ(float4(999999.94F), "999999.94");
  EXPECT_EQ(float4(1e6F), "1e+06");
  EXPECT_EQ(float4(1e-4F), "0.0001");
  EXPECT_EQ(float4(9.999e-5F), "9.999e-05");
  EXPECT_EQ(float8(999999999999999), "999999999999999");
  EXPECT_EQ(float8(1e15), "1e+15");
  EXPECT_EQ(float8(0.0001), "0.0001");
  EXPECT_EQ(float8(0.00001), "1e-05");
}

TEST(FloatText, NamesWhatIsNoNumber) {
  EXPECT_EQ(float4(std::numeric_limits<float>::quiet_NaN()), "NaN");
  EXPECT_EQ(float4(-std::numeric_limits<float>::infinity()), "-Infinity");
  EXPECT_EQ(float8(std::numeric_limits<double>::infinity()), "Infinity");
}

// 4.643445e+07 lies half way between two floats, so that PostgreSQL writes one digit more.
TEST(FloatText, AvoidsDigitsHalfWayBetweenFloats) {
  EXPECT_EQ(float4(46434448.0F), "4.6434448e+07");
  EXPECT_EQ(float4(3e10F), "3.0000001e+10");
  EXPECT_EQ(float8(4.2236539238041664e16), "4.2236539238041664e+16");
}

TEST(FloatText, ReadsBackAsTheSameBits) {
  std::mt19937 random(1);
  for (int i = 0; i < 20'000; ++i) {
    const auto value = std::bit_cast<float>(static_cast<std::uint32_t>(random()));
    if (value != value) continue;
    const std::string text = float4(value);
    float read = 0;
    std::from_chars(text.data(), text.data() + text.size(), read);
    ASSERT_EQ(std::bit_cast<std::uint32_t>(read), std::bit_cast<std::uint32_t>(value)) << text;
  }
}

TEST(FloatArrayText, HasNoBlanks) {
  std::string out = "x";
  append_float4_array(out, std::vector<float>{0.1F, 0.2F, -3e9F});
  EXPECT_EQ(out, "x{0.1,0.2,-3e+09}");
}

TEST(FloatArrayText, IsTheListOfItsElementsAtAnyLength) {
  for (const std::size_t length : {0U, 1U, 63U, 64U, 65U, 128U, 20'000U}) {
    std::vector<float> values;
    std::string expected = "{";
    for (std::size_t i = 0; i < length; ++i) {
      values.push_back(static_cast<float>(i) / 7);
      if (i > 0) expected += ",";
      append_float4(expected, values.back());
    }
    std::string out;
    append_float4_array(out, values);
    EXPECT_EQ(out, expected + "}");
  }
}

TEST(Text, WritesAVectorAsItsColumnSays) {
  const std::vector<float> values = {0.1F, -2};
  const executor::Cell cell{std::span<const float>(values)};
  std::string out;
  append_text(out, cell, executor::Type::kFloat4Array);
  append_text(out, cell, executor::Type::kVector);
  append_text(out, cell, executor::Type::kVectorText);
  EXPECT_EQ(out, "{0.1,-2}[0.1,-2][0.1,-2]");
}

TEST(Text, WritesEveryKindOfCell) {
  std::string out;
  append_text(out, true);
  append_text(out, false);
  append_text(out, std::int64_t{-9223372036854775807 - 1});
  append_text(out, std::string_view(" {\"a\": 1}"));
  append_text(out, 0.5F);
  EXPECT_EQ(out, "tf-9223372036854775808 {\"a\": 1}0.5");
}

}  // namespace
}  // namespace alcove::server
