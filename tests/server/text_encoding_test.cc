#include "server/text_encoding.h"

#include <string>

#include <gtest/gtest.h>

namespace alcove::server {
namespace {

using namespace std::string_literals;

TEST(CheckText, NamesTheBytesAtFaultInPostgreSqlsWords) {
  const auto message = [](const std::string& text) { return check_text(text).error().message(); };
  EXPECT_EQ(message("a\xff"), "invalid byte sequence for encoding \"UTF8\": 0xff");
  EXPECT_EQ(message("a\0b"s), "invalid byte sequence for encoding \"UTF8\": 0x00");
  EXPECT_EQ(message("\xe2\x28\xa1"), "invalid byte sequence for encoding \"UTF8\": 0xe2 0x28 0xa1");
  EXPECT_EQ(message("\xc3"), "invalid byte sequence for encoding \"UTF8\": 0xc3");
  EXPECT_TRUE(check_text("ä€😀"));
}

TEST(CharacterPosition, CountsCharactersFromOne) {
  EXPECT_EQ(character_position("select", 0), 1U);
  EXPECT_EQ(character_position("äö bogus", 5), 4U);
  EXPECT_EQ(character_position("😀x", 4), 2U);
}

TEST(CharacterPosition, TakesOffsetsWithinACharacterAndPastTheEnd) {
  EXPECT_EQ(character_position("aä", 2), 2U);
  EXPECT_EQ(character_position("aä", 3), 3U);
  EXPECT_EQ(character_position("aä", 99), 3U);
  EXPECT_EQ(character_position("", 0), 1U);
}

TEST(NamesUtf8, AcceptsDriversSpellingsOnly) {
  EXPECT_TRUE(names_utf8("'utf-8'"));
  EXPECT_TRUE(names_utf8("UTF8"));
  EXPECT_FALSE(names_utf8("UTF16"));
  EXPECT_FALSE(names_utf8(""));
}

}  // namespace
}  // namespace alcove::server
