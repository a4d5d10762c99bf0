#include "tools/bench_words.h"

#include <gtest/gtest.h>

#include <algorithm>

#include <fmt/format.h>

namespace alcove::tools {
namespace {

WordVectors numbered_words(std::size_t count) {
  WordVectors words;
  words.dimension = 1;
  for (std::size_t i = 0; i < count; ++i) {
    words.words.push_back(fmt::format("w{}", i));
    words.values.push_back(static_cast<float>(i));
  }
  return words;
}

TEST(BenchWords, AreStoredOrHeldOutAndNeverBoth) {
  const BenchWords words(numbered_words(1000), 50);
  EXPECT_EQ(words.held_out.size(), 50U);
  std::vector<std::size_t> all = words.stored;
  all.insert(all.end(), words.held_out.begin(), words.held_out.end());
  std::sort(all.begin(), all.end());
  ASSERT_EQ(all.size(), 1000U);
  for (std::size_t i = 0; i < all.size(); ++i) EXPECT_EQ(all[i], i);
}

TEST(BenchWords, HoldOutATenthOfFew) {
  EXPECT_EQ(BenchWords(numbered_words(20), 1000).held_out.size(), 2U);
}

TEST(BenchWords, LiveWithTheirFirstLetter) {
  EXPECT_EQ(namespace_of("tea"), "t");
  EXPECT_EQ(namespace_of("1984"), "other");
  EXPECT_EQ(namespace_of("été"), "other");
  EXPECT_EQ(namespace_of(""), "other");
}

TEST(BenchWords, CountCharactersOfALength) {
  EXPECT_EQ(length_of("the"), 3U);
  EXPECT_EQ(length_of("été"), 3U);
}

TEST(BenchWords, WriteLiteralsThatReadBack) {
  EXPECT_EQ(string_literal("it's"), "'it''s'");
  EXPECT_EQ(vector_literal(std::vector<float>{0.1F, -2, 1e-30F}), "[0.1,-2,1e-30]");
  EXPECT_EQ(metadata_of(numbered_words(3), 1), R"({"rank": 2, "length": 2})");
}

}  // namespace
}  // namespace alcove::tools
