#include "tests/support/statement_runner.h"

#include <utility>

#include "executor/copy_in.h"
#include "parser/parse.h"

namespace alcove::tests {
namespace {

using executor::Cell;

std::string text_of(const Cell& cell) {
  struct Text {
    std::string operator()(std::monostate) const { return "NULL"; }
    std::string operator()(bool value) const { return value ? "t" : "f"; }
    std::string operator()(std::int64_t value) const { return std::to_string(value); }
    std::string operator()(float value) const { return fmt::format("{}", value); }
    std::string operator()(double value) const { return fmt::format("{}", value); }
    std::string operator()(std::string_view value) const { return std::string(value); }
    std::string operator()(std::span<const float> values) const {
      std::string text = "{";
      for (const float value : values) {
        if (text.size() > 1) text += ',';
        text += fmt::format("{}", value);
      }
      return text + "}";
    }
  };
  return std::visit(Text(), cell);
}

class CollectingSink final : public executor::RowSink {
 public:
  explicit CollectingSink(std::vector<std::vector<std::string>>& rows) : rows_(rows) {}
  void row(std::span<const Cell> cells) override {
    auto& row = rows_.emplace_back();
    for (const Cell& cell : cells) row.push_back(text_of(cell));
  }
  bool full() const override { return false; }

 private:
  std::vector<std::vector<std::string>>& rows_;
};

}  // namespace

StatementRunner::StatementRunner(executor::Database& database, executor::SessionIdentity identity)
    : database_(database), session_(database, std::move(identity)) {}

// Gives the run the rows from `fed` on that it has room for.
Status StatementRunner::feed(executor::Run& run, std::size_t& fed) const {
  executor::RecordIntake& intake = *run.intake();
  for (; fed < copy_rows_.size(); ++fed) {
    if (intake.full()) return {};
    const CopyRow& row = copy_rows_[fed];
    executor::CopyRecord record;
    record.name_space = row.name_space;
    record.id = row.id;
    record.values = row.values;
    record.metadata = row.metadata;
    TRY(intake.add(record));
  }
  intake.end();
  return {};
}

Result<StatementRunner::Outcome> StatementRunner::run_statement(
    const parser::Statement& statement) {
  const auto run = TRY(session_.start(statement));
  Outcome outcome;
  for (const auto& column : run->columns()) outcome.columns.push_back(column.name);
  CollectingSink sink(outcome.rows);
  TRY(finish(*run, sink));
  outcome.tag = run->tag();
  return outcome;
}

Status StatementRunner::finish(executor::Run& run, executor::RowSink& sink) {
  std::size_t fed = 0;
  while (true) {
    const auto progress = TRY(run.step(sink));
    if (progress == executor::Run::Progress::kDone) return {};
    if (progress == executor::Run::Progress::kWait) TRY(database_.run_background());
    if (progress == executor::Run::Progress::kInput) TRY(feed(run, fed));
  }
}

Status StatementRunner::run_into(const std::vector<parser::Statement>& statements, executor::RowSink& sink) {
  session_.begin_script(statements.size());
  for (const parser::Statement& statement : statements) {
    const auto run = TRY(session_.start(statement));
    TRY(finish(*run, sink));
  }
  return session_.end_script();
}

Result<std::vector<StatementRunner::Outcome>> StatementRunner::run(std::string_view text) {
  const auto parsed = parser::parse(text);
  if (!parsed) {
    session_.fail_script();
    return parsed.error();
  }
  return run_parsed(*parsed);
}

Result<std::vector<StatementRunner::Outcome>> StatementRunner::run_parsed(
    const std::vector<parser::Statement>& statements) {
  session_.begin_script(statements.size());
  std::vector<Outcome> outcomes;
  for (const parser::Statement& statement : statements) {
    auto outcome = run_statement(statement);
    if (!outcome) {
      session_.fail_script();
      return outcome.error();
    }
    outcomes.push_back(std::move(*outcome));
  }
  TRY(session_.end_script());
  return outcomes;
}

Result<StatementRunner::Outcome> StatementRunner::one(std::string_view text) {
  auto outcomes = TRY(run(text));
  if (outcomes.empty()) return Error(ErrorCode::kInternal, "the text holds no statement");
  return std::move(outcomes.back());
}

}  // namespace alcove::tests
