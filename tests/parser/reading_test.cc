#include "tests/parser/parsing.h"

namespace alcove::parser {
namespace {

const std::vector<NamespaceName>& namespaces_of(const Query& query) {
  return std::get<std::vector<NamespaceName>>(query.namespaces);
}

TEST(Query, NamesIndexNamespaceAndVector) {
  const auto it =
      parse_one<Query>("QUERY multitenant-app NAMESPACE tenant2 NEAREST [0.7, 1] TOP 3");
  EXPECT_EQ(it.index->text, "multitenant-app");
  EXPECT_EQ(text_of(namespaces_of(it).at(0)), "tenant2");
  EXPECT_EQ(floats_of(std::get<Value>(it.nearest)), (Floats{0.7F, 1}));
  EXPECT_EQ(number_of(it.top), "3");
  EXPECT_FALSE(it.exact || it.include_values || it.include_metadata || it.filter || it.recall);
}

TEST(Query, TakesItsClausesInAnyOrder) {
  const char* const kTexts[] = {
      "QUERY a NEAREST ID 'F' WHERE genre = 'x' TOP 10 INCLUDE VALUES, METADATA EXACT"
      " WITH (recall = 0.99)",
      "QUERY a NEAREST ID 'F' WITH (RECALL = 0.99) EXACT INCLUDE METADATA, VALUES TOP 10"
      " WHERE genre = 'x'"};
  for (const char* text : kTexts) {
    const auto it = parse_one<Query>(text);
    EXPECT_EQ(string_of(std::get<NearestId>(it.nearest).id), "F");
    EXPECT_EQ(number_of(it.top), "10");
    EXPECT_TRUE(it.exact && it.include_values && it.include_metadata) << text;
    EXPECT_EQ(number_of(*it.recall), "0.99");
    EXPECT_EQ(it.filter->nodes.size(), 1U);
  }
}

TEST(Query, ReadsSeveralNamespacesOrAll) {
  const auto several = parse_one<Query>("QUERY a NAMESPACE t1, 't 2', $1 NEAREST $2 TOP $3");
  ASSERT_EQ(namespaces_of(several).size(), 3U);
  EXPECT_EQ(text_of(namespaces_of(several)[1]), "t 2");
  EXPECT_EQ(std::get<Parameter>(namespaces_of(several)[2].what).number, 1U);
  EXPECT_EQ(parameter_of(several.top), 3U);
  const auto all = parse_one<Query>("QUERY a ALL NAMESPACES NEAREST $1 TOP 10");
  EXPECT_TRUE(std::holds_alternative<AllNamespaces>(all.namespaces));
  const auto none = parse_one<Query>("QUERY a NEAREST $1 TOP 10");
  EXPECT_TRUE(std::holds_alternative<std::monostate>(none.namespaces));
}

TEST(Query, MayOmitItsIndexWhereTheKeywordReadingWins) {
  EXPECT_FALSE(parse_one<Query>("QUERY NEAREST $1 TOP 1").index);
  EXPECT_FALSE(parse_one<Query>("QUERY NAMESPACE nearest NEAREST $1 TOP 1").index);
  EXPECT_FALSE(parse_one<Query>("QUERY ALL NAMESPACES NEAREST $1 TOP 1").index);
  EXPECT_EQ(parse_one<Query>("QUERY \"NEAREST\" NEAREST $1 TOP 1").index->text, "NEAREST");
  EXPECT_EQ(parse_one<Query>("QUERY nearest-app NEAREST $1 TOP 1").index->text, "nearest-app");
  EXPECT_EQ(parse_one<Query>("QUERY all NEAREST $1 TOP 1").index->text, "all");
}

TEST(Query, TakesVectorsInEveryForm) {
  const auto nearest = [](const std::string& text) {
    return std::get<Value>(parse_one<Query>("QUERY a NEAREST " + text + " TOP 1").nearest);
  };
  EXPECT_EQ(floats_of(nearest("[ 0.1 ,2,-3e4 ]")), (Floats{0.1F, 2, -3e4F}));
  EXPECT_EQ(string_of(nearest("'[0.1,2]'::vector")), "[0.1,2]");
  EXPECT_EQ(std::get<Array>(nearest("ARRAY[0.1, 2]::real[]").what).items.size(), 2U);
  EXPECT_EQ(nearest("CAST($1 AS real[])").cast, "real[]");
  EXPECT_TRUE(floats_of(nearest("[]")).empty());
}

TEST(Query, GivesEachClauseOnce) {
  expect_syntax_error("QUERY a NEAREST $1 TOP 3 ^TOP 4", "TOP is given twice");
  expect_syntax_error("QUERY a NEAREST $1 WHERE b = 1 TOP 3 ^where c = 1", "WHERE is given twice");
  expect_syntax_error("QUERY a NEAREST $1 EXACT ^EXACT TOP 1", "EXACT is given twice");
}

TEST(Query, NeedsTop) {
  expect_syntax_error("QUERY a NEAREST [1]^", "expected TOP after \"]\"");
  expect_syntax_error("QUERY a NEAREST $1 EXACT^", "expected TOP after EXACT");
  expect_syntax_error("QUERY a NEAREST $1 ^TPO 3", "expected TOP after 1", "Did you mean TOP?");
}

TEST(Query, ErrorsSayWhatWasExpected) {
  expect_syntax_error("QUERY a NEAREST ^", "expected a vector after NEAREST");
  expect_syntax_error("query a nearest ^foo TOP 3", "expected a vector after NEAREST");
  expect_syntax_error("QUERY a NEAREST ID ^TOP 3", "expected a record's id after ID");
  expect_syntax_error("QUERY a ^WHERE b = 1 TOP 3", "expected NEAREST after a");
  expect_syntax_error("QUERY a NAMESPACE ^[1] TOP 3", "expected a namespace after NAMESPACE");
  expect_syntax_error("QUERY a NAMESPACE t, ^; SHOW ALL", "expected a namespace after \",\"");
  expect_syntax_error("QUERY a NEAREST $1 TOP ^ten", "expected a number after TOP");
  expect_syntax_error("QUERY a NEAREST $1 TOP 3 INCLUDE ^ID",
                      "expected VALUES or METADATA after INCLUDE");
  expect_syntax_error("QUERY a NEAREST $1 TOP 3 WITH (^precision = 1)",
                      "expected RECALL after \"(\"");
  expect_syntax_error("QUERY a NEAREST $1 TOP 3 ^please", "syntax error at or near \"please\"");
}

TEST(Explain, HoldsItsQuery) {
  const auto it = parse_one<Explain>("EXPLAIN ANALYZE QUERY a NEAREST $1 TOP 1");
  EXPECT_TRUE(it.analyze);
  EXPECT_EQ(it.query.index->text, "a");
  EXPECT_EQ(it.query.offset, 16U);
  EXPECT_FALSE(parse_one<Explain>("EXPLAIN QUERY a NEAREST $1 TOP 1").analyze);
  expect_syntax_error("EXPLAIN ^SELECT 1", "expected QUERY after EXPLAIN");
}

TEST(LookingAround, ShowsTheLanguagesThings) {
  parse_one<ShowIndexes>("SHOW INDEXES");
  parse_one<ShowAll>("show all");
  parse_one<Checkpoint>("CHECKPOINT");
  const auto names = parse_one<ShowNamespaces>(
      "SHOW NAMESPACES FROM multitenant-app LIKE 'acme-%' AFTER 'acme-17' LIMIT 100");
  EXPECT_EQ(names.index.text, "multitenant-app");
  EXPECT_EQ(string_of(*names.like), "acme-%");
  EXPECT_EQ(std::get<std::string>(names.after->what), "acme-17");
  EXPECT_EQ(number_of(*names.limit), "100");
  EXPECT_FALSE(parse_one<ShowNamespaces>("SHOW NAMESPACES FROM a").like);
  EXPECT_EQ(parse_one<DescribeIndex>("DESCRIBE INDEX a").index.text, "a");
  EXPECT_EQ(text_of(parse_one<DescribeNamespace>("DESCRIBE NAMESPACE t FROM a").name), "t");
  EXPECT_FALSE(parse_one<ShowUsage>("SHOW USAGE").index);
  EXPECT_FALSE(parse_one<ShowUsage>("SHOW USAGE FROM a").name);
  EXPECT_EQ(text_of(*parse_one<ShowUsage>("SHOW USAGE FROM a NAMESPACE t").name), "t");
  EXPECT_EQ(number_of(*parse_one<ShowRecall>("SHOW RECALL FROM a NAMESPACE t SAMPLE 9").sample),
            "9");
  EXPECT_EQ(parse_one<ShowGrants>("SHOW GRANTS FOR app").role->text, "app");
  EXPECT_FALSE(parse_one<ShowGrants>("SHOW GRANTS").role);
  EXPECT_EQ(text_of(parse_one<Compact>("COMPACT NAMESPACE t FROM a").name), "t");
}

TEST(LookingAround, ShowsSettingsUnderTheirNames) {
  const auto name_of = [](const char* text) { return parse_one<ShowSetting>(text).name; };
  EXPECT_EQ(name_of("SHOW server_version"), "server_version");
  EXPECT_EQ(name_of("SHOW DateStyle"), "datestyle");
  EXPECT_EQ(name_of("SHOW \"TimeZone\""), "timezone");
  EXPECT_EQ(name_of("SHOW transaction isolation level"), "transaction_isolation");
  EXPECT_EQ(name_of("SHOW TIME ZONE"), "timezone");
  EXPECT_EQ(name_of("SHOW SESSION AUTHORIZATION"), "session_authorization");
  EXPECT_EQ(name_of("SHOW my.own"), "my.own");
}

TEST(LookingAround, ErrorsSayWhatWasExpected) {
  expect_syntax_error("SHOW ^", "expected what to show after SHOW");
  expect_syntax_error("SHOW NAMESPACES ^a", "expected FROM after NAMESPACES");
  expect_syntax_error("DESCRIBE ^a", "expected INDEX or NAMESPACE after DESCRIBE");
  expect_syntax_error("COMPACT ^t", "expected NAMESPACE after COMPACT");
}

}  // namespace
}  // namespace alcove::parser
