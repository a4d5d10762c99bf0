// How fast COPY in binary takes vectors, durable, beside writing the same bytes to a file with fsync:
// one client, rounds alternate on the same disk, and each figure is the median of its rounds.
//
//   copy_bench [RECORDS (1000000)] [DIMENSION (128)] [ROUNDS (3)]

#include <bit>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <arpa/inet.h>
#include <fcntl.h>
#include <unistd.h>

#include <fmt/core.h>
#include <libpq-fe.h>

#include "tests/bench/measure.h"
#include "tests/support/server_process.h"

namespace alcove::tests {
namespace {

constexpr std::size_t kPieceBytes = 256 * 1024;
constexpr std::size_t kPoolFloats = 1 << 20;

void must(bool well, const PGconn* connection) {
  if (well) return;
  fmt::print(stderr, "{}", PQerrorMessage(connection));
  std::exit(1);
}

void run(PGconn* connection, const std::string& text) {
  const ResultHandle result(PQexec(connection, text.c_str()), &PQclear);
  must(PQresultStatus(result.get()) == PGRES_COMMAND_OK, connection);
}

std::string u16(std::size_t value) {
  return {static_cast<char>(value >> 8U & 0xffU), static_cast<char>(value & 0xffU)};
}
std::string u32(std::size_t value) { return u16(value >> 16U) + u16(value); }

// The data of a COPY: an id and a `vector` a record, no metadata. Its vectors are windows of one pool
// of numbers in -1 … 1, so that making them costs little.
class Stream {
 public:
  Stream(int records, int dimension)
      : records_(records), dimension_(static_cast<std::size_t>(dimension)) {
    std::uint64_t state = 1;
    for (std::size_t i = 0; i < kPoolFloats + dimension_; ++i) {
      state = state * 6364136223846793005U + 1442695040888963407U;
      const float value = static_cast<float>(state >> 40U) / 8388608.0F - 1;
      const std::uint32_t swapped = htonl(std::bit_cast<std::uint32_t>(value));
      pool_.append(reinterpret_cast<const char*>(&swapped), 4);
    }
  }

  // Hands out the data piece by piece; returns the number of bytes.
  std::uint64_t send(const std::function<void(std::string_view)>& take) const {
    std::uint64_t bytes = 0;
    std::string piece("PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0", 19);
    const std::string before_vector =
        u32(4 + dimension_ * 4) + u16(dimension_) + u16(0);
    for (int i = 0; i < records_; ++i) {
      const std::string id = fmt::format("record-{:09}", i);
      piece += u16(2) + u32(id.size()) + id + before_vector;
      const std::size_t at = (static_cast<std::size_t>(i) * 7919) % kPoolFloats;
      piece.append(pool_, at * 4, dimension_ * 4);
      if (piece.size() < kPieceBytes) continue;
      take(piece);
      bytes += piece.size();
      piece.clear();
    }
    piece += u16(0xffff);
    take(piece);
    return bytes + piece.size();
  }

 private:
  const int records_;
  const std::size_t dimension_;
  std::string pool_;
};

// Bytes per second.
double write_file(const Stream& stream, const std::string& path) {
  const auto begin = Clock::now();
  const int file = open(path.c_str(), O_CREAT | O_TRUNC | O_WRONLY, 0600);
  const std::uint64_t bytes = stream.send([&](std::string_view piece) {
    if (write(file, piece.data(), piece.size()) != static_cast<ssize_t>(piece.size())) std::abort();
  });
  if (fsync(file) != 0) std::abort();
  close(file);
  const double seconds = seconds_since(begin);
  unlink(path.c_str());
  return static_cast<double>(bytes) / seconds;
}

double copy_in(const Stream& stream, PGconn* connection, const std::string& name) {
  const auto begin = Clock::now();
  const std::string text = fmt::format("COPY c NAMESPACE {} (id, values) FROM STDIN BINARY", name);
  const ResultHandle begun(PQexec(connection, text.c_str()), &PQclear);
  must(PQresultStatus(begun.get()) == PGRES_COPY_IN, connection);
  const std::uint64_t bytes = stream.send([&](std::string_view piece) {
    must(PQputCopyData(connection, piece.data(), static_cast<int>(piece.size())) == 1, connection);
  });
  must(PQputCopyEnd(connection, nullptr) == 1, connection);
  const ResultHandle result(PQgetResult(connection), &PQclear);
  must(PQresultStatus(result.get()) == PGRES_COMMAND_OK, connection);
  const double seconds = seconds_since(begin);
  while (PGresult* rest = PQgetResult(connection)) PQclear(rest);
  return static_cast<double>(bytes) / seconds;
}

int run(int records, int dimension, int rounds) {
  const ScratchDirectory directory("copy");
  ServerProcess server(directory.path() + "/data", {});
  server.start();
  const Connection connection = server.connect();
  run(connection.get(), fmt::format("CREATE INDEX c DIMENSION {} METRIC euclidean", dimension));
  const Stream stream(records, dimension);
  fmt::print("{} records of {} numbers, {} rounds\n\n{:>8} {:>12} {:>12} {:>8}\n", records, dimension,
             rounds, "round", "file MB/s", "COPY MB/s", "ratio");
  std::vector<double> ratios;
  for (int round = 0; round < rounds; ++round) {
    const double file = write_file(stream, directory.path() + "/file");
    const std::string name = fmt::format("n{}", round);
    const double copy = copy_in(stream, connection.get(), name);
    run(connection.get(), fmt::format("DROP NAMESPACE {} FROM c", name));
    ratios.push_back(copy / file);
    fmt::print("{:>8} {:>12.0f} {:>12.0f} {:>8.2f}\n", round + 1, file / 1e6, copy / 1e6,
               ratios.back());
  }
  fmt::print("{:>8} {:>12} {:>12} {:>8.2f}\n", "median", "", "", median(ratios));
  return 0;
}

}  // namespace
}  // namespace alcove::tests

int main(int argc, char** argv) {
  const int records = argc > 1 ? std::atoi(argv[1]) : 1'000'000;
  const int dimension = argc > 2 ? std::atoi(argv[2]) : 128;
  const int rounds = argc > 3 ? std::atoi(argv[3]) : 3;
  return alcove::tests::run(records, dimension, rounds);
}
