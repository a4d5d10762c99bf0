#include "tools/bench_step.h"

#include <algorithm>

#include <fmt/format.h>

#include "tools/result_table.h"

namespace alcove::tools {
namespace {

// The time below which a share of all lies.
double percentile(std::vector<double> times, double share) {
  if (times.empty()) return 0;
  std::sort(times.begin(), times.end());
  return times[static_cast<std::size_t>(share * static_cast<double>(times.size() - 1))];
}

std::vector<std::string> cells_of(const BenchStep& step) {
  std::vector<std::string> cells = {
      step.name, std::to_string(step.count), fmt::format("{:.2f}", step.seconds),
      fmt::format("{:.0f}", static_cast<double>(step.count) / std::max(step.seconds, 1e-9))};
  if (step.latencies_ms.empty()) {
    cells.insert(cells.end(), 3, "");
  } else {
    cells.push_back(fmt::format("{:.2f}", percentile(step.latencies_ms, 0.5)));
    cells.push_back(fmt::format("{:.2f}", percentile(step.latencies_ms, 0.99)));
    cells.push_back(fmt::format("{:.4f}", step.recall()));
  }
  cells.push_back(step.fault.empty() ? "right" : step.fault);
  return cells;
}

}  // namespace

void BenchStep::add_query(std::chrono::steady_clock::time_point begin) {
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begin;
  ++count;
  seconds += taken.count();
  latencies_ms.push_back(taken.count() * 1e3);
}

double BenchStep::recall() const {
  return expected == 0 ? 1 : static_cast<double>(found) / static_cast<double>(expected);
}

std::string format_steps(const std::vector<BenchStep>& steps) {
  using Kind = TableColumn::Kind;
  ResultTable table;
  table.columns = {{"step", Kind::kText},      {"count", Kind::kNumber},
                   {"seconds", Kind::kNumber}, {"per second", Kind::kNumber},
                   {"p50 ms", Kind::kNumber},  {"p99 ms", Kind::kNumber},
                   {"recall", Kind::kNumber},  {"check", Kind::kText}};
  std::vector<std::vector<std::string>> cells;
  for (const BenchStep& step : steps) cells.push_back(cells_of(step));
  for (const auto& row : cells) table.rows.emplace_back(row.begin(), row.end());
  return format_table(table, TableFormat());
}

}  // namespace alcove::tools
