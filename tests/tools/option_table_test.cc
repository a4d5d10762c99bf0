#include "tools/option_table.h"

#include <gtest/gtest.h>

namespace alcove::tools {
namespace {

constexpr std::uint64_t kMiB = 1ULL << 20;

TEST(ParseQuantity, ReadsEverySuffixOfAUnit) {
  EXPECT_EQ(*parse_quantity("4096", Unit::kBytes), 4096U);
  EXPECT_EQ(*parse_quantity("3B", Unit::kBytes), 3U);
  EXPECT_EQ(*parse_quantity("64kB", Unit::kBytes), 64U << 10);
  EXPECT_EQ(*parse_quantity("256 MB", Unit::kBytes), 256 * kMiB);
  EXPECT_EQ(*parse_quantity("2GB", Unit::kBytes), 2048 * kMiB);
  EXPECT_EQ(*parse_quantity("1TB", Unit::kBytes), kMiB * kMiB);
  EXPECT_EQ(*parse_quantity("250", Unit::kMilliseconds), 250U);
  EXPECT_EQ(*parse_quantity("250ms", Unit::kMilliseconds), 250U);
  EXPECT_EQ(*parse_quantity("30s", Unit::kMilliseconds), 30'000U);
  EXPECT_EQ(*parse_quantity("5 min", Unit::kMilliseconds), 300'000U);
  EXPECT_EQ(*parse_quantity("1h", Unit::kMilliseconds), 3'600'000U);
  EXPECT_EQ(*parse_quantity("32", Unit::kCount), 32U);
}

TEST(ParseQuantity, RefusesEverythingElse) {
  for (const char* text : {"", "x", "-1", "1.5MB", "1mb", "1 M B", "5m", "1MB2", "0x10"}) {
    EXPECT_EQ(parse_quantity(text, Unit::kBytes).error().code(), ErrorCode::kInvalidText) << text;
  }
  EXPECT_EQ(parse_quantity("1kB", Unit::kCount).error().code(), ErrorCode::kInvalidText);
  EXPECT_EQ(parse_quantity("99999999999999999999", Unit::kCount).error().code(),
            ErrorCode::kInvalidValue);
  EXPECT_EQ(parse_quantity("99999999TB", Unit::kBytes).error().code(), ErrorCode::kInvalidValue);
}

TEST(FormatQuantity, IsReadBack) {
  EXPECT_EQ(format_quantity(256 * kMiB, Unit::kBytes), "256MB");
  EXPECT_EQ(format_quantity(300'000, Unit::kMilliseconds), "5min");
  EXPECT_EQ(format_quantity(0, Unit::kMilliseconds), "0");
  for (const std::uint64_t value : {0ULL, 1ULL, 1000ULL, 1024ULL, 65'537ULL, ~0ULL}) {
    for (const Unit unit : {Unit::kCount, Unit::kBytes, Unit::kMilliseconds}) {
      EXPECT_EQ(*parse_quantity(format_quantity(value, unit), unit), value);
    }
  }
}

class OptionTableTest : public testing::Test {
 protected:
  OptionTableTest() {
    table_.add("data", data_, "a path");
    table_.add("cache_bytes", cache_bytes_, Unit::kBytes, {kMiB, 8 * kMiB}, "a size");
    table_.add("workers", workers_, Unit::kCount, {}, "a number");
  }

  std::string message_of(std::string_view config) {
    const Status status = table_.set_from_config(config, "alcove.conf");
    return status ? "" : status.error().message();
  }

  std::string data_;
  std::uint64_t cache_bytes_ = 2 * kMiB;
  std::uint32_t workers_ = 1;
  OptionTable table_;
};

TEST_F(OptionTableTest, ReadsLinesBlanksAndComments) {
  EXPECT_EQ(message_of("# all of it\n"
                       "\n"
                       "data = /srv/a#b   # a path may hold a #\n"
                       "  cache_bytes=4MB\r\n"
                       "workers =  8"),
            "");
  EXPECT_EQ(data_, "/srv/a#b");
  EXPECT_EQ(cache_bytes_, 4 * kMiB);
  EXPECT_EQ(workers_, 8U);
}

TEST_F(OptionTableTest, NamesFileAndLineOfWhatIsWrong) {
  EXPECT_EQ(message_of("workers = 8\nworker = 9\n"),
            "alcove.conf:2: no option is called \"worker\"");
  EXPECT_EQ(message_of("\n\nworkers 8\n"), "alcove.conf:3: expected name=value, not \"workers 8\"");
  EXPECT_EQ(message_of("workers = many\n"),
            "alcove.conf:1: workers: \"many\" is not a whole number");
  EXPECT_EQ(message_of("cache_bytes = 1GB\n"),
            "alcove.conf:1: cache_bytes: 1GB is outside the range 1MB to 8MB");
}

TEST_F(OptionTableTest, KeepsNumbersWithinTheirVariable) {
  EXPECT_FALSE(table_.set("workers", "4294967296"));
  EXPECT_TRUE(table_.set("workers", "4294967295"));
  EXPECT_EQ(workers_, 4'294'967'295U);
}

TEST(OptionTable, SwitchesOnAndOff) {
  bool on = false;
  OptionTable table;
  table.add("strict", on, "a switch");
  EXPECT_TRUE(table.set("strict", "on"));
  EXPECT_TRUE(on);
  EXPECT_EQ(table.rows().front().value, "on");
  EXPECT_EQ(table.set("strict", "yes").error().message(), "strict: \"yes\" is neither on nor off");
  EXPECT_TRUE(table.set("strict", "off"));
  EXPECT_FALSE(on);
}

TEST_F(OptionTableTest, ShowsWhatIsInForce) {
  ASSERT_TRUE(table_.set_from_assignment("cache_bytes = 3MB"));
  const auto rows = table_.rows();
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_EQ(rows[1].name, "cache_bytes");
  EXPECT_EQ(rows[1].value, "3MB");
  EXPECT_EQ(rows[1].description, "a size");
}

}  // namespace
}  // namespace alcove::tools
