// Queries of one large namespace at several recall targets, in the library: parsed statements on one
// thread, no sockets. Reads a dataset from two files of vectors, NAME.base and NAME.query, and prints a
// line for each target: alcove, the target, the queries per second of this thread's processor time, medians of
// several rounds, the recall@10 against EXACT, and what a query looked at on average, with tabs between. Then the
// same with filters that let a share of the rows through, taken at random, and last queries each with the
// files dropped from the page cache before it, in wall clock time.
// tests/bench/ann/run puts the peers' beside them.
//
//   ann_bench NAME [METRIC (cosine)] [ROUNDS (5)]

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

#include <fmt/core.h>
#include <fmt/format.h>

#include "base/clock.h"
#include "base/metadata.h"
#include "base/posix_file_system.h"
#include "base/random.h"
#include "executor/database.h"
#include "parser/parse.h"
#include "tests/bench/measure.h"
#include "tests/bench/vector_file.h"
#include "tests/support/statement_runner.h"

namespace alcove::tests {
namespace {

constexpr std::size_t kQueriesMax = 1000;
constexpr std::size_t kColdQueriesMax = 200;
constexpr std::size_t kRowsPerCopy = 20'000;
constexpr double kTargets[] = {0.90, 0.95, 0.99};
// Of so many shares of the rows filters let some through.
constexpr unsigned kShares = 10'000;
constexpr unsigned kPassing[] = {10, 100, 1000, 5000};

[[noreturn]] void stop(const std::string& message) {
  fmt::print(stderr, "ann_bench: {}\n", message);
  std::exit(1);
}

using Ids = std::vector<std::set<std::string>>;

// Keeps the first column, as whoever calls a library for ids would.
class IdSink final : public executor::RowSink {
 public:
  void row(std::span<const executor::Cell> cells) override {
    ids_.emplace_back(std::get<std::string_view>(cells.front()));
  }
  bool full() const override { return false; }
  std::vector<std::string> take() { return std::exchange(ids_, {}); }

 private:
  std::vector<std::string> ids_;
};

class Bench {
 public:
  Bench(const std::string& directory, const std::string& metric, const Vectors& base)
      : directory_(directory), dimension_(base.dimension) {
    open();
    run(fmt::format("CREATE INDEX b DIMENSION {} METRIC {}", dimension_, metric));
    load(base, 1, "{:09}", 0);
    fmt::print("alcove\tbuild\t{:.1f} s\n", compact());
  }

  // Adds a tenth of the rows once more under other ids and a little moved, and merges them with the rest.
  void merge(const Vectors& base) {
    load(base, 10, "{:09}again", 0.01F);
    fmt::print("alcove\tmerge\t{:.1f} s\n", compact());
  }

  void set_queries(const Vectors& queries) {
    for (std::size_t i = 0; i < std::min(queries.count, kQueriesMax); ++i) {
      std::string text = "[";
      for (const float value : queries.row(i)) text += fmt::format("{}{}", text.size() > 1 ? "," : "", value);
      queries_.push_back(text + "]");
    }
  }

  // Queries a second, and what they found.
  double measure(const std::string& clause, Ids& found) {
    std::vector<std::vector<parser::Statement>> parsed;
    for (const std::string& query : queries_) {
      auto statements = parser::parse("QUERY b NAMESPACE n NEAREST " + query + " TOP 10 " + clause);
      if (!statements) stop(statements.error().message());
      parsed.push_back(std::move(*statements));
    }
    IdSink sink;
    std::vector<std::vector<std::string>> ids;
    const double begin = processor_seconds();
    for (const auto& statements : parsed) {
      const auto done = runner_->run_into(statements, sink);
      if (!done) stop(done.error().message());
      ids.push_back(sink.take());
    }
    const double seconds = processor_seconds() - begin;
    found.clear();
    for (const auto& each : ids) found.emplace_back(each.begin(), each.end());
    return static_cast<double>(queries_.size()) / seconds;
  }

  // Milliseconds that each query takes where nothing of the database's files is in memory but what opening it reads.
  std::vector<double> measure_cold(const std::string& clause) {
    std::vector<double> times_ms;
    for (std::size_t i = 0; i < std::min(queries_.size(), kColdQueriesMax); ++i) {
      runner_.reset();
      database_.reset();
      drop_from_memory(directory_);
      open();
      const auto statements = parser::parse("QUERY b NAMESPACE n NEAREST " + queries_[i] + " TOP 10 " + clause);
      if (!statements) stop(statements.error().message());
      IdSink sink;
      const auto begin = Clock::now();
      const auto done = runner_->run_into(*statements, sink);
      times_ms.push_back(seconds_since(begin) * 1e3);
      if (!done) stop(done.error().message());
    }
    return times_ms;
  }

  // What a query costs on average, by EXPLAIN.
  void explain(const std::string& clause) {
    double clusters = 0;
    double scanned = 0;
    double reranked = 0;
    for (const std::string& query : queries_) {
      auto done = runner_->one("EXPLAIN ANALYZE QUERY b NAMESPACE n NEAREST " + query + " TOP 10 " + clause);
      if (!done) stop(done.error().message());
      for (const auto& row : done->rows) {
        clusters += number_behind(row[0], "  Clusters read: ");
        scanned += number_behind(row[0], "  Records scanned: ");
        reranked += number_behind(row[0], "  Reranked: ");
      }
    }
    const auto count = static_cast<double>(queries_.size());
    fmt::print("clusters {:.0f} codes {:.0f} vectors {:.0f}\n", clusters / count, scanned / count,
               reranked / count);
  }

 private:
  void open() {
    executor::DatabaseOptions options;
    options.directory = directory_;
    options.on_panic = [](const Error& error) { stop(error.message()); };
    auto opened = executor::Database::open({disk_, clock_, random_}, options);
    if (!opened) stop(opened.error().message());
    database_ = std::move(*opened);
    runner_ = std::make_unique<StatementRunner>(*database_);
  }
  // Requires: nothing has the files mapped.
  static void drop_from_memory(const std::string& directory) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
      if (!entry.is_regular_file()) continue;
      const int file = ::open(entry.path().c_str(), O_RDONLY | O_CLOEXEC);
      if (file < 0 || ::fdatasync(file) != 0 || ::posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED) != 0) {
        stop(entry.path().string() + " cannot be dropped from memory");
      }
      ::close(file);
    }
  }
  // Every so many of the rows, each number moved by about so much of itself.
  void load(const Vectors& base, std::size_t every, const char* id, float moved) {
    std::normal_distribution<float> normal;
    std::vector<StatementRunner::CopyRow> rows;
    for (std::size_t i = 0; i < base.count; i += every) {
      std::vector<float> row = base.row(i);
      if (moved > 0) {
        for (float& value : row) value *= 1 + moved * normal(chance_);
      }
      rows.push_back({std::nullopt, fmt::format(fmt::runtime(id), i), std::move(row), metadata()});
      if (rows.size() < kRowsPerCopy && i + every < base.count) continue;
      runner_->set_copy_rows(std::move(rows));
      rows.clear();
      run("COPY b NAMESPACE n FROM STDIN");
    }
  }
  // A number below kShares, by which filters choose rows at random.
  std::string metadata() {
    Metadata made;
    if (!made.set("share", static_cast<double>(chance_() % kShares))) std::abort();
    return made.encoded();
  }
  double compact() {
    const auto begin = Clock::now();
    run("COMPACT NAMESPACE n FROM b");
    return seconds_since(begin);
  }
  static double number_behind(const std::string& line, const std::string& words) {
    return line.starts_with(words) ? std::stod(line.substr(words.size())) : 0;
  }
  void run(const std::string& text) {
    const auto done = runner_->run(text);
    if (!done) stop(done.error().message());
  }

  PosixFileSystem disk_;
  SystemClock clock_;
  SystemRandom random_;
  std::string directory_;
  std::mt19937 chance_{3};
  std::size_t dimension_;
  std::unique_ptr<executor::Database> database_;
  std::unique_ptr<StatementRunner> runner_;
  std::vector<std::string> queries_;
};

double recall_of(const Ids& found, const Ids& expected) {
  std::size_t hits = 0;
  std::size_t all = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    all += expected[i].size();
    for (const auto& id : expected[i]) hits += found[i].count(id);
  }
  return static_cast<double>(hits) / static_cast<double>(all);
}

// Beside queries without a filter at the same recall, in turn.
void measure_filter(Bench& bench, unsigned passing, int rounds) {
  const std::string filter = fmt::format("WHERE share < {} ", passing);
  Ids expected;
  bench.measure(filter + "EXACT", expected);
  std::vector<double> speeds;
  std::vector<double> times;
  double recall = 0;
  for (int round = 0; round < rounds; ++round) {
    Ids found;
    const double without = bench.measure("", found);
    speeds.push_back(bench.measure(filter, found));
    times.push_back(without / speeds.back());
    recall = recall_of(found, expected);
  }
  fmt::print("alcove\tfilter {}\t{:.0f}\t{:.4f}\t{:.2f} times as long as without; ", passing / double{kShares},
             median(speeds), recall, median(times));
  bench.explain(filter);
}

void run(const std::string& name, const std::string& metric, int rounds) {
  const char* const parent = std::getenv("ALCOVE_TEST_DIRECTORY");
  const std::string directory =
      fmt::format("{}/alcove-ann-{}", parent != nullptr ? parent : "/tmp", std::random_device()());
  {
    const Vectors base(name + ".base");
    Bench bench(directory, metric, base);
    bench.set_queries(Vectors(name + ".query"));
    Ids expected;
    const double exact = bench.measure("EXACT", expected);
    fmt::print("# exact search: {:.0f} queries/s\n", exact);
    for (const double target : kTargets) {
      const std::string clause = fmt::format("WITH (recall = {})", target);
      std::vector<double> speeds;
      double recall = 0;
      for (int round = 0; round < rounds; ++round) {
        Ids found;
        speeds.push_back(bench.measure(clause, found));
        recall = recall_of(found, expected);
      }
      fmt::print("alcove\t{:.2f}\t{:.0f}\t{:.4f}\t", target, median(speeds), recall);
      bench.explain(clause);
    }
    for (const unsigned passing : kPassing) measure_filter(bench, passing, rounds);
    std::vector<double> cold_ms = bench.measure_cold("");
    std::sort(cold_ms.begin(), cold_ms.end());
    fmt::print("alcove\tcold\tp50 {:.1f} ms, p99 {:.1f} ms, of {} queries\n", median(cold_ms),
               cold_ms[cold_ms.size() * 99 / 100], cold_ms.size());
    bench.merge(base);
  }
  std::filesystem::remove_all(directory);
}

}  // namespace
}  // namespace alcove::tests

int main(int argc, char** argv) {
  if (argc < 2) {
    fmt::print(stderr, "usage: ann_bench NAME [METRIC (cosine)] [ROUNDS (5)]\n");
    return 1;
  }
  alcove::tests::run(argv[1], argc > 2 ? argv[2] : "cosine", argc > 3 ? std::atoi(argv[3]) : 5);
  return 0;
}
