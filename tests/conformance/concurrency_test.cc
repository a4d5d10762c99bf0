// What holds between sessions that run at the same time, against a real server.

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <libpq-fe.h>

#include "tests/support/server_process.h"

namespace alcove::tests {
namespace {

constexpr int kSessions = 8;

// A session that answers with what a test asks of it.
class Client {
 public:
  explicit Client(const ServerProcess& server) : connection_(server.connect()) {
    EXPECT_EQ(PQstatus(connection_.get()), CONNECTION_OK) << PQerrorMessage(connection_.get());
  }

  // The last statement's tag, or its SQLSTATE.
  std::string tag(const std::string& text) {
    const ResultHandle result = run(text);
    const char* state = PQresultErrorField(result.get(), PG_DIAG_SQLSTATE);
    if (state == nullptr) return PQcmdStatus(result.get());
    // What nobody expects should say what it is.
    const bool internal = std::string_view(state).starts_with("XX");
    return internal ? PQresultErrorMessage(result.get()) : state;
  }

  // The single value that the last statement returns.
  std::string value(const std::string& text) {
    const ResultHandle result = run(text);
    EXPECT_EQ(PQntuples(result.get()), 1) << text << "\n" << PQresultErrorMessage(result.get());
    return PQntuples(result.get()) == 1 ? PQgetvalue(result.get(), 0, 0) : "";
  }

  std::vector<std::string> column(const std::string& text) {
    const ResultHandle result = run(text);
    EXPECT_EQ(PQresultStatus(result.get()), PGRES_TUPLES_OK) << PQresultErrorMessage(result.get());
    std::vector<std::string> values;
    for (int row = 0; row < PQntuples(result.get()); ++row) {
      values.emplace_back(PQgetvalue(result.get(), row, 0));
    }
    return values;
  }

 private:
  ResultHandle run(const std::string& text) {
    return {PQexec(connection_.get(), text.c_str()), &PQclear};
  }

  Connection connection_;
};

class Concurrency : public testing::Test {
 protected:
  Concurrency() : directory_("concurrency"), server_(directory_.path() + "/data", {}) {
    server_.start();
    EXPECT_EQ(Client(server_).tag("CREATE INDEX t DIMENSION 1 METRIC euclidean"), "CREATE INDEX");
  }

  // Runs `work(session number, client)` in as many sessions at once.
  template <typename Work>
  void side_by_side(Work work) {
    std::vector<std::thread> threads;
    for (int session = 0; session < kSessions; ++session) {
      threads.emplace_back([this, session, &work] {
        Client client(server_);
        work(session, client);
      });
    }
    for (std::thread& thread : threads) thread.join();
  }

  ScratchDirectory directory_;
  ServerProcess server_;
};

int counter(const std::string& metadata) {
  return std::atoi(metadata.c_str() + metadata.find(' '));
}

const char* const kReadCounter = "SELECT metadata FROM t NAMESPACE n WHERE id = 'counter'";

TEST_F(Concurrency, AnUpdateOfWhatWasReadIsNeverLost) {
  Client observer(server_);
  ASSERT_EQ(observer.tag("UPSERT INTO t NAMESPACE n VALUES ('counter', [1], '{\"v\": 0}')"),
            "INSERT 0 1");
  std::atomic<int> raised = 0;
  side_by_side([&](int, Client& client) {
    for (int done = 0; done < 50;) {
      const int v = counter(client.value(kReadCounter));
      const std::string tag = client.tag(fmt::format(
          "UPDATE t NAMESPACE n SET v = {} WHERE id = 'counter' AND v = {}", v + 1, v));
      if (tag == "UPDATE 0") continue;
      ASSERT_EQ(tag, "UPDATE 1");
      ++raised;
      ++done;
    }
  });
  EXPECT_EQ(raised, 50 * kSessions);
  EXPECT_EQ(counter(observer.value(kReadCounter)), raised);
}

TEST_F(Concurrency, ATransactionThatUpdatedWhatAnotherWroteFails) {
  Client observer(server_);
  ASSERT_EQ(observer.tag("UPSERT INTO t NAMESPACE n VALUES ('counter', [1], '{\"v\": 0}')"),
            "INSERT 0 1");
  std::atomic<int> conflicts = 0;
  side_by_side([&](int, Client& client) {
    for (int done = 0; done < 25;) {
      ASSERT_EQ(client.tag("BEGIN ISOLATION LEVEL REPEATABLE READ"), "BEGIN");
      const int v = counter(client.value(kReadCounter));
      ASSERT_EQ(client.tag(fmt::format("UPDATE t NAMESPACE n SET v = {} WHERE id = 'counter'", v + 1)),
                "UPDATE 1");
      const std::string tag = client.tag("COMMIT");
      if (tag == "40001") {
        ++conflicts;
        continue;
      }
      ASSERT_EQ(tag, "COMMIT");
      ++done;
    }
  });
  EXPECT_GT(conflicts, 0);
  EXPECT_EQ(counter(observer.value(kReadCounter)), 25 * kSessions);
}

TEST_F(Concurrency, ACommitIsSeenWholeOrNotAtAll) {
  std::atomic<bool> running = true;
  std::atomic<int> looks = 0;
  side_by_side([&](int session, Client& client) {
    if (session < 4) {  // writers: the same record in both namespaces, always in one commit
      for (int i = 0; i < 150; ++i) {
        const std::string rows = fmt::format("VALUES ('x', [{0}]), ('y', [{0}])", session * 1000 + i);
        ASSERT_EQ(client.tag("BEGIN; UPSERT INTO t NAMESPACE a " + rows +
                             "; UPSERT INTO t NAMESPACE b " + rows + "; COMMIT"),
                  "COMMIT");
      }
      running = false;
      return;
    }
    while (running) {
      const std::vector<std::string> a = client.column("SELECT values FROM t NAMESPACE a");
      ASSERT_TRUE(a.empty() || (a.size() == 2 && a[0] == a[1]));
      const std::vector<std::string> all =
          client.column("QUERY t NAMESPACE a, b NEAREST [-1] TOP 10 INCLUDE VALUES");
      ASSERT_TRUE(all.empty() || all.size() == 4);
      const std::vector<std::string> both = client.column(
          "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT values FROM t NAMESPACE a");
      ASSERT_EQ(client.column("SELECT values FROM t NAMESPACE b"), both);
      ASSERT_EQ(client.tag("COMMIT"), "COMMIT");
      ++looks;
    }
  });
  EXPECT_GT(looks, 0);
}

TEST_F(Concurrency, ADropTakesAllThatWasThereAndNothingLater) {
  std::atomic<bool> running = true;
  std::atomic<int> begun = 0;
  std::atomic<int> finished = 0;
  std::atomic<int> undisturbed = 0;
  side_by_side([&](int session, Client& client) {
    if (session == 0) {
      for (int i = 0; i < 100; ++i) {
        ASSERT_EQ(client.tag("UPSERT INTO t NAMESPACE n VALUES ('mine', [1])"), "INSERT 0 1");
        ++begun;
        ASSERT_EQ(client.tag("DROP NAMESPACE n FROM t"), "DROP NAMESPACE");
        ++finished;
        ASSERT_TRUE(client.column("SELECT id FROM t NAMESPACE n WHERE id = 'mine'").empty());
        // Some time in which nothing is dropped.
        for (int other = 0; other < 10; ++other) {
          ASSERT_EQ(client.tag("UPSERT INTO t NAMESPACE m VALUES ('a', [1])"), "INSERT 0 1");
        }
      }
      running = false;
      return;
    }
    for (int i = 0; running; ++i) {
      const int finished_before = finished;
      const std::string id = fmt::format("{}-{}", session, i);
      ASSERT_EQ(client.tag(fmt::format("UPSERT INTO t NAMESPACE n VALUES ('{}', [1])", id)),
                "INSERT 0 1");
      const auto found =
          client.column(fmt::format("SELECT id FROM t NAMESPACE n WHERE id = '{}'", id));
      const bool no_drop_meanwhile = begun == finished_before;
      undisturbed += no_drop_meanwhile ? 1 : 0;
      ASSERT_TRUE(found.size() == 1 || !no_drop_meanwhile) << id;
    }
  });
  EXPECT_GT(undisturbed, 0);
}

TEST_F(Concurrency, FlushesAndMergesBesideEachOtherLoseNothing) {
  constexpr int kRounds = 60;
  constexpr int kIds = 12;
  std::atomic<int> writers = 4;
  side_by_side([&](int session, Client& client) {
    if (session >= 4) {
      const std::string work = session < 6 ? "CHECKPOINT" : "COMPACT NAMESPACE n FROM t";
      while (writers > 0) {
        const std::string tag = client.tag(work);
        ASSERT_TRUE(tag == "CHECKPOINT" || tag == "COMPACT" || tag == "3F000") << tag;
      }
      return;
    }
    for (int round = 1; round <= kRounds; ++round) {
      // Every id of this session anew, but for one that goes.
      std::string rows;
      for (int i = 0; i < kIds; ++i) {
        rows += fmt::format("{}('{}-{:02}', [{}])", i == 0 ? "" : ", ", session, i, round);
      }
      ASSERT_EQ(client.tag("UPSERT INTO t NAMESPACE n VALUES " + rows),
                fmt::format("INSERT 0 {}", kIds));
      ASSERT_EQ(client.tag(fmt::format("DELETE FROM t NAMESPACE n WHERE id = '{}-{:02}'", session,
                                       round % kIds)),
                "DELETE 1");
      const auto values = client.column(
          fmt::format("SELECT values FROM t NAMESPACE n WHERE id LIKE '{}-%'", session));
      ASSERT_EQ(values, std::vector<std::string>(kIds - 1, fmt::format("{{{}}}", round)));
      const auto near = client.column(fmt::format(
          "QUERY t NAMESPACE n NEAREST [{}] WHERE id LIKE '{}-%' TOP 100", round, session));
      ASSERT_EQ(near.size(), kIds - 1U);
    }
    --writers;
  });
  Client observer(server_);
  EXPECT_EQ(observer.value("SELECT count(*) FROM t NAMESPACE n"), std::to_string(4 * (kIds - 1)));
}

TEST_F(Concurrency, QueriesFinishWhileTheirNamespaceGoes) {
  Client writer(server_);
  std::string rows;
  for (int i = 0; i < 2000; ++i) rows += fmt::format("{}('{:04}', [{}])", i == 0 ? "" : ", ", i, i);
  std::atomic<int> rounds = 0;
  side_by_side([&](int session, Client& client) {
    if (session == 0) {
      for (int i = 0; i < 20; ++i) {
        ASSERT_EQ(client.tag("UPSERT INTO t NAMESPACE n VALUES " + rows + "; CHECKPOINT"), "25001");
        ASSERT_EQ(client.tag("UPSERT INTO t NAMESPACE n VALUES " + rows), "INSERT 0 2000");
        ASSERT_EQ(client.tag("COMPACT NAMESPACE n FROM t"), "COMPACT");
        ASSERT_EQ(client.tag("DROP NAMESPACE n FROM t"), "DROP NAMESPACE");
        ++rounds;
      }
      return;
    }
    while (rounds < 20) {
      const std::size_t found = client.column("QUERY t NAMESPACE n NEAREST [5] TOP 10000").size();
      ASSERT_TRUE(found == 0 || found == 2000) << found;
    }
  });
}

}  // namespace
}  // namespace alcove::tests
