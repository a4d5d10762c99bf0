// Queries per second of any server that speaks PostgreSQL's protocol: one prepared statement, its vector sent in
// binary, by so many clients at once, each with one query under way. Wall clock time, client and server on one
// machine. tests/bench/ann/run measures Alcove and pgvector with it.
//
//   sql_bench CONNINFO NAME STATEMENT CLIENTS ROUNDS SECONDS SETTING…
//
// The queries are those of NAME.query; NAME.nearest holds the numbers of each one's nearest rows. STATEMENT takes the
// vector as $1 and returns ids, which are those numbers. For each SETTING, a statement that every client runs
// first, prints it, the median of so many rounds of so many seconds, and the recall, with tabs between.

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <arpa/inet.h>

#include <fmt/core.h>
#include <libpq-fe.h>

#include "tests/bench/measure.h"
#include "tests/bench/vector_file.h"
#include "tests/support/server_process.h"

namespace alcove::tests {
namespace {

constexpr std::size_t kQueriesMax = 1000;

// As pgvector writes it: how many, two bytes of zero, then each, in the network's byte order.
std::string binary(const std::vector<float>& vector) {
  std::string bytes(4 + 4 * vector.size(), '\0');
  const std::uint16_t count = htons(static_cast<std::uint16_t>(vector.size()));
  bytes.replace(0, 2, reinterpret_cast<const char*>(&count), 2);
  for (std::size_t i = 0; i < vector.size(); ++i) {
    const std::uint32_t value = htonl(std::bit_cast<std::uint32_t>(vector[i]));
    bytes.replace(4 + 4 * i, 4, reinterpret_cast<const char*>(&value), 4);
  }
  return bytes;
}

class Client {
 public:
  Client(const std::string& conninfo, const std::string& statement, const std::string& setting)
      : connection_(PQconnectdb(conninfo.c_str()), &PQfinish) {
    if (PQstatus(connection_.get()) != CONNECTION_OK) stop();
    must(PQexec(connection_.get(), setting.c_str()));
    const ResultHandle type = must(PQexec(connection_.get(), "SELECT oid FROM pg_type WHERE typname = 'vector'"));
    const auto oid = static_cast<Oid>(std::strtoul(PQgetvalue(type.get(), 0, 0), nullptr, 10));
    must(PQprepare(connection_.get(), "nearest", statement.c_str(), 1, &oid));
  }

  std::set<int> nearest(const std::string& query) {
    const char* const value = query.data();
    const int length = static_cast<int>(query.size());
    const int is_binary = 1;
    const ResultHandle result = must(PQexecPrepared(connection_.get(), "nearest", 1, &value, &length, &is_binary, 1));
    std::set<int> ids;
    for (int row = 0; row < PQntuples(result.get()); ++row) ids.insert(std::atoi(PQgetvalue(result.get(), row, 0)));
    return ids;
  }

 private:
  [[noreturn]] void stop() {
    fmt::print(stderr, "sql_bench: {}", PQerrorMessage(connection_.get()));
    std::exit(1);
  }
  ResultHandle must(PGresult* result) {
    ResultHandle handle(result, &PQclear);
    const ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) stop();
    return handle;
  }

  Connection connection_;
};

using Clients = std::vector<std::unique_ptr<Client>>;

double recall(Client& client, const std::vector<std::string>& queries, const VectorFile<std::int32_t>& nearest) {
  std::size_t hits = 0;
  for (std::size_t i = 0; i < queries.size(); ++i) {
    const std::set<int> found = client.nearest(queries[i]);
    for (const int id : nearest.row(i)) hits += found.count(id);
  }
  return static_cast<double>(hits) / static_cast<double>(queries.size() * nearest.dimension);
}

double queries_per_second(Clients& clients, const std::vector<std::string>& queries, double seconds) {
  std::atomic<std::uint64_t> count = 0;
  std::vector<std::thread> threads;
  const auto begin = Clock::now();
  for (std::size_t i = 0; i < clients.size(); ++i) {
    threads.emplace_back([&, i] {
      std::size_t at = i * queries.size() / clients.size();
      for (; seconds_since(begin) < seconds; ++at, ++count) clients[i]->nearest(queries[at % queries.size()]);
    });
  }
  for (std::thread& thread : threads) thread.join();
  return static_cast<double>(count) / seconds_since(begin);
}

int run(int argc, char** argv) {
  if (argc < 8) {
    fmt::print(stderr, "usage: sql_bench CONNINFO NAME STATEMENT CLIENTS ROUNDS SECONDS SETTING...\n");
    return 1;
  }
  const std::string name = argv[2];
  const VectorFile<std::int32_t> nearest(name + ".nearest");
  std::vector<std::string> queries;
  {
    const Vectors vectors(name + ".query");
    for (std::size_t i = 0; i < std::min(vectors.count, kQueriesMax); ++i) queries.push_back(binary(vectors.row(i)));
  }
  for (int i = 7; i < argc; ++i) {
    Clients clients;
    for (int client = 0; client < std::atoi(argv[4]); ++client) {
      clients.push_back(std::make_unique<Client>(argv[1], argv[3], argv[i]));
    }
    const double found = recall(*clients.front(), queries, nearest);
    std::vector<double> rounds;
    while (rounds.size() < static_cast<std::size_t>(std::atoi(argv[5]))) {
      rounds.push_back(queries_per_second(clients, queries, std::atof(argv[6])));
    }
    fmt::print("{}\t{:.0f}\t{:.4f}\n", argv[i], median(rounds), found);
    std::fflush(stdout);
  }
  return 0;
}

}  // namespace
}  // namespace alcove::tests

int main(int argc, char** argv) { return alcove::tests::run(argc, argv); }
