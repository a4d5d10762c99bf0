// What statements answer, without the wire: every kind of statement and of error once.

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/test_database.h"

namespace alcove::tests {
namespace {

class Statement : public TestDatabase {
 protected:
  void SetUp() override {
    TestDatabase::SetUp();
    tag("CREATE INDEX i DIMENSION 2 METRIC euclidean");
    tag("UPSERT INTO i NAMESPACE n VALUES ('a', [0, 1], '{\"g\": \"x\", \"n\": 1}'), "
        "('b', [0, 2], '{\"g\": \"y\", \"l\": [\"p\", \"q\"]}'), ('c', [0, 3])");
  }
};

TEST_F(Statement, AnswersWithItsTag) {
  EXPECT_EQ(tag("CREATE INDEX j DIMENSION 3"), "CREATE INDEX");
  EXPECT_EQ(tag("CREATE INDEX IF NOT EXISTS j DIMENSION 3"), "CREATE INDEX");
  EXPECT_EQ(tag("CREATE NAMESPACE m IN j"), "CREATE NAMESPACE");
  EXPECT_EQ(tag("UPSERT INTO i NAMESPACE n VALUES ('d', [1, 1]), ('d', [2, 2])"), "INSERT 0 1");
  EXPECT_EQ(tag("UPDATE i NAMESPACE n SET g = 'z' WHERE id = 'd'"), "UPDATE 1");
  EXPECT_EQ(tag("UPDATE i NAMESPACE nobody SET g = 'z' WHERE id = 'd'"), "UPDATE 0");
  EXPECT_EQ(tag("DELETE FROM i NAMESPACE n WHERE id IN ('d', 'e')"), "DELETE 1");
  EXPECT_EQ(tag("SELECT * FROM i NAMESPACE n"), "SELECT 3");
  EXPECT_EQ(tag("CHECKPOINT"), "CHECKPOINT");
  EXPECT_EQ(tag("COMPACT NAMESPACE n FROM i"), "COMPACT");
  EXPECT_EQ(tag("DROP NAMESPACE m FROM j"), "DROP NAMESPACE");
  EXPECT_EQ(tag("DROP INDEX j"), "DROP INDEX");
  EXPECT_EQ(tag("DROP INDEX IF EXISTS j"), "DROP INDEX");
  EXPECT_EQ(tag("SET recall_target = 0.9"), "SET");
  EXPECT_EQ(tag("DISCARD ALL"), "DISCARD ALL");
}

TEST_F(Statement, FailsWithItsCode) {
  const std::vector<std::pair<std::string, ErrorCode>> cases = {
      {"bogus", ErrorCode::kSyntax},
      {"CREATE INDEX i DIMENSION 2", ErrorCode::kIndexExists},
      {"CREATE INDEX pg_i DIMENSION 2", ErrorCode::kReservedName},
      {"CREATE INDEX k DIMENSION 0", ErrorCode::kInvalidValue},
      {"CREATE INDEX k DIMENSION 20001", ErrorCode::kInvalidValue},
      {"CREATE INDEX k DIMENSION 2 METRIC manhattan", ErrorCode::kInvalidValue},
      {"DROP INDEX k", ErrorCode::kUndefinedIndex},
      {"CREATE NAMESPACE n IN i", ErrorCode::kNamespaceExists},
      {"DROP NAMESPACE m FROM i", ErrorCode::kUndefinedNamespace},
      {"DESCRIBE NAMESPACE m FROM i", ErrorCode::kUndefinedNamespace},
      {"UPSERT INTO k NAMESPACE n VALUES ('a', [1, 2])", ErrorCode::kUndefinedIndex},
      {"UPSERT INTO i NAMESPACE n VALUES ('a', [1])", ErrorCode::kInvalidValue},
      {"UPSERT INTO i NAMESPACE n VALUES ('a', '[1, x]')", ErrorCode::kInvalidText},
      {"UPSERT INTO i NAMESPACE n VALUES ('a', [1e39, 1])", ErrorCode::kInvalidValue},
      {"UPSERT INTO i NAMESPACE n VALUES ('a', [1e19, 1])", ErrorCode::kInvalidValue},
      {"UPSERT INTO i NAMESPACE n VALUES (NULL, [1, 1])", ErrorCode::kNullNotAllowed},
      {"UPSERT INTO i NAMESPACE n VALUES (1, [1, 1])", ErrorCode::kWrongType},
      {"UPSERT INTO i NAMESPACE n VALUES ('a', [1, 1], '[]')", ErrorCode::kInvalidText},
      {"UPSERT INTO i NAMESPACE n VALUES ('a', [1, 1], '{\"a\": {}}')", ErrorCode::kInvalidValue},
      {"UPSERT INTO i NAMESPACE n VALUES ('" + std::string(513, 'a') + "', [1, 1])",
       ErrorCode::kTooLong},
      {"UPSERT INTO i NAMESPACE n VALUES ($1, [1, 1])", ErrorCode::kUndefinedParameter},
      {"QUERY i NAMESPACE n NEAREST [1, 2]", ErrorCode::kSyntax},
      {"QUERY i NAMESPACE n NEAREST [1, 2] TOP 0", ErrorCode::kInvalidValue},
      {"QUERY i NAMESPACE n NEAREST [1, 2] TOP 10001", ErrorCode::kInvalidValue},
      {"QUERY i NAMESPACE n NEAREST ID 'nobody' TOP 1", ErrorCode::kInvalidValue},
      {"QUERY i NAMESPACE n, m NEAREST ID 'a' TOP 1", ErrorCode::kNotSupported},
      {"SELECT id FROM i NAMESPACE n WHERE id = 1", ErrorCode::kWrongType},
      {"SELECT id FROM i NAMESPACE n WHERE g LIKE 'x%'", ErrorCode::kNotSupported},
      {"SELECT id FROM i NAMESPACE n WHERE g = NULL", ErrorCode::kSyntax},
      {"DELETE FROM i", ErrorCode::kSyntax},
      {"SHOW nothing_of_the_kind", ErrorCode::kUndefinedObject},
      {"SHOW USAGE", ErrorCode::kNotSupported},
      {"DROP ROLE r", ErrorCode::kUndefinedObject},
      {"BEGIN ISOLATION LEVEL SERIALIZABLE", ErrorCode::kNotSupported},
      {"SELECT 1/0", ErrorCode::kDivisionByZero},
  };
  for (const auto& [text, code] : cases) {
    EXPECT_EQ(error(text), code) << text;
    EXPECT_EQ(rows("SELECT count(*) FROM i NAMESPACE n"), "3") << "after " << text;
  }
}

TEST_F(Statement, QueriesInOrderOfScoreThenId) {
  EXPECT_EQ(rows("QUERY i NAMESPACE n NEAREST [0, 2] TOP 2"), "b|0\na|1");
  EXPECT_EQ(rows("QUERY i NAMESPACE n NEAREST ID 'c' TOP 1 INCLUDE VALUES, METADATA"),
            "c|0|{0,3}|NULL");
  EXPECT_EQ(rows("QUERY i NAMESPACE nobody NEAREST [0, 2] TOP 2"), "");
  tag("UPSERT INTO i NAMESPACE m VALUES ('a', [0, 2])");
  EXPECT_EQ(rows("QUERY i ALL NAMESPACES NEAREST [0, 2] TOP 3"), "m|a|0\nn|b|0\nn|a|1");
}

TEST_F(Statement, FiltersByTwoValuedLogic) {
  const auto ids = [&](const std::string& where) {
    return rows("SELECT id FROM i NAMESPACE n WHERE " + where);
  };
  EXPECT_EQ(ids("g = 'x'"), "a");
  EXPECT_EQ(ids("g <> 'x'"), "b\nc");
  EXPECT_EQ(ids("NOT g = 'x' AND g EXISTS"), "b");
  EXPECT_EQ(ids("l CONTAINS 'q'"), "b");
  EXPECT_EQ(ids("l = 'p'"), "b");
  EXPECT_EQ(ids("n >= 1 OR id = 'c'"), "a\nc");
  EXPECT_EQ(ids("n = '1'"), "");
  EXPECT_EQ(ids("g IS NULL"), "c");
  EXPECT_EQ(ids("g NOT IN ('x', 'y')"), "c");
  EXPECT_EQ(ids("id LIKE '_' AND id > 'a'"), "b\nc");
  EXPECT_EQ(ids("id = ANY('{a,c}')"), "a\nc");
}

// The same answers from memory, from segments, after a merge and after a restart.
TEST_F(Statement, AnswersTheSameWhereverRecordsStand) {
  tag("UPDATE i NAMESPACE n SET g = 'w', n = NULL WHERE id = 'a'");
  tag("DELETE FROM i NAMESPACE n WHERE id = 'b'");
  const std::string query = "QUERY i NAMESPACE n NEAREST [0, 2] TOP 9 INCLUDE METADATA";
  const std::string expected = "a|1|{\"g\": \"w\"}\nc|1|NULL";
  EXPECT_EQ(rows(query), expected);
  tag("CHECKPOINT");
  EXPECT_EQ(rows(query), expected);
  tag("UPSERT INTO i NAMESPACE n VALUES ('b', [0, 9])");
  tag("DELETE FROM i NAMESPACE n WHERE id = 'b'");
  tag("CHECKPOINT");
  EXPECT_EQ(rows(query), expected);
  EXPECT_EQ(tag("COMPACT NAMESPACE n FROM i"), "COMPACT");
  EXPECT_EQ(rows(query), expected);
  EXPECT_EQ(rows("SHOW NAMESPACES FROM i").substr(0, 4), "n|2|");
  crash();
  EXPECT_EQ(rows(query), expected);
}

TEST_F(Statement, ANameUsedAgainNeverSeesTheOldRecords) {
  tag("CHECKPOINT");
  tag("DROP NAMESPACE n FROM i");
  EXPECT_EQ(rows("SELECT id FROM i NAMESPACE n"), "");
  tag("UPSERT INTO i NAMESPACE n VALUES ('z', [1, 1])");
  EXPECT_EQ(rows("SELECT id FROM i NAMESPACE n"), "z");
  crash();
  EXPECT_EQ(rows("SELECT id FROM i NAMESPACE n"), "z");
}

TEST_F(Statement, AMergeLeavesOutWhatLaterSegmentsReplaced) {
  tag("CHECKPOINT");
  tag("UPSERT INTO i NAMESPACE n VALUES ('b', [5, 5])");
  tag("DELETE FROM i NAMESPACE n WHERE id = 'c'");
  tag("CHECKPOINT");
  EXPECT_EQ(tag("COMPACT NAMESPACE n FROM i"), "COMPACT");
  EXPECT_EQ(rows("SELECT id, values FROM i NAMESPACE n"), "a|{0,1}\nb|{5,5}");
  EXPECT_EQ(rows("SHOW NAMESPACES FROM i LIKE 'n'").substr(0, 4), "n|2|");
}

}  // namespace
}  // namespace alcove::tests
