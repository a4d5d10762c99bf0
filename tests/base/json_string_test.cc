#include "base/json_string.h"

#include <string>

#include <gtest/gtest.h>

namespace alcove {
namespace {

void expect_fault(const std::string& text, std::size_t at, ErrorCode code) {
  std::size_t cursor = 0;
  const auto read = read_json_string(text, cursor);
  ASSERT_FALSE(read) << text;
  EXPECT_EQ(read.error().code(), code) << text;
  EXPECT_EQ(cursor, at) << text;
}

TEST(JsonString, EscapesOnlyWhatItMust) {
  std::string out = "x";
  append_json_string(out, "a\"\\/\b\f\n\r\t\x01\x1f\x7f\u00e9");
  EXPECT_EQ(out, "x\"a\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\x7f\u00e9\"");
}

TEST(JsonString, ReadsOneAndStopsBehindIt) {
  const std::string text = R"(: "a\"\\\/\b\f\n\r\t\u00E9\ud83d\ude00", 1)";
  std::size_t at = 2;
  const auto read = read_json_string(text, at);
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, "a\"\\/\b\f\n\r\t\u00e9\U0001f600");
  EXPECT_EQ(text.substr(at), ", 1");
}

TEST(JsonString, RefusesWhatIsNone) {
  expect_fault(R"("abc)", 4, ErrorCode::kInvalidText);
  expect_fault("\"a\nb\"", 2, ErrorCode::kInvalidText);
  expect_fault(R"("a\)", 2, ErrorCode::kInvalidText);
  expect_fault(R"("a\q")", 2, ErrorCode::kInvalidText);
  expect_fault(R"("\u12g4")", 1, ErrorCode::kInvalidText);
  expect_fault(R"("\ud83dx")", 1, ErrorCode::kInvalidText);
  expect_fault(R"("\ude00")", 1, ErrorCode::kInvalidText);
  expect_fault(R"("\u0000")", 1, ErrorCode::kInvalidValue);
}

}  // namespace
}  // namespace alcove
