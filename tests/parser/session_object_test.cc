#include "parser/parameter.h"
#include "tests/parser/parsing.h"

namespace alcove::parser {
namespace {

using Kind = FetchDirection::Kind;

TEST(Prepare, HoldsItsStatementAsText) {
  const std::string text = "prepare P1 AS  QUERY a NEAREST $1 TOP 2 ; SELECT 1";
  const auto statements = parse(text);
  ASSERT_TRUE(statements);
  ASSERT_EQ(statements->size(), 2U);
  const auto& prepare = std::get<Prepare>(statements->front());
  EXPECT_EQ(prepare.name.text, "p1");
  EXPECT_TRUE(prepare.types.empty());
  EXPECT_EQ(prepare.text, "QUERY a NEAREST $1 TOP 2");
  EXPECT_EQ(prepare.offset, text.find("QUERY"));
}

TEST(Prepare, DeclaresTypes) {
  const auto prepare = parse_one<Prepare>(
      "PREPARE \"P\" (real[], pg_catalog.int4, double precision, unknown) AS SELECT $1");
  EXPECT_EQ(prepare.name.text, "P");
  std::vector<std::string> types;
  for (const Name& type : prepare.types) types.push_back(type.text);
  EXPECT_EQ(types, (std::vector<std::string>{"real[]", "int4", "double precision", "unknown"}));
  EXPECT_EQ(prepare.types[1].offset, 21U);
}

TEST(Prepare, TakesWhatReadsAndWritesRecords) {
  for (const std::string text :
       {"SELECT 1", "SELECT id FROM a", "QUERY a NEAREST [1] TOP 1", "UPSERT INTO a VALUES ('x', [1])",
        "UPDATE a NAMESPACE n SET g = 1", "DELETE FROM a WHERE id = 'x'"}) {
    EXPECT_EQ(parse_one<Prepare>("PREPARE p AS " + text).text, text);
  }
}

TEST(Prepare, HasNoParametersOfItsOwn) {
  const auto statements = parse("PREPARE p AS QUERY a NEAREST $1 TOP $2");
  ASSERT_TRUE(statements);
  EXPECT_TRUE(find_parameters(statements->front()).empty());
}

TEST(Prepare, ErrorsSayWhatWasExpected) {
  expect_syntax_error("PREPARE ^", "expected a prepared statement after PREPARE");
  expect_syntax_error("PREPARE p ^SELECT 1", "expected AS after p");
  const std::string kinds = "expected a QUERY, SELECT, UPSERT, UPDATE or DELETE statement after AS";
  for (const std::string text : {"BEGIN", "PREPARE q AS SELECT 1", "EXECUTE q", "FETCH c",
                                 "DECLARE c CURSOR FOR SELECT 1", "CREATE INDEX a DIMENSION 1",
                                 "EXPLAIN QUERY a NEAREST [1] TOP 1", "COPY a FROM STDIN", ""}) {
    expect_syntax_error("PREPARE p AS ^" + text, kinds);
  }
  expect_syntax_error("PREPARE p AS QUERY a NEAREST [1^", "expected \"]\" at the end of the vector");
  expect_syntax_error("PREPARE p AS SELECT id FROM a LIMIT^", "expected ALL or a number after LIMIT");
}

TEST(Prepare, DoesNotNest) {
  for (const std::string level : {"PREPARE p AS ", "DECLARE c CURSOR FOR "}) {
    std::string text;
    for (int i = 0; i < 100'000; ++i) text += level;
    EXPECT_EQ(parse_error(text).code(), ErrorCode::kSyntax);
  }
}

TEST(Execute, HoldsValues) {
  const auto execute = parse_one<Execute>("EXECUTE P ('x', 1.5, NULL, [1, 2], $$y$$::text)");
  EXPECT_EQ(execute.name.text, "p");
  ASSERT_EQ(execute.values.size(), 5U);
  EXPECT_EQ(string_of(execute.values[0]), "x");
  EXPECT_EQ(number_of(execute.values[1]), "1.5");
  EXPECT_TRUE(std::holds_alternative<Null>(execute.values[2].what));
  EXPECT_EQ(floats_of(execute.values[3]), (Floats{1, 2}));
  EXPECT_EQ(execute.values[4].cast, "text");
  EXPECT_TRUE(parse_one<Execute>("EXECUTE p").values.empty());
  expect_syntax_error("EXECUTE p (^)", "expected a value after \"(\"");
}

TEST(Deallocate, NamesOneOrAll) {
  EXPECT_FALSE(parse_one<Deallocate>("DEALLOCATE ALL").name);
  EXPECT_FALSE(parse_one<Deallocate>("DEALLOCATE PREPARE ALL").name);
  EXPECT_EQ(parse_one<Deallocate>("DEALLOCATE PREPARE \"S_1\"").name->text, "S_1");
  EXPECT_EQ(parse_one<Deallocate>("DEALLOCATE prepare").name->text, "prepare");
}

TEST(Declare, InEverySpelling) {
  const auto plain = parse_one<DeclareCursor>("DECLARE C CURSOR FOR SELECT 1");
  EXPECT_EQ(plain.name.text, "c");
  EXPECT_FALSE(plain.binary || plain.scroll || plain.hold);
  EXPECT_TRUE(std::holds_alternative<SelectConstants>(plain.query));
  EXPECT_EQ(plain.bytes, 8U);
  const auto query = parse_one<DeclareCursor>(
      "declare \"C\" binary insensitive no scroll cursor without hold for query a nearest [1] top 1");
  EXPECT_EQ(query.name.text, "C");
  EXPECT_TRUE(query.binary);
  EXPECT_FALSE(query.scroll || query.hold);
  EXPECT_TRUE(std::holds_alternative<Query>(query.query));
  EXPECT_TRUE(parse_one<DeclareCursor>("DECLARE c CURSOR WITH HOLD FOR SELECT id FROM a").hold);
  EXPECT_TRUE(parse_one<DeclareCursor>("DECLARE c SCROLL CURSOR FOR SELECT id FROM a").scroll);
  EXPECT_EQ(parse_one<DeclareCursor>("DECLARE cursor CURSOR FOR SELECT 1").name.text, "cursor");
}

TEST(Declare, SharesItsParametersWithTheQuery) {
  auto statements = parse("DECLARE c CURSOR FOR QUERY a NAMESPACE $1 NEAREST $2 TOP $3");
  ASSERT_TRUE(statements);
  const auto uses = find_parameters(statements->front());
  ASSERT_EQ(uses.size(), 3U);
  EXPECT_EQ(uses[1].slot, Slot::kVector);
  std::vector<Value> values(3);
  values[0].what = std::string("n");
  ASSERT_TRUE(substitute_parameters(statements->front(), values));
  EXPECT_TRUE(find_parameters(statements->front()).empty());
}

TEST(Declare, ErrorsSayWhatWasExpected) {
  expect_syntax_error("DECLARE c ^FOR SELECT 1", "expected CURSOR after c");
  expect_syntax_error("DECLARE c CURSOR WITH ^FOR", "expected HOLD after WITH");
  const std::string kinds = "expected a QUERY or SELECT statement after FOR";
  for (const std::string text : {"DELETE FROM a NAMESPACE n", "EXECUTE p", "EXPLAIN QUERY a NEAREST [1] TOP 1",
                                 "DECLARE d CURSOR FOR SELECT 1", "FETCH d", ""}) {
    expect_syntax_error("DECLARE c CURSOR FOR ^" + text, kinds);
  }
}

TEST(Fetch, InEveryDirection) {
  const auto expect = [](const std::string& words, Kind kind, std::int64_t count) {
    for (const std::string from : {" FROM ", " IN ", " "}) {
      const auto fetch = parse_one<FetchCursor>("FETCH " + words + from + "C");
      EXPECT_EQ(fetch.name.text, "c") << words;
      EXPECT_EQ(fetch.direction.kind, kind) << words;
      EXPECT_EQ(fetch.direction.count, count) << words;
      EXPECT_FALSE(fetch.move);
    }
    EXPECT_TRUE(parse_one<FetchCursor>("MOVE " + words + " c").move);
  };
  constexpr std::int64_t kAll = FetchDirection::kAll;
  expect("", Kind::kForward, 1);
  expect("NEXT", Kind::kForward, 1);
  expect("FORWARD", Kind::kForward, 1);
  expect("FORWARD 7", Kind::kForward, 7);
  expect("FORWARD ALL", Kind::kForward, kAll);
  expect("12", Kind::kForward, 12);
  expect("+12", Kind::kForward, 12);
  expect("-3", Kind::kForward, -3);
  expect("all", Kind::kForward, kAll);
  expect("PRIOR", Kind::kBackward, 1);
  expect("BACKWARD", Kind::kBackward, 1);
  expect("BACKWARD 2", Kind::kBackward, 2);
  expect("BACKWARD ALL", Kind::kBackward, kAll);
  expect("FIRST", Kind::kAbsolute, 1);
  expect("LAST", Kind::kAbsolute, -1);
  expect("ABSOLUTE 5", Kind::kAbsolute, 5);
  expect("RELATIVE -5", Kind::kRelative, -5);
}

TEST(Fetch, ADirectionMayBeACursorsName) {
  for (const std::string name : {"next", "all", "forward", "first"}) {
    EXPECT_EQ(parse_one<FetchCursor>("FETCH " + name).name.text, name);
    EXPECT_EQ(parse_one<FetchCursor>("FETCH FROM " + name).name.text, name);
  }
}

TEST(Fetch, ErrorsSayWhatWasExpected) {
  expect_syntax_error("FETCH ^", "expected a cursor after FETCH");
  expect_syntax_error("FETCH 1 FROM ^", "expected a cursor after FROM");
  expect_syntax_error("FETCH 99999999999999999999 ^FROM c", "syntax error at or near \"FROM\"");
}

TEST(Close, NamesOneOrAll) {
  EXPECT_FALSE(parse_one<CloseCursor>("CLOSE ALL").name);
  EXPECT_EQ(parse_one<CloseCursor>("CLOSE Cur").name->text, "cur");
}

}  // namespace
}  // namespace alcove::parser
