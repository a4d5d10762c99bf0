#include "base/utf8.h"

#include <optional>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace alcove {
namespace {

using namespace std::string_view_literals;

TEST(Utf8, EveryScalarValueIsSoundAndNoneWithItsLastByteCutOff) {
  unsigned wrong = 0;
  std::string text;
  for (char32_t point = 1; point <= 0x10ffff; ++point) {
    if (point == 0xd800) point = 0xe000;
    text.clear();
    append_utf8(text, point);
    if (find_bad_utf8(text)) ++wrong;
    const bool longer = text.size() > 1;
    text.pop_back();
    if (find_bad_utf8(text).has_value() != longer) ++wrong;
  }
  EXPECT_EQ(wrong, 0U);
}

TEST(Utf8, EncodesAtTheEdgesOfEachLength) {
  const auto encoded = [](char32_t point) {
    std::string text;
    append_utf8(text, point);
    return text;
  };
  EXPECT_EQ(encoded(0x7f), "\x7f");
  EXPECT_EQ(encoded(0x80), "\xc2\x80");
  EXPECT_EQ(encoded(0x7ff), "\xdf\xbf");
  EXPECT_EQ(encoded(0x800), "\xe0\xa0\x80");
  EXPECT_EQ(encoded(0xffff), "\xef\xbf\xbf");
  EXPECT_EQ(encoded(0x10000), "\xf0\x90\x80\x80");
  EXPECT_EQ(encoded(0x10ffff), "\xf4\x8f\xbf\xbf");
}

TEST(Utf8, NamesTheFirstBadByte) {
  EXPECT_EQ(find_bad_utf8(""), std::nullopt);
  EXPECT_EQ(find_bad_utf8("abc\xff"), 3U);
  EXPECT_EQ(find_bad_utf8("a\0b"sv), 1U) << "NUL";
  EXPECT_EQ(find_bad_utf8("\x80"), 0U) << "a continuation alone";
  EXPECT_EQ(find_bad_utf8("é\xc3("), 2U) << "a lead byte alone";
  EXPECT_EQ(find_bad_utf8("\xc0\x80"), 0U) << "overlong";
  EXPECT_EQ(find_bad_utf8("\xe0\x9f\xbf"), 0U) << "overlong";
  EXPECT_EQ(find_bad_utf8("\xf0\x8f\xbf\xbf"), 0U) << "overlong";
  EXPECT_EQ(find_bad_utf8("\xed\xa0\x80"), 0U) << "surrogate";
  EXPECT_EQ(find_bad_utf8("\xf4\x90\x80\x80"), 0U) << "past U+10FFFF";
  EXPECT_EQ(find_bad_utf8("\xf5\x80\x80\x80"), 0U) << "no lead byte";
}

}  // namespace
}  // namespace alcove
