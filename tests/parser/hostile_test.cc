#include <ctime>
#include <string>

#include "tests/parser/parsing.h"

namespace alcove::parser {
namespace {

constexpr std::size_t kMegabyte = 1'000'000;

std::string repeated(const std::string& part, std::size_t bytes = kMegabyte) {
  std::string text;
  while (text.size() < bytes) text += part;
  return text;
}

// What a text that must not parse fails with. Bounds the CPU time too, far above what one pass
// takes in any build, far below what reading it again and again would.
ErrorCode refusal(const std::string& text) {
  const std::clock_t begin = std::clock();
  const Error error = parse_error(text);
  const double seconds = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
  EXPECT_LT(seconds, 2.0) << text.substr(0, 60);
  EXPECT_LT(error.message().size(), 300U);
  return error.code();
}

TEST(Hostile, ParenthesesByTheMegabyte) {
  EXPECT_EQ(refusal("DELETE FROM a WHERE " + repeated("(")), ErrorCode::kNestedTooDeep);
  EXPECT_EQ(refusal("DELETE FROM a WHERE " + repeated("NOT ")), ErrorCode::kNestedTooDeep);
  EXPECT_EQ(refusal("DELETE FROM a WHERE " + repeated("NOT (")), ErrorCode::kNestedTooDeep);
  EXPECT_EQ(refusal("DELETE FROM a WHERE f = " + repeated("CAST(")), ErrorCode::kNestedTooDeep);
  EXPECT_EQ(refusal("SELECT " + repeated("(")), ErrorCode::kNestedTooDeep);
  EXPECT_EQ(refusal("SELECT " + repeated("f(")), ErrorCode::kNestedTooDeep);
  EXPECT_EQ(refusal("SELECT " + repeated("- ")), ErrorCode::kNestedTooDeep);
  EXPECT_EQ(refusal("SELECT " + repeated("+ ")), ErrorCode::kNestedTooDeep);
  EXPECT_EQ(refusal("WITH " + repeated("(")), ErrorCode::kNestedTooDeep);
  EXPECT_EQ(refusal(repeated("(")), ErrorCode::kSyntax);
}

TEST(Hostile, OtherBracketsByTheMegabyte) {
  EXPECT_EQ(refusal("QUERY a NEAREST " + repeated("[")), ErrorCode::kSyntax);
  EXPECT_EQ(refusal("QUERY a NEAREST " + repeated("ARRAY[")), ErrorCode::kSyntax);
  EXPECT_EQ(refusal("UPDATE a SET METADATA = " + repeated("{")), ErrorCode::kNestedTooDeep);
  EXPECT_EQ(refusal("UPDATE a SET METADATA = {\"a\": " + repeated("[")),
            ErrorCode::kNestedTooDeep);
  EXPECT_EQ(refusal("SHOW ALL " + repeated("/*")), ErrorCode::kSyntax);
  EXPECT_EQ(refusal("SHOW ALL " + repeated("/* */") + "x"), ErrorCode::kSyntax);
}

TEST(Hostile, LongTokensAreReadOnce) {
  EXPECT_EQ(refusal(repeated("a")), ErrorCode::kSyntax);
  EXPECT_EQ(refusal(repeated("a-")), ErrorCode::kSyntax);
  EXPECT_EQ(refusal("'" + repeated("''")), ErrorCode::kSyntax);
  EXPECT_EQ(refusal("SELECT $" + repeated("a")), ErrorCode::kSyntax);
  EXPECT_EQ(refusal("SELECT $a$" + repeated("$a ")), ErrorCode::kSyntax);
  EXPECT_EQ(refusal("SELECT " + repeated("\"a\".")), ErrorCode::kSyntax);
  EXPECT_EQ(refusal("QUERY a NEAREST [" + repeated("1") + "] TOP 1"), ErrorCode::kInvalidValue);
  EXPECT_EQ(refusal("QUERY a NEAREST $1 TOP " + repeated("1")), ErrorCode::kInvalidValue);
  EXPECT_EQ(refusal("SELECT 1" + repeated("\n") + "'"), ErrorCode::kSyntax);
}

TEST(Hostile, WideTextsParse) {
  EXPECT_EQ(statement_count(repeated("SHOW ALL;", 100'000)), 11'112U);
  EXPECT_EQ(statement_count("DELETE FROM a WHERE f = 1" + repeated(" AND NOT f = 1", 100'000)), 1U);
  EXPECT_EQ(statement_count("DELETE FROM a WHERE f = 1" + repeated(" OR (f = 1)", 100'000)), 1U);
  EXPECT_EQ(statement_count("SELECT 1" + repeated(" + 1", 100'000)), 1U);
  EXPECT_EQ(statement_count("SELECT 1" + repeated("::int", 100'000)), 1U);
}

TEST(Hostile, LimitsRecordsAndItems) {
  const std::string item = "('a',[1]),";
  std::string rows;
  for (int i = 0; i < 100'000; ++i) rows += item;
  rows.pop_back();
  EXPECT_TRUE(parse("UPSERT INTO a VALUES " + rows));
  const Error error = parse_error("UPSERT INTO a VALUES " + rows + ",('b',[1])");
  EXPECT_EQ(error.code(), ErrorCode::kLimitExceeded);
  EXPECT_EQ(error.message(), "more than 100000 records in a statement");
  EXPECT_EQ(error.offset(), 21 + rows.size() + 2);

  const std::string items = repeated("1,", 20'000);
  EXPECT_TRUE(parse("DELETE FROM a WHERE f IN (" + items.substr(0, items.size() - 1) + ")"));
  EXPECT_EQ(refusal("DELETE FROM a WHERE f IN (" + items + "1)"), ErrorCode::kLimitExceeded);
}

TEST(Hostile, FilterNestingMayGoToItsLimit) {
  const auto nested = [](std::size_t levels) {
    return "DELETE FROM a WHERE " + std::string(levels, '(') + "f = 1" + std::string(levels, ')');
  };
  EXPECT_TRUE(parse(nested(200)));
  EXPECT_EQ(refusal(nested(201)), ErrorCode::kNestedTooDeep);
}

}  // namespace
}  // namespace alcove::parser
