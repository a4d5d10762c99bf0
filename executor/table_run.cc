#include "executor/table_run.h"

namespace alcove::executor {

Result<Run::Progress> TableRun::step(RowSink& sink) {
  const Rows rows = TRY(next_rows_());
  if (rows.empty()) return Progress::kDone;
  std::vector<Cell> cells;
  for (const auto& row : rows) {
    cells.clear();
    for (const OwnedCell& owned : row) {
      cells.push_back(std::visit([](const auto& value) -> Cell { return value; }, owned));
    }
    sink.row(cells);
  }
  return Progress::kMore;
}

std::unique_ptr<Run> run_table(std::vector<Column> columns, std::string tag,
                               std::function<Result<TableRun::Rows>()> rows) {
  return std::make_unique<TableRun>(
      std::move(columns), std::move(tag),
      [rows = std::move(rows), done = false]() mutable -> Result<TableRun::Rows> {
        if (done) return TableRun::Rows();
        done = true;
        return rows();
      });
}

}  // namespace alcove::executor
