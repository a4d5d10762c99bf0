#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/simulated_file_system.h"
#include "executor/database.h"
#include "tests/crash/life.h"
#include "tests/support/statement_runner.h"

namespace alcove::tests {
namespace {

using Rows = std::vector<std::vector<std::string>>;

constexpr int kLongDimension = 128;  // such that vectors are most of a file
constexpr int kPackedRows = 60;      // make a large commit; every one is read again after every flip

executor::DatabaseOptions options() {
  executor::DatabaseOptions options;
  options.directory = "/db";
  options.log_file_bytes = 64 << 10;
  options.large_commit_bytes = 1024;
  options.linked_bytes_min = 4096;
  options.background_threads = false;
  options.on_panic = [](const Error&) {};
  return options;
}

// A small database with every kind of file, and what damage to any byte of it does.
class FlipTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(disk_.create_directory("/db"));
    auto database = open(disk_);
    ASSERT_TRUE(database) << database.error().message();
    run(**database, "CREATE INDEX i DIMENSION 4 METRIC euclidean");
    // Plain vectors with metadata, then a second segment with a tombstone: small enough beside the
    // first that they are not merged.
    for (int i = 0; i < 25; ++i) {
      run(**database,
          fmt::format("UPSERT INTO i NAMESPACE plain VALUES ('r{:02}', [0.{}1, 0.37{}, 1.{}3, 7e-3], "
                      "'{{\"n\": {}, \"s\": \"{:016x}{:016x}\"}}')",
                      i, i, i, i, i, random_.u64(), random_.u64()));
    }
    run(**database, "CHECKPOINT");
    run(**database, "DELETE FROM i NAMESPACE plain WHERE id = 'r07'");
    run(**database, "CREATE ROLE app; GRANT READ ON NAMESPACE plain OF i TO app");
    run(**database, "CREATE ROLE bound PASSWORD 'x' NAMESPACE plain OF i");
    run(**database, "CHECKPOINT");
    // Vectors of small integers, which compress; a large commit, which is a staged segment.
    run(**database, "UPSERT INTO i NAMESPACE packed VALUES " + packed_rows(kPackedRows));
    run(**database, "CHECKPOINT");
    // A merged segment whose vectors lie in another file, but for one.
    run(**database, fmt::format("CREATE INDEX long DIMENSION {} METRIC euclidean", kLongDimension));
    run(**database, "UPSERT INTO long NAMESPACE linked VALUES " + long_rows(12));
    run(**database, fmt::format("UPSERT INTO long NAMESPACE linked VALUES ('last', [{}])", long_vector()));
    run(**database, "CHECKPOINT");
    run(**database, "COMPACT NAMESPACE linked FROM long");
    // Another, of which only the log knows.
    run(**database, "UPSERT INTO i NAMESPACE loaded VALUES " + packed_rows(kPackedRows));
    // In the log only.
    run(**database, "UPSERT INTO i NAMESPACE logged VALUES ('a', [1, 2, 3, 4]), ('b', [5, 6, 7, 8])");
    run(**database, "UPDATE i NAMESPACE logged SET x = 'y' WHERE id = 'b'");
    run(**database, "GRANT WRITE ON INDEX i TO app; CREATE ROLE logged PASSWORD 'x'");
    // An idle log is marked, so that its last frame is proven.
    for (int i = 0; i < 3; ++i) ASSERT_TRUE((*database)->run_background());
    for (const char* name : {"linked", "loaded", "logged", "packed", "plain"}) {
      auto rows_now = read(**database, name);
      ASSERT_TRUE(rows_now) << rows_now.error().message();
      expected_[name] = std::move(*rows_now);
    }
    expected_grants_ = grants(**database);
    database->reset();
    disk_.stop();
    // Two of "plain", and one of each that a large commit made.
    const auto paths = disk_.paths();

    ASSERT_EQ(std::count_if(paths.begin(), paths.end(),
                            [](const std::string& path) { return path.ends_with(".segment"); }),
              5);
    ASSERT_EQ(std::count_if(paths.begin(), paths.end(),
                            [](const std::string& path) { return path.ends_with(".segment.vectors-0"); }),
              1);
  }

  static std::string packed_rows(int count) {
    std::string rows;
    for (int i = 0; i < count; ++i) {
      rows += fmt::format("{}('c{}', [{}, 1, 2, 3])", i == 0 ? "" : ", ", i, i % 7);
    }
    return rows;
  }
  // Of numbers that do not compress.
  std::string long_vector() {
    std::string values;
    for (int i = 0; i < kLongDimension; ++i) {
      const auto exponent = static_cast<int>(random_.u64() % 40) - 20;
      values += fmt::format("{}{}", i == 0 ? "" : ", ", std::ldexp(static_cast<float>(random_.u64() % 16'777'213), exponent));
    }
    return values;
  }
  std::string long_rows(int count) {
    std::string rows;
    for (int i = 0; i < count; ++i) rows += fmt::format("{}('l{}', [{}])", i == 0 ? "" : ", ", i, long_vector());
    return rows;
  }
  Result<std::unique_ptr<executor::Database>> open(SimulatedFileSystem& disk) {
    return executor::Database::open({disk, clock_, random_}, options());
  }
  void run(executor::Database& database, const std::string& text) {
    StatementRunner runner(database);
    const auto done = runner.run(text);
    ASSERT_TRUE(done) << text << ": " << done.error().message();
  }
  static Result<Rows> read(executor::Database& database, const std::string& name) {
    StatementRunner runner(database);
    const bool is_long = name == "linked";
    const std::string place = (is_long ? "long NAMESPACE " : "i NAMESPACE ") + name;
    std::string query = "1";
    for (int i = 1; i < (is_long ? kLongDimension : 4); ++i) query += ", 1";
    // Their scores tell vectors apart, and are not so long.
    auto records = TRY(runner.one((is_long ? "SELECT id FROM " : "SELECT * FROM ") + place));
    auto nearest = TRY(runner.one("QUERY " + place + " NEAREST [" + query + "] TOP 1000 INCLUDE METADATA"));
    for (auto& row : nearest.rows) records.rows.push_back(std::move(row));
    return std::move(records.rows);
  }

  static Rows grants(executor::Database& database) {
    StatementRunner runner(database);
    auto shown = runner.one("SHOW GRANTS");
    return shown ? std::move(shown->rows) : Rows();
  }

  // What is wrong after byte `at` of `path` was changed; empty: nothing.
  std::string damage(const std::string& path, std::size_t at, unsigned char mask) {
    const auto disk = disk_.clone();
    std::string bytes = disk->content(path);
    bytes[at] = static_cast<char>(static_cast<unsigned char>(bytes[at]) ^ mask);
    disk->set_content(path, std::move(bytes));
    const bool in_segment = path.ends_with(".segment") || path.ends_with(".segment.vectors-0");
    auto database = open(*disk);
    if (!database) {
      const Error error = database.error();
      if (in_segment) return "one tenant's damage stops the server: " + error.message();
      if (error.code() != ErrorCode::kCorruption && error.code() != ErrorCode::kTooNew) {
        return "refused for another reason: " + error.message();
      }
      const std::string file = path.substr(path.rfind('/') + 1);
      if (error.message().find(file) == std::string::npos) {
        return "refused without naming the file: " + error.message();
      }
      return {};
    }
    if (grants(**database) != expected_grants_) return "wrong grants";
    int damaged = 0;
    for (const auto& [name, rows] : expected_) {
      const auto found = read(**database, name);
      if (found) {
        if (*found != rows) return "wrong rows in " + name;
        continue;
      }
      ++damaged;
      if (!in_segment || found.error().code() != ErrorCode::kCorruption) {
        return name + ": " + found.error().message();
      }
      if (found.error().message().find('"' + name + '"') == std::string::npos) {
        return "the error does not name the namespace: " + found.error().message();
      }
    }
    return damaged > 1 ? "damage in one segment hurts two namespaces" : "";
  }

  SimulatedFileSystem disk_;
  ManualClock clock_;
  SeededRandom random_{7};
  std::map<std::string, Rows> expected_;
  Rows expected_grants_;
};

// One thread has nothing for the thread sanitizer, which takes ten times as long.
#ifdef __SANITIZE_THREAD__
constexpr std::size_t kUsedStep = 11;
#else
constexpr std::size_t kUsedStep = 1;
#endif

TEST_F(FlipTest, EveryByteIsCheckedOrHarmless) {
  // Preallocated zeros are all alike: one in so many is tried, unless all are asked for.
  const std::size_t zero_step = std::getenv("ALCOVE_FLIP_ALL") != nullptr ? 1 : 509;
  std::size_t tried = 0;
  for (const std::string& path : disk_.paths()) {
    const std::string bytes = disk_.content(path);
    const std::size_t used = bytes.find_last_not_of('\0') + 1;
    // Nearly all of it are vectors, and to show them takes long.
    const std::size_t used_step = path.find(".vectors-") == path.npos ? kUsedStep : 29;
    for (std::size_t at = 0; at < bytes.size(); at += at < used + 64 ? used_step : zero_step) {
      const auto mask = static_cast<unsigned char>(at % 2 == 0 ? 0xffU : 1U << (at % 8));
      const std::string problem = damage(path, at, mask);
      ASSERT_EQ(problem, "") << path << " at " << at;
      ++tried;
    }
  }
  RecordProperty("flips", static_cast<int>(tried));
  EXPECT_GT(tried, 10'000U / kUsedStep);
}

}  // namespace
}  // namespace alcove::tests
