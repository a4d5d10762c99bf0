#include "base/number_text.h"

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <random>
#include <string>

#include <gtest/gtest.h>

namespace alcove {
namespace {

std::uint32_t bits(float value) { return std::bit_cast<std::uint32_t>(value); }
std::uint64_t bits(double value) { return std::bit_cast<std::uint64_t>(value); }

float read_float(std::string_view text) {
  const Result<float> value = parse_float(text);
  EXPECT_TRUE(value.has_value()) << text;
  return value ? *value : std::numeric_limits<float>::quiet_NaN();
}

double read_double(std::string_view text) {
  const Result<double> value = parse_double(text);
  EXPECT_TRUE(value.has_value()) << text;
  return value ? *value : std::numeric_limits<double>::quiet_NaN();
}

ErrorCode error_of(std::string_view text) {
  const Result<float> value = parse_float(text);
  EXPECT_FALSE(value.has_value()) << text;
  return value ? ErrorCode::kInternal : value.error().code();
}

TEST(NumberText, TakesTheLongestPrefixOfJsonsGrammar) {
  EXPECT_EQ(json_number_length("0"), 1U);
  EXPECT_EQ(json_number_length("-0"), 2U);
  EXPECT_EQ(json_number_length("12.50e-3,"), 8U);
  EXPECT_EQ(json_number_length("1E+5]"), 4U);
  EXPECT_EQ(json_number_length("01"), 1U);
  EXPECT_EQ(json_number_length("1."), 1U);
  EXPECT_EQ(json_number_length("1.e5"), 1U);
  EXPECT_EQ(json_number_length("1e"), 1U);
  EXPECT_EQ(json_number_length("1e+"), 1U);
  EXPECT_EQ(json_number_length("1.5.5"), 3U);
  EXPECT_EQ(json_number_length("0x10"), 1U);
}

TEST(NumberText, FindsNoNumberWhereJsonHasNone) {
  for (const char* text : {"", "-", "+1", ".5", "-.5", "nan", "NaN", "inf", "-inf", "Infinity",
                           "e5", " 1", "-+1", "--1"}) {
    EXPECT_EQ(json_number_length(text), 0U) << text;
  }
}

TEST(NumberText, RefusesWhatIsNotWhollyANumber) {
  for (const char* text : {"", "nan", "inf", "-infinity", ".5", "1.", "+1", "01", "-01", "0x1p3",
                           "1 ", " 1", "1e", "1,2", "1_000", "1f"}) {
    EXPECT_EQ(error_of(text), ErrorCode::kInvalidText) << text;
    EXPECT_FALSE(parse_double(text).has_value()) << text;
  }
}

TEST(NumberText, RoundsToNearestTiesToEven) {
  // 2^24 + 1 lies halfway between two floats.
  EXPECT_EQ(read_float("16777217"), 16777216.0F);
  EXPECT_EQ(read_float("16777219"), 16777220.0F);
  EXPECT_EQ(read_float("16777217.0000000000000000000000000000000000001"), 16777218.0F);
  EXPECT_EQ(read_float("16777216.9999999999999999999999999999999999999"), 16777216.0F);
  EXPECT_EQ(read_double("9007199254740993"), 9007199254740992.0);
  EXPECT_EQ(read_double("9007199254740993.00000000000000000000000000001"), 9007199254740994.0);
}

TEST(NumberText, RoundsDecimalOnceAndNotByWayOfDouble) {
  // Just above halfway between 1 and its successor; as a double it is that halfway itself.
  const std::string text = "1.00000005960464477540";
  EXPECT_EQ(static_cast<float>(read_double(text)), 1.0F);
  EXPECT_EQ(read_float(text), std::nextafter(1.0F, 2.0F));
}

TEST(NumberText, IsExactAmongTheDenormals) {
  EXPECT_EQ(bits(read_float("1.401298464324817e-45")), 1U);
  EXPECT_EQ(bits(read_float("1e-45")), 1U);
  EXPECT_EQ(bits(read_float("1.1754942106924411e-38")), 0x007fffffU);
  EXPECT_EQ(bits(read_float("1.1754943508222875e-38")), 0x00800000U);
  EXPECT_EQ(bits(read_double("4.9406564584124654e-324")), 1U);
  EXPECT_EQ(bits(read_double("-4.9406564584124654e-324")), 0x8000000000000001U);
}

TEST(NumberText, BecomesZeroBelowTheSmallestAndKeepsTheSign) {
  for (const char* text : {"1e-50", "7e-46", "0.0000001e-40", "1e-400", "1e-99999999999999999999",
                           "0e99999999999999999999", "0.0", "0e0",
                           // Exactly half of the smallest: the tie goes to the even zero.
                           "7.0064923216240853546186479164495806564013097093825788587853e-46"}) {
    EXPECT_EQ(bits(read_float(text)), bits(0.0F)) << text;
    EXPECT_EQ(bits(read_float("-" + std::string(text))), bits(-0.0F)) << text;
  }
  EXPECT_EQ(bits(read_double("1e-400")), bits(0.0));
  EXPECT_EQ(bits(read_double("-1e-400")), bits(-0.0));
  EXPECT_EQ(bits(read_double("1e-50")), bits(1e-50));
}

TEST(NumberText, RefusesWhatIsBeyondTheRange) {
  for (const char* text : {"3.5e38", "-3.5e38", "1e39", "1e400", "1e99999999999999999999",
                           "340282356779733661637539395458142568448"}) {
    EXPECT_EQ(error_of(text), ErrorCode::kInvalidValue) << text;
  }
  EXPECT_EQ(read_float("3.4028235e38"), std::numeric_limits<float>::max());
  EXPECT_EQ(read_float("340282356779733661637539395458142568447"),
            std::numeric_limits<float>::max());
  EXPECT_EQ(read_double("1e39"), 1e39);
  EXPECT_FALSE(parse_double("1.8e308").has_value());
  EXPECT_EQ(read_double("1.7976931348623157e308"), std::numeric_limits<double>::max());
}

TEST(NumberText, WeighsLongMantissasAgainstTheirExponent) {
  const std::string zeros(500, '0');
  EXPECT_EQ(read_float("0." + zeros + "1e501"), 1.0F);
  EXPECT_EQ(read_float("1" + zeros + "e-500"), 1.0F);
  EXPECT_EQ(read_float("0." + zeros + "1"), 0.0F);
  EXPECT_EQ(read_float("0." + zeros + "1e450"), 0.0F);
  EXPECT_EQ(error_of("0." + zeros + "1e550"), ErrorCode::kInvalidValue);
  EXPECT_EQ(error_of("1" + zeros), ErrorCode::kInvalidValue);
  EXPECT_EQ(error_of("1" + zeros + "e-450"), ErrorCode::kInvalidValue);
  EXPECT_EQ(read_float("1" + zeros + "e-550"), 0.0F);
}

// Random numbers by JSON's grammar, crowded around the ends of float's range.
class NumberMaker {
 public:
  explicit NumberMaker(std::uint64_t seed) : chance_(seed) {}

  std::string next() {
    std::string text = below(2) == 0 ? "-" : "";
    text += below(4) == 0 ? "0" : std::to_string(1 + below(9)) + digits(below(22));
    if (below(2) == 0) text += "." + digits(1 + below(30));
    if (below(3) > 0) {
      text += below(2) == 0 ? "e" : "E";
      text += below(2) == 0 ? "-" : (below(2) == 0 ? "+" : "");
      text += std::to_string(below(60));
    }
    return text;
  }

 private:
  std::uint64_t below(std::uint64_t bound) { return chance_() % bound; }
  std::string digits(std::uint64_t count) {
    std::string out;
    for (std::uint64_t i = 0; i < count; ++i) out += static_cast<char>('0' + below(10));
    return out;
  }
  std::mt19937_64 chance_;
};

TEST(NumberText, AgreesWithStrtofOnRandomText) {
  NumberMaker maker(20240517);
  for (int i = 0; i < 60'000; ++i) {
    const std::string text = maker.next();
    const float expected = std::strtof(text.c_str(), nullptr);
    const Result<float> value = parse_float(text);
    ASSERT_EQ(value.has_value(), std::isfinite(expected)) << text;
    if (value) {
      ASSERT_EQ(bits(*value), bits(expected)) << text;
    }
    const Result<double> wide = parse_double(text);
    ASSERT_TRUE(wide.has_value()) << text;
    ASSERT_EQ(bits(*wide), bits(std::strtod(text.c_str(), nullptr))) << text;
  }
}

}  // namespace
}  // namespace alcove
