#include "tests/parser/parsing.h"

namespace alcove::parser {
namespace {

TEST(Upsert, TakesRecordsWithAndWithoutMetadata) {
  const auto it = parse_one<Upsert>(
      "UPSERT INTO multitenant-app NAMESPACE tenant1 VALUES"
      " ('A', [0.1, -2, 3e4]), ($1, $2::vector, {\"genre\": \"O'Brien; --\"}),"
      " ('C', '[1,2]', $${\"year\": 2020}$$), ('D', ARRAY[0.1,0.2], NULL)");
  EXPECT_EQ(it.index.text, "multitenant-app");
  EXPECT_EQ(text_of(*it.name), "tenant1");
  ASSERT_EQ(it.rows.size(), 4U);
  EXPECT_EQ(string_of(it.rows[0].id), "A");
  EXPECT_EQ(floats_of(it.rows[0].values), (Floats{0.1F, -2, 3e4F}));
  EXPECT_FALSE(it.rows[0].metadata);
  EXPECT_EQ(parameter_of(it.rows[1].id), 1U);
  EXPECT_EQ(it.rows[1].values.cast, "vector");
  EXPECT_EQ(std::get<Object>(it.rows[1].metadata->what).json, "{\"genre\": \"O'Brien; --\"}");
  EXPECT_EQ(string_of(*it.rows[2].metadata), "{\"year\": 2020}");
  const auto& array = std::get<Array>(it.rows[3].values.what);
  ASSERT_EQ(array.items.size(), 2U);
  EXPECT_EQ(number_of(array.items[1]), "0.2");
  EXPECT_TRUE(std::holds_alternative<Null>(it.rows[3].metadata->what));
}

TEST(Upsert, MayLeaveTheNamespaceToItsDefault) {
  EXPECT_FALSE(parse_one<Upsert>("UPSERT INTO app VALUES ('a', [1])").name);
  // An index is always named there, whatever it is called.
  EXPECT_EQ(parse_one<Upsert>("UPSERT INTO values VALUES ('a', [1])").index.text, "values");
  EXPECT_EQ(text_of(*parse_one<Upsert>("UPSERT INTO a NAMESPACE values VALUES ('a', [1])").name),
            "values");
}

TEST(Update, SetsVectorAndFields) {
  const auto it = parse_one<Update>(
      "UPDATE app NAMESPACE t SET VALUES = [0.1, 2], genre = 'drama', \"id\" = 1,"
      " metadata.values = TRUE, year = NULL WHERE id = 'A'");
  EXPECT_EQ(floats_of(*it.values), (Floats{0.1F, 2}));
  ASSERT_EQ(it.fields.size(), 4U);
  EXPECT_EQ(it.fields[0].field.text, "genre");
  EXPECT_EQ(it.fields[1].field.text, "id");
  EXPECT_EQ(it.fields[2].field.text, "values");
  EXPECT_TRUE(std::get<bool>(it.fields[2].value.what));
  EXPECT_TRUE(std::holds_alternative<Null>(it.fields[3].value.what));
  EXPECT_EQ(it.filter->nodes.size(), 1U);
}

TEST(Update, ReplacesMetadata) {
  const auto it = parse_one<Update>(
      "UPDATE app NAMESPACE t SET METADATA = '{\"genre\": \"drama\"}' WHERE year < 2000");
  EXPECT_EQ(string_of(*it.metadata), "{\"genre\": \"drama\"}");
  EXPECT_TRUE(it.fields.empty());
}

TEST(Update, SetsListsOfStrings) {
  const auto it =
      parse_one<Update>("UPDATE a NAMESPACE t SET tags = ['x', 'y'], more = ARRAY['z']");
  EXPECT_EQ(std::get<Array>(it.fields[0].value.what).items.size(), 2U);
  EXPECT_EQ(std::get<Array>(it.fields[1].value.what).items.size(), 1U);
}

TEST(Update, RefusesWhatContradictsItself) {
  expect_syntax_error("UPDATE a SET ^id = 'x' WHERE b = 1", "a record's id cannot be set");
  expect_syntax_error("UPDATE a SET b = 1, ^\"b\" = 2 WHERE c = 1", "field \"b\" is set twice");
  expect_syntax_error("UPDATE a SET VALUES = [1], ^values = [2] WHERE c = 1",
                      "VALUES is set twice");
  expect_syntax_error("UPDATE a SET METADATA = '{}', ^METADATA = '{}' WHERE c = 1",
                      "METADATA is set twice");
  const char* const both = "METADATA and single fields cannot be set in one statement";
  expect_syntax_error("UPDATE a SET METADATA = '{}', ^b = 2 WHERE c = 1", both);
  expect_syntax_error("UPDATE a SET b = 2, ^METADATA = '{}' WHERE c = 1", both);
}

TEST(Update, WithoutWhereSpellsOutItsNamespace) {
  expect_syntax_error("SHOW ALL; ^UPDATE a SET b = 1",
                      "UPDATE without WHERE must name its NAMESPACE");
  expect_syntax_error("^DELETE FROM a", "DELETE without WHERE must name its NAMESPACE");
  EXPECT_FALSE(parse_one<Update>("UPDATE a NAMESPACE t SET b = 1").filter);
  EXPECT_FALSE(parse_one<Delete>("DELETE FROM a NAMESPACE t").filter);
  EXPECT_FALSE(parse_one<Delete>("DELETE FROM a WHERE b = 1").name);
}

TEST(Delete, KnowsWhereItBegins) {
  const auto statements = parse("SHOW ALL; DELETE FROM a NAMESPACE t WHERE id IN ('A', 'B');");
  ASSERT_TRUE(statements);
  EXPECT_EQ(std::get<Delete>((*statements)[1]).offset, 10U);
}

TEST(Copy, ReadsTheLanguagesForms) {
  const auto it = parse_one<Copy>(
      "COPY multitenant-app NAMESPACE tenant1 (id, \"values\") FROM STDIN"
      " WITH (FORMAT ndjson, HEADER, delimiter ';', Batch 100)");
  EXPECT_EQ(it.direction, Copy::Direction::kFromStdin);
  EXPECT_EQ(it.index.text, "multitenant-app");
  EXPECT_EQ(text_of(*it.name), "tenant1");
  ASSERT_EQ(it.columns.size(), 2U);
  EXPECT_EQ(it.columns[1].text, "values");
  const std::vector<std::pair<std::string, std::string>> options = {
      {"format", "ndjson"}, {"header", "true"}, {"delimiter", ";"}, {"batch", "100"}};
  EXPECT_EQ(it.options, options);
}

TEST(Copy, ReadsByNamespace) {
  const auto it = parse_one<Copy>("COPY app BY NAMESPACE TO STDOUT (FORMAT csv)");
  EXPECT_TRUE(it.by_namespace);
  EXPECT_EQ(it.direction, Copy::Direction::kToStdout);
}

TEST(Copy, ReadsWhatDriversSend) {
  const auto pgx = parse_one<Copy>("copy \"ns\".\"app\" ( \"id\", \"v\" ) from stdin binary;");
  EXPECT_EQ(text_of(*pgx.name), "ns");
  EXPECT_EQ(pgx.index.text, "app");
  EXPECT_EQ(pgx.options.at(0), std::make_pair(std::string("format"), std::string("binary")));
  const auto psql = parse_one<Copy>("COPY  items ( id ) TO STDOUT csv header DELIMITER AS ';'");
  ASSERT_EQ(psql.options.size(), 3U);
  EXPECT_EQ(psql.options[1].first, "header");
  EXPECT_EQ(psql.options[2].second, ";");
  EXPECT_EQ(parse_one<Copy>("copy t from stdin with (freeze on)").options[0].second, "on");
  EXPECT_EQ(parse_one<Copy>("COPY \"items\" (\"id\") FROM STDIN").columns.size(), 1U);
  EXPECT_EQ(parse_one<SelectUnsupported>("COPY ( select 1 ) TO STDOUT csv header").what,
            "COPY of a query");
}

TEST(Copy, NamesTheNamespaceOnce) {
  expect_syntax_error("COPY ns.app NAMESPACE ^t FROM STDIN",
                      "the namespace is already named before the index");
  expect_syntax_error("COPY ^ns.app BY NAMESPACE FROM STDIN",
                      "BY NAMESPACE reads the namespace from the data: name none");
}

TEST(WritingErrors, SayWhatWasExpected) {
  expect_syntax_error("UPSERT ^app VALUES ('a', [1])", "expected INTO after UPSERT");
  expect_syntax_error("UPSERT INTO app ^('a', [1])", "expected VALUES after app");
  expect_syntax_error("UPSERT INTO app VALUES ^", "expected a record in parentheses after VALUES");
  expect_syntax_error("UPSERT INTO app VALUES ('a' ^[1])", "expected \",\" after 'a'");
  expect_syntax_error("UPSERT INTO app VALUES ('a', ^)", "expected a vector after \",\"");
  expect_syntax_error("UPSERT INTO app VALUES ('a', [1]^;", "expected \")\" after \"]\"");
  expect_syntax_error("UPSERT INTO app VALUES ('a', [1]), ^",
                      "expected a record in parentheses after \",\"");
  expect_syntax_error("UPSERT INTO app VALUES (^a, [1])", "expected a record's id after \"(\"");
  expect_syntax_error("UPDATE app ^genre = 1", "expected SET after app");
  expect_syntax_error("UPDATE app SET genre ^'x'", "expected \"=\" after genre");
  expect_syntax_error("DELETE ^app", "expected FROM after DELETE");
  expect_syntax_error("DELETE FROM app WHERE ^", "expected a condition after WHERE");
  expect_syntax_error("COPY app FROM ^'/etc/passwd'", "expected STDIN after FROM");
}

}  // namespace
}  // namespace alcove::parser
