// Single-row durable commits per second at 1, 8 and 32 clients, Alcove's beside PostgreSQL's on the
// same disk in the same run: the same rows, one simple-query statement each, the same client code.
// Rounds alternate, and each figure is the median of its rounds.
//
//   commit_bench [DIMENSION (128)] [ROUNDS (5)] [SECONDS a round (2)]

#include <atomic>
#include <cstdlib>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

#include <fmt/core.h>
#include <libpq-fe.h>

#include "tests/bench/measure.h"
#include "tests/bench/postgres_process.h"
#include "tests/support/server_process.h"

namespace alcove::tests {
namespace {

void must(PGconn* connection, const std::string& text) {
  const ResultHandle result(PQexec(connection, text.c_str()), &PQclear);
  if (PQresultStatus(result.get()) == PGRES_COMMAND_OK) return;
  fmt::print(stderr, "{}\n{}", text.substr(0, 200), PQresultErrorMessage(result.get()));
  std::exit(1);
}

// One of the two databases: how to reach it and how a row of it is written.
struct Contender {
  std::function<Connection()> connect;
  std::function<std::string(const std::string& id, const std::string& numbers)> statement;
};

std::string numbers(int dimension, std::uint64_t salt) {
  std::string text;
  for (int i = 0; i < dimension; ++i) {
    const auto mixed = (salt * 1099511628211U + static_cast<std::uint64_t>(i) * 2654435761U) % 20000U;
    text += fmt::format("{}{:.4f}", i == 0 ? "" : ",", static_cast<double>(mixed) / 10000 - 1);
  }
  return text;
}

// Commits per second of `clients` sessions that write one row after another.
double commits_per_second(const Contender& contender, int clients, int dimension, double seconds,
                          int round) {
  std::vector<Connection> connections;
  for (int i = 0; i < clients; ++i) connections.push_back(contender.connect());
  std::vector<std::string> vectors;
  for (std::uint64_t i = 0; i < 64; ++i) vectors.push_back(numbers(dimension, i));
  std::atomic<std::uint64_t> commits = 0;
  std::vector<std::thread> threads;
  const auto begin = Clock::now();
  for (int i = 0; i < clients; ++i) {
    threads.emplace_back([&, i] {
      PGconn* connection = connections[static_cast<std::size_t>(i)].get();
      for (std::size_t n = 0; seconds_since(begin) < seconds; ++n) {
        must(connection, contender.statement(fmt::format("r{}-{}-{}-{}", clients, round, i, n),
                                             vectors[n % vectors.size()]));
        ++commits;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  return static_cast<double>(commits) / seconds_since(begin);
}

// What the disk alone does: writes of one block into a file that has its space, each synced.
double syncs_per_second(const std::string& path, double seconds) {
  const int file = open(path.c_str(), O_CREAT | O_RDWR, 0600);
  const std::string block(8192, 'x');
  for (int i = 0; i < 256; ++i) {
    if (pwrite(file, block.data(), block.size(), i * 8192) < 0) std::abort();
  }
  fsync(file);
  std::uint64_t count = 0;
  const auto begin = Clock::now();
  for (; seconds_since(begin) < seconds; ++count) {
    if (pwrite(file, block.data(), block.size(), static_cast<off_t>(count % 256) * 8192) < 0) std::abort();
    fdatasync(file);
  }
  close(file);
  return static_cast<double>(count) / seconds_since(begin);
}

int run(int dimension, int rounds, double seconds) {
  const ScratchDirectory directory("commits");
  ServerProcess server(directory.path() + "/data", {});
  server.start();
  const PostgresProcess postgres;
  const Contender alcove{[&] { return server.connect(); },
                         [](const std::string& id, const std::string& vector) {
                           return fmt::format("UPSERT INTO c NAMESPACE n VALUES ('{}', '[{}]', "
                                              "'{{\"genre\": \"comedy\", \"year\": 2020}}')",
                                              id, vector);
                         }};
  const Contender peer{[&] { return postgres.connect(); },
                       [](const std::string& id, const std::string& vector) {
                         return fmt::format("INSERT INTO c VALUES ('{}', '{{{}}}', "
                                            "'{{\"genre\": \"comedy\", \"year\": 2020}}')",
                                            id, vector);
                       }};
  must(alcove.connect().get(), fmt::format("CREATE INDEX c DIMENSION {}", dimension));
  must(peer.connect().get(), "CREATE TABLE c (id text PRIMARY KEY, v float4[], metadata jsonb)");
  fmt::print("rows of {} numbers; {} rounds of {} s; PostgreSQL {}\n", dimension, rounds, seconds,
             postgres.version());
  fmt::print("fdatasync alone: {:.0f}/s\n\n{:>8} {:>12} {:>12} {:>8}\n",
             syncs_per_second(directory.path() + "/sync", 1), "clients", "Alcove/s", "PostgreSQL/s",
             "ratio");
  for (const int clients : {1, 8, 32}) {
    std::vector<double> ours;
    std::vector<double> theirs;
    std::vector<double> ratios;
    for (int round = 0; round < rounds; ++round) {
      ours.push_back(commits_per_second(alcove, clients, dimension, seconds, round));
      theirs.push_back(commits_per_second(peer, clients, dimension, seconds, round));
      ratios.push_back(ours.back() / theirs.back());
    }
    fmt::print("{:>8} {:>12.0f} {:>12.0f} {:>8.2f}\n", clients, median(ours), median(theirs),
               median(ratios));
  }
  return 0;
}

}  // namespace
}  // namespace alcove::tests

int main(int argc, char** argv) {
  const int dimension = argc > 1 ? std::atoi(argv[1]) : 128;
  const int rounds = argc > 2 ? std::atoi(argv[2]) : 5;
  const double seconds = argc > 3 ? std::atof(argv[3]) : 2;
  return alcove::tests::run(dimension, rounds, seconds);
}
