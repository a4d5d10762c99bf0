#include "tests/server/server_fixture.h"

#include <chrono>
#include <thread>
#include <utility>

#include "base/check.h"

namespace alcove::server {

ServerTest::ServerTest() {
  options_.listen_addresses = {"127.0.0.1"};
  options_.port = 0;
  options_.worker_threads = 8;
  database_options_.directory = "data";
  database_options_.log_file_bytes = 1U << 20;
}

ServerTest::~ServerTest() {
  server_.reset();
  if (database_ != nullptr) {
    EXPECT_TRUE(database_->close());
  }
}

void ServerTest::start() {
  listen();
  serve();
}

void ServerTest::listen() {
  auto server = Server::start({file_system_, clock_, random_}, options_);
  CHECK(server, "the server starts");
  server_ = *std::move(server);
}

void ServerTest::serve() {
  auto database =
      executor::Database::open({file_system_, clock_, random_}, database_options_);
  CHECK(database, "a database opens in an empty directory");
  database_ = *std::move(database);
  CHECK(server_->serve(*database_), "a server on loopback serves");
}

bool ServerTest::session_count_becomes(std::size_t count) const {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (server_->session_count() != count) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::yield();
  }
  return true;
}

}  // namespace alcove::server
