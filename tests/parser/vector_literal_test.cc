#include "parser/vector_literal.h"

#include <bit>
#include <charconv>
#include <cmath>
#include <limits>
#include <random>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace alcove::parser {
namespace {

float scan(const std::string& text) {
  const ScannedFloat scanned = scan_float(text.data(), text.data() + text.size());
  EXPECT_EQ(scanned.end, text.data() + text.size()) << text;
  EXPECT_TRUE(scanned.in_range) << text;
  return scanned.value;
}

// The library's, which rounds once.
float nearest(const std::string& text) {
  float value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  EXPECT_EQ(read.ec, std::errc()) << text;
  return value;
}

void expect_nearest(const std::string& text) {
  EXPECT_EQ(std::bit_cast<std::uint32_t>(scan(text)), std::bit_cast<std::uint32_t>(nearest(text)))
      << text;
}

std::size_t length(const std::string& text) {
  const ScannedFloat scanned = scan_float(text.data(), text.data() + text.size());
  return scanned.end == nullptr ? 0 : static_cast<std::size_t>(scanned.end - text.data());
}

TEST(ScanFloat, RoundsAsOneRoundingDoes) {
  std::mt19937_64 random(7);
  std::uniform_real_distribution<double> uniform(-1, 1);
  for (int i = 0; i < 100'000; ++i) {
    const double value = std::ldexp(uniform(random), static_cast<int>(random() % 120) - 60);
    expect_nearest(fmt::format("{:.{}g}", value, 1 + random() % 20));
    expect_nearest(fmt::format("{:.{}f}", uniform(random), random() % 25));
  }
}

// Where rounding to a double first goes wrong: at, and next to, the midpoint of two floats.
TEST(ScanFloat, RoundsMidpointsToEven) {
  std::mt19937_64 random(8);
  for (int i = 0; i < 20'000; ++i) {
    const float low = std::ldexp(static_cast<float>((1 << 23) + random() % (1 << 23)),
                                 static_cast<int>(random() % 40) - 40);
    const float high = std::nextafter(low, std::numeric_limits<float>::max());
    const double middle = (static_cast<double>(low) + static_cast<double>(high)) / 2;
    expect_nearest(fmt::format("{:.60g}", middle));
    expect_nearest(fmt::format("{:.60f}1", middle));
    for (int digits = 15; digits < 20; ++digits) {
      expect_nearest(fmt::format("{:.{}g}", middle, digits));
      expect_nearest(fmt::format("{:.{}g}", std::nextafter(middle, 0.0), digits));
      expect_nearest(fmt::format("{:.{}g}", std::nextafter(middle, 1e300), digits));
    }
  }
  EXPECT_EQ(scan("16777217"), 16777216.0F);
  EXPECT_EQ(scan("16777219"), 16777220.0F);
  EXPECT_EQ(scan("16777217.0000000000000000000000000001"), 16777218.0F);
}

TEST(ScanFloat, KnowsTheEndsOfTheRange) {
  EXPECT_EQ(scan("3.4028235e38"), std::numeric_limits<float>::max());
  EXPECT_EQ(scan("3.40282356e38"), std::numeric_limits<float>::max());
  EXPECT_EQ(scan("1e-45"), std::numeric_limits<float>::denorm_min());
  EXPECT_EQ(scan("1e-60"), 0.0F);
  EXPECT_EQ(scan("0e999999999999999999999"), 0.0F);
  EXPECT_TRUE(std::signbit(scan("-0")));
  EXPECT_EQ(scan("0.000000000000000000000000000000000000000000001e46"), 10.0F);
  for (const std::string text : {"3.4028236e38", "1e39", "-1e39", "1e99999999999999999999",
                                 "999999999999999999999999999999999999999999"}) {
    EXPECT_FALSE(scan_float(text.data(), text.data() + text.size()).in_range) << text;
  }
}

TEST(ScanFloat, TakesTheLongestNumberOfJsonsGrammar) {
  EXPECT_EQ(length("0.5,"), 3U);
  EXPECT_EQ(length("01"), 1U);
  EXPECT_EQ(length("1."), 1U);
  EXPECT_EQ(length("1e"), 1U);
  EXPECT_EQ(length("1e+"), 1U);
  EXPECT_EQ(length("1E+2x"), 4U);
  EXPECT_EQ(length("-1.5e-3]"), 7U);
  for (const char* text : {"", "-", ".5", "+1", "nan", "inf", "-x"}) EXPECT_EQ(length(text), 0U);
}

}  // namespace
}  // namespace alcove::parser
