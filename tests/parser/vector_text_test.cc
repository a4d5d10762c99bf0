#include "parser/vector_text.h"

#include <string>

#include <gtest/gtest.h>

namespace alcove::parser {
namespace {

using Texts = std::vector<std::string>;

std::vector<float> vector_of(std::string_view text) {
  const auto vector = parse_vector_text(text);
  EXPECT_TRUE(vector) << text;
  return vector ? *vector : std::vector<float>{};
}

ErrorCode vector_error(std::string_view text) {
  const auto vector = parse_vector_text(text);
  EXPECT_FALSE(vector) << text;
  return vector ? ErrorCode::kInternal : vector.error().code();
}

Texts list_of(std::string_view text) {
  const auto list = parse_text_array(text);
  EXPECT_TRUE(list) << text;
  return list ? *list : Texts{};
}

ErrorCode list_error(std::string_view text) {
  const auto list = parse_text_array(text);
  EXPECT_FALSE(list) << text;
  return list ? ErrorCode::kInternal : list.error().code();
}

TEST(VectorText, IsInBracketsOrBraces) {
  const std::vector<float> expected = {0.1F, 2, -3e4F};
  EXPECT_EQ(vector_of("[0.1,2,-3e4]"), expected);
  EXPECT_EQ(vector_of("{0.1,2,-3e4}"), expected);
  EXPECT_EQ(vector_of(" [ 0.1 ,\n2, -3e4 ]\t"), expected);
  EXPECT_EQ(vector_of("{\"0.1\", \" 2 \" ,-3e4}"), expected);
  EXPECT_TRUE(vector_of("[]").empty());
  EXPECT_TRUE(vector_of("{ }").empty());
}

TEST(VectorText, HoldsJsonsNumbersOnly) {
  for (const char* text :
       {"", "1,2", "[1,2", "[1,2}", "{1,2]", "[1,,2]", "[,]", "[1,]", "[1 2]", "[1,2] x", "[.5]",
        "[1.]", "[+1]", "[01]", "[nan]", "[1,null]", "{1,NULL}", "[\"1\"]", "{\"1}", "[[1]]",
        "[0x10]", "[1,2]]"}) {
    EXPECT_EQ(vector_error(text), ErrorCode::kInvalidText) << text;
  }
}

TEST(VectorText, StaysWithinFloat32) {
  EXPECT_EQ(vector_error("[1e39]"), ErrorCode::kInvalidValue);
  EXPECT_EQ(vector_of("[1e-60]"), std::vector<float>{0});
}

TEST(VectorText, SaysWhereItIsMalformed) {
  const auto vector = parse_vector_text("[1,x]");
  ASSERT_FALSE(vector);
  EXPECT_EQ(vector.error().message(), "malformed vector: \"[1,x]\"");
  EXPECT_EQ(vector.error().offset(), 3U);
  // Shown in part, and no character in halves.
  EXPECT_EQ(parse_vector_text("[" + std::string(62, 'x') + "é").error().message(),
            "malformed vector: \"[" + std::string(62, 'x') + "…\"");
}

TEST(TextArray, QuotesAndEscapesAsPostgresqlDoes) {
  EXPECT_EQ(list_of("{a,\"b c\",d e}"), (Texts{"a", "b c", "d e"}));
  EXPECT_EQ(list_of("{ a , \" b \" }"), (Texts{"a", " b "}));
  EXPECT_EQ(list_of("{\"\",\"a\\\"b\\\\\",c\\,d}"), (Texts{"", "a\"b\\", "c,d"}));
  EXPECT_EQ(list_of("{\"NULL\",N\\ULL,nullx}"), (Texts{"NULL", "NULL", "nullx"}));
  EXPECT_TRUE(list_of("{}").empty());
}

TEST(TextArray, HoldsNoNull) {
  EXPECT_EQ(list_error("{a,NULL}"), ErrorCode::kNullNotAllowed);
  EXPECT_EQ(list_error("{null}"), ErrorCode::kNullNotAllowed);
}

TEST(TextArray, IsWellFormed) {
  for (const char* text : {"", "a", "{a", "{a,}", "{,}", "{a}b", "{{a}}", "{a\"b\"}", "{\"a\"b}",
                           "{\"a}", "{a\\", "[a]"}) {
    EXPECT_EQ(list_error(text), ErrorCode::kInvalidText) << text;
  }
}

}  // namespace
}  // namespace alcove::parser
