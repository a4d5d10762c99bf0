#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "executor/constant_function.h"
#include "executor/constant_value.h"
#include "executor/row.h"
#include "parser/statement.h"

namespace alcove::executor {

// A row with its values.
struct ConstantRow {
  std::vector<ConstantValue> values;
  // pg_sleep(): how long to wait before the row is sent.
  std::uint64_t delay_us = 0;

  void send(RowSink& sink) const;
};

// A SELECT without an index under way: what drivers, pools and people ask a server they do not know
// yet. Literals, casts, + - * / ||, the functions of constant_function.h, and generate_series().
// Externally synchronised; borrows the statement.
//
// Where it is less than PostgreSQL: decimal literals are double precision, arrays of anything but
// float4 are text in array form, jsonb holds metadata only, time stamps are in UTC, and one
// generate_series() at most makes rows.
class ConstantSelect {
 public:
  static constexpr std::uint64_t kRowsMax = 1'000'000;

  // Finds the columns without calling or converting anything. Errors, each with its place in the
  // text: kUndefinedFunction, kUndefinedColumn, kUndefinedObject for a type, kUndefinedParameter,
  // kWrongType for an impossible cast, kNotSupported.
  static Result<ConstantSelect> plan(const parser::SelectConstants& statement);

  const std::vector<Column>& columns() const { return columns_; }

  // Evaluates the next row, calling what the statement calls; false when there is none. Not to be
  // called again after false or an error. Errors: as plan() and, on the way, kInvalidText,
  // kDivisionByZero, kNumericOutOfRange, kInvalidValue, kLimitExceeded past kRowsMax rows, and
  // what a function fails with.
  Result<bool> next(ConstantContext& context, ConstantRow& row);

 private:
  using Nodes = std::span<const parser::ExpressionNode>;
  struct Evaluation;  // of one row, or of the plan
  // What makes the rows.
  enum class Source : unsigned char {
    kOnce,      // one row
    kFunction,  // one row: FROM with a function that has one value
    kSeries,    // generate_series() in FROM or in an item
  };

  explicit ConstantSelect(const parser::SelectConstants& statement) : statement_(&statement) {}

  Status find_source();
  Status start(Evaluation& evaluation);
  Status start_series(Evaluation& evaluation);
  Result<ConstantValue> value_of(Nodes nodes, Evaluation& evaluation) const;
  Result<std::vector<ConstantValue>> values_of(Nodes nodes, Evaluation& evaluation) const;
  Result<ConstantValue> column(const std::string& name, Evaluation& evaluation) const;

  const parser::SelectConstants* statement_;
  std::vector<Column> columns_;

  Source source_ = Source::kOnce;
  Nodes source_nodes_;  // the call, its arguments before it
  std::string source_name_;  // by which items name its value; empty: they stand around it
  ConstantValue source_value_;  // of the next row; while planning, NULL
  std::int64_t step_ = 1;
  std::uint64_t rows_left_ = 1;
  bool started_ = false;
};

}  // namespace alcove::executor
