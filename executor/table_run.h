#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "executor/run.h"

namespace alcove::executor {

// A small table that answers a statement: its rows come in batches from `next_rows`, which returns
// none when there are no more.
class TableRun final : public Run {
 public:
  using OwnedCell = std::variant<std::monostate, bool, std::int64_t, float, double, std::string>;
  using Rows = std::vector<std::vector<OwnedCell>>;
  using NextRows = std::function<Result<Rows>()>;

  TableRun(std::vector<Column> columns, std::string tag, NextRows next_rows)
      : columns_(std::move(columns)), tag_(std::move(tag)), next_rows_(std::move(next_rows)) {}

  const std::vector<Column>& columns() const override { return columns_; }
  Result<Progress> step(RowSink& sink) override;
  std::string tag() const override { return tag_; }

 private:
  std::vector<Column> columns_;
  std::string tag_;
  NextRows next_rows_;
};

// A table of one batch.
std::unique_ptr<Run> run_table(std::vector<Column> columns, std::string tag,
                               std::function<Result<TableRun::Rows>()> rows);

}  // namespace alcove::executor
