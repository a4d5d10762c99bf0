#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "base/check.h"
#include "executor/postgres_type.h"
#include "executor/system_translator.h"
#include "parser/parse.h"

// What stands in FROM.

namespace alcove::executor {

std::string SystemTranslator::next_alias() { return fmt::format("t{}", ++shared_.aliases); }

// Whether a name stands here that is no word of what may follow a table or an item.
bool SystemTranslator::begins_alias() const {
  constexpr std::array<std::string_view, 34> kReserved = {
      "on",     "using",  "where",   "join",  "left",      "right",  "inner",    "full",  "cross",
      "natural", "order", "group",   "having", "limit",    "offset", "union",    "except", "intersect",
      "fetch",  "for",    "window",  "with",  "as",        "from",   "and",      "or",    "when",
      "then",   "else",   "end",     "collate", "is",      "asc",    "desc"};
  if (peek().text == "nulls" || peek().text == "tablesample") return false;
  if (peek().kind == parser::SqlToken::Kind::kQuotedName) return true;
  return peek().kind == parser::SqlToken::Kind::kWord &&
         std::find(kReserved.begin(), kReserved.end(), peek().text) == kReserved.end();
}

Status SystemTranslator::from(Select& select) {
  do {
    if (!select.from.empty()) select.from += ", ";
    TRY(joined(select, select.from));
  } while (accept_symbol(","));
  return {};
}

Status SystemTranslator::joined(Select& select, std::string& sql) {
  const Nesting nesting(shared_);
  TRY(nesting.entered(peek().offset));
  TRY(relation(select, sql));
  while (true) {
    const bool cross = accept_word("cross");
    if (is_word("natural")) return not_supported("NATURAL JOIN");
    std::string_view kind;
    if (!cross && (is_word("left") || is_word("right") || is_word("full"))) {
      kind = peek().text;
      ++at_;
      accept_word("outer");
    } else if (!cross) {
      accept_word("inner");
    }
    if (!is_word("join")) {
      if (cross || !kind.empty()) return syntax_error();
      return {};
    }
    ++at_;
    sql += fmt::format(" {}{}JOIN ", kind, kind.empty() ? "" : " ");
    const std::size_t first_right = select.scope.sources.size();
    TRY(relation(select, sql));
    if (!cross) TRY(join_condition(select, first_right, sql));
  }
}

Status SystemTranslator::join_condition(Select& select, std::size_t first_right,
                                        std::string& sql) {
  if (accept_word("using")) return merge_using(select, first_right, sql);
  TRY(expect_word("on"));
  SystemExpression condition = TRY(expression());
  TRY(truth(condition, "JOIN/ON"));
  sql += " ON " + condition.sql;
  return {};
}

Status SystemTranslator::merge_using(Select& select, std::size_t first_right, std::string& sql) {
  TRY(expect_symbol("("));
  std::string_view separator = " ON ";
  auto& sources = select.scope.sources;
  do {
    const std::size_t offset = peek().offset;
    const std::string name = TRY(expect_name());
    std::array<SourceColumn*, 2> sides = {nullptr, nullptr};
    for (std::size_t i = 0; i < sources.size(); ++i) {
      SourceColumn*& side = sides[i < first_right ? 0 : 1];
      for (SourceColumn& column : sources[i].columns) {
        if (column.name == name && !column.merged && side == nullptr) side = &column;
      }
    }
    if (sides[0] == nullptr || sides[1] == nullptr) {
      return fail(ErrorCode::kUndefinedColumn,
                  "column \"{}\" specified in USING clause does not exist on both sides", name)
          .at(offset);
    }
    sql += fmt::format("{}({} = {})", separator, sides[0]->sql, sides[1]->sql);
    separator = " AND ";
    sides[1]->merged = true;
  } while (accept_symbol(","));
  return expect_symbol(")");
}

Status SystemTranslator::relation(Select& select, std::string& sql) {
  const bool lateral = accept_word("lateral");
  accept_word("only");
  if (!is_symbol("(")) return named_relation(select, sql);
  if (!begins_query(1)) {
    ++at_;
    sql += '(';
    TRY(joined(select, sql));
    sql += ')';
    return expect_symbol(")");
  }
  if (lateral) return not_supported("a LATERAL subquery");
  ++at_;
  // What stands beside it in FROM is not seen inside.
  Scope* const inside = std::exchange(scope_, select.scope.outer);
  const Result<Query> inner = query();
  scope_ = inside;
  if (!inner) return inner.error();
  TRY(expect_symbol(")"));
  return add_query(select, *inner, sql, {});
}

Status SystemTranslator::add_query(Select& select, const Query& query, std::string& sql,
                                   std::string name) {
  return add_outputs(select, query.outputs, '(' + query.sql + ')', sql, std::move(name));
}

// What `from` gives, whose columns SQLite knows as c1, c2, …
Status SystemTranslator::add_outputs(Select& select, const std::vector<Output>& outputs,
                                     std::string_view from, std::string& sql, std::string name) {
  Source source{std::move(name), 0, {}};
  const std::string alias_sql = next_alias();
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    source.columns.push_back(
        {outputs[i].label, outputs[i].type, fmt::format("{}.c{}", alias_sql, i + 1)});
  }
  sql += fmt::format("{} AS {}", from, alias_sql);
  TRY(alias(source));
  select.scope.sources.push_back(std::move(source));
  return {};
}

// [AS] name [(column, …)]
Status SystemTranslator::alias(Source& source) {
  if (accept_word("as")) {
    source.name = TRY(expect_name());
  } else if (begins_alias()) {
    source.name = TRY(expect_name());
  } else {
    return {};
  }
  if (!accept_symbol("(")) return {};
  std::size_t at = 0;
  do {
    if (at == source.columns.size()) {
      return fail(ErrorCode::kSyntax, "table \"{}\" has {} columns available but more specified",
                  source.name, at)
          .at(peek().offset);
    }
    source.columns[at++].name = TRY(expect_name());
  } while (accept_symbol(","));
  return expect_symbol(")");
}

Status SystemTranslator::named_relation(Select& select, std::string& sql) {
  const std::size_t offset = peek().offset;
  std::string name = TRY(expect_name());
  std::string schema;
  while (accept_symbol(".")) {
    schema = std::move(name);
    name = TRY(expect_name());
  }
  if (is_symbol("(")) return function_relation(select, name, sql);
  if (schema.empty()) {
    for (std::size_t i = common_tables_.size(); i > 0; --i) {
      const CommonTable& table = common_tables_[i - 1];
      if (table.name != name) continue;
      // Not as a subquery: SQLite wants what is recursive to stand here itself.
      const CommonTable copy = table;
      return add_outputs(select, copy.outputs, copy.alias, sql, name);
    }
  }
  const SystemTable* const table = find_system_table(schema, name);
  if (table != nullptr) return add_table(select, *table, sql);
  return fail(ErrorCode::kUndefinedIndex, "relation \"{}{}{}\" does not exist in the catalogue",
              schema, schema.empty() ? "" : ".", name)
      .with_hint("Records are read by SELECT … FROM index NAMESPACE name, without joins or subqueries.")
      .at(offset);
}

Status SystemTranslator::add_table(Select& select, const SystemTable& table, std::string& sql) {
  if (!table.view.empty()) {
    const auto statements = parser::parse(table.view);
    CHECK(statements && statements->size() == 1, "the catalogue's views parse");
    const auto* view = std::get_if<parser::SystemSelect>(&statements->front());
    CHECK(view != nullptr, "a view selects from the catalogue");
    const Nesting nesting(shared_);
    TRY(nesting.entered(peek().offset));
    const Query inner = TRY(SystemTranslator(*view->tokens, shared_).statement());
    return add_query(select, inner, sql, std::string(table.name));
  }
  shared_.translation.tables.insert(&table);
  Source source{std::string(table.name), table.oid, {}};
  const std::string alias_sql = next_alias();
  for (const SystemColumn& column : table.columns) {
    source.columns.push_back(
        {column.name, column.type, fmt::format("{}.{}", alias_sql, column.name)});
  }
  sql += fmt::format("\"{}\" AS {}", table.oid, alias_sql);
  TRY(alias(source));
  select.scope.sources.push_back(std::move(source));
  return {};
}

Status SystemTranslator::function_relation(Select& select, const std::string& name,
                                           std::string& sql) {
  const std::size_t offset = peek().offset;
  std::vector<SystemExpression> values;
  std::string order;
  TRY(arguments(values, order));
  if (const SystemTable* const table = find_system_table({}, name, true)) {
    return add_table(select, *table, sql);
  }
  const SystemFunction* const function = find_system_function(name, values.size());
  Source source{name, 0, {}};
  const std::string alias_sql = next_alias();
  const bool makes_rows = function != nullptr && function->kind == SystemFunction::Kind::kSet;
  if (!makes_rows) {
    SystemExpression value;
    if (function != nullptr) {
      value = TRY(finish_call(*function, std::move(values), false, {}, offset));
    } else {
      value = TRY(constant_call(name, std::move(values), offset));
    }
    sql += fmt::format("(SELECT {} AS c1) AS {}", value.sql, alias_sql);
    source.columns.push_back({name, value.type, alias_sql + ".c1"});
  } else {
    TRY(settle_arguments(*function, values));
    const SystemExpression array =
        TRY(finish_call(*function, std::move(values), false, {}, offset));
    const SystemExpression element = element_of_set(*function, array, alias_sql);
    sql += fmt::format("json_each({}) AS {}", array.sql, alias_sql);
    if (element.type == type_oid::kRecord) {
      source.columns.push_back({"x", element_type(array.type), alias_sql + ".value"});
      source.columns.push_back({"n", type_oid::kInt4, alias_sql + ".key + 1"});
    } else {
      source.columns.push_back({name, element.type, element.sql});
    }
    if (accept_word("with")) {
      TRY(expect_word("ordinality"));
      source.columns.push_back({"ordinality", type_oid::kInt8, alias_sql + ".key + 1"});
    }
  }
  const std::size_t begin = at_;
  TRY(alias(source));
  // The alias of a function names its only column too.
  const bool renamed = at_ == begin + 1 || (at_ == begin + 2 && tokens_[begin].text == "as");
  if (renamed && !makes_rows) source.columns.front().name = source.name;
  if (renamed && makes_rows && function->result != type_oid::kRecord) {
    source.columns.front().name = source.name;
  }
  select.scope.sources.push_back(std::move(source));
  return {};
}

SystemExpression element_of_set(const SystemFunction& function, const SystemExpression& array,
                                const std::string& alias) {
  std::uint32_t type = function.result;
  if (type == SystemFunction::kElement) type = element_type(array.type);
  if (type == SystemFunction::kFirst) type = array.type;
  if (type != type_oid::kRecord) return value_of(alias + ".value", type);
  return value_of(fmt::format("json_object('x', {0}.value, 'n', {0}.key + 1)", alias), type);
}

}  // namespace alcove::executor
