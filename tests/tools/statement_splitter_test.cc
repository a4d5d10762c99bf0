#include "tools/statement_splitter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace alcove::tools {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// Every statement that `text` holds, fed line by line; the rest, if any, behind a mark.
std::vector<std::string> split(std::string_view text) {
  StatementSplitter splitter;
  std::vector<std::string> statements;
  while (!text.empty()) {
    const std::size_t size = std::min(text.find('\n'), text.size() - 1) + 1;
    splitter.feed(text.substr(0, size));
    text.remove_prefix(size);
    while (const auto statement = splitter.next()) statements.push_back(*statement);
  }
  if (const auto rest = splitter.take_rest()) statements.push_back("rest: " + *rest);
  return statements;
}

TEST(StatementSplitter, EndsStatementsAtSemicolons) {
  EXPECT_THAT(split("SHOW INDEXES; BEGIN;\nCOMMIT;\n"),
              ElementsAre("SHOW INDEXES;", "BEGIN;", "COMMIT;"));
}

TEST(StatementSplitter, JoinsLines) {
  EXPECT_THAT(split("SHOW\n  INDEXES\n;\n"), ElementsAre("SHOW\n  INDEXES\n;"));
}

TEST(StatementSplitter, LeavesOutEmptyStatements) {
  EXPECT_THAT(split(";; \n -- nothing\n ; /* nor here */ ;\n"), IsEmpty());
}

TEST(StatementSplitter, HandsOutTheRestWithoutSemicolon) {
  EXPECT_THAT(split("BEGIN; SHOW INDEXES\n"), ElementsAre("BEGIN;", "rest: SHOW INDEXES\n"));
}

TEST(StatementSplitter, SeesNoEndInsideQuotes) {
  EXPECT_THAT(split("A ';' B;"), ElementsAre("A ';' B;"));
  EXPECT_THAT(split("A 'it''s;' B;"), ElementsAre("A 'it''s;' B;"));
  EXPECT_THAT(split("A \"na\"\"me;\" B;"), ElementsAre("A \"na\"\"me;\" B;"));
  EXPECT_THAT(split("A $$;'$$ B;"), ElementsAre("A $$;'$$ B;"));
  EXPECT_THAT(split("A $t$;$$;$t$ B;"), ElementsAre("A $t$;$$;$t$ B;"));
  EXPECT_THAT(split("A ';\n;' B;"), ElementsAre("A ';\n;' B;"));
}

TEST(StatementSplitter, ReadsBackslashesOnlyInEscapeStrings) {
  EXPECT_THAT(split(R"(A E'\';' B; C;)"), ElementsAre(R"(A E'\';' B;)", "C;"));
  EXPECT_THAT(split(R"(A '\'; B;)"), ElementsAre(R"(A '\';)", "B;"));
  EXPECT_THAT(split(R"(A E'x''\';' B;)"), ElementsAre(R"(A E'x''\';' B;)"));
  EXPECT_THAT(split(R"(A NAMEE'\'; B;)"), ElementsAre(R"(A NAMEE'\';)", "B;"));
}

TEST(StatementSplitter, SeesNoEndInsideComments) {
  EXPECT_THAT(split("A -- ; '\n B;"), ElementsAre("A -- ; '\n B;"));
  EXPECT_THAT(split("A tenant1-- ;\n B;"), ElementsAre("A tenant1-- ;\n B;"));
  EXPECT_THAT(split("A /* ; /* ; */ ; */ B;"), ElementsAre("A /* ; /* ; */ ; */ B;"));
}

TEST(StatementSplitter, SeesNoEndInsideBrackets) {
  EXPECT_THAT(split("A (;) [;] {;} B;"), ElementsAre("A (;) [;] {;} B;"));
}

TEST(StatementSplitter, ReadsQuotesInsideBracesAsJson) {
  EXPECT_THAT(split(R"(A {"k\";": ";"} B; C;)"), ElementsAre(R"(A {"k\";": ";"} B;)", "C;"));
}

TEST(StatementSplitter, TakesParametersForNoQuotes) {
  EXPECT_THAT(split("A $1 $2; B $1;"), ElementsAre("A $1 $2;", "B $1;"));
}

TEST(StatementSplitter, SurvivesBracketsThatNeverOpened) {
  EXPECT_THAT(split("A ) ] }; B;"), ElementsAre("A ) ] };", "B;"));
}

TEST(StatementSplitter, TellsWhetherAStatementHasBegun) {
  StatementSplitter splitter;
  EXPECT_TRUE(splitter.at_start());
  splitter.feed(" /* a comment\n");
  EXPECT_FALSE(splitter.next());
  EXPECT_FALSE(splitter.at_start());
  splitter.feed(" that ends */ \n");
  EXPECT_FALSE(splitter.next());
  EXPECT_TRUE(splitter.at_start());
  splitter.feed("SHOW\n");
  EXPECT_FALSE(splitter.next());
  EXPECT_FALSE(splitter.at_start());
}

// Whatever the text: pieces are in order, nothing is lost but blanks, comments and lone ';'.
TEST(StatementSplitter, LosesNothingOfAnyText) {
  std::mt19937 random(7);
  constexpr std::string_view kAlphabet = "a;'\"$-/*([{}])\\E \n1";
  for (int round = 0; round < 2000; ++round) {
    std::string text;
    for (int i = 0; i < 40; ++i) text += kAlphabet[random() % kAlphabet.size()];
    std::size_t position = 0;
    for (std::string statement : split(text)) {
      if (statement.starts_with("rest: ")) statement.erase(0, 6);
      position = text.find(statement, position);
      ASSERT_NE(position, std::string::npos) << text;
      position += statement.size();
    }
  }
}

}  // namespace
}  // namespace alcove::tools
