#include "tests/parser/parsing.h"

namespace alcove::parser {
namespace {

using Columns = std::vector<std::pair<RecordColumn, std::string>>;

TEST(SelectRecords, NamesColumnsIndexAndNamespace) {
  const auto it = parse_one<SelectRecords>(
      "SELECT id, values, metadata FROM multitenant-app NAMESPACE tenant1 WHERE id IN ('A', 'B')");
  EXPECT_EQ(it.columns, (Columns{{RecordColumn::kId, "id"},
                                 {RecordColumn::kValues, "values"},
                                 {RecordColumn::kMetadata, "metadata"}}));
  EXPECT_EQ(it.index.text, "multitenant-app");
  EXPECT_EQ(text_of(*it.name), "tenant1");
  EXPECT_EQ(it.filter->nodes.size(), 1U);
  EXPECT_EQ(it.order, SelectRecords::Order::kNone);
}

TEST(SelectRecords, TakesTheNamespaceBeforeTheIndex) {
  const auto pgx = parse_one<SelectRecords>("select \"id\", \"values\" from \"tenant1\".\"app\"");
  EXPECT_EQ(pgx.index.text, "app");
  EXPECT_EQ(text_of(*pgx.name), "tenant1");
  expect_syntax_error("SELECT id FROM tenant1.app NAMESPACE ^tenant1",
                      "the namespace is already named before the index");
  for (const char* const schema : {"pg_catalog", "information_schema", "INFORMATION_SCHEMA", "public"}) {
    parse_one<SystemSelect>("SELECT id FROM " + std::string(schema) + ".app");
  }
}

TEST(SelectRecords, ReadsStarCountAndLabels) {
  EXPECT_EQ(parse_one<SelectRecords>("SELECT * FROM a").columns.size(), 3U);
  EXPECT_EQ(parse_one<SelectRecords>("select Count ( * ) from a").columns,
            (Columns{{RecordColumn::kCount, "count"}}));
  EXPECT_EQ(parse_one<SelectRecords>("SELECT count(*) AS n FROM a").columns,
            (Columns{{RecordColumn::kCount, "n"}}));
  EXPECT_EQ(parse_one<SelectRecords>("select ID Key, \"values\" as \"V\" from a").columns,
            (Columns{{RecordColumn::kId, "key"}, {RecordColumn::kValues, "V"}}));
}

TEST(SelectRecords, OrdersAndLimits) {
  const auto it = parse_one<SelectRecords>("SELECT id FROM a ORDER BY id LIMIT 100 OFFSET $1");
  EXPECT_EQ(it.order, SelectRecords::Order::kAscending);
  EXPECT_EQ(number_of(*it.limit), "100");
  EXPECT_EQ(parameter_of(*it.offset), 1U);
  const auto other =
      parse_one<SelectRecords>("SELECT id FROM a ORDER BY id DESC OFFSET 5 LIMIT ALL");
  EXPECT_EQ(other.order, SelectRecords::Order::kDescending);
  EXPECT_FALSE(other.limit);
  EXPECT_FALSE(parse_one<SelectRecords>("SELECT id FROM a LIMIT NULL").limit);
  expect_syntax_error("SELECT id FROM a LIMIT 1 ^LIMIT 2", "LIMIT is given twice");
}

TEST(SelectRecords, HasNoOtherColumns) {
  const Error error = parse_error("SELECT id, genre FROM app NAMESPACE t");
  EXPECT_EQ(error.code(), ErrorCode::kUndefinedColumn);
  EXPECT_EQ(error.message(), "column \"genre\" does not exist");
  EXPECT_EQ(error.offset(), 11U);
}

TEST(SelectRecords, ErrorsAreSyntaxOnceAnIndexIsNamed) {
  expect_syntax_error("SELECT id FROM app WHERE genre =^= 1", "expected a value after \"=\"");
  expect_syntax_error("SELECT id FROM app WHERE genre = ^NULL",
                      "nothing can be compared with NULL");
  expect_syntax_error("SELECT id FROM app WHERE ^", "expected a condition after WHERE");
  expect_syntax_error("SELECT id FROM app ^NAMESPCE t", "syntax error at or near \"NAMESPCE\"",
                      "Did you mean NAMESPACE?");
  expect_syntax_error("SELECT id FROM app ORDER BY ^", "expected id after BY");
}

// The nodes in order, by what they are.
std::string postfix(const SelectItem& item) {
  struct Words {
    std::string operator()(const Value& it) const {
      if (const auto* number = std::get_if<Number>(&it.what)) return number->text;
      if (const auto* text = std::get_if<std::string>(&it.what)) return "'" + *text + "'";
      if (const auto* it_is = std::get_if<bool>(&it.what)) return *it_is ? "true" : "false";
      if (const auto* parameter = std::get_if<Parameter>(&it.what)) {
        return "$" + std::to_string(parameter->number);
      }
      return std::holds_alternative<Null>(it.what) ? "null" : "array";
    }
    std::string operator()(const ExpressionNode::Call& it) const {
      return it.function + "/" + std::to_string(it.arguments);
    }
    std::string operator()(const ExpressionNode::Cast& it) const { return "::" + it.type; }
    std::string operator()(const ExpressionNode::Operator& it) const { return {it.symbol}; }
    std::string operator()(const ExpressionNode::ColumnName& it) const { return it.name; }
  };
  std::string text;
  for (const ExpressionNode& node : item.nodes) {
    text += (text.empty() ? "" : " ") + std::visit(Words(), node.what);
  }
  return text;
}

SelectItem item_of(const std::string& expression) {
  const auto it = parse_one<SelectConstants>("SELECT " + expression);
  return it.items.empty() ? SelectItem{} : it.items.front();
}

TEST(SelectConstants, PutsOperatorsBehindTheirOperands) {
  const auto text = [](const std::string& expression) { return postfix(item_of(expression)); };
  EXPECT_EQ(text("1+1"), "1 1 +");
  EXPECT_EQ(text("1 + 2 * 3 - 4 / 2"), "1 2 3 * + 4 2 / -");
  EXPECT_EQ(text("(1 + 2) * -3"), "1 2 + 3 n *");
  EXPECT_EQ(text("-1::int"), "1 ::int n");
  EXPECT_EQ(text("1::int-1"), "1 ::int 1 -");
  EXPECT_EQ(text("- -1"), "1 n n");
  EXPECT_EQ(text("'a' || 'b' || 1 + 2"), "'a' 'b' | 1 2 + |");
  EXPECT_EQ(text("$1::varchar"), "$1 ::varchar");
  EXPECT_EQ(text("'x'::regtype::oid"), "'x' ::regtype ::oid");
  EXPECT_EQ(text("CAST($1 AS double precision)"), "$1 ::double precision");
  EXPECT_EQ(text("pg_catalog.set_config('a', b, FALSE)"), "'a' b false set_config/3");
  EXPECT_EQ(text("CURRENT_USER"), "current_user");
  EXPECT_EQ(text("ARRAY[1, 2]"), "array");
}

TEST(SelectConstants, LabelsAsPostgresqlDoes) {
  const auto label = [](const std::string& expression) { return item_of(expression).label; };
  EXPECT_EQ(label("1"), "?column?");
  EXPECT_EQ(label("1+1 AS result"), "result");
  EXPECT_EQ(label("1 Result"), "result");
  EXPECT_EQ(label("1 AS \"Result\""), "Result");
  EXPECT_EQ(label("version()"), "version");
  EXPECT_EQ(label("pg_catalog.version()::text"), "version");
  EXPECT_EQ(label("current_user"), "current_user");
  EXPECT_EQ(label("1::int"), "int4");
  EXPECT_EQ(label("'1'::int::text"), "text");
  EXPECT_EQ(label("'1'::character varying(5)"), "varchar");
  EXPECT_EQ(label("'{1}'::real[]"), "float4");
  EXPECT_EQ(label("'x'::\"char\""), "char");
  EXPECT_EQ(label("'x'::char"), "bpchar");
  EXPECT_EQ(label("null::timestamp with time zone"), "timestamptz");
  EXPECT_EQ(label("array[1]::real[]"), "array");
  EXPECT_EQ(label("-(1::int)"), "?column?");
}

TEST(SelectConstants, ReadsWhatDriversAsk) {
  EXPECT_EQ(parse_one<SelectConstants>("SELECT current_schema(),session_user").items.size(), 2U);
  EXPECT_EQ(parse_one<SelectConstants>(
                "SELECT current_setting('jit') AS cur, set_config('jit','off',false) AS new")
                .items.at(1)
                .label,
            "new");
  EXPECT_EQ(parse_one<SelectConstants>("SELECT current_setting('server_version_num')::int/100")
                .items.size(),
            1U);
  EXPECT_TRUE(parse_one<SelectConstants>("SELECT").items.empty());
}

TEST(SelectConstants, TakesAFunctionAsItsTable) {
  const auto it = parse_one<SelectConstants>("SELECT * FROM generate_series(1, 3) AS g");
  EXPECT_EQ(postfix(it.items.at(0)), "*");
  EXPECT_EQ(postfix(*it.from), "1 3 generate_series/2");
  EXPECT_EQ(it.from->label, "g");
  EXPECT_EQ(parse_one<SelectConstants>("SELECT * FROM current_schema()").from->label,
            "current_schema");
  expect_syntax_error("SELECT ^*", "SELECT * with no index specified is not valid");
}

TEST(SelectUnsupported, IsWhatGoesBeyondAnIndex) {
  for (const char* text : {"SELECT id FROM a GROUP BY id", "SELECT id FROM a, b",
                           "SELECT id FROM a ORDER BY year", "SELECT count(*), id FROM a",
                           "TABLE x"}) {
    parse_one<SelectUnsupported>(text);
  }
}

TEST(SystemSelect, IsAnythingElseThatIsSoundSql) {
  const char* const kTexts[] = {
      "SELECT * FROM pg_class c",
      ("SELECT t.oid, typarray FROM pg_type t JOIN pg_namespace ns ON typnamespace = ns.oid"
       " WHERE typname = 'hstore';"),
      "SELECT table_name FROM information_schema.tables",
      "SELECT DISTINCT x FROM a",
      "SELECT upper(id) FROM a",
      "SELECT 1 FROM a WHERE id = 'x'",
      "SELECT CASE WHEN true THEN 1 END",
      "SELECT (SELECT ';')",
      "SELECT a.b -- ;",
      "SELECT 1 WHERE 'x' ~ $re$;$re$",
      "WITH RECURSIVE t AS (SELECT 1) SELECT * FROM t",
      "VALUES (1), (2)"};
  for (const char* text : kTexts) parse_one<SystemSelect>(text);
}

std::string tokens_of(const std::string& text) {
  const auto select = parse_one<SystemSelect>(text);
  std::string line;
  for (const SqlToken& token : *select.tokens) {
    constexpr const char* kKinds = "wqsnpo.";
    if (!line.empty()) line += ' ';
    line += kKinds[static_cast<std::size_t>(token.kind)];
    if (token.kind != SqlToken::Kind::kEnd) line += ':' + token.text;
  }
  return line;
}

TEST(SystemSelect, CutsTokensAsPostgresqlDoes) {
  EXPECT_EQ(tokens_of("SELECT A.\"B c\"::INT4 FROM pg_x a"),
            "w:select w:a o:. q:B c o::: w:int4 w:from w:pg_x w:a .");
  EXPECT_EQ(tokens_of("SELECT 1=-1, 2.5e-3 -- no\n"),
            "w:select n:1 o:= o:- n:1 o:, n:2.5e-3 .");
  EXPECT_EQ(tokens_of("SELECT a!~*'it''s' FROM pg_x WHERE b<>$2 and c=$1/*x*/;"),
            "w:select w:a o:!~* s:it's w:from w:pg_x w:where w:b o:<> p:$2 w:and w:c o:= p:$1 .");
}

// Where one token ends and the next begins must not depend on who asks: what looks for the end of the statement
// once took the `$$` in a name, or the E behind a number, for the beginning of a string.
TEST(SystemSelect, EndsWhereItsTokensEnd) {
  EXPECT_EQ(tokens_of("SELECT a$b FROM pg_x"), "w:select w:a$b w:from w:pg_x .");
  EXPECT_EQ(tokens_of("SELECT p$$ FROM pg_x WHERE b-c$$ = 1"),
            "w:select w:p$$ w:from w:pg_x w:where w:b o:- w:c$$ o:= n:1 .");
  EXPECT_EQ(tokens_of("SELECT a FROM pg_x WHERE b = 1E'\\';'"),
            "w:select w:a w:from w:pg_x w:where w:b o:= n:1 s:'; .");
  expect_syntax_error("SELECT p$$ FROM pg_x;^$$ FROM pg_x", "syntax error at or near \"$\"");
}

TEST(SystemSelect, ListsItsParametersByNumber) {
  const auto select = parse_one<SystemSelect>("SELECT $2 FROM pg_x WHERE a = $10 AND b = $2");
  ASSERT_EQ(select.parameters.size(), 2U);
  EXPECT_EQ(select.parameters[0].number, 2U);
  EXPECT_EQ(select.parameters[1].number, 10U);
}

TEST(SystemSelect, IsNotWhatIsCutShort) {
  expect_syntax_error("SELECT 1 +^", "syntax error at end of input");
  expect_syntax_error("SELECT id FROM ^", "syntax error at end of input");
  expect_syntax_error("SELECT f(1^", "expected \")\"");
  expect_syntax_error("SELECT 1^)", "syntax error at or near \")\"");
  expect_syntax_error("SELECT DISTINCT ^'abc", "unterminated quoted string");
}

}  // namespace
}  // namespace alcove::parser
