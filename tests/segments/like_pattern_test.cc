#include "segments/like_pattern.h"

#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace alcove::segments {
namespace {

bool like(std::string_view text, std::string_view pattern) {
  return LikePattern(pattern).matches(text);
}

TEST(LikePattern, WithoutWildcardsMatchesItself) {
  EXPECT_TRUE(like("doc1", "doc1"));
  EXPECT_FALSE(like("doc1", "doc"));
  EXPECT_FALSE(like("doc", "doc1"));
  EXPECT_FALSE(like("DOC1", "doc1"));
  EXPECT_TRUE(like("", ""));
}

TEST(LikePattern, PercentIsAnyRun) {
  EXPECT_TRUE(like("doc1#17", "doc1#%"));
  EXPECT_TRUE(like("doc1#", "doc1#%"));
  EXPECT_TRUE(like("abcabd", "%abd"));
  EXPECT_TRUE(like("mississippi", "m%iss%pi"));
  EXPECT_FALSE(like("mississippi", "m%iss%pix"));
  EXPECT_TRUE(like("", "%%"));
}

TEST(LikePattern, UnderscoreIsOneCharacterOfUtf8) {
  EXPECT_TRUE(like("é", "_"));
  EXPECT_FALSE(like("é", "__"));
  EXPECT_TRUE(like("aé€😀b", "a___b"));
  EXPECT_FALSE(like("éx", "%__x")) << "a run must not end inside a character";
  EXPECT_FALSE(like("", "_"));
}

TEST(LikePattern, BackslashTakesTheMeaning) {
  EXPECT_TRUE(like("100%", "100\\%"));
  EXPECT_FALSE(like("1000", "100\\%"));
  EXPECT_TRUE(like("a_b", "a\\_b"));
  EXPECT_FALSE(like("axb", "a\\_b"));
  EXPECT_TRUE(like("a\\b", "a\\\\b"));
  EXPECT_TRUE(like("ab", "a\\b"));
  EXPECT_TRUE(like("a\\", "a\\"));
}

TEST(LikePattern, KnowsWhatEveryMatchBeginsWith) {
  EXPECT_EQ(LikePattern("doc\\%1%x").prefix(), "doc%1");
  EXPECT_EQ(LikePattern("_doc").prefix(), "");
  EXPECT_FALSE(LikePattern("doc%").literal());
  EXPECT_TRUE(LikePattern("a\\_b").literal());
}

TEST(LikePattern, HostilePatternTakesNoExponentialTime) {
  std::string pattern;
  for (int i = 0; i < 200; ++i) pattern += "%a";
  pattern += "%b";
  EXPECT_FALSE(like(std::string(512, 'a'), pattern));
}

// What stands at `at`, tried in every way.
bool naive(const std::vector<std::string>& text, std::size_t at, const std::string& pattern,
           std::size_t next) {
  if (next == pattern.size()) return at == text.size();
  if (pattern[next] == '%') {
    return naive(text, at, pattern, next + 1) ||
           (at < text.size() && naive(text, at + 1, pattern, next));
  }
  if (at == text.size()) return false;
  if (pattern[next] == '_') return naive(text, at + 1, pattern, next + 1);
  const std::size_t literal = pattern[next] == '\\' ? next + 1 : next;
  const std::size_t size = text[at].size();
  return pattern.compare(literal, size, text[at]) == 0 &&
         naive(text, at + 1, pattern, literal + size);
}

TEST(LikePattern, AgreesWithTryingEveryWay) {
  std::mt19937 random(1);
  const std::vector<std::string> characters = {"a", "b", "é", "€", "%", "_"};
  const std::vector<std::string> pieces = {"a", "b", "é", "€", "\\%", "\\_", "%", "_", "%", "_"};
  int matched = 0;
  for (int round = 0; round < 100000; ++round) {
    std::vector<std::string> text(random() % 7);
    std::string joined;
    for (std::string& character : text) joined += character = characters[random() % 3];
    std::string pattern;
    for (std::size_t i = random() % 6; i > 0; --i) pattern += pieces[random() % pieces.size()];
    const bool expected = naive(text, 0, pattern, 0);
    ASSERT_EQ(like(joined, pattern), expected) << joined << " LIKE " << pattern;
    if (!expected) continue;
    ++matched;
    ASSERT_TRUE(joined.starts_with(LikePattern(pattern).prefix())) << pattern;
  }
  EXPECT_GT(matched, 1000);
}

}  // namespace
}  // namespace alcove::segments
