// Statements on PostgreSQL's catalogue. Whole answers stand in tests/conformance/cases; here is what
// they must withstand, and what the tables promise each other.

#include <string>

#include <gtest/gtest.h>

#include "executor/system_table.h"
#include "executor/system_translation.h"
#include "parser/parse.h"
#include "tests/support/test_database.h"

namespace alcove::tests {
namespace {

class SystemCatalogue : public TestDatabase {};

parser::SystemSelect parse_select(const std::string& text) {
  auto statements = parser::parse(text);
  EXPECT_TRUE(statements) << text;
  return std::get<parser::SystemSelect>(statements->front());
}

TEST_F(SystemCatalogue, HoldsEveryTableThatItDefines) {
  for (const executor::SystemTable& table : executor::system_tables()) {
    if (table.function) continue;
    const std::string name = std::string(table.schema) + "." + std::string(table.name);
    const auto all = session_->one("SELECT * FROM " + name);
    EXPECT_TRUE(all) << name << ": " << all.error().message();
    if (all && table.view.empty()) {
      EXPECT_EQ(all->columns.size(), table.columns.size()) << name;
    }
    EXPECT_EQ(rows("SELECT '" + name + "'::regclass FROM pg_am WHERE oid = 2"),
              (table.schema == "pg_catalog" ? std::string(table.name) : name));
  }
}

TEST_F(SystemCatalogue, RefersToNothingThatIsNotThere) {
  tag("CREATE INDEX films DIMENSION 3");
  for (const char* dangling :
       {"pg_attribute a WHERE NOT EXISTS (SELECT 1 FROM pg_class c WHERE c.oid = a.attrelid)",
        "pg_attribute a WHERE a.atttypid NOT IN (SELECT oid FROM pg_type)",
        "pg_class c WHERE c.relnamespace NOT IN (SELECT oid FROM pg_namespace)",
        "pg_class c WHERE c.relam <> 0 AND c.relam NOT IN (SELECT oid FROM pg_am)",
        "pg_type t WHERE t.typelem <> 0 AND t.typelem NOT IN (SELECT oid FROM pg_type)",
        "pg_type t WHERE t.typarray <> 0 AND t.typarray NOT IN (SELECT oid FROM pg_type)",
        "pg_type t WHERE t.typinput::oid NOT IN (SELECT oid FROM pg_proc)",
        "pg_index i WHERE i.indrelid NOT IN (SELECT oid FROM pg_class)",
        "pg_constraint c WHERE c.conindid NOT IN (SELECT indexrelid FROM pg_index)",
        "pg_description d WHERE d.objoid NOT IN (SELECT oid FROM pg_class)",
        "pg_class c WHERE c.relkind IN ('r', 'i') AND c.relnatts <> "
        "(SELECT count(*) FROM pg_attribute a WHERE a.attrelid = c.oid)"}) {
    EXPECT_EQ(rows(std::string("SELECT count(*) FROM ") + dangling), "0") << dangling;
  }
}

TEST_F(SystemCatalogue, EndsWhatWouldNotEnd) {
  EXPECT_EQ(error("WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) "
                  "SELECT count(*) FROM r"),
            ErrorCode::kLimitExceeded);
  tag("SET statement_timeout = 50");
  EXPECT_EQ(error("SELECT count(*) FROM pg_attribute a, pg_attribute b, pg_attribute c, "
                  "pg_attribute d"),
            ErrorCode::kCancelled);
  tag("RESET statement_timeout");
  EXPECT_EQ(rows("SELECT 1 FROM pg_am WHERE oid = 2"), "1");
}

TEST_F(SystemCatalogue, TakesNoMoreMemoryThanItMay) {
  EXPECT_EQ(error("WITH RECURSIVE r(n) AS (SELECT 'xxxxxxxxxxxxxxxx' UNION ALL SELECT n || n FROM r) "
                  "SELECT max(n) FROM r"),
            ErrorCode::kLimitExceeded);
  EXPECT_EQ(error("SELECT count(*) FROM generate_series(1, 100000000)"),
            ErrorCode::kLimitExceeded);
}

TEST_F(SystemCatalogue, IsNotNestedWithoutEnd) {
  const auto nested = [](const std::string& open, const std::string& close, int depth) {
    std::string text = "SELECT ";
    for (int i = 0; i < depth; ++i) text += open;
    text += "1";
    for (int i = 0; i < depth; ++i) text += close;
    return text + " FROM pg_am WHERE oid = 2";
  };
  EXPECT_EQ(rows(nested("(", ")", 40)), "1");
  EXPECT_EQ(rows(nested("(SELECT ", ")", 8)), "1");
  EXPECT_EQ(error(nested("(", ")", 150)), ErrorCode::kNestedTooDeep);
  EXPECT_EQ(error(nested("(SELECT ", ")", 40)), ErrorCode::kNestedTooDeep);
  EXPECT_EQ(error(nested("(SELECT ", ")", 150)), ErrorCode::kNestedTooDeep);
  EXPECT_EQ(error(nested("CASE WHEN true THEN ", " END", 150)), ErrorCode::kNestedTooDeep);
  std::string sum = "SELECT 1";
  for (int i = 0; i < 3000; ++i) sum += " + 1";
  EXPECT_EQ(error(sum + " FROM pg_am"), ErrorCode::kNestedTooDeep);
  std::string many = "SELECT oid FROM pg_am WHERE oid IN (2";
  for (int i = 0; i < 60'000; ++i) many += ",1";
  EXPECT_EQ(error(many + ")"), ErrorCode::kLimitExceeded);
}

TEST_F(SystemCatalogue, LetsNothingOfTheTextThrough) {
  EXPECT_EQ(rows("SELECT 'a''b' || $$'); DROP TABLE x; --$$ FROM pg_am WHERE oid = 2"),
            "a'b'); DROP TABLE x; --");
  EXPECT_EQ(error("SELECT sqlite_version() FROM pg_am"), ErrorCode::kUndefinedFunction);
  EXPECT_EQ(error("SELECT load_extension('x') FROM pg_am"), ErrorCode::kUndefinedFunction);
  EXPECT_EQ(error("SELECT \"1259\".rowid FROM pg_class"), ErrorCode::kUndefinedIndex);
  EXPECT_EQ(error("SELECT rowid FROM pg_class"), ErrorCode::kUndefinedColumn);
  EXPECT_EQ(error("SELECT * FROM sqlite_master, pg_class"), ErrorCode::kNotSupported);
  EXPECT_EQ(error("SELECT 1 FROM pg_class, sqlite_master"), ErrorCode::kUndefinedIndex);
}

TEST(SystemTranslation, FindsParametersTypesFromWhereTheyStand) {
  const std::pair<const char*, const char*> kCases[] = {
      {"SELECT 1 FROM pg_type WHERE oid = $1", "oid"},
      {"SELECT 1 FROM pg_type WHERE $1 = typname", "name"},
      {"SELECT 1 FROM pg_type WHERE typname IN ($1, 'x')", "name"},
      {"SELECT 1 FROM pg_type WHERE oid = ANY($1)", "oid[]"},
      {"SELECT 1 FROM pg_type WHERE oid = any($1::oid[])", "oid[]"},
      {"SELECT 1 FROM pg_type WHERE typname LIKE $1", "text"},
      {"SELECT 1 FROM pg_type WHERE oid = to_regtype($1)", "text"},
      {"SELECT 1 FROM pg_type LIMIT $1", "bigint"},
      {"SELECT 1 FROM pg_type WHERE typisdefined = $1", "boolean"},
      {"SELECT $1 FROM pg_type", "text"},
      {"SELECT $1::int4 FROM pg_type", "integer"},
      {"SELECT 1 FROM pg_class WHERE oid = $1::regclass", "text"},
  };
  for (const auto& [text, type] : kCases) {
    parser::SystemSelect select = parse_select(text);
    const Status found = executor::infer_parameters(select);
    ASSERT_TRUE(found) << text << ": " << found.error().message();
    EXPECT_EQ(select.parameters.at(0).value.cast, type) << text;
  }
}

}  // namespace
}  // namespace alcove::tests
