#include "executor/compactor.h"

#include <optional>
#include <shared_mutex>
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
    for (int segment = 0; segment < count; ++segment) {
      std::vector<StatementRunner::CopyRow> rows;
      for (int row = 0; row < 2000; ++row) rows.push_back({std::nullopt, fmt::format("s{}r{}", segment, row), {1, 2}});
      session_->set_copy_rows(std::move(rows));
      run("COPY i NAMESPACE n FROM STDIN");
      ASSERT_TRUE(engine().flusher.flush(number()));
    }
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

TEST_F(CompactorTest, WhatThePolicyMergesGivesWayToEverything) {
  write_segments(3);
  const NamespaceNumber name_space = number();
  const auto policy = std::this_thread::get_id();
  int pauses_of_policy = 0;
  std::thread compact;
  engine().compactor.set_pause([&]() -> Status {
    if (std::this_thread::get_id() != policy || ++pauses_of_policy > 1) return {};
    compact = std::thread([&] { EXPECT_TRUE(engine().compactor.merge(name_space, Compactor::Scope::kEverything)); });
    while (!engine().compactor.everything_awaited(name_space)) std::this_thread::yield();
    return {};
  });
  engine().compactor.note_changed(name_space);
  EXPECT_TRUE(engine().compactor.run_one());
  EXPECT_EQ(pauses_of_policy, 1);
  compact.join();
  EXPECT_FALSE(engine().compactor.everything_awaited(name_space));
  EXPECT_EQ(segments(), 1U);
  EXPECT_EQ(table("SELECT count(*) FROM i NAMESPACE n").at(0).at(0), "6000");
}

}  // namespace
}  // namespace alcove::tests
