#include "tests/crash/life.h"

#include <fmt/core.h>

#include "tests/support/statement_runner.h"

namespace alcove::tests {
namespace {

constexpr int kStatementsPerLife = 30;
constexpr std::uint64_t kCallsPerLife = 400;
const char* const kNamespaces[] = {"n0", "n1", "n2"};
constexpr std::uint64_t kIds = 12;

// Of a third of the disks every commit, of a third some, and of the others none is large.
executor::DatabaseOptions options(std::uint64_t seed) {
  constexpr std::uint64_t kLargeCommitBytes[] = {0, 150, 8 << 20};
  executor::DatabaseOptions options;
  options.large_commit_bytes = kLargeCommitBytes[seed % 3];
  options.directory = "/db";
  options.memtable_bytes = 16 << 10;
  options.memtable_bytes_max = 64 << 10;
  options.log_file_bytes = 64 << 10;
  options.checkpoint_log_bytes = 128 << 10;
  options.background_threads = false;
  options.on_panic = [](const Error&) {};
  return options;
}

std::string record_text(std::uint64_t version) {
  return fmt::format("{{{},{}}} {{\"v\": {}}}", version % 97, version % 89, version);
}

std::string describe(const Model& model) {
  std::string text;
  for (const auto& [name, records] : model) {
    text += name + ":";
    for (const auto& [id, record] : records) text += " " + id + "=" + record;
    text += "\n";
  }
  return text;
}

}  // namespace

Lives::Lives(std::uint64_t seed) : seed_(seed), chance_(seed), random_(seed) {
  (void)disk_.create_directory("/db");
  disk_.stop();
}

// Makes one change of the model, and the statement that asks for it.
void Lives::change(Model& model, std::string& text) {
  const std::string name = kNamespaces[pick(3)];
  const std::uint64_t kind = pick(20);
  ++version_;
  if (kind < 9) {
    text += fmt::format("UPSERT INTO i NAMESPACE {} VALUES ", name);
    const std::uint64_t rows = 1 + pick(3) * pick(4);
    for (std::uint64_t i = 0; i < rows; ++i) {
      const std::string id = fmt::format("r{}", pick(kIds));
      text += fmt::format("{}('{}', [{}, {}], '{{\"v\": {}}}')", i == 0 ? "" : ", ", id,
                          version_ % 97, version_ % 89, version_);
      model[name][id] = record_text(version_);
    }
  } else if (kind < 13) {
    const std::string id = fmt::format("r{}", pick(kIds));
    text += fmt::format("UPDATE i NAMESPACE {} SET VALUES = [{}, {}], v = {} WHERE id >= '{}'",
                        name, version_ % 97, version_ % 89, version_, id);
    if (model.contains(name)) {
      for (auto& [each, record] : model[name]) {
        if (each >= id) record = record_text(version_);
      }
    }
  } else if (kind < 17) {
    const std::string id = fmt::format("r{}", pick(kIds));
    text += fmt::format("DELETE FROM i NAMESPACE {} WHERE id = '{}'", name, id);
    if (model.contains(name)) model[name].erase(id);
  } else if (kind < 18) {
    text += fmt::format("DELETE FROM i NAMESPACE {}", name);
    if (model.contains(name)) model[name].clear();
  } else if (kind < 19) {
    text += fmt::format("DROP NAMESPACE IF EXISTS {} FROM i", name);
    model.erase(name);
  } else {
    text += fmt::format("CREATE NAMESPACE IF NOT EXISTS {} IN i", name);
    model.try_emplace(name);
  }
  text += "; ";
}

Lives::Statement Lives::make_statement() {
  Statement statement;
  statement.after = model_;
  change(statement.after, statement.text);
  return statement;
}

Lives::Statement Lives::make_transaction() {
  Statement statement;
  statement.after = model_;
  statement.text = "BEGIN; ";
  for (std::uint64_t i = 0; i < 2 + pick(3); ++i) change(statement.after, statement.text);
  statement.text += "COMMIT";
  return statement;
}

Model Lives::read(executor::Database& database, std::string& problem) {
  Model found;
  StatementRunner runner(database);
  const auto names = runner.one("SHOW NAMESPACES FROM i");
  if (!names) {
    problem = names.error().message();
    return found;
  }
  for (const auto& row : names->rows) {
    auto& records = found[row[0]];
    const auto rows = runner.one(fmt::format("SELECT id, values, metadata FROM i NAMESPACE {}",
                                             row[0]));
    if (!rows) {
      problem = rows.error().message();
      return found;
    }
    for (const auto& record : rows->rows) records[record[0]] = record[1] + " " + record[2];
    const auto count =
        runner.one(fmt::format("SELECT count(*) FROM i NAMESPACE {}", row[0]));
    if (!count || count->rows[0][0] != std::to_string(records.size())) {
      problem = fmt::format("count(*) of {} is not {}", row[0], records.size());
    }
    const auto nearest =
        runner.one(fmt::format("QUERY i NAMESPACE {} NEAREST [1, 2] TOP 100", row[0]));
    if (!nearest || nearest->rows.size() != records.size()) {
      problem = fmt::format("QUERY finds another number of records in {} than SELECT", row[0]);
    }
  }
  return found;
}

std::string Lives::settle(executor::Database& database) {
  if (!has_index_) {
    StatementRunner runner(database);
    const auto made = runner.one("CREATE INDEX IF NOT EXISTS i DIMENSION 2 METRIC dotproduct");
    if (!made) return made.error().code() == ErrorCode::kPanic ? "" : made.error().message();
    has_index_ = true;
  }
  std::string problem;
  const Model found = read(database, problem);
  if (!problem.empty()) return problem;
  if (maybe_ && found == *maybe_) {
    model_ = *maybe_;
  } else if (found != model_) {
    return fmt::format("found\n{}expected\n{}{}", describe(found), describe(model_),
                       maybe_ ? "or\n" + describe(*maybe_) : "");
  }
  maybe_.reset();
  return {};
}

std::string Lives::work(executor::Database& database) {
  StatementRunner runner(database);
  for (int i = 0; i < kStatementsPerLife; ++i) {
    clock_.advance(pick(200'000));
    const std::uint64_t kind = pick(12);
    if (kind == 0) {
      if (!database.checkpoint()) return {};
      continue;
    }
    if (kind < 4) {
      (void)database.run_background();
      continue;
    }
    Statement statement = kind < 6 ? make_transaction() : make_statement();
    const auto done = runner.run(statement.text);
    if (done) {
      model_ = std::move(statement.after);
      continue;
    }
    (void)runner.run("ROLLBACK");
    switch (done.error().code()) {
      case ErrorCode::kDiskFull:
        disk_.set_capacity_bytes(UINT64_MAX);
        continue;
      case ErrorCode::kPanic:
        maybe_ = std::move(statement.after);
        return {};
      case ErrorCode::kIo:
        return {};
      default:
        return statement.text + ": " + done.error().message();
    }
  }
  return {};
}

std::string Lives::live() {
  const std::uint64_t dies_at = disk_.call_count() + 1 + pick(kCallsPerLife);
  const bool sync_fails = pick(8) == 0;
  bool dead = false;
  disk_.set_fault([&, dies_at](SimulatedFileSystem::Call call,
                               const std::string&) -> std::optional<Error> {
    if (dead) return Error(ErrorCode::kIo, "the machine has stopped");
    if (disk_.call_count() < dies_at) return std::nullopt;
    if (sync_fails && call != SimulatedFileSystem::Call::kSync) return std::nullopt;
    dead = true;
    return Error(ErrorCode::kIo, "the machine stops");
  });
  if (pick(8) == 0) disk_.set_capacity_bytes(disk_.used_bytes() + pick(64 << 10));
  std::string problem;
  {
    auto database = executor::Database::open({disk_, clock_, random_}, options(seed_));
    if (!database && !dead && database.error().code() == ErrorCode::kDiskFull) {
      disk_.set_capacity_bytes(UINT64_MAX);
      database = executor::Database::open({disk_, clock_, random_}, options(seed_));
    }
    if (!database) {
      if (!dead) problem = "the database does not open: " + database.error().message();
    } else {
      // A problem that is seen while the disk dies is the disk's.
      const std::string settled = settle(**database);
      if (settled.empty() && !dead) problem = work(**database);
      if (!settled.empty() && !dead) problem = settled;
      if (!dead && pick(4) == 0 && problem.empty()) (void)(*database)->close();
    }
  }
  disk_.set_fault({});
  disk_.set_capacity_bytes(UINT64_MAX);
  disk_.crash(chance_());
  return problem;
}

}  // namespace alcove::tests
