#include <gtest/gtest.h>

#include "tests/support/test_database.h"

namespace alcove::tests {
namespace {

// Each test runs with all rows through the log, and with all rows through staged segments.
class TransactionTest : public TestDatabase, public testing::WithParamInterface<std::uint64_t> {
 protected:
  executor::DatabaseOptions options() const override {
    executor::DatabaseOptions options = TestDatabase::options();
    options.large_commit_bytes = GetParam();
    return options;
  }
  void SetUp() override {
    TestDatabase::SetUp();
    tag("CREATE INDEX i DIMENSION 1 METRIC dotproduct");
    tag("UPSERT INTO i NAMESPACE n VALUES ('a', [1]), ('b', [2])");
  }
  std::string all(StatementRunner& session) {
    return rows(session, "SELECT id, values FROM i NAMESPACE n");
  }
  std::string all() { return all(*session_); }
};

TEST_P(TransactionTest, SeesItsOwnWritesAndOthersDoNotBeforeCommit) {
  const auto other = connect();
  tag("BEGIN");
  tag("UPSERT INTO i NAMESPACE n VALUES ('c', [3])");
  tag("DELETE FROM i NAMESPACE n WHERE id = 'a'");
  tag("UPDATE i NAMESPACE n SET VALUES = [9] WHERE id = 'c'");
  EXPECT_EQ(all(), "b|{2}\nc|{9}");
  EXPECT_EQ(rows("SELECT count(*) FROM i NAMESPACE n"), "2");
  EXPECT_EQ(all(*other), "a|{1}\nb|{2}");
  tag("COMMIT");
  EXPECT_EQ(all(*other), "b|{2}\nc|{9}");
}

TEST_P(TransactionTest, RollsBackWhole) {
  tag("BEGIN");
  tag("DELETE FROM i NAMESPACE n");
  tag("CREATE INDEX j DIMENSION 1");
  tag("UPSERT INTO j NAMESPACE m VALUES ('x', [1])");
  EXPECT_EQ(rows("SELECT id FROM j NAMESPACE m"), "x");
  tag("ROLLBACK");
  EXPECT_EQ(all(), "a|{1}\nb|{2}");
  EXPECT_EQ(error("SELECT id FROM j NAMESPACE m"), ErrorCode::kUndefinedIndex);
}

TEST_P(TransactionTest, RefusesAllAfterAnErrorUntilItsEnd) {
  tag("BEGIN");
  error("bogus");
  EXPECT_EQ(error("SELECT id FROM i NAMESPACE n"), ErrorCode::kFailedTransaction);
  EXPECT_EQ(tag("COMMIT"), "ROLLBACK");
  EXPECT_EQ(all(), "a|{1}\nb|{2}");
}

TEST_P(TransactionTest, SeveralStatementsInOneTextAreOne) {
  EXPECT_EQ(error("DELETE FROM i NAMESPACE n; SELECT 1/0"), ErrorCode::kDivisionByZero);
  EXPECT_EQ(all(), "a|{1}\nb|{2}");
}

TEST_P(TransactionTest, FailsAtCommitWhenAMatchedRecordWasWrittenSince) {
  const auto other = connect();
  tag("BEGIN");
  tag("UPDATE i NAMESPACE n SET VALUES = [5] WHERE id = 'a'");
  tag(*other, "UPSERT INTO i NAMESPACE n VALUES ('a', [7])");
  EXPECT_EQ(error("COMMIT"), ErrorCode::kConflict);
  EXPECT_EQ(all(), "a|{7}\nb|{2}");
}

TEST_P(TransactionTest, AFlushBetweenIsNoConflict) {
  tag("BEGIN");
  tag("UPDATE i NAMESPACE n SET VALUES = [5] WHERE id = 'a'");
  tag(*connect(), "CHECKPOINT");
  EXPECT_EQ(tag("COMMIT"), "COMMIT");
  EXPECT_EQ(all(), "a|{5}\nb|{2}");
}

TEST_P(TransactionTest, AWriteThatWasFlushedSinceIsStillAConflict) {
  const auto other = connect();
  tag("BEGIN");
  tag("UPDATE i NAMESPACE n SET VALUES = [5] WHERE id = 'a'");
  tag(*other, "UPSERT INTO i NAMESPACE n VALUES ('a', [7])");
  tag(*other, "CHECKPOINT");
  EXPECT_EQ(error("COMMIT"), ErrorCode::kConflict);
}

TEST_P(TransactionTest, UpsertIsBlindAndTheLaterCommitWins) {
  const auto other = connect();
  tag("BEGIN");
  tag("UPSERT INTO i NAMESPACE n VALUES ('a', [5])");
  tag(*other, "UPSERT INTO i NAMESPACE n VALUES ('a', [7])");
  EXPECT_EQ(tag("COMMIT"), "COMMIT");
  EXPECT_EQ(all(), "a|{5}\nb|{2}");
}

TEST_P(TransactionTest, ADropMakesAnUpdateAConflictAndAnUpsertTheNextIncarnation) {
  const auto other = connect();
  tag("BEGIN");
  tag("UPDATE i NAMESPACE n SET VALUES = [5] WHERE id = 'a'");
  tag(*other, "DROP NAMESPACE n FROM i");
  EXPECT_EQ(error("COMMIT"), ErrorCode::kConflict);
  tag(*other, "UPSERT INTO i NAMESPACE n VALUES ('a', [1])");
  tag("BEGIN");
  tag("UPSERT INTO i NAMESPACE n VALUES ('c', [3])");
  tag(*other, "DROP NAMESPACE n FROM i");
  EXPECT_EQ(tag("COMMIT"), "COMMIT");
  EXPECT_EQ(all(), "c|{3}");
}

TEST_P(TransactionTest, RepeatableReadKeepsItsSnapshotThroughFlushMergeAndDrop) {
  const auto other = connect();
  tag("BEGIN ISOLATION LEVEL REPEATABLE READ");
  EXPECT_EQ(all(), "a|{1}\nb|{2}");
  tag(*other, "UPSERT INTO i NAMESPACE n VALUES ('a', [7]), ('z', [1])");
  tag(*other, "CHECKPOINT");
  tag(*other, "COMPACT NAMESPACE n FROM i");
  EXPECT_EQ(all(), "a|{1}\nb|{2}");
  tag(*other, "DROP NAMESPACE n FROM i");
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(database_->run_background());
  EXPECT_EQ(all(), "a|{1}\nb|{2}");
  tag("COMMIT");
  EXPECT_EQ(all(), "");
}

TEST_P(TransactionTest, MaintenanceIsNoPartOfIt) {
  tag("BEGIN");
  EXPECT_EQ(error("CHECKPOINT"), ErrorCode::kActiveTransaction);
  tag("ROLLBACK");
  tag("BEGIN");
  EXPECT_EQ(error("COMPACT NAMESPACE n FROM i"), ErrorCode::kActiveTransaction);
}

TEST_P(TransactionTest, DefinitionsInsideAreSeenInsideAndCommitTogether) {
  tag("BEGIN");
  tag("DROP NAMESPACE n FROM i");
  EXPECT_EQ(all(), "");
  tag("UPSERT INTO i NAMESPACE n VALUES ('q', [4])");
  EXPECT_EQ(all(), "q|{4}");
  tag("CREATE INDEX j DIMENSION 1");
  tag("CREATE NAMESPACE m IN j");
  EXPECT_EQ(rows("SHOW NAMESPACES FROM j").substr(0, 4), "m|0|");
  tag("COMMIT");
  crash();
  EXPECT_EQ(all(), "q|{4}");
  EXPECT_EQ(rows("SHOW NAMESPACES FROM j").substr(0, 4), "m|0|");
}

INSTANTIATE_TEST_SUITE_P(LargeCommitBytes, TransactionTest, testing::Values(8 << 20, 0),
                         [](const auto& each) {
                           return each.param == 0 ? "Staged" : "Logged";
                         });

}  // namespace
}  // namespace alcove::tests
