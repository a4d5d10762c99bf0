#include "executor/memory_budget.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "executor/engine.h"
#include "parser/parse.h"
#include "tests/support/test_database.h"

namespace alcove::tests {
namespace {

using Progress = executor::Run::Progress;

// A statement under way that is stepped by hand.
class SteppedStatement {
 public:
  SteppedStatement(StatementRunner& runner, const std::string& text) : session_(runner.session()) {
    auto statements = parser::parse(text);
    EXPECT_TRUE(statements) << text;
    statements_ = std::move(*statements);
    session_.begin_script(statements_.size());
    auto run = session_.start(statements_.front());
    EXPECT_TRUE(run) << run.error().message();
    run_ = std::move(*run);
  }
  ~SteppedStatement() { static_cast<void>(session_.end_script()); }

  Progress step() {
    const auto progress = run_->step(sink_);
    EXPECT_TRUE(progress) << progress.error().message();
    return progress ? *progress : Progress::kDone;
  }

 private:
  struct Nowhere final : executor::RowSink {
    void row(std::span<const executor::Cell>) override {}
    bool full() const override { return false; }
  };
  executor::Session& session_;
  std::vector<parser::Statement> statements_;
  std::unique_ptr<executor::Run> run_;
  Nowhere sink_;
};

class MemoryBudgetTest : public TestDatabase {
 protected:
  executor::DatabaseOptions options() const override {
    executor::DatabaseOptions options = TestDatabase::options();
    options.log_file_bytes = 1 << 20;
    options.memtable_bytes = 128 << 10;
    options.memtable_bytes_max = 256 << 10;
    return options;
  }
  void SetUp() override {
    TestDatabase::SetUp();
    tag("CREATE INDEX i DIMENSION 100 METRIC dotproduct");
    tag("UPSERT INTO i NAMESPACE n VALUES ('first', [1" + numbers() + "])");
  }
  static std::string numbers() {
    std::string text;
    for (int i = 1; i < 100; ++i) text += ",1";
    return text;
  }
  // An UPSERT of 20 records, 10 KB of memory.
  std::string upsert(const std::string& name_space = "n", const std::string& index = "i") {
    std::string text = fmt::format("UPSERT INTO {} NAMESPACE {} VALUES ", index, name_space);
    for (int i = 0; i < 20; ++i) {
      text += fmt::format("{}('r{}', [1{}])", i == 0 ? "" : ", ", written_++, numbers());
    }
    return text;
  }
  void fill_memory(const std::string& name_space = "n", const std::string& index = "i") {
    while (has_room()) tag(upsert(name_space, index));
  }
  bool has_room() {
    return *database_->engine().budget.has_room(executor::MemoryBudget::Writer::kWithoutSnapshot);
  }
  // A session in a block of REPEATABLE READ, which saw so many records of a namespace and keeps to that.
  std::unique_ptr<StatementRunner> hold_snapshot(const std::string& name_space, const std::string& count) {
    auto reader = connect();
    tag(*reader, "BEGIN ISOLATION LEVEL REPEATABLE READ");
    EXPECT_EQ(rows(*reader, "SELECT count(*) FROM i NAMESPACE " + name_space), count);
    return reader;
  }
  void run_background() {
    for (int i = 0; i < 20; ++i) ASSERT_TRUE(database_->run_background());
  }

 private:
  int written_ = 0;
};

TEST_F(MemoryBudgetTest, AStatementThatWaitsForRoomHoldsUpNobody) {
  const auto other = connect();
  const auto third = connect();
  for (const std::string& waiting :
       {upsert(), std::string("UPDATE i NAMESPACE n SET metadata = '{\"a\": 1}' WHERE id = 'first'"),
        std::string("DELETE FROM i NAMESPACE n WHERE id = 'first'")}) {
    SCOPED_TRACE(waiting.substr(0, 10));
    run_background();
    ASSERT_TRUE(has_room());
    SteppedStatement begun_before(*other, waiting);
    fill_memory();
    SteppedStatement begun_after(*third, upsert());
    Progress progress = begun_before.step();
    while (progress == Progress::kMore) progress = begun_before.step();
    EXPECT_EQ(progress, Progress::kWait);
    EXPECT_EQ(begun_after.step(), Progress::kWait);
    run_background();
    EXPECT_EQ(begun_before.step(), Progress::kDone);
    EXPECT_EQ(begun_after.step(), Progress::kDone);
  }
}

TEST_F(MemoryBudgetTest, ASnapshotKeepsWhatItSeesAndNothingWrittenLater) {
  run_background();
  const auto reader = hold_snapshot("n", "1");
  for (int round = 0; round < 10; ++round) {
    SCOPED_TRACE(round);
    fill_memory();
    run_background();
    ASSERT_TRUE(has_room());
    EXPECT_EQ(rows(*reader, "SELECT count(*) FROM i NAMESPACE n"), "1");
  }
}

TEST_F(MemoryBudgetTest, ASnapshotKeepsNothingOfNamespacesMadeLater) {
  const auto reader = hold_snapshot("n", "1");
  for (int round = 0; round < 10; ++round) {
    SCOPED_TRACE(round);
    fill_memory(fmt::format("m{}", round));
    run_background();
    ASSERT_TRUE(has_room());
    EXPECT_EQ(rows(*reader, "SHOW NAMESPACES FROM i").substr(0, 2), "n|");
  }
}

TEST_F(MemoryBudgetTest, ASnapshotKeepsNothingOfWhatIsWrittenToItsNamespacesLater) {
  for (int round = 0; round < 10; ++round) tag(upsert(fmt::format("m{}", round)));
  run_background();
  ASSERT_TRUE(database_->checkpoint());
  const auto reader = hold_snapshot("m0", "20");
  for (int round = 0; round < 10; ++round) {
    SCOPED_TRACE(round);
    fill_memory(fmt::format("m{}", round));
    run_background();
    ASSERT_TRUE(has_room());
    EXPECT_EQ(rows(*reader, fmt::format("SELECT count(*) FROM i NAMESPACE m{}", round)), "20");
  }
}

TEST_F(MemoryBudgetTest, WhatWasDroppedStopsNobody) {
  const auto reader = hold_snapshot("n", "1");
  for (int round = 0; round < 10; ++round) {
    SCOPED_TRACE(round);
    tag("CREATE INDEX j DIMENSION 100");
    fill_memory("n", round % 3 == 0 ? "i" : "j");
    const std::string drops[] = {"DROP NAMESPACE n FROM i", "DROP NAMESPACE n FROM j", "DROP INDEX j"};
    tag(drops[round % 3]);
    tag("DROP INDEX IF EXISTS j");
    // Nothing is left to flush, so nothing is tried.
    run_background();
    EXPECT_FALSE(*database_->run_background());
    ASSERT_TRUE(has_room());
    EXPECT_EQ(rows(*reader, "SELECT count(*) FROM i NAMESPACE n"), "1");
  }
}

TEST_F(MemoryBudgetTest, ASnapshotKeepsNothingOfWhatIsWrittenBeforeADrop) {
  tag("CREATE INDEX j DIMENSION 100");
  for (int round = 0; round < 10; ++round) {
    tag(upsert(fmt::format("m{}", round)));
    tag(upsert(fmt::format("m{}", round), "j"));
  }
  ASSERT_TRUE(database_->checkpoint());
  run_background();
  const auto reader = hold_snapshot("m0", "20");
  for (int round = 0; round < 10; ++round) {
    SCOPED_TRACE(round);
    const std::string name = fmt::format("m{}", round);
    const std::string index = round < 9 ? "i" : "j";
    fill_memory(name, index);
    EXPECT_EQ(tag(round < 9 ? fmt::format("DROP NAMESPACE {} FROM i", name) : "DROP INDEX j").substr(0, 4), "DROP");
    run_background();
    ASSERT_TRUE(has_room());
    EXPECT_LT(database_->engine().budget.kept_bytes(), 300U << 10);
    EXPECT_EQ(rows(*reader, fmt::format("SELECT count(*) FROM {} NAMESPACE {}", index, name)), "20");
  }
}

// Else they would wait for each other.
TEST_F(MemoryBudgetTest, WhoKeepsASnapshotDoesNotWaitForOthersThatDo) {
  std::vector<std::unique_ptr<StatementRunner>> readers;
  while (!database_->engine().budget.keeps_too_much()) {
    tag(upsert());
    readers.push_back(connect());
    tag(*readers.back(), "BEGIN ISOLATION LEVEL REPEATABLE READ");
    tag(*readers.back(), "SELECT count(*) FROM i NAMESPACE n");
    fill_memory();
    run_background();
    ASSERT_LT(readers.size(), 10U);
  }
  EXPECT_FALSE(has_room());
  EXPECT_EQ(tag(*readers.front(), upsert()), "INSERT 0 20");
  for (auto& reader : readers) tag(*reader, "ROLLBACK");
  run_background();
  EXPECT_TRUE(has_room());
}

}  // namespace
}  // namespace alcove::tests
