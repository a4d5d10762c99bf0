// Round trips per second of prepared TOP 10 queries over a namespace of 1,000 x 128, beside those of
// a bare Asio echo server of one thread that takes and returns as many bytes: one load program, four
// connections, one request under way on each. And of `SELECT 1`, by prepared statement too.
//
//   wire_bench [ROUNDS (5)] [SECONDS a round (2)]

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <fmt/core.h>
#include <libpq-fe.h>

#include "tests/bench/measure.h"
#include "tests/support/server_process.h"

namespace alcove::tests {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

constexpr int kConnections = 4;
constexpr int kRows = 1000;
constexpr int kDimension = 128;

std::string big_endian(std::uint32_t value) {
  const std::uint32_t swapped = htonl(value);
  return std::string(reinterpret_cast<const char*>(&swapped), 4);
}
std::string u16(int value) { return big_endian(static_cast<std::uint32_t>(value)).substr(2); }
std::string message(char type, const std::string& body) {
  return type + big_endian(static_cast<std::uint32_t>(body.size()) + 4) + body;
}

// A blocking socket that says bytes and counts those it hears.
class Talker {
 public:
  explicit Talker(int port) : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int on = 1;
    setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) std::abort();
  }
  ~Talker() { close(socket_); }
  Talker(const Talker&) = delete;
  Talker& operator=(const Talker&) = delete;

  void say(std::string_view bytes) {
    if (::send(socket_, bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
      std::abort();
    }
  }
  void hear(std::size_t count) {
    while (count > 0) {
      const ssize_t heard = recv(socket_, buffer_.data(), std::min(count, buffer_.size()), 0);
      if (heard <= 0) std::abort();
      count -= static_cast<std::size_t>(heard);
    }
  }
  // Up to and with a ReadyForQuery at the end of what has come; how many bytes.
  std::size_t hear_reply() {
    std::size_t count = 0;
    std::string last;
    while (!last.ends_with(std::string("Z\0\0\0\5I", 6))) {
      const ssize_t heard = recv(socket_, buffer_.data(), buffer_.size(), 0);
      if (heard <= 0) std::abort();
      last.append(buffer_.data(), static_cast<std::size_t>(heard));
      count += static_cast<std::size_t>(heard);
    }
    return count;
  }

 private:
  int socket_;
  std::array<char, 65536> buffer_{};
};

// Echoes on one thread: after `in` bytes, `out` bytes.
class EchoServer {
 public:
  EchoServer(std::size_t in, std::size_t out)
      : in_(in), reply_(out, 'x'), acceptor_(context_, {asio::ip::address_v4::loopback(), 0}) {
    accept();
    thread_ = std::thread([this] { context_.run(); });
  }
  ~EchoServer() {
    context_.stop();
    thread_.join();
  }
  int port() { return acceptor_.local_endpoint().port(); }

 private:
  struct Peer {
    explicit Peer(tcp::socket of) : socket(std::move(of)) {}
    tcp::socket socket;
    std::string request;
  };
  void accept() {
    acceptor_.async_accept([this](const boost::system::error_code& error, tcp::socket socket) {
      if (error) return;
      socket.set_option(tcp::no_delay(true));
      auto peer = std::make_shared<Peer>(std::move(socket));
      peer->request.resize(in_);
      serve(peer);
      accept();
    });
  }
  void serve(const std::shared_ptr<Peer>& peer) {
    asio::async_read(peer->socket, asio::buffer(peer->request),
                     [this, peer](const boost::system::error_code& error, std::size_t) {
                       if (error) return;
                       asio::async_write(peer->socket, asio::buffer(reply_),
                                         [this, peer](const boost::system::error_code& failed,
                                                      std::size_t) {
                                           if (!failed) serve(peer);
                                         });
                     });
  }

  std::size_t in_;
  std::string reply_;
  asio::io_context context_;
  tcp::acceptor acceptor_;
  std::thread thread_;
};

// Round trips per second: `request` said, `reply_bytes` heard, over and over on every connection.
double round_trips(int port, const std::string& opening, const std::string& request,
                   std::size_t reply_bytes, double seconds) {
  std::vector<std::unique_ptr<Talker>> talkers;
  for (int i = 0; i < kConnections; ++i) {
    talkers.push_back(std::make_unique<Talker>(port));
    if (opening.empty()) continue;
    talkers.back()->say(opening);
    talkers.back()->hear_reply();
  }
  std::atomic<std::uint64_t> trips = 0;
  std::vector<std::thread> threads;
  const auto begin = Clock::now();
  for (auto& talker : talkers) {
    threads.emplace_back([&, own = talker.get()] {
      std::uint64_t count = 0;
      for (; seconds_since(begin) < seconds; ++count) {
        own->say(request);
        own->hear(reply_bytes);
      }
      trips += count;
    });
  }
  for (std::thread& thread : threads) thread.join();
  return static_cast<double>(trips) / seconds_since(begin);
}

std::string startup() {
  const std::string body = big_endian(3U << 16U) + std::string("user\0test\0\0", 11);
  return big_endian(static_cast<std::uint32_t>(body.size()) + 4) + body;
}

std::string parse(const std::string& name, const std::string& text) {
  return message('P', name + '\0' + text + '\0' + u16(0)) + message('S', "");
}

// Bind, Execute, Sync; parameters and results in binary.
std::string execute(const std::string& name, const std::vector<std::string>& parameters) {
  std::string bind = std::string(1, '\0') + name + '\0' + u16(1) + u16(1) +
                     u16(static_cast<int>(parameters.size()));
  for (const std::string& each : parameters) {
    bind += big_endian(static_cast<std::uint32_t>(each.size())) + each;
  }
  bind += u16(1) + u16(1);
  return message('B', bind) + message('E', std::string(1, '\0') + big_endian(0)) + message('S', "");
}

void load(const ServerProcess& server, std::mt19937& chance) {
  std::normal_distribution<float> normal;
  const Connection connection = server.connect();
  const auto run = [&](const std::string& text) {
    const ResultHandle result(PQexec(connection.get(), text.c_str()), &PQclear);
    if (PQresultStatus(result.get()) != PGRES_COMMAND_OK) {
      fmt::print(stderr, "{}", PQresultErrorMessage(result.get()));
      std::exit(1);
    }
  };
  run(fmt::format("CREATE INDEX w DIMENSION {} METRIC cosine", kDimension));
  std::string text = "UPSERT INTO w NAMESPACE n VALUES ";
  for (int row = 0; row < kRows; ++row) {
    text += fmt::format("{}('r{:06}', '[", row == 0 ? "" : ", ", row);
    for (int i = 0; i < kDimension; ++i) text += fmt::format("{}{}", i == 0 ? "" : ",", normal(chance));
    text += "]')";
  }
  run(text);
  run("COMPACT NAMESPACE n FROM w");
}

int run(int rounds, double seconds) {
  const ScratchDirectory directory("wire");
  ServerProcess server(directory.path() + "/data", {});
  server.start();
  std::mt19937 chance(1);
  load(server, chance);

  std::string vector = big_endian(1) + big_endian(0) + big_endian(700) + big_endian(kDimension) +
                       big_endian(1);
  std::normal_distribution<float> normal;
  for (int i = 0; i < kDimension; ++i) {
    vector += big_endian(4) + big_endian(std::bit_cast<std::uint32_t>(normal(chance)));
  }
  const std::string query_opening = parse("q", "QUERY w NAMESPACE n NEAREST $1 TOP 10");
  const std::string query = execute("q", {vector});
  const std::string one_opening = parse("o", "SELECT 1");
  const std::string one = execute("o", {});

  Talker first(server.port());
  const auto size_of_reply = [&](const std::string& opening, const std::string& request) {
    first.say(opening);
    first.hear_reply();
    first.say(request);
    return first.hear_reply();
  };
  first.say(startup());
  first.hear_reply();
  const std::size_t query_reply = size_of_reply(query_opening, query);
  const std::size_t one_reply = size_of_reply(one_opening, one);
  EchoServer echo(query.size(), query_reply);

  std::vector<double> echoes;
  std::vector<double> queries;
  std::vector<double> ones;
  std::vector<double> of_echo;
  std::vector<double> of_one;
  for (int round = 0; round < rounds; ++round) {
    echoes.push_back(round_trips(echo.port(), "", query, query_reply, seconds));
    queries.push_back(
        round_trips(server.port(), startup() + query_opening, query, query_reply, seconds));
    ones.push_back(round_trips(server.port(), startup() + one_opening, one, one_reply, seconds));
    of_echo.push_back(queries.back() / echoes.back());
    of_one.push_back(queries.back() / ones.back());
  }
  fmt::print("{} connections, {} bytes out and {} in\n", kConnections, query.size(), query_reply);
  fmt::print("echo {:.0f}/s, prepared TOP 10 {:.0f}/s, prepared SELECT 1 {:.0f}/s\n",
             median(echoes), median(queries), median(ones));
  fmt::print("TOP 10: {:.0f} % of the echo server, {:.0f} % of SELECT 1\n", median(of_echo) * 100,
             median(of_one) * 100);
  return 0;
}

}  // namespace
}  // namespace alcove::tests

int main(int argc, char** argv) {
  return alcove::tests::run(argc > 1 ? std::atoi(argv[1]) : 5, argc > 2 ? std::atof(argv[2]) : 2);
}
