// Queries of namespaces that are large enough for clusters, beside exact search: through every change, with
// every kind of filter, on vectors that are hard to cluster.

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <random>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "segments/cluster.h"
#include "tests/support/test_database.h"

namespace alcove::tests {
namespace {

using Rows = std::vector<std::vector<std::string>>;

constexpr std::size_t kRows = segments::kClusteredRowsMin + 2000;
constexpr std::size_t kDimension = 16;
constexpr int kCentres = 40;

class ClusteredTest : public TestDatabase {
 protected:
  std::vector<float> around(int centre) {
    std::mt19937 place(static_cast<unsigned>(centre));
    std::normal_distribution<float> along;
    std::vector<float> values(kDimension);
    for (float& value : values) value = 2 * along(place) + normal_(chance_);
    return values;
  }
  int any_centre() { return static_cast<int>(chance_() % kCentres); }

  // Vectors of rows, of which each id begins with what its vector lies around.
  void load(const std::string& metric, std::size_t count = kRows) {
    run(fmt::format("CREATE INDEX i DIMENSION {} METRIC {}", kDimension, metric));
    std::vector<StatementRunner::CopyRow> rows;
    for (std::size_t i = 0; i < count; ++i) {
      const int centre = any_centre();
      rows.push_back({std::nullopt, fmt::format("c{:02}r{:05}", centre, i), around(centre)});
    }
    copy(std::move(rows));
  }
  void copy(std::vector<StatementRunner::CopyRow> rows) {
    session_->set_copy_rows(std::move(rows));
    run("COPY i NAMESPACE n FROM STDIN");
    run("COMPACT NAMESPACE n FROM i");
  }

  static std::string text_of(const std::vector<float>& values) {
    std::string text = "[";
    for (const float value : values) text += fmt::format("{}{:.9g}", text.size() > 1 ? "," : "", value);
    return text + "]";
  }
  // What one query finds of what it should; both must be as many, and agree on scores.
  double recall_of(const std::vector<float>& query, const std::string& clauses, int top = 10,
                   const std::string& with = "") {
    const std::string text =
        fmt::format("QUERY i NAMESPACE n NEAREST {} TOP {} {} ", text_of(query), top, clauses);
    std::map<std::string, std::string> exact;
    for (const auto& row : table(text + "EXACT")) exact[row[0]] = row[1];
    const Rows found = table(text + with);
    EXPECT_EQ(found.size(), exact.size()) << clauses;
    std::size_t hits = 0;
    for (const auto& row : found) {
      const auto same = exact.find(row[0]);
      if (same == exact.end()) continue;
      EXPECT_EQ(row[1], same->second) << row[0];
      ++hits;
    }
    return exact.empty() ? 1 : static_cast<double>(hits) / static_cast<double>(exact.size());
  }
  double recall(const std::string& clauses, int queries, const std::string& with = "") {
    double sum = 0;
    for (int i = 0; i < queries; ++i) sum += recall_of(around(any_centre()), clauses, 10, with);
    return sum / queries;
  }

  double explained(const std::string& line, const std::string& clauses, const std::string& nearest) {
    for (const auto& row : table(fmt::format("EXPLAIN ANALYZE QUERY i NAMESPACE n NEAREST {} TOP 10 {}",
                                            nearest, clauses))) {
      if (row[0].starts_with(line)) return std::stod(row[0].substr(line.size()));
    }
    return 0;
  }

  std::mt19937 chance_{21};
  std::normal_distribution<float> normal_;
};

class ClusteredMetricTest : public ClusteredTest, public testing::WithParamInterface<const char*> {};

TEST_P(ClusteredMetricTest, FindsTheShareAskedForThroughEveryChange) {
  load(GetParam());
  EXPECT_GE(recall("", 60), 0.94);
  EXPECT_GE(recall("", 100, "WITH (recall = 0.99)"), 0.975);
  // Replaced and deleted while clusters still hold them; some of it only in memory.
  run("DELETE FROM i NAMESPACE n WHERE id < 'c05'");
  std::vector<StatementRunner::CopyRow> rows;
  for (std::size_t i = 0; i < 1500; ++i) {
    const int centre = any_centre();
    rows.push_back({std::nullopt, fmt::format("c{:02}r{:05}", centre, i * 3), around(centre)});
  }
  session_->set_copy_rows(std::move(rows));
  run("COPY i NAMESPACE n FROM STDIN");
  EXPECT_GE(recall("", 60), 0.94);
  run("CHECKPOINT");
  EXPECT_GE(recall("", 60), 0.94);
  run("COMPACT NAMESPACE n FROM i");
  EXPECT_GE(recall("", 60), 0.94);
  EXPECT_GE(recall("WHERE id LIKE '%7'", 20), 0.93);
}

INSTANTIATE_TEST_SUITE_P(Metrics, ClusteredMetricTest,
                         testing::Values("cosine", "dotproduct", "euclidean"));

TEST_F(ClusteredTest, AHigherRecallLooksAtMore) {
  load("cosine");
  const std::string query = text_of(around(3));
  const double some = explained("  Clusters read: ", "WITH (recall = 0.5)", query);
  const double more = explained("  Clusters read: ", "WITH (recall = 0.99)", query);
  EXPECT_GE(some, 1);
  EXPECT_GT(more, some);
  EXPECT_LT(more, kRows / segments::kRowsPerCluster);
  EXPECT_EQ(explained("  Clusters read: ", "EXACT", query), 0);
  EXPECT_EQ(explained("  Records scanned: ", "EXACT", query), kRows);
}

// Never fewer records than were asked for while so many pass, and the right ones: whatever share passes,
// spread over the clusters or all of one, far from the query or around it.
TEST_F(ClusteredTest, FiltersLeaveNothingOut) {
  load("euclidean");
  for (const char* filter :
       {"WHERE id LIKE 'none%'", "WHERE id LIKE '%r00777'", "WHERE id LIKE '%777'", "WHERE id LIKE '%77'",
        "WHERE id LIKE '%7'", "WHERE NOT id LIKE '%7'", "WHERE id LIKE '%1' OR id LIKE '%3' OR id LIKE '%5'",
        "WHERE id LIKE 'c07%'", "WHERE NOT id LIKE 'c07%'", "WHERE id > 'c20' AND id < 'c21'",
        "WHERE id >= 'c10'", "WHERE id < 'c00r00500'"}) {
    EXPECT_GE(recall(filter, 10), 0.93) << filter;
    double sum = 0;
    for (int i = 0; i < 5; ++i) sum += recall_of(around(7), filter) + recall_of(around(20), filter);
    EXPECT_GE(sum / 10, 0.9) << filter;
  }
}

TEST_F(ClusteredTest, TakesMoreThanThereAre) {
  load("dotproduct");
  EXPECT_GE(recall_of(around(1), "", 10'000), 0.94);
  EXPECT_EQ(recall_of(around(1), "WHERE id LIKE 'c07%'", 10'000), 1);
  run("DELETE FROM i NAMESPACE n WHERE id LIKE '%1' OR id LIKE '%2'");
  run("DELETE FROM i NAMESPACE n WHERE id > 'c01'");
  EXPECT_EQ(recall_of(around(1), "", 10'000), 1);
  run("DELETE FROM i NAMESPACE n WHERE id > ''");
  EXPECT_TRUE(table("QUERY i NAMESPACE n NEAREST " + text_of(around(1)) + " TOP 10").empty());
}

TEST_F(ClusteredTest, QueriesFromElsewhereAreAnsweredToo) {
  load("euclidean");
  double sum = 0;
  for (int i = 0; i < 20; ++i) {
    std::vector<float> query = around(any_centre());
    for (float& value : query) value = -3 * value + 1;
    sum += recall_of(query, "");
  }
  EXPECT_GE(sum / 20, 0.9);
}

// What lies between clusters is a small part of how far they all are from the rows' mean.
class FarFromTheMeanTest : public ClusteredTest, public testing::WithParamInterface<const char*> {};

TEST_P(FarFromTheMeanTest, FindsTheShareAskedFor) {
  const bool one_coordinate = std::string(GetParam()) == "one coordinate";
  const auto vector = [&](std::size_t i) {
    std::vector<float> values = around(any_centre());
    for (std::size_t j = 0; j < kDimension; ++j) {
      if (one_coordinate && j == 0) values[j] = i % 2 == 0 ? 1000 : -1000;
      if (!one_coordinate && i % 2 == 0) values[j] = 3000 + 100 * values[j];
    }
    return values;
  };
  const auto add = [&](std::size_t count, char kind) {
    std::vector<StatementRunner::CopyRow> rows;
    for (std::size_t i = 0; i < count; ++i) rows.push_back({std::nullopt, fmt::format("{}{:05}", kind, i), vector(i)});
    copy(std::move(rows));
  };
  // Of all queries the share asked for, and of neither half much less.
  const auto expect_found = [&] {
    constexpr int kQueries = 100;
    std::array<double, 2> found{};
    for (const std::size_t half : {0U, 1U}) {
      for (int i = 0; i < kQueries; ++i) found[half] += recall_of(vector(half), "") / kQueries;
    }
    EXPECT_GE((found[0] + found[1]) / 2, 0.94);
    EXPECT_GE(std::ranges::min(found), 0.9);
  };
  run(fmt::format("CREATE INDEX i DIMENSION {} METRIC euclidean", kDimension));
  add(kRows, 'a');
  expect_found();
  add(kRows / 8, 'b');  // a merge that keeps clusters
  expect_found();
}

INSTANTIATE_TEST_SUITE_P(Kinds, FarFromTheMeanTest, testing::Values("one coordinate", "half of the rows"),
                         [](const auto& kind) { return kind.index == 0 ? "OneCoordinate" : "HalfOfTheRows"; });

// Duplicates of a few vectors, constant ones, and lengths over 12 orders of magnitude, but 4 where distances to
// small and to large vectors are told by the same codes.
class HardVectorsTest : public ClusteredTest, public testing::WithParamInterface<const char*> {};

TEST_P(HardVectorsTest, AreFoundAsByExactSearch) {
  run(fmt::format("CREATE INDEX i DIMENSION {} METRIC {}", kDimension, GetParam()));
  std::vector<StatementRunner::CopyRow> rows;
  for (std::size_t i = 0; i < kRows; ++i) {
    std::vector<float> values = around(static_cast<int>(i % 5));
    if (i % 5 == 0) values.assign(kDimension, 1);                    // one vector, over and over
    if (i % 5 == 1) values.assign(kDimension, float(i % 7) - 3.5F);  // constant
    if (i % 5 == 2) {
      const std::size_t orders = std::string(GetParam()) == "euclidean" ? 4 : 12;
      const auto length = static_cast<float>(
          std::pow(10.0, static_cast<double>(i % (orders + 1)) - static_cast<double>(orders / 2)));
      for (float& value : values) value *= length;
    }
    rows.push_back({std::nullopt, fmt::format("r{:05}", i), std::move(values)});
  }
  copy(std::move(rows));
  double sum = 0;
  for (int i = 0; i < 20; ++i) sum += recall_of(around(i), "", 10);
  EXPECT_GE(sum / 20, 0.93);
  // The last of equals has the same score.
  for (const float value : {1.0F, -2.5F}) {
    const std::string query = text_of(std::vector<float>(kDimension, value));
    const std::string text = "QUERY i NAMESPACE n NEAREST " + query + " TOP 20";
    const Rows found = table(text);
    const Rows exact = table(text + " EXACT");
    ASSERT_EQ(found.size(), exact.size());
    EXPECT_EQ(found.back()[1], exact.back()[1]) << value;
  }
}

INSTANTIATE_TEST_SUITE_P(Metrics, HardVectorsTest,
                         testing::Values("cosine", "dotproduct", "euclidean"));

}  // namespace
}  // namespace alcove::tests
