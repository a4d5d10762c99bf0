#include "tests/crash/life.h"

#include <algorithm>
#include <cmath>

#include <fmt/core.h>

#include "tests/support/statement_runner.h"

namespace alcove::tests {
namespace {

constexpr int kStatementsPerLife = 30;
constexpr std::uint64_t kCallsPerLife = 400;
const char* const kNamespaces[] = {"n0", "n1", "n2"};
constexpr std::uint64_t kIds = 12;
constexpr std::uint32_t kShortDimension = 2;
constexpr std::uint32_t kLongDimension = 2000;

// Of a third of the disks every commit, of a third some, and of the others none is large.
executor::DatabaseOptions options(std::uint64_t seed, std::uint32_t dimension) {
  constexpr std::uint64_t kLargeCommitBytes[] = {0, 150, 8 << 20};
  executor::DatabaseOptions options;
  options.large_commit_bytes = kLargeCommitBytes[seed % 3];
  options.directory = "/db";
  const std::uint64_t scale = dimension == kLongDimension ? 64 : 1;
  options.memtable_bytes = scale * (16 << 10);
  options.memtable_bytes_max = scale * (64 << 10);
  options.log_file_bytes = scale * (64 << 10);
  options.checkpoint_log_bytes = scale * (128 << 10);
  options.linked_bytes_min = 1;
  options.background_threads = false;
  options.on_panic = [](const Error&) {};
  return options;
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

Lives::Lives(std::uint64_t seed, Vectors vectors)
    : seed_(seed),
      dimension_(vectors == Vectors::kLong ? kLongDimension : kShortDimension),
      chance_(seed),
      random_(seed) {
  (void)disk_.create_directory("/db");
  disk_.stop();
}

std::string Lives::values_text(std::uint64_t version) const {
  std::string text = fmt::format("{},{}", version % 97, version % 89);
  // Values that do not compress, from 2^-9 to 2^16.
  std::mt19937 chance(static_cast<std::uint32_t>(version));
  for (std::uint32_t i = 2; i < dimension_; ++i) {
    const float mantissa = 1 + static_cast<float>(chance() >> 9U) / 8'388'608;
    text += fmt::format(",{}", std::ldexp(mantissa, static_cast<int>(chance() % 25) - 9));
  }
  return text;
}

std::string Lives::record_text(std::uint64_t version) const {
  return fmt::format("{{{}}} {{\"v\": {}}}", values_text(version), version);
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
      text += fmt::format("{}('{}', [{}], '{{\"v\": {}}}')", i == 0 ? "" : ", ", id, values_text(version_), version_);
      model[name][id] = record_text(version_);
    }
  } else if (kind < 13) {
    const std::string id = fmt::format("r{}", pick(kIds));
    text += fmt::format("UPDATE i NAMESPACE {} SET VALUES = [{}], v = {} WHERE id >= '{}'", name, values_text(version_),
                        version_, id);
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
        runner.one(fmt::format("QUERY i NAMESPACE {} NEAREST [{}] TOP 100", row[0], values_text(1)));
    if (!nearest || nearest->rows.size() != records.size()) {
      problem = fmt::format("QUERY finds another number of records in {} than SELECT", row[0]);
    }
  }
  return found;
}

std::string Lives::settle(executor::Database& database) {
  if (!has_index_) {
    StatementRunner runner(database);
    const auto made = 
        runner.one(fmt::format("CREATE INDEX IF NOT EXISTS i DIMENSION {} METRIC dotproduct", dimension_));
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
    auto database = executor::Database::open({disk_, clock_, random_}, options(seed_, dimension_));
    if (!database && !dead && database.error().code() == ErrorCode::kDiskFull) {
      disk_.set_capacity_bytes(UINT64_MAX);
      database = executor::Database::open({disk_, clock_, random_}, options(seed_, dimension_));
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
  const auto paths = disk_.paths();
  has_linked_ |= std::any_of(paths.begin(), paths.end(), [](const std::string& path) { return path.find(".vectors-") != path.npos; });
  disk_.set_fault({});
  disk_.set_capacity_bytes(UINT64_MAX);
  disk_.crash(chance_());
  return problem;
}

}  // namespace alcove::tests
