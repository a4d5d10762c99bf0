// Queries by codes beside exact search, through everything that changes what a namespace holds.

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/support/test_database.h"

namespace alcove::tests {
namespace {

using Rows = std::vector<std::vector<std::string>>;

class NearestTest : public TestDatabase {
 protected:
  std::string vector(std::size_t dimension) {
    std::string text = "[";
    // Around one of a few centres, as embeddings are.
    const auto centre = static_cast<float>(chance_() % 7);
    for (std::size_t i = 0; i < dimension; ++i) {
      const float along = static_cast<float>((i + static_cast<std::size_t>(centre)) % 3) - 1;
      text += fmt::format("{}{:.5g}", i == 0 ? "" : ",", along + normal_(chance_) / 2);
    }
    return text + "]";
  }
  std::string around_thousand() {
    std::string text = "[";
    for (int i = 0; i < 32; ++i) {
      text += fmt::format("{}{:.7g}", i == 0 ? "" : ",", 1000 + normal_(chance_));
    }
    return text + "]";
  }
  // Rows first … first + count - 1; every fourth has g = a.
  void upsert(std::size_t first, std::size_t count, std::size_t dimension) {
    for (std::size_t i = first; i < first + count;) {
      std::string text = "UPSERT INTO i NAMESPACE n VALUES ";
      for (const std::size_t end = std::min(first + count, i + 250); i < end; ++i) {
        text += fmt::format("{}('r{:05}', {}, '{{\"g\": \"{}\"}}')", text.ends_with(' ') ? "" : ", ",
                            i, vector(dimension), i % 4 == 0 ? "a" : "b");
      }
      run(text);
    }
  }

  // How many of the ten nearest the codes find, of all; what both find must have the same score.
  double recall(std::size_t dimension, const std::string& filter, int queries) {
    std::size_t found = 0;
    std::size_t all = 0;
    for (int i = 0; i < queries; ++i) {
      const std::string query =
          fmt::format("QUERY i NAMESPACE n NEAREST {} TOP 10 {}", vector(dimension), filter);
      std::map<std::string, std::string> exact;
      for (const auto& row : table(query + " EXACT")) exact[row[0]] = row[1];
      const Rows by_codes = table(query);
      EXPECT_EQ(by_codes.size(), exact.size());
      for (const auto& row : by_codes) {
        const auto same = exact.find(row[0]);
        if (same == exact.end()) continue;
        EXPECT_EQ(row[1], same->second) << row[0];
        ++found;
      }
      all += exact.size();
    }
    return all == 0 ? 1 : static_cast<double>(found) / static_cast<double>(all);
  }

  std::uint64_t explained(std::size_t dimension, std::string_view line, const std::string& clause = {}) {
    for (const auto& row : table(fmt::format("EXPLAIN ANALYZE QUERY i NAMESPACE n NEAREST {} TOP 10 {}",
                                            vector(dimension), clause))) {
      if (row[0].starts_with(line)) return std::stoull(row[0].substr(line.size()));
    }
    ADD_FAILURE() << "EXPLAIN does not say " << line;
    return 0;
  }
  std::uint64_t reranked(std::size_t dimension, const std::string& clause = {}) {
    return explained(dimension, "  Reranked: ", clause);
  }

  std::mt19937 chance_{11};
  std::normal_distribution<float> normal_;
};

struct Shape {
  const char* metric;
  std::size_t dimension;
};
class NearestModelTest : public NearestTest, public testing::WithParamInterface<Shape> {};

TEST_P(NearestModelTest, FindsTheNearestThroughEveryChange) {
  const auto [metric, dimension] = GetParam();
  run(fmt::format("CREATE INDEX i DIMENSION {} METRIC {}", dimension, metric));
  upsert(0, 2000, dimension);
  run("CHECKPOINT");
  EXPECT_GE(recall(dimension, "", 10), 0.99);
  // Replaced and deleted while older codes still name them; some only in memory.
  upsert(500, 700, dimension);
  run("DELETE FROM i NAMESPACE n WHERE id > 'r01500' AND id < 'r01600'");
  EXPECT_GE(recall(dimension, "", 10), 0.99);
  run("CHECKPOINT");
  upsert(1900, 1500, dimension);
  run("CHECKPOINT");
  run("UPDATE i NAMESPACE n SET g = 'c' WHERE id < 'r00050'");
  EXPECT_GE(recall(dimension, "", 10), 0.99);
  for (const char* filter : {"WHERE g = 'a'", "WHERE g = 'c'", "WHERE id = 'r00777'", "WHERE g = 'none'",
                             "WHERE id > 'r01000' AND id < 'r01020'", "WHERE NOT g = 'a'"}) {
    EXPECT_GE(recall(dimension, filter, 5), 0.98) << filter;
  }
  run("COMPACT NAMESPACE n FROM i");
  EXPECT_GE(recall(dimension, "", 10), 0.99);
  EXPECT_GE(recall(dimension, "WHERE g = 'a'", 5), 0.98);
  EXPECT_EQ(reranked(dimension) > 0, dimension >= 16);  // shorter vectors have no codes
}

INSTANTIATE_TEST_SUITE_P(Shapes, NearestModelTest,
                         testing::Values(Shape{"cosine", 1}, Shape{"euclidean", 3},
                                         Shape{"dotproduct", 17}, Shape{"cosine", 100},
                                         Shape{"euclidean", 64}, Shape{"cosine", 260},
                                         Shape{"dotproduct", 256}, Shape{"euclidean", 300}));

TEST_F(NearestTest, ComparesEveryVectorOfSmallNamespacesAndWhenAsked) {
  run("CREATE INDEX i DIMENSION 16 METRIC cosine");
  upsert(0, 1100, 16);
  run("CHECKPOINT");
  EXPECT_GT(reranked(16), 0U);
  EXPECT_EQ(reranked(16, "EXACT"), 0U);
  EXPECT_EQ(reranked(16, "WITH (recall = 1)"), 0U);
  run("SET recall_target = 1");
  EXPECT_EQ(reranked(16), 0U);
  run("RESET recall_target");
  run("DELETE FROM i NAMESPACE n WHERE id >= 'r00999'");
  EXPECT_EQ(reranked(16), 0U);
}

TEST_F(NearestTest, ScansFewerBytesThanExactSearch) {
  run("CREATE INDEX i DIMENSION 300 METRIC euclidean");
  upsert(0, 3000, 300);
  run("COMPACT NAMESPACE n FROM i");
  EXPECT_LT(explained(300, "  Bytes read: "), explained(300, "  Bytes read: ", "EXACT") / 2);
}

// QUERY finds by terms what passes, SELECT by looking at each record.
TEST_F(NearestTest, AFilterPassesWhatItPassesInSelect) {
  run("CREATE INDEX i DIMENSION 16 METRIC euclidean");
  upsert(0, 2000, 16);
  run("UPDATE i NAMESPACE n SET year = 1900 WHERE id < 'r00700'");
  run("UPDATE i NAMESPACE n SET year = 2000, tags = ['x', 'y'] WHERE id > 'r01500'");
  run("COMPACT NAMESPACE n FROM i");
  upsert(100, 50, 16);
  run("DELETE FROM i NAMESPACE n WHERE id > 'r01600' AND id < 'r01700'");
  run("CHECKPOINT");
  for (const char* filter :
       {"g = 'a'", "NOT g = 'a'", "g <> 'a'", "year > 1950", "year <= 1900 AND g = 'a'", "year EXISTS",
        "year IS NULL", "tags CONTAINS 'x'", "tags = 'y' OR year < 1950", "year IN (1, 1900)", "g > 'a'",
        "year NOT IN (2000)", "id LIKE 'r01%' AND g = 'a'", "id >= 'r00690' AND year = 1900", "none = 1",
        "g = 'a' AND id IN ('r00004', 'r00005', 'r00008')", "year = '1900'", "id LIKE 'r____0' AND year EXISTS"}) {
    const std::string count =
        rows(fmt::format("SELECT count(*) FROM i NAMESPACE n WHERE {}", filter));
    for (const char* how : {"EXACT", ""}) {
      const Rows found = table(fmt::format("QUERY i NAMESPACE n NEAREST {} TOP 10000 WHERE {} {}", vector(16), filter, how));
      EXPECT_EQ(std::to_string(found.size()), count) << filter << how;
    }
  }
}

// Memtables have no codes: what is queried a lot and hardly written leaves them.
TEST_F(NearestTest, AMemtableThatIsQueriedALotIsFlushed) {
  constexpr int kEnough = 256;
  run("CREATE INDEX i DIMENSION 16 METRIC cosine");
  const auto query = [&](int count, const std::string& clauses = "") {
    for (int i = 0; i < count; ++i) run("QUERY i NAMESPACE n NEAREST " + vector(16) + " TOP 1 " + clauses);
    ASSERT_TRUE(database_->run_background());
  };
  upsert(0, 999, 16);
  query(2 * kEnough);
  upsert(999, 1, 16);
  query(1, "EXACT");
  EXPECT_EQ(reranked(16), 0U);
  query(1);
  EXPECT_GT(reranked(16), 0U);
  EXPECT_EQ(rows("SELECT count(*) FROM i NAMESPACE n"), "1000");
  // The next memtable begins anew.
  upsert(0, 1500, 16);
  query(kEnough - 10);
  EXPECT_EQ(explained(16, "  Segments: "), 2U);
  query(10);
  EXPECT_EQ(explained(16, "  Segments: "), 1U);
  EXPECT_GE(recall(16, "", 10), 0.99);
}

class StagedNearestTest : public NearestTest {
 protected:
  executor::DatabaseOptions options() const override {
    executor::DatabaseOptions options = NearestTest::options();
    options.large_commit_bytes = 0;
    return options;
  }
};

// What a large transaction wrote has no codes until it is merged, be it by itself.
TEST_F(StagedNearestTest, StagedRowsGetTheirCodesInTheBackground) {
  run("CREATE INDEX i DIMENSION 16 METRIC cosine");
  run("BEGIN");
  upsert(0, 1500, 16);
  run("COMMIT");
  EXPECT_EQ(reranked(16), 0U);
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(database_->run_background());
  EXPECT_GT(reranked(16), 0U);
  EXPECT_GE(recall(16, "", 10), 0.99);
}

TEST_F(NearestTest, RecallIsShown) {
  run("CREATE INDEX i DIMENSION 40 METRIC cosine");
  run("CREATE NAMESPACE n IN i");
  EXPECT_EQ(rows("SHOW RECALL FROM i NAMESPACE n"), "n|10|0|0.95|NULL");
  upsert(0, 1500, 40);
  run("CHECKPOINT");
  upsert(1490, 20, 40);
  run("DELETE FROM i NAMESPACE n WHERE id < 'r00100'");
  const Rows shown = table("SHOW RECALL FROM i NAMESPACE n SAMPLE 200");
  ASSERT_EQ(shown.size(), 1U);
  EXPECT_GE(std::stoi(shown[0][2]), 150);  // those that are deleted are no samples
  EXPECT_LE(std::stoi(shown[0][2]), 200);
  EXPECT_GE(std::stod(shown[0][4]), 0.99);
  EXPECT_LE(std::stod(shown[0][4]), 1);
}

// What all vectors have in common must not hide where they differ.
TEST_F(NearestTest, AnOffsetOfAllVectorsCostsNothing) {
  run("CREATE INDEX i DIMENSION 32 METRIC euclidean");
  for (int batch = 0; batch < 8; ++batch) {
    std::string text = "UPSERT INTO i NAMESPACE n VALUES ";
    for (int i = 0; i < 250; ++i) {
      text += fmt::format("{}('r{:05}', {})", i == 0 ? "" : ", ", batch * 250 + i, around_thousand());
    }
    run(text);
  }
  run("CHECKPOINT");
  const std::string query = "QUERY i NAMESPACE n NEAREST " + around_thousand() + " TOP 10";
  EXPECT_EQ(table(query), table(query + " EXACT"));
  const Rows explained = table("EXPLAIN ANALYZE " + query);
  const auto line = std::find_if(explained.begin(), explained.end(), [](const auto& row) {
    return row[0].starts_with("  Reranked: ");
  });
  ASSERT_NE(line, explained.end());
  EXPECT_LT(std::stoi((*line)[0].substr(12)), 1000);
}

class NearestDuplicateTest : public NearestTest, public testing::WithParamInterface<const char*> {};

TEST_P(NearestDuplicateTest, AreRankedAsBySearchingExactly) {
  const std::string metric = GetParam();
  run("CREATE INDEX i DIMENSION 16 METRIC " + metric);
  const std::string same = "[1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0, 0, 0, 0, 0]";
  for (int batch = 0; batch < 6; ++batch) {
    std::string text = "UPSERT INTO i NAMESPACE n VALUES ";
    for (int i = 0; i < 250; ++i) {
      text += fmt::format("{}('d{:05}', {})", i == 0 ? "" : ", ", batch * 250 + i, same);
    }
    run(text);
  }
  run("CHECKPOINT");
  EXPECT_GT(reranked(16), 0U);
  // Near to them, the same, at a right angle.
  for (const char* vector : {"[1, 2, 3, 5, 5, 6, 7, 8, 0, 0, 0, 0, 0, 0, 0, 1]",
                             "[1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0, 0, 0, 0, 0]",
                             "[0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8]"}) {
    const std::string query = fmt::format("QUERY i NAMESPACE n NEAREST {} TOP 40", vector);
    EXPECT_EQ(table(query).size(), 40U);
    EXPECT_EQ(table(query), table(query + " EXACT")) << metric;
  }
}

INSTANTIATE_TEST_SUITE_P(Metrics, NearestDuplicateTest,
                         testing::Values("cosine", "dotproduct", "euclidean"));

}  // namespace
}  // namespace alcove::tests
