#include "executor/constant_select.h"

#include <optional>

#include <gtest/gtest.h>

namespace alcove::executor {
namespace {

using parser::ExpressionNode;
using parser::SelectConstants;
using parser::SelectItem;
using Nodes = std::vector<ExpressionNode>;

// ---- Statements by hand, in postfix order -------------------------------------------------------

ExpressionNode value(parser::Value what) { return {std::move(what)}; }
ExpressionNode number(std::string text) {
  return value({parser::Number{0, std::move(text)}, {}, 0});
}
ExpressionNode text(std::string text) { return value({std::move(text), {}, 0}); }
ExpressionNode boolean(bool is) { return value({is, {}, 0}); }
ExpressionNode null() { return value({parser::Null{}, {}, 0}); }
ExpressionNode call(std::string function, std::uint32_t arguments = 0) {
  return {ExpressionNode::Call{std::move(function), arguments}};
}
ExpressionNode to(std::string type) { return {ExpressionNode::Cast{std::move(type)}}; }
ExpressionNode op(char symbol) { return {ExpressionNode::Operator{symbol}}; }
ExpressionNode column(std::string name) { return {ExpressionNode::ColumnName{std::move(name)}}; }

SelectConstants select(Nodes nodes, std::string label = "?column?") {
  return {.items = {SelectItem{std::move(nodes), std::move(label)}}, .from = {}};
}

// A row as text, cells parted by '|', NULL as a word.
class Rows final : public RowSink {
 public:
  void row(std::span<const Cell> cells) override {
    std::string line;
    for (const Cell& cell : cells) {
      if (!line.empty()) line += '|';
      line += std::visit(Print{}, cell);
    }
    lines.push_back(line);
  }
  bool full() const override { return false; }

  std::vector<std::string> lines;

 private:
  struct Print {
    std::string operator()(std::monostate) const { return "NULL"; }
    std::string operator()(bool is) const { return is ? "t" : "f"; }
    std::string operator()(std::int64_t number) const { return std::to_string(number); }
    std::string operator()(float number) const { return fmt::format("{}", number); }
    std::string operator()(double number) const { return fmt::format("{}", number); }
    std::string operator()(std::string_view text) const { return std::string(text); }
    std::string operator()(std::span<const float> values) const {
      std::string printed;
      for (const float each : values) printed += fmt::format("{};", each);
      return printed;
    }
  };
};

class ConstantSelectTest : public testing::Test {
 protected:
  // All rows of a statement; or its error.
  Result<std::vector<std::string>> run(const SelectConstants& statement) {
    ConstantSelect plan = TRY(ConstantSelect::plan(statement));
    columns = plan.columns();
    Rows rows;
    ConstantRow row;
    while (true) {
      const bool more = TRY(plan.next(context, row));
      if (!more) return rows.lines;
      delay_us += row.delay_us;
      row.send(rows);
    }
  }
  // The only value of `SELECT nodes`, or the error's message.
  std::string one(Nodes nodes) {
    const Result<std::vector<std::string>> lines = run(select(std::move(nodes)));
    if (!lines) return lines.error().message();
    return lines->size() == 1 ? lines->front() : std::to_string(lines->size()) + " rows";
  }
  Type type(Nodes nodes) {
    const Result<std::vector<std::string>> lines = run(select(std::move(nodes)));
    EXPECT_TRUE(lines.has_value());
    return columns.at(0).type;
  }
  ErrorCode code(const SelectConstants& statement) {
    const Result<std::vector<std::string>> lines = run(statement);
    EXPECT_FALSE(lines.has_value());
    return lines ? ErrorCode::kInternal : lines.error().code();
  }
  ErrorCode code(Nodes nodes) { return code(select(std::move(nodes))); }

  Settings settings;
  std::vector<std::int32_t> cancelled;
  std::vector<std::int32_t> terminated;
  ConstantContext context{
      .user = "app",
      .database = "shop",
      .process_id = 4711,
      .settings = settings,
      .wall_us = 1'704'103'200'120'000,
      .cancel_backend = [this](std::int32_t pid) -> Result<bool> {
        cancelled.push_back(pid);
        return pid == 1;
      },
      .terminate_backend = [this](std::int32_t pid) -> Result<bool> {
        terminated.push_back(pid);
        return Error(ErrorCode::kNotGranted, "must be the same role");
      }};
  std::vector<Column> columns;
  std::uint64_t delay_us = 0;
};

TEST_F(ConstantSelectTest, LiteralsHaveTheTypesOfTheirSize) {
  EXPECT_EQ(one({number("1")}), "1");
  EXPECT_EQ(type({number("2147483647")}), Type::kInt4);
  EXPECT_EQ(type({number("2147483648")}), Type::kInt8);
  EXPECT_EQ(type({number("-2147483648")}), Type::kInt4);
  EXPECT_EQ(type({number("9223372036854775808")}), Type::kFloat8);
  EXPECT_EQ(type({number("1.5")}), Type::kFloat8);
  EXPECT_EQ(type({text("a")}), Type::kText);
  EXPECT_EQ(type({null()}), Type::kText);
  EXPECT_EQ(type({boolean(true)}), Type::kBool);
  EXPECT_EQ(one({null()}), "NULL");
  EXPECT_EQ(one({value({parser::Floats{1, 0.5F}, {}, 0})}), "1;0.5;");
  EXPECT_EQ(columns[0].type, Type::kFloat4Array);
  EXPECT_EQ(one({value({parser::Object{"{\"year\":2020,\"a\":true}"}, {}, 0})}),
            "{\"a\": true, \"year\": 2020}");
}

TEST_F(ConstantSelectTest, ColumnsBearTheirLabels) {
  const SelectConstants statement{
      .items = {{{number("1")}, "one"}, {{text("x")}, "?column?"}, {{call("version")}, "version"}},
      .from = {}};
  ASSERT_TRUE(run(statement).has_value());
  ASSERT_EQ(columns.size(), 3U);
  EXPECT_EQ(columns[0].name, "one");
  EXPECT_EQ(columns[1].name, "?column?");
  EXPECT_EQ(columns[2].name, "version");
}

TEST_F(ConstantSelectTest, IntegersAreCalculatedAsIntegers) {
  EXPECT_EQ(one({number("1"), number("1"), op('+')}), "2");
  EXPECT_EQ(one({number("-3"), number("2"), op('/')}), "-1");
  EXPECT_EQ(one({number("7"), number("6"), op('*'), op('n')}), "-42");
  EXPECT_EQ(one({text("5"), number("2"), op('-')}), "3");
  EXPECT_EQ(type({number("1"), number("1"), op('+')}), Type::kInt4);
  EXPECT_EQ(type({number("1"), number("3000000000"), op('+')}), Type::kInt8);
  EXPECT_EQ(one({number("2147483647"), number("1"), op('+')}), "integer out of range");
  EXPECT_EQ(one({number("9223372036854775807"), number("1"), op('+')}), "bigint out of range");
  EXPECT_EQ(one({number("-9223372036854775808"), number("-1"), op('/')}), "bigint out of range");
  EXPECT_EQ(one({number("-2147483648"), op('n')}), "integer out of range");
  EXPECT_EQ(code({number("2147483647"), number("2"), op('*')}), ErrorCode::kNumericOutOfRange);
}

TEST_F(ConstantSelectTest, FloatsAreCalculatedAsFloats) {
  EXPECT_EQ(one({number("3"), number("2.0"), op('/')}), "1.5");
  EXPECT_EQ(type({number("1"), to("real"), number("2"), to("real"), op('*')}), Type::kFloat4);
  EXPECT_EQ(type({number("1"), to("real"), number("2"), op('*')}), Type::kFloat8);
  EXPECT_EQ(one({number("1e300"), number("1e300"), op('*')}), "value out of range: overflow");
  EXPECT_EQ(one({number("1e300"), to("real")}), "value out of range: overflow");
}

TEST_F(ConstantSelectTest, DivisionByZeroIsAnError) {
  EXPECT_EQ(code({number("1"), number("0"), op('/')}), ErrorCode::kDivisionByZero);
  EXPECT_EQ(code({number("1"), number("0.0"), op('/')}), ErrorCode::kDivisionByZero);
  EXPECT_EQ(one({null(), number("0"), op('/')}), "NULL");
}

TEST_F(ConstantSelectTest, OperatorsRefuseTypesInPostgresWords) {
  EXPECT_EQ(one({text("1"), text("2"), op('+')}), "operator is not unique: unknown + unknown");
  EXPECT_EQ(one({text("a"), to("text"), number("1"), op('+')}),
            "operator does not exist: text + integer");
  EXPECT_EQ(one({boolean(true), op('n')}), "operator does not exist: - boolean");
  EXPECT_EQ(one({number("1"), number("2"), op('|')}),
            "operator does not exist: integer || integer");
  EXPECT_EQ(one({text("a"), number("1"), op('+')}), "invalid input syntax for type integer: \"a\"");
}

TEST_F(ConstantSelectTest, TextsAreJoined) {
  EXPECT_EQ(one({text("a"), text("b"), op('|')}), "ab");
  EXPECT_EQ(one({text("a"), number("1"), op('|')}), "a1");
  EXPECT_EQ(one({boolean(true), text("x"), op('|')}), "truex");
  EXPECT_EQ(one({text("a"), null(), op('|')}), "NULL");
  EXPECT_EQ(type({text("a"), text("b"), op('|')}), Type::kText);
}

TEST_F(ConstantSelectTest, ALongChainNeitherRecursesNorCostsItsSquare) {
  Nodes nodes = {text("x")};
  constexpr std::size_t kLinks = 200'000;
  for (std::size_t link = 0; link < kLinks; ++link) {
    nodes.push_back(text("y"));
    nodes.push_back(op('|'));
  }
  EXPECT_EQ(one(std::move(nodes)).size(), kLinks + 1);
  Nodes minus = {number("1")};
  for (std::size_t link = 0; link < kLinks; ++link) minus.push_back(op('n'));
  EXPECT_EQ(one(std::move(minus)), "1");
}

TEST_F(ConstantSelectTest, CastsConvertAndRefuse) {
  EXPECT_EQ(one({text(" 12 "), to("int")}), "12");
  EXPECT_EQ(one({text("+12"), to("bigint")}), "12");
  EXPECT_EQ(one({text("abc"), to("int")}), "invalid input syntax for type integer: \"abc\"");
  EXPECT_EQ(one({text(""), to("int")}), "invalid input syntax for type integer: \"\"");
  EXPECT_EQ(one({text("+-1"), to("int")}), "invalid input syntax for type integer: \"+-1\"");
  EXPECT_EQ(one({text("99999999999"), to("int4")}),
            "value \"99999999999\" is out of range for type integer");
  EXPECT_EQ(one({number("70000"), to("smallint")}), "smallint out of range");
  EXPECT_EQ(one({number("2.5"), to("int")}), "2");
  EXPECT_EQ(one({number("3.5"), to("int")}), "4");
  EXPECT_EQ(one({number("1e10"), to("int")}), "integer out of range");
  EXPECT_EQ(one({text("nan"), to("float8"), to("bigint")}), "bigint out of range");
  EXPECT_EQ(one({number("9223372036854775807"), to("float8"), to("bigint")}),
            "bigint out of range");
  EXPECT_EQ(one({text(" on "), to("boolean")}), "t");
  EXPECT_EQ(one({number("2"), to("bool")}), "t");
  EXPECT_EQ(one({boolean(true), to("integer")}), "1");
  EXPECT_EQ(one({boolean(true), to("text")}), "true");
  EXPECT_EQ(one({number("1"), to("int8"), to("bool")}), "cannot cast type bigint to boolean");
  EXPECT_EQ(one({text("4294967296"), to("oid")}),
            "value \"4294967296\" is out of range for type oid");
  EXPECT_EQ(one({number("1"), to("foo")}), "type \"foo\" does not exist");
  EXPECT_EQ(code({number("1"), to("foo")}), ErrorCode::kUndefinedObject);
  EXPECT_EQ(code({text("x"), to("bytea")}), ErrorCode::kNotSupported);
  EXPECT_EQ(code({call("now"), to("int")}), ErrorCode::kWrongType);
  EXPECT_EQ(one({null(), to("int")}), "NULL");
  EXPECT_EQ(type({null(), to("int")}), Type::kInt4);
  EXPECT_EQ(type({text("x"), to("name")}), Type::kName);
}

TEST_F(ConstantSelectTest, ACastInsideALiteralCounts) {
  EXPECT_EQ(one({value({std::string("7"), "int8", 0})}), "7");
  EXPECT_EQ(columns[0].type, Type::kInt8);
}

TEST_F(ConstantSelectTest, FloatsArePrintedAsPostgresPrintsThem) {
  const std::vector<std::pair<std::string, std::string>> doubles = {
      {"1e20", "1e+20"}, {"1e15", "1e+15"}, {"100000000000000", "100000000000000"},
      {"0.0001", "0.0001"}, {"0.00001", "1e-05"}, {"-inf", "-Infinity"}, {"nan", "NaN"},
      {"-0", "-0"}, {".5", "0.5"}, {"1.", "1"}};
  for (const auto& [written, printed] : doubles) {
    EXPECT_EQ(one({text(written), to("float8"), to("text")}), printed);
  }
  EXPECT_EQ(one({text("123456789"), to("real"), to("text")}), "1.2345679e+08");
  EXPECT_EQ(one({text("1e5"), to("real"), to("text")}), "100000");
  EXPECT_EQ(one({text("1e400"), to("float8")}),
            "\"1e400\" is out of range for type double precision");
  EXPECT_EQ(one({text("abc"), to("float4")}), "invalid input syntax for type real: \"abc\"");
}

TEST_F(ConstantSelectTest, VectorsAreReadFromText) {
  EXPECT_EQ(one({text("[0.5,2]"), to("vector")}), "0.5;2;");
  EXPECT_EQ(columns[0].type, Type::kFloat4Array);
  EXPECT_EQ(one({text("{0.5,2}"), to("real[]"), to("text")}), "{0.5,2}");
  EXPECT_EQ(code({text("[0.5"), to("vector")}), ErrorCode::kInvalidText);
  parser::Array array;
  array.items.push_back({parser::Number{0, "0.25"}, {}, 0});
  EXPECT_EQ(one({value({array, {}, 0})}), "0.25;");
  array.items.push_back({std::string("x"), {}, 0});
  EXPECT_EQ(code({value({array, {}, 0})}), ErrorCode::kNotSupported);
}

TEST_F(ConstantSelectTest, TypesAreKnownByNameAndNumber) {
  EXPECT_EQ(one({text("integer"), to("regtype"), to("oid")}), "23");
  EXPECT_EQ(one({text("_float4"), to("regtype")}), "real[]");
  EXPECT_EQ(columns[0].type, Type::kText);
  EXPECT_EQ(one({text("pg_catalog.timestamptz"), to("regtype")}), "timestamp with time zone");
  EXPECT_EQ(one({text("x"), to("regtype")}), "type \"x\" does not exist");
  EXPECT_EQ(one({text("nope"), call("to_regtype", 1)}), "NULL");
  EXPECT_EQ(one({text("vector"), call("to_regtype", 1), to("oid")}), std::to_string(kVectorOid));
  EXPECT_EQ(one({text("_vector"), call("to_regtype", 1), to("oid")}),
            std::to_string(kVectorArrayOid));
  EXPECT_EQ(one({number("1"), call("pg_typeof", 1)}), "integer");
  EXPECT_EQ(one({null(), call("pg_typeof", 1)}), "unknown");
  EXPECT_EQ(one({text("1021"), to("oid"), number("-1"), call("format_type", 2)}), "real[]");
  EXPECT_EQ(one({number("99999"), number("-1"), call("format_type", 2)}), "???");
  EXPECT_EQ(one({null(), null(), call("format_type", 2)}), "NULL");
}

TEST_F(ConstantSelectTest, SaysWhoItIs) {
  EXPECT_TRUE(one({call("version")}).starts_with("PostgreSQL 15.0 (Alcove 0.1.0) on "));
  for (const char* user : {"current_user", "session_user", "user", "current_role"}) {
    EXPECT_EQ(one({column(user)}), "app") << user;
    EXPECT_EQ(columns[0].type, Type::kName);
  }
  EXPECT_EQ(one({call("current_database")}), "shop");
  EXPECT_EQ(one({column("current_catalog")}), "shop");
  EXPECT_EQ(one({call("current_schema")}), "public");
  EXPECT_EQ(one({column("current_schema")}), "public");
  EXPECT_EQ(one({boolean(true), call("current_schemas", 1)}), "{pg_catalog,public}");
  EXPECT_EQ(one({call("pg_is_in_recovery")}), "f");
  EXPECT_EQ(one({call("pg_backend_pid")}), "4711");
  EXPECT_EQ(one({call("inet_server_addr")}), "NULL");
  EXPECT_EQ(one({call("inet_server_port")}), "NULL");
}

TEST_F(ConstantSelectTest, TellsTheTimeInUtc) {
  EXPECT_EQ(one({call("now")}), "2024-01-01 10:00:00.12+00");
  EXPECT_EQ(columns[0].type, Type::kTimestampTz);
  EXPECT_EQ(one({column("current_timestamp"), to("text")}), "2024-01-01 10:00:00.12+00");
  context.wall_us = 951'782'400'000'000;
  EXPECT_EQ(one({call("now")}), "2000-02-29 00:00:00+00");
}

TEST_F(ConstantSelectTest, SettingsAreReadAndSet) {
  EXPECT_EQ(one({text("jit"), call("current_setting", 1)}), "on");
  EXPECT_EQ(one({text("jit"), text("off"), boolean(false), call("set_config", 3)}), "off");
  EXPECT_EQ(*settings.show("jit"), "off");
  EXPECT_EQ(one({text("jit"), null(), boolean(false), call("set_config", 3)}), "on");
  EXPECT_EQ(one({text("search_path"), text(""), boolean(false), call("set_config", 3)}), "");
  EXPECT_EQ(code({text("nope"), call("current_setting", 1)}), ErrorCode::kUndefinedObject);
  EXPECT_EQ(one({text("nope"), boolean(true), call("current_setting", 2)}), "NULL");
  EXPECT_EQ(code({text("jit"), text("x"), boolean(false), call("set_config", 3)}),
            ErrorCode::kInvalidValue);
  EXPECT_EQ(code({null(), text("x"), boolean(false), call("set_config", 3)}),
            ErrorCode::kNullNotAllowed);
  EXPECT_EQ(one({text("server_version_num"), call("current_setting", 1), to("int"), number("100"),
                 op('/')}),
            "1500");
}

TEST_F(ConstantSelectTest, LocalSettingsEndWithTheTransaction) {
  settings.begin_transaction();
  EXPECT_EQ(one({text("a.b"), text("x"), boolean(true), call("set_config", 3)}), "x");
  settings.commit_transaction();
  EXPECT_FALSE(settings.show("a.b").has_value());
}

TEST_F(ConstantSelectTest, PlanningCallsNothing) {
  const SelectConstants statement{
      .items = {{{text("jit"), text("off"), boolean(false), call("set_config", 3)}, "a"},
                {{number("1"), call("pg_cancel_backend", 1)}, "b"},
                {{number("1"), number("0"), op('/')}, "c"}},
      .from = {}};
  const Result<ConstantSelect> plan = ConstantSelect::plan(statement);
  ASSERT_TRUE(plan.has_value());
  EXPECT_EQ(plan->columns()[0].type, Type::kText);
  EXPECT_EQ(plan->columns()[1].type, Type::kBool);
  EXPECT_EQ(plan->columns()[2].type, Type::kInt4);
  EXPECT_EQ(*settings.show("jit"), "on");
  EXPECT_TRUE(cancelled.empty());
}

TEST_F(ConstantSelectTest, SleepIsAskedOfTheCaller) {
  EXPECT_EQ(one({number("1.5"), call("pg_sleep", 1)}), "");
  EXPECT_EQ(columns[0].type, Type::kVoid);
  EXPECT_EQ(delay_us, 1'500'000U);
  delay_us = 0;
  EXPECT_EQ(one({number("-1"), call("pg_sleep", 1)}), "");
  EXPECT_EQ(one({null(), call("pg_sleep", 1)}), "NULL");
  EXPECT_EQ(one({text("nan"), call("pg_sleep", 1)}), "");
  EXPECT_EQ(delay_us, 0U);
  EXPECT_EQ(one({text("inf"), call("pg_sleep", 1)}), "");
  EXPECT_EQ(delay_us, 1'000'000'000'000'000U);
}

TEST_F(ConstantSelectTest, BackendsAreCancelledThroughTheCaller) {
  EXPECT_EQ(one({number("1"), call("pg_cancel_backend", 1)}), "t");
  EXPECT_EQ(one({number("2"), call("pg_cancel_backend", 1)}), "f");
  EXPECT_EQ(one({null(), call("pg_cancel_backend", 1)}), "NULL");
  EXPECT_EQ(cancelled, (std::vector<std::int32_t>{1, 2}));
  EXPECT_EQ(code({number("3"), call("pg_terminate_backend", 1)}), ErrorCode::kNotGranted);
  EXPECT_EQ(terminated, std::vector<std::int32_t>{3});
}

TEST_F(ConstantSelectTest, AdvisoryLocksAreGranted) {
  EXPECT_EQ(one({number("1"), call("pg_advisory_lock", 1)}), "");
  EXPECT_EQ(one({number("1"), number("2"), call("pg_try_advisory_lock", 2)}), "t");
  EXPECT_EQ(one({number("5000000000"), call("pg_advisory_unlock", 1)}), "t");
  EXPECT_EQ(one({call("pg_advisory_unlock_all")}), "");
  EXPECT_EQ(type({call("pg_advisory_unlock_all")}), Type::kVoid);
}

TEST_F(ConstantSelectTest, UnknownNamesAreToldWithTheirPlace) {
  EXPECT_EQ(one({number("1"), text("a"), null(), number("1.5"), call("foo", 4)}),
            "function foo(integer, unknown, unknown, double precision) does not exist");
  EXPECT_EQ(code({number("1"), call("version", 1)}), ErrorCode::kUndefinedFunction);
  EXPECT_EQ(one({column("x")}), "column \"x\" does not exist");
  EXPECT_EQ(code({column("version")}), ErrorCode::kUndefinedColumn);
  EXPECT_EQ(one({value({parser::Parameter{1}, {}, 0})}), "there is no parameter $1");
  EXPECT_EQ(code({value({parser::Parameter{1}, {}, 0})}), ErrorCode::kUndefinedParameter);
  ExpressionNode misplaced = column("x");
  misplaced.offset = 17;
  const Result<std::vector<std::string>> failed = run(select({misplaced}));
  ASSERT_FALSE(failed.has_value());
  EXPECT_EQ(failed.error().offset(), 17U);
}

// ---- Functions in FROM, and series --------------------------------------------------------------

SelectConstants select_from(Nodes item, Nodes from, std::string source) {
  SelectConstants statement = select(std::move(item), "*");
  statement.from = SelectItem{std::move(from), std::move(source)};
  return statement;
}

class SeriesTest : public ConstantSelectTest {
 protected:
  std::string joined(const SelectConstants& statement) {
    const Result<std::vector<std::string>> lines = run(statement);
    if (!lines) return lines.error().message();
    std::string all;
    for (const std::string& line : *lines) all += line + ' ';
    return all;
  }
  Nodes series(std::vector<std::string> arguments) {
    Nodes nodes;
    for (const std::string& argument : arguments) nodes.push_back(number(argument));
    nodes.push_back(call("generate_series", static_cast<std::uint32_t>(arguments.size())));
    return nodes;
  }
};

TEST_F(SeriesTest, MakesRowsAsTheOnlyItem) {
  EXPECT_EQ(joined(select(series({"1", "3"}))), "1 2 3 ");
  EXPECT_EQ(columns[0].type, Type::kInt4);
  EXPECT_EQ(joined(select(series({"5", "1", "-2"}))), "5 3 1 ");
  EXPECT_EQ(joined(select(series({"1", "6", "2"}))), "1 3 5 ");
  EXPECT_EQ(joined(select(series({"3", "1"}))), "");
  EXPECT_EQ(columns[0].type, Type::kInt4);
  EXPECT_EQ(joined(select(series({"3000000000", "3000000001"}))), "3000000000 3000000001 ");
  EXPECT_EQ(columns[0].type, Type::kInt8);
}

TEST_F(SeriesTest, StandsInsideAnExpression) {
  Nodes nodes = {number("10")};
  for (ExpressionNode& node : series({"1", "3"})) nodes.push_back(std::move(node));
  nodes.push_back(op('*'));
  SelectConstants statement = select(nodes);
  statement.items.push_back({{text("x")}, "?column?"});
  EXPECT_EQ(joined(statement), "10|x 20|x 30|x ");
}

TEST_F(SeriesTest, MakesRowsInFrom) {
  EXPECT_EQ(joined(select_from({column("*")}, series({"1", "3"}), "g")), "1 2 3 ");
  EXPECT_EQ(columns[0].name, "g");
  EXPECT_EQ(joined(select_from({column("g"), number("1"), op('+')}, series({"1", "3"}), "g")),
            "2 3 4 ");
  EXPECT_EQ(joined(select_from({text("a")}, series({"1", "2"}), "g")), "a a ");
  EXPECT_EQ(joined(select_from({column("h")}, series({"1", "3"}), "g")),
            "column \"h\" does not exist");
}

TEST_F(SeriesTest, StopsAtTheEdgesOfItsType) {
  EXPECT_EQ(joined(select(series({"2147483646", "2147483647"}))), "2147483646 2147483647 ");
  EXPECT_EQ(joined(select(series({"9223372036854775806", "9223372036854775807", "5"}))),
            "9223372036854775806 ");
  EXPECT_EQ(joined(select(series({"9223372036854775807", "-9223372036854775807",
                                  "-9223372036854775807"}))),
            "9223372036854775807 0 -9223372036854775807 ");
}

TEST_F(SeriesTest, RefusesTooManyRowsAndNoStep) {
  EXPECT_EQ(code(select(series({"1", "1000001"}))), ErrorCode::kLimitExceeded);
  EXPECT_EQ(code(select(series({"-9223372036854775808", "9223372036854775807"}))),
            ErrorCode::kLimitExceeded);
  EXPECT_EQ(joined(select(series({"1", "3", "0"}))), "step size cannot equal zero");
  EXPECT_EQ(joined(select(series({"1"}))), "function generate_series(integer) does not exist");
  EXPECT_EQ(joined(select(series({"1", "2.5"}))),
            "function generate_series(integer, double precision) does not exist");
  Nodes twice = series({"1", "2"});
  for (ExpressionNode& node : series({"1", "2"})) twice.push_back(std::move(node));
  twice.push_back(op('+'));
  EXPECT_EQ(code(select(twice)), ErrorCode::kNotSupported);
}

TEST_F(SeriesTest, HasNoRowsForNull) {
  EXPECT_EQ(joined(select({number("1"), null(), call("generate_series", 2)})), "");
}

TEST_F(SeriesTest, MakesAMillionRowsOneByOne) {
  const SelectConstants statement = select(series({"1", "1000000"}));
  Result<ConstantSelect> plan = ConstantSelect::plan(statement);
  ASSERT_TRUE(plan.has_value());
  ConstantRow row;
  std::uint64_t count = 0;
  std::int64_t last = 0;
  while (*plan->next(context, row)) {
    ++count;
    last = row.values[0].integer();
  }
  EXPECT_EQ(count, ConstantSelect::kRowsMax);
  EXPECT_EQ(last, 1'000'000);
}

TEST_F(SeriesTest, AnyFunctionMayStandInFrom) {
  EXPECT_EQ(joined(select_from({column("*")}, {call("current_schema")}, "current_schema")),
            "public ");
  EXPECT_EQ(columns[0].name, "current_schema");
  EXPECT_EQ(columns[0].type, Type::kName);
  EXPECT_EQ(joined(select_from({column("*")}, {number("2"), call("pg_sleep", 1)}, "s")), " ");
  EXPECT_EQ(delay_us, 2'000'000U);
  EXPECT_EQ(joined(select_from({column("*")}, {column("current_user")}, "current_user")), "app ");
}

}  // namespace
}  // namespace alcove::executor
