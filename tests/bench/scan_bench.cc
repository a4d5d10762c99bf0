// What one large namespace costs: an exact search of it, warm, as a share of the memory bandwidth
// that a plain read loop over as many bytes reaches in the same run; and its DROP, with queries
// running: how soon acknowledged, how soon the space is back.
//
//   scan_bench [ROWS (1000000)] [DIMENSION (128)]

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <fmt/core.h>
#include <libpq-fe.h>

#include "tests/bench/measure.h"
#include "tests/support/server_process.h"

namespace alcove::tests {
namespace {

constexpr int kLoaders = 4;
constexpr int kRowsPerStatement = 500;

// Rows of the answer.
int run(PGconn* connection, const std::string& text) {
  const ResultHandle result(PQexec(connection, text.c_str()), &PQclear);
  const ExecStatusType status = PQresultStatus(result.get());
  if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) return PQntuples(result.get());
  fmt::print(stderr, "{}\n{}", text.substr(0, 200), PQresultErrorMessage(result.get()));
  std::exit(1);
}

std::string random_vector(std::mt19937_64& chance, int dimension) {
  std::uniform_int_distribution<int> digit(-9999, 9999);
  std::string text = "[";
  for (int i = 0; i < dimension; ++i) text += fmt::format("{}{}e-4", i == 0 ? "" : ",", digit(chance));
  return text + "]";
}

void load(const ServerProcess& server, int rows, int dimension) {
  std::atomic<int> next = 0;
  std::vector<std::thread> loaders;
  for (int i = 0; i < kLoaders; ++i) {
    loaders.emplace_back([&, i] {
      const Connection connection = server.connect();
      std::mt19937_64 chance(static_cast<std::uint64_t>(i) + 1);
      while (true) {
        const int begin = next.fetch_add(kRowsPerStatement);
        if (begin >= rows) return;
        std::string text = "UPSERT INTO s NAMESPACE n VALUES ";
        for (int row = begin; row < std::min(rows, begin + kRowsPerStatement); ++row) {
          text += fmt::format("{}('{:09}', {})", row == begin ? "" : ", ", row,
                              random_vector(chance, dimension));
        }
        run(connection.get(), text);
        if (i == 0) fmt::print(stderr, "\r{} of {} rows", begin, rows);
      }
    });
  }
  for (std::thread& loader : loaders) loader.join();
  fmt::print(stderr, "\r{:40}\r", "");
}

// Seconds to read `bytes` of memory once, as fast as a plain loop over it can.
double read_seconds(const std::vector<std::uint64_t>& memory) {
  const auto begin = Clock::now();
  std::uint64_t sums[8] = {};
  for (std::size_t i = 0; i + 8 <= memory.size(); i += 8) {
    for (std::size_t lane = 0; lane < 8; ++lane) sums[lane] += memory[i + lane];
  }
  const double seconds = seconds_since(begin);
  std::uint64_t sum = 0;
  for (const std::uint64_t one : sums) sum += one;
  if (sum == 42) fmt::print("\n");  // so that the loop is not left out
  return seconds;
}

std::uint64_t bytes_under(const std::string& directory) {
  std::uint64_t bytes = 0;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory, ignored)) {
    if (entry.is_regular_file(ignored)) bytes += entry.file_size(ignored);
  }
  return bytes;
}

void measure_search(const ServerProcess& server, int rows, int dimension) {
  const Connection connection = server.connect();
  std::mt19937_64 chance(7);
  const double bytes = static_cast<double>(rows) * dimension * 4;
  const std::vector<std::uint64_t> memory(static_cast<std::size_t>(bytes) / 8, 1);
  std::vector<double> search;
  std::vector<double> read;
  std::vector<double> shares;
  for (int round = 0; round < 12; ++round) {
    const std::string query = fmt::format("QUERY s NAMESPACE n NEAREST {} TOP 10 EXACT",
                                          random_vector(chance, dimension));
    const auto begin = Clock::now();
    run(connection.get(), query);
    const double search_seconds = seconds_since(begin);
    const double read_once = read_seconds(memory);
    if (round < 3) continue;  // warming
    search.push_back(search_seconds);
    read.push_back(read_once);
    shares.push_back(read_once / search_seconds);
  }
  fmt::print("exact search: {:.1f} ms, {:.1f} GB/s; plain read loop {:.1f} GB/s; share {:.0f} %\n",
             median(search) * 1e3, bytes / median(search) / 1e9, bytes / median(read) / 1e9,
             median(shares) * 100);
}

void measure_drop(const ServerProcess& server, const std::string& directory, int dimension) {
  std::atomic<bool> running = true;
  std::atomic<int> whole = 0;
  std::atomic<int> empty = 0;
  std::vector<std::thread> readers;
  for (int i = 0; i < 2; ++i) {
    readers.emplace_back([&, i] {
      const Connection connection = server.connect();
      std::mt19937_64 chance(static_cast<std::uint64_t>(i));
      while (running) {
        const int rows = run(connection.get(), fmt::format("QUERY s NAMESPACE n NEAREST {} TOP 10 EXACT",
                                                           random_vector(chance, dimension)));
        ++(rows == 10 ? whole : empty);
        if (rows != 10 && rows != 0) std::abort();
      }
    });
  }
  const Connection connection = server.connect();
  while (whole < 4) std::this_thread::yield();
  const std::uint64_t before = bytes_under(directory);
  const auto begin = Clock::now();
  run(connection.get(), "DROP NAMESPACE n FROM s");
  const double acknowledged = seconds_since(begin);
  while (bytes_under(directory + "/segments") > 0) std::this_thread::yield();
  const double back = seconds_since(begin);
  while (empty < 2) std::this_thread::yield();
  running = false;
  for (std::thread& reader : readers) reader.join();
  fmt::print("drop beside running queries: acknowledged after {:.2f} ms; its files gone after {:.2f} s "
             "({:.0f} MB before, {:.0f} MB now)\n",
             acknowledged * 1e3, back, static_cast<double>(before) / 1e6,
             static_cast<double>(bytes_under(directory)) / 1e6);
}

int measure(int rows, int dimension) {
  const ScratchDirectory directory("scan");
  ServerProcess server(directory.path() + "/data", {});
  server.start();
  const Connection connection = server.connect();
  run(connection.get(), fmt::format("CREATE INDEX s DIMENSION {} METRIC euclidean", dimension));
  const auto begin = Clock::now();
  load(server, rows, dimension);
  fmt::print("{} rows of {} numbers loaded as text at {:.0f} rows/s\n", rows, dimension,
             rows / seconds_since(begin));
  const auto merge_begin = Clock::now();
  run(connection.get(), "COMPACT NAMESPACE n FROM s");
  fmt::print("merged to one segment in {:.1f} s\n", seconds_since(merge_begin));
  measure_search(server, rows, dimension);
  measure_drop(server, directory.path() + "/data", dimension);
  return 0;
}

}  // namespace
}  // namespace alcove::tests

int main(int argc, char** argv) {
  return alcove::tests::measure(argc > 1 ? std::atoi(argv[1]) : 1'000'000,
                                argc > 2 ? std::atoi(argv[2]) : 128);
}
