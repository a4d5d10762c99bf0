#include <algorithm>
#include <numeric>

#include "tests/parser/parsing.h"
#include "tests/parser/random_statement.h"
#include "tests/parser/statement_text.h"

namespace alcove::parser {
namespace {

// Blanks and comments as somebody might write them.
std::string random_gap(RandomStatement& random) {
  static constexpr const char* kGaps[] = {" ", "\n", "\t ", " -- it's; \"x\n", "/**/",
                                          " /* a /* 'b */ ; */ "};
  return kGaps[random.below(std::size(kGaps))];
}

// Keywords in any case; what is quoted stays.
std::string random_case(RandomStatement& random, std::string piece) {
  const bool is_word = std::all_of(piece.begin(), piece.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
  });
  if (is_word && random.one_in(2)) {
    for (char& c : piece) c = static_cast<char>(random.one_in(2) ? c | 0x20 : c & ~0x20);
  }
  return piece;
}

std::string joined(const std::vector<std::string>& pieces) {
  return std::accumulate(pieces.begin(), pieces.end(), std::string(),
                         [](std::string text, const std::string& piece) {
                           return std::move(text) + " " + piece;
                         });
}

TEST(RoundTrip, AnyStatementInAnyLayoutComesBack) {
  for (std::uint64_t seed = 1; seed <= 4000; ++seed) {
    RandomStatement random(seed);
    const Statement statement = random.statement();
    const std::vector<std::string> pieces = pieces_of(statement);
    std::string text;
    for (const std::string& piece : pieces) {
      text += random_gap(random) + random_case(random, piece);
    }
    const auto read = parse(text);
    ASSERT_TRUE(read) << "seed " << seed << ": " << read.error().message() << "\n" << text;
    ASSERT_EQ(read->size(), 1U) << "seed " << seed << "\n" << text;
    ASSERT_EQ(joined(pieces_of(read->front())), joined(pieces)) << "seed " << seed << "\n" << text;
  }
}

// Cut, doubled, swapped, changed or mixed: it parses or it does not, and says where.
TEST(RoundTrip, DamagedStatementsNeverBreakTheParser) {
  static constexpr std::string_view kBytes = "'\"()[]{},;$-/*=<>.:\\ \nEe019aNULL|%\x80\xc3";
  std::size_t parsed = 0;
  for (std::uint64_t seed = 1; seed <= 20'000; ++seed) {
    RandomStatement random(seed);
    std::string text = joined(pieces_of(random.statement()));
    for (std::size_t damage = 1 + random.below(3); damage > 0; --damage) {
      const std::size_t at = random.below(text.size() + 1);
      const std::size_t length = random.below(1 + std::min<std::size_t>(20, text.size() - at));
      switch (random.below(5)) {
        case 0: text.erase(at, length); break;
        case 1: text.insert(at, text.substr(at, length)); break;
        case 2: text.insert(at, 1, kBytes[random.below(kBytes.size())]); break;
        case 3: text.insert(at, joined(pieces_of(random.statement())).substr(0, 30)); break;
        default: text.resize(at); break;
      }
    }
    const auto read = parse(text);
    if (read) {
      ++parsed;
      continue;
    }
    ASSERT_TRUE(read.error().offset()) << "seed " << seed << "\n" << text;
    ASSERT_LE(*read.error().offset(), text.size()) << "seed " << seed << "\n" << text;
    ASSERT_FALSE(read.error().message().empty()) << "seed " << seed << "\n" << text;
  }
  EXPECT_GT(parsed, 1000U);
}

}  // namespace
}  // namespace alcove::parser
