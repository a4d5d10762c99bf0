// Kills the real server with SIGKILL at random moments under eight writers and compares what it holds
// afterwards with what it had acknowledged. ALCOVE_ROUNDS (200) rounds from ALCOVE_SEED (1).

#include <cstdlib>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <unistd.h>

#include <fmt/core.h>
#include <gtest/gtest.h>
#include <libpq-fe.h>

#include "tests/support/server_process.h"

namespace alcove::tests {
namespace {

constexpr int kWriters = 8;
constexpr int kIdsPerWriter = 20;
constexpr int kNamespacesPerWriter = 2;

// By namespace, by id, the version written last.
using Model = std::map<std::string, std::map<std::string, std::int64_t>>;

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

// One connection that writes namespaces of its own, and knows what was acknowledged.
class Writer {
 public:
  Writer(int number, std::uint64_t seed) : number_(number), chance_(seed) {}

  // Writes until the connection is lost.
  void run(PGconn* connection) {
    while (true) {
      Model after = model_;
      const std::string text = make(after);
      PGresult* result = PQexec(connection, text.c_str());
      const ExecStatusType status = PQresultStatus(result);
      const std::string message = PQresultErrorMessage(result);
      PQclear(result);
      if (status == PGRES_COMMAND_OK) {
        model_ = std::move(after);
        ++acknowledged_;
        continue;
      }
      if (PQstatus(connection) == CONNECTION_OK) problem_ = text + ": " + message;
      maybe_ = std::move(after);
      return;
    }
  }

  // Compares what stands in its namespaces with what must; takes what is there for the truth.
  std::string settle(const Model& found) {
    Model own;
    for (int i = 0; i < kNamespacesPerWriter; ++i) {
      const auto place = found.find(name(i));
      if (place != found.end()) own.insert(*place);
    }
    const bool as_acknowledged = own == model_;
    const bool as_in_flight = maybe_ && own == *maybe_;
    model_ = std::move(own);
    maybe_.reset();
    if (as_acknowledged || as_in_flight) return problem_;
    return fmt::format("writer {} finds neither what was acknowledged nor that and what was under way",
                       number_);
  }

  std::uint64_t acknowledged() const { return acknowledged_; }

 private:
  std::string name(int i) const { return fmt::format("w{}-{}", number_, i); }
  std::uint64_t pick(std::uint64_t count) { return chance_() % count; }
  std::string id() { return fmt::format("r{:02}", pick(kIdsPerWriter)); }

  std::string upsert(const std::string& target, std::uint64_t rows, Model& after) {
    std::string text = "UPSERT INTO k NAMESPACE " + target + " VALUES ";
    for (std::uint64_t i = 0; i < rows; ++i) {
      const std::string record = id();
      ++version_;
      text += fmt::format("{}('{}', [{}, 1, 2, 3], '{{\"v\": {}}}')", i == 0 ? "" : ", ", record,
                          version_, version_);
      after[target][record] = version_;
    }
    return text;
  }

  std::string make(Model& after) {
    const std::string target = name(static_cast<int>(pick(kNamespacesPerWriter)));
    const std::uint64_t kind = pick(40);
    if (kind < 16) return upsert(target, 1, after);
    if (kind < 22) return upsert(target, 2 + pick(12), after);
    if (kind < 28) {
      const std::string both = upsert(name(0), 1 + pick(3), after) + "; ";
      return "BEGIN; " + both + upsert(name(1), 1 + pick(3), after) + "; COMMIT";
    }
    if (kind < 33) {
      const std::string record = id();
      if (auto place = after.find(target); place != after.end() && place->second.contains(record)) {
        place->second[record] = version_ + 1;
      }
      ++version_;
      return fmt::format("UPDATE k NAMESPACE {} SET VALUES = [{}, 1, 2, 3], v = {} WHERE id = '{}'",
                         target, version_, version_, record);
    }
    if (kind < 38) {
      const std::string record = id();
      if (auto place = after.find(target); place != after.end()) place->second.erase(record);
      return fmt::format("DELETE FROM k NAMESPACE {} WHERE id = '{}'", target, record);
    }
    if (kind < 39) {
      after.erase(target);
      return fmt::format("DROP NAMESPACE IF EXISTS {} FROM k", target);
    }
    return "CHECKPOINT";
  }

  int number_;
  std::mt19937_64 chance_;
  Model model_;
  std::optional<Model> maybe_;
  std::string problem_;
  std::int64_t version_ = 0;
  std::uint64_t acknowledged_ = 0;
};

class KillTest : public testing::Test {
 protected:
  static Model read_all(PGconn* connection) {
    Model found;
    PGresult* names = PQexec(connection, "SHOW NAMESPACES FROM k");
    EXPECT_EQ(PQresultStatus(names), PGRES_TUPLES_OK) << PQresultErrorMessage(names);
    for (int i = 0; i < PQntuples(names); ++i) {
      const std::string name = PQgetvalue(names, i, 0);
      auto& records = found[name];
      PGresult* rows = PQexec(
          connection, ("SELECT id, values, metadata FROM k NAMESPACE " + name).c_str());
      EXPECT_EQ(PQresultStatus(rows), PGRES_TUPLES_OK) << PQresultErrorMessage(rows);
      for (int row = 0; row < PQntuples(rows); ++row) {
        const std::string values = PQgetvalue(rows, row, 1);
        const std::string metadata = PQgetvalue(rows, row, 2);
        const std::int64_t version = std::atoll(metadata.c_str() + metadata.find(' ') + 1);
        EXPECT_EQ(values, fmt::format("{{{},1,2,3}}", version)) << "half a record in " << name;
        records[PQgetvalue(rows, row, 0)] = version;
      }
      PQclear(rows);
    }
    PQclear(names);
    return found;
  }
};

TEST_F(KillTest, NothingAcknowledgedIsLostAndNothingIsHalfThere) {
  const std::uint64_t rounds = number_from("ALCOVE_ROUNDS", 200);
  const std::uint64_t seed = number_from("ALCOVE_SEED", 1);
  std::mt19937_64 chance(seed);
  std::vector<Writer> writers;
  for (int i = 0; i < kWriters; ++i) writers.emplace_back(i, chance());
  const ScratchDirectory directory("kill");
  ServerProcess server(directory.path() + "/data",
                       {"--set", "memtable_bytes=1MB", "--set", "memtable_bytes_max=4MB", "--set",
                        "log_file_bytes=128kB", "--set", "checkpoint_log_bytes=1MB"});
  for (std::uint64_t round = 0; round <= rounds; ++round) {
    server.start();
    {
      const Connection connection = server.connect();
      ASSERT_EQ(PQstatus(connection.get()), CONNECTION_OK) << PQerrorMessage(connection.get());
      PQclear(PQexec(connection.get(), "CREATE INDEX IF NOT EXISTS k DIMENSION 4 METRIC dotproduct"));
      const Model found = read_all(connection.get());
      for (Writer& writer : writers) ASSERT_EQ(writer.settle(found), "") << "round " << round;
    }
    if (round == rounds) break;
    std::vector<Connection> connections;
    std::vector<std::thread> threads;
    for (Writer& writer : writers) {
      connections.push_back(server.connect());
      threads.emplace_back([&writer, connection = connections.back().get()] { writer.run(connection); });
    }
    // The moment of the kill is the test's input, not a wait for anything.
    usleep(static_cast<useconds_t>(5'000 + chance() % 120'000));
    server.kill();
    for (std::thread& thread : threads) thread.join();
  }
  std::uint64_t acknowledged = 0;
  for (const Writer& writer : writers) acknowledged += writer.acknowledged();
  std::printf("%llu rounds, %llu acknowledged commits\n",
              static_cast<unsigned long long>(rounds),
              static_cast<unsigned long long>(acknowledged));
  EXPECT_GT(acknowledged, rounds);
}

}  // namespace
}  // namespace alcove::tests
