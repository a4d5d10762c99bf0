#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "executor/system_expression.h"
#include "executor/system_function.h"
#include "executor/system_translation.h"
#include "parser/statement.h"

namespace alcove::executor {

// Reads a statement on the catalogue from its tokens and writes SQLite's. What it calls things:
// tables t1, t2, … and, of a subquery, the columns c1, c2, …; so names are resolved here.
// One per statement; recursion is bounded by nesting.
class SystemTranslator {
 public:
  using Token = parser::SqlToken;

  // What several statements share: a view's is inside another's.
  struct Shared {
    SystemTranslation translation;
    std::vector<std::uint32_t> parameter_numbers;  // ?1 is the first
    std::uint32_t aliases = 0;
    std::size_t nesting = 0;
  };

  SystemTranslator(const std::vector<Token>& tokens, Shared& shared)
      : tokens_(tokens), shared_(shared) {}

  struct Output {
    std::string label;
    std::uint32_t type = 0;
  };
  struct Query {
    std::string sql;
    std::vector<Output> outputs;
    std::vector<std::string> distinct_on;  // the expressions of its first SELECT's DISTINCT ON
  };
  // The whole statement.
  Result<Query> statement();

 private:
  struct SourceColumn {
    std::string name;
    std::uint32_t type = 0;
    std::string sql;
    bool merged = false;  // by USING, into the column of the same name before it
  };
  struct Source {
    std::string name;
    std::uint32_t table_oid = 0;
    std::vector<SourceColumn> columns;
  };
  struct Scope {
    Scope* outer = nullptr;
    std::vector<Source> sources;
  };
  struct CommonTable {  // of WITH
    std::string name;
    std::string alias;
    std::vector<Output> outputs;
  };
  // A SELECT under way.
  struct Select {
    Scope scope;
    std::string from;
    std::string first_set;  // the alias of the first function in its items that makes rows
    std::vector<SystemExpression> items;
  };
  struct Nesting;

  // ---- tokens ----
  const Token& peek(std::size_t ahead = 0) const;
  bool is_word(std::string_view word, std::size_t ahead = 0) const;
  bool is_symbol(std::string_view symbol, std::size_t ahead = 0) const;
  bool is_name(std::size_t ahead = 0) const;
  bool accept_word(std::string_view word);
  bool accept_symbol(std::string_view symbol);
  Status expect_word(std::string_view word);
  Status expect_symbol(std::string_view symbol);
  Error syntax_error() const;
  Error not_supported(std::string_view what) const;
  Result<std::string> expect_name();
  bool begins_query(std::size_t ahead = 0) const;
  bool begins_alias() const;

  // ---- queries: system_translation.cc ----
  Result<Query> query();
  Status with(bool& written, std::string& sql);
  Status common_table(bool recursive, std::string& sql);
  bool joins_queries() const;
  Status join_queries(Query& whole, CommonTable* recursive);
  Result<Query> term(std::optional<Select>& select);
  Result<Query> select(Select& select);
  Result<Query> values();
  Result<std::size_t> pass_over_brackets();
  Status distinct_on(const Select& select, std::size_t begin, Query& query);
  Result<std::string> distinct_key(const Select& select, const Query& query);
  Status items(Select& select, Query& query);
  Status item(Select& select, Query& query);
  Status star(Select& select, const std::string& source, Query& query);
  Status group_by(Select& select, const Query& query, std::string& sql);
  Status order_by(const Select* select, const Query& query, std::string& sql);
  Status order_distinct(const Query& query, std::size_t place, std::string_view key) const;
  Status limits(std::string& sql);
  std::size_t find_from() const;

  // ---- FROM: system_relation.cc ----
  Status from(Select& select);
  Status joined(Select& select, std::string& sql);
  Status join_condition(Select& select, std::size_t first_right, std::string& sql);
  Status merge_using(Select& select, std::size_t first_right, std::string& sql);
  Status relation(Select& select, std::string& sql);
  Status named_relation(Select& select, std::string& sql);
  Status function_relation(Select& select, const std::string& name, std::string& sql);
  Status add_query(Select& select, const Query& query, std::string& sql, std::string name);
  Status add_outputs(Select& select, const std::vector<Output>& outputs, std::string_view from,
                     std::string& sql, std::string name);
  Status add_table(Select& select, const SystemTable& table, std::string& sql);
  Status alias(Source& source);
  std::string next_alias();

  // ---- expressions: system_expression_reader.cc ----
  Result<SystemExpression> expression();
  Result<SystemExpression> conjunction();
  Result<SystemExpression> negation();
  Result<SystemExpression> condition();
  Result<SystemExpression> operators(int level);
  Result<SystemExpression> unary();
  Result<SystemExpression> postfix();
  Result<SystemExpression> in_list(SystemExpression left, bool negated);
  Result<SystemExpression> quantified(std::string_view symbol, SystemExpression left);
  Result<SystemExpression> between(SystemExpression left, bool negated);
  Result<SystemExpression> is_what(SystemExpression left);
  Status truth(SystemExpression& expression, std::string_view where);

  // ---- values in them: system_value_reader.cc ----
  Result<SystemExpression> primary();
  Result<SystemExpression> parenthesised();
  Result<SystemExpression> row(SystemExpression first, std::size_t offset);
  Result<SystemExpression> subquery(std::string_view label);
  Result<SystemExpression> case_of();
  Result<SystemExpression> array_of();
  Result<SystemExpression> cast_call();
  Result<SystemExpression> coalesce();
  Result<SystemExpression> trim();
  Result<SystemExpression> substring();
  Result<SystemExpression> word_value();
  Result<SystemExpression> parameter();
  Result<SystemExpression> column(std::vector<std::string> names, std::size_t offset);
  Result<std::uint32_t> type_name();

  // ---- calls: system_call_reader.cc ----
  Result<SystemExpression> call(const std::string& name, std::size_t offset);
  Result<SystemExpression> finish_call(const SystemFunction& function,
                                       std::vector<SystemExpression> arguments, bool distinct,
                                       const std::string& order, std::size_t offset);
  Result<SystemExpression> constant_call(const std::string& name,
                                         std::vector<SystemExpression> arguments,
                                         std::size_t offset);
  Result<SystemExpression> set_item(const SystemFunction& function,
                                    const SystemExpression& array);
  Status after_call(std::string& sql);
  Status settle_arguments(const SystemFunction& function,
                          std::vector<SystemExpression>& arguments);
  Status arguments(std::vector<SystemExpression>& arguments, std::string& order);
  Result<std::string> order_keys(std::string& directions);

  ParameterTypes& parameter_types() { return shared_.translation.parameters; }

  const std::vector<Token>& tokens_;
  Shared& shared_;
  std::size_t at_ = 0;
  Scope* scope_ = nullptr;
  Select* select_ = nullptr;  // whose items are being read, where functions may make rows
  std::vector<CommonTable> common_tables_;
  std::size_t group_calls_ = 0;  // of aggregates and window functions, so far
  std::string last_type_label_;  // how a column is called that is nothing but a cast to it
};

// One level deeper, while it lives. Requires: entered() was asked.
struct SystemTranslator::Nesting {
  static constexpr std::size_t kMax = 100;  // setting catalogue_nesting_max
  explicit Nesting(Shared& its_shared) : shared(its_shared) { ++shared.nesting; }
  ~Nesting() { --shared.nesting; }
  Nesting(const Nesting&) = delete;
  Nesting& operator=(const Nesting&) = delete;
  Status entered(std::size_t offset) const {
    if (shared.nesting <= kMax) return {};
    return fail(ErrorCode::kNestedTooDeep, "statements on the catalogue nest at most {} deep", kMax)
        .at(offset);
  }
  Shared& shared;
};

// What PostgreSQL would have said of a set of rows: how its elements look in `alias`, json_each's.
SystemExpression element_of_set(const SystemFunction& function, const SystemExpression& array,
                                const std::string& alias);

}  // namespace alcove::executor
