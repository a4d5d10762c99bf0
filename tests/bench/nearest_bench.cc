// Queries of one namespace by its codes beside exact search of the same, in the library: parsed
// statements on one thread, no sockets. Prints queries per second of processor time of both, and the
// recall of the first against the second. The vectors lie around centres of a 64-dimensional subspace with some noise in all
// dimensions; the queries come from a shifted and wider distribution.
//
//   nearest_bench [ROWS (10000)] [DIMENSION (768)] [ROUNDS (5)]

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <fmt/core.h>
#include <fmt/format.h>

#include "base/clock.h"
#include "base/posix_file_system.h"
#include "base/random.h"
#include "executor/database.h"
#include "parser/parse.h"
#include "tests/bench/measure.h"
#include "tests/support/statement_runner.h"

namespace alcove::tests {
namespace {

constexpr int kQueries = 500;
constexpr int kLatent = 64;
constexpr int kCentres = 200;
constexpr int kRowsPerStatement = 200;

class Vectors {
 public:
  explicit Vectors(int dimension)
      : dimension_(dimension), axes_(numbers(kLatent * dimension)), centres_(numbers(kCentres * kLatent)) {
    for (int i = 0; i < kLatent; ++i) {
      for (int j = 0; j < dimension_; ++j) axes_[place(i, j)] *= std::pow(float(i + 1), -0.4F);
    }
  }

  std::string text(float spread, float shift) {
    std::vector<float> values = numbers(dimension_);
    for (float& value : values) value *= 0.25F;
    const std::size_t centre = chance_() % kCentres;
    for (int i = 0; i < kLatent; ++i) {
      const float along = centres_[centre * kLatent + static_cast<std::size_t>(i)] +
                          spread * normal_(chance_) + (i % 3 == 0 ? shift : 0);
      for (int j = 0; j < dimension_; ++j) values[static_cast<std::size_t>(j)] += along * axes_[place(i, j)];
    }
    std::string text = "[";
    for (const float value : values) text += fmt::format("{}{:.6g}", text.size() > 1 ? "," : "", value);
    return text + "]";
  }

 private:
  std::vector<float> numbers(int count) {
    std::vector<float> values(static_cast<std::size_t>(count));
    for (float& value : values) value = normal_(chance_);
    return values;
  }
  std::size_t place(int axis, int coordinate) const {
    return static_cast<std::size_t>(axis * dimension_ + coordinate);
  }

  const int dimension_;
  std::mt19937_64 chance_{9};
  std::normal_distribution<float> normal_;
  std::vector<float> axes_;
  std::vector<float> centres_;
};

using Ids = std::vector<std::set<std::string>>;

class Bench {
 public:
  Bench(const std::string& directory, int rows, int dimension) {
    executor::DatabaseOptions options;
    options.directory = directory;
    options.on_panic = [](const Error&) { std::abort(); };
    auto opened = executor::Database::open({disk_, clock_, random_}, options);
    if (!opened) stop(opened.error());
    database_ = std::move(*opened);
    runner_ = std::make_unique<StatementRunner>(*database_);
    run(fmt::format("CREATE INDEX b DIMENSION {} METRIC cosine", dimension));
    Vectors vectors(dimension);
    for (int row = 0; row < rows;) {
      std::string text = "UPSERT INTO b NAMESPACE n VALUES ";
      for (int end = std::min(rows, row + kRowsPerStatement); row < end; ++row) {
        text += fmt::format("{}('{:09}', {})", text.ends_with(' ') ? "" : ", ", row,
                            vectors.text(0.7F, 0));
      }
      run(text);
    }
    run("COMPACT NAMESPACE n FROM b");
    for (int i = 0; i < kQueries; ++i) queries_.push_back(vectors.text(0.8F, 0.4F));
  }

  // Queries a second, and what they found.
  double measure(const std::string& clause, Ids& found) {
    std::vector<std::vector<parser::Statement>> parsed;
    for (const std::string& query : queries_) {
      auto statements = parser::parse("QUERY b NAMESPACE n NEAREST " + query + " TOP 10 " + clause);
      if (!statements) stop(statements.error());
      parsed.push_back(std::move(*statements));
    }
    found.clear();
    const double begin = processor_seconds();
    for (const auto& statements : parsed) {
      const auto outcomes = runner_->run_parsed(statements);
      if (!outcomes) stop(outcomes.error());
      auto& ids = found.emplace_back();
      for (const auto& row : outcomes->back().rows) ids.insert(row.front());
    }
    return kQueries / (processor_seconds() - begin);
  }

 private:
  [[noreturn]] static void stop(const Error& error) {
    fmt::print(stderr, "{}\n", error.message());
    std::exit(1);
  }
  void run(const std::string& text) {
    const auto done = runner_->run(text);
    if (!done) stop(done.error());
  }

  PosixFileSystem disk_;
  SystemClock clock_;
  SystemRandom random_;
  std::unique_ptr<executor::Database> database_;
  std::unique_ptr<StatementRunner> runner_;
  std::vector<std::string> queries_;
};

int run(int rows, int dimension, int rounds) {
  const char* const parent = std::getenv("ALCOVE_TEST_DIRECTORY");
  const std::string directory =
      fmt::format("{}/alcove-nearest-{}", parent != nullptr ? parent : "/tmp", std::random_device()());
  {
    Bench bench(directory, rows, dimension);
    fmt::print("{} x {}, {} queries, {} rounds\n\n{:>8} {:>12} {:>12} {:>8} {:>10}\n", rows, dimension,
               kQueries, rounds, "round", "exact q/s", "codes q/s", "ratio", "recall@10");
    std::vector<double> ratios;
    for (int round = 0; round < rounds; ++round) {
      Ids expected;
      Ids found;
      const double exact = bench.measure("EXACT", expected);
      const double codes = bench.measure("", found);
      std::size_t hits = 0;
      std::size_t all = 0;
      for (std::size_t i = 0; i < expected.size(); ++i) {
        all += expected[i].size();
        for (const auto& id : expected[i]) hits += found[i].count(id);
      }
      ratios.push_back(codes / exact);
      fmt::print("{:>8} {:>12.0f} {:>12.0f} {:>8.2f} {:>10.5f}\n", round + 1, exact, codes,
                 ratios.back(), static_cast<double>(hits) / static_cast<double>(all));
    }
    fmt::print("{:>8} {:>12} {:>12} {:>8.2f}\n", "median", "", "", median(ratios));
  }
  std::filesystem::remove_all(directory);
  return 0;
}

}  // namespace
}  // namespace alcove::tests

int main(int argc, char** argv) {
  const int rows = argc > 1 ? std::atoi(argv[1]) : 10'000;
  const int dimension = argc > 2 ? std::atoi(argv[2]) : 768;
  const int rounds = argc > 3 ? std::atoi(argv[3]) : 5;
  return alcove::tests::run(rows, dimension, rounds);
}
