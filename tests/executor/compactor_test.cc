#include "executor/compactor.h"

#include <atomic>
#include <functional>
#include <limits>
#include <mutex>
#include <optional>
#include <random>
#include <shared_mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "executor/engine.h"
#include "tests/support/test_database.h"

namespace alcove::tests {
namespace {

using executor::Compactor;

class CompactorTest : public TestDatabase {
 protected:
  // Of equal size, so that the policy merges them, and large enough for merges to pause several times.
  void write_segments(int count) {
    run("CREATE INDEX i DIMENSION 2 METRIC cosine");
    for (int segment = 0; segment < count; ++segment) write_segment(fmt::format("s{}", segment));
  }
  void write_segment(const std::string& name) {
    std::vector<StatementRunner::CopyRow> rows;
    for (int row = 0; row < 2000; ++row) rows.push_back({std::nullopt, fmt::format("{}r{}", name, row), {1, 2}});
    session_->set_copy_rows(std::move(rows));
    run("COPY i NAMESPACE n FROM STDIN");
    ASSERT_TRUE(engine().flusher.flush(number()));
  }
  // Runs the policy, which is asked for everything when it pauses first, after `before`. Returns how often it paused.
  int run_policy_beside_everything(const std::function<void()>& before) {
    const NamespaceNumber name_space = number();
    const auto policy = std::this_thread::get_id();
    int pauses = 0;
    std::thread everything;
    engine().compactor.set_pause([&]() -> Status {
      if (std::this_thread::get_id() != policy || ++pauses > 1) return {};
      before();
      everything = std::thread([&] { EXPECT_TRUE(engine().compactor.merge(name_space, Compactor::Scope::kEverything)); });
      while (!engine().compactor.everything_awaited(name_space)) std::this_thread::yield();
      return {};
    });
    engine().compactor.note_changed(name_space);
    EXPECT_TRUE(engine().compactor.run_one());
    everything.join();
    EXPECT_FALSE(engine().compactor.everything_awaited(name_space));
    return pauses;
  }
  executor::Engine& engine() { return database_->engine(); }
  // Of the only namespace.
  NamespaceNumber number() {
    std::shared_lock lock(engine().catalogue.mutex());
    NamespaceNumber number = 0;
    while (engine().catalogue.open_namespace(number) == nullptr) ++number;
    return number;
  }
  std::size_t segments() {
    std::shared_lock lock(engine().catalogue.mutex());
    return engine().catalogue.open_namespace(number())->descriptors.size();
  }
};

// Closed, it had passed for dropped, and the merged segment for garbage.
TEST_F(CompactorTest, WhatIsMergedStaysOpen) {
  write_segments(3);
  const NamespaceNumber name_space = number();
  const auto close_all = [this] {
    executor::Catalogue::Pruned closed;
    const std::lock_guard apply_lock(engine().ledger.apply_mutex());
    const std::unique_lock lock(engine().catalogue.mutex());
    closed = engine().catalogue.close_idle(std::numeric_limits<std::uint64_t>::max(), 0, 0);
  };
  int pauses = 0;
  engine().compactor.set_pause([&]() -> Status {
    // The version that the merge has planned with is then not the last.
    if (++pauses == 1) write_segment("more");
    close_all();
    return {};
  });
  EXPECT_TRUE(engine().compactor.merge(name_space, Compactor::Scope::kPolicy));
  EXPECT_GT(pauses, 1);
  EXPECT_EQ(table("SELECT count(*) FROM i NAMESPACE n").at(0).at(0), "8000");
  EXPECT_LE(segments(), 2U);
  session_.reset();
  close_all();
  const std::shared_lock lock(engine().catalogue.mutex());
  EXPECT_EQ(engine().catalogue.open_count(), 0U) << "and is closed when the merge is over";
}

TEST_F(CompactorTest, WhatThePolicyMergesGivesWayToEverything) {
  write_segments(3);
  EXPECT_EQ(run_policy_beside_everything([this] { write_segment("more"); }), 1);
  EXPECT_EQ(segments(), 1U);
  EXPECT_EQ(table("SELECT count(*) FROM i NAMESPACE n").at(0).at(0), "8000");
}

TEST_F(CompactorTest, WhatMergesEverythingAnywayGoesOn) {
  write_segments(3);
  EXPECT_GT(run_policy_beside_everything([] {}), 1);
  EXPECT_EQ(segments(), 1U);
  EXPECT_EQ(table("SELECT count(*) FROM i NAMESPACE n").at(0).at(0), "6000");
}

// Both do what must not wait for the end of a merge. To be run with -fsanitize=thread.
TEST_F(CompactorTest, CompactsBesideTheBackground) {
  write_segments(2);
  std::atomic<bool> done = false;
  std::thread background([&] {
    while (!done) EXPECT_TRUE(database_->run_background());
  });
  for (int i = 0; i < 3; ++i) {
    write_segment(fmt::format("more{}", i));
    run("COMPACT NAMESPACE n FROM i");
  }
  done = true;
  background.join();
  EXPECT_EQ(table("SELECT count(*) FROM i NAMESPACE n").at(0).at(0), "10000");
}

// A vector is most of a file.
class CompactorOfLongVectors : public CompactorTest {
 protected:
  static constexpr std::size_t kDimension = 2000;
  executor::DatabaseOptions options() const override {
    executor::DatabaseOptions options = CompactorTest::options();
    options.linked_bytes_min = 1;
    return options;
  }
  void write_rows(const std::string& name, int count) {
    std::vector<StatementRunner::CopyRow> rows;
    for (int row = 0; row < count; ++row) {
      std::vector<float> values;
      for (std::size_t i = 0; i < kDimension; ++i) values.push_back(normal_(chance_));
      rows.push_back({std::nullopt, fmt::format("{}{}", row, name), std::move(values)});
    }
    session_->set_copy_rows(std::move(rows));
    run("COPY i NAMESPACE n FROM STDIN");
    ASSERT_TRUE(engine().flusher.flush(number()));
  }
  void run_background() {
    while (*database_->run_background()) {
    }
  }
  std::vector<std::string> segment_files() const {
    std::vector<std::string> files;
    for (const std::string& path : disk_.paths()) {
      if (path.find(".segment") != path.npos) files.push_back(path);
    }
    return files;
  }
  std::string described(const std::string& property) {
    for (const auto& row : table("DESCRIBE NAMESPACE n FROM i")) {
      if (row.at(0) == property) return row.at(1);
    }
    return "not there";
  }

  std::mt19937 chance_{1};
  std::normal_distribution<float> normal_;
};

TEST_F(CompactorOfLongVectors, VectorsStayInTheirFilesUntilTheNamespaceGoes) {
  run("CREATE INDEX i DIMENSION 2000 METRIC euclidean");
  write_rows("a", 12);
  write_rows("b", 9);
  const auto before = table("SELECT id, values FROM i NAMESPACE n ORDER BY id");
  run("COMPACT NAMESPACE n FROM i");
  run_background();
  EXPECT_EQ(segments(), 1U);
  EXPECT_EQ(segment_files().size(), 3U) << "the merged one and its links, and nothing of what was merged";
  crash();
  EXPECT_EQ(table("SELECT id, values FROM i NAMESPACE n ORDER BY id"), before);
  std::uint64_t bytes = 0;
  for (const std::string& path : segment_files()) bytes += disk_.content(path).size();
  EXPECT_EQ(described("bytes"), std::to_string(bytes));
  run("DROP NAMESPACE n FROM i");
  run_background();
  EXPECT_TRUE(segment_files().empty());
}

TEST_F(CompactorOfLongVectors, WhatIsDeletedGoesWithTheNextMerge) {
  run("CREATE INDEX i DIMENSION 2000 METRIC euclidean");
  write_rows("a", 12);
  write_rows("b", 9);
  run("COMPACT NAMESPACE n FROM i");
  run("DELETE FROM i NAMESPACE n WHERE id = '0a'");
  const auto before = table("SELECT id, values FROM i NAMESPACE n ORDER BY id");
  run("COMPACT NAMESPACE n FROM i");
  run_background();
  EXPECT_EQ(segment_files().size(), 1U) << "all vectors are copied but the one";
  EXPECT_EQ(table("SELECT id, values FROM i NAMESPACE n ORDER BY id"), before);
}

}  // namespace
}  // namespace alcove::tests
