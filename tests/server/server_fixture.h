#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include <gtest/gtest.h>

#include "base/clock.h"
#include "base/random.h"
#include "base/simulated_file_system.h"
#include "executor/database.h"
#include "server/server.h"

namespace alcove::server {

// A server on a free port over a database on a disk in memory. Options may be set before start().
class ServerTest : public testing::Test {
 protected:
  ServerTest();
  ~ServerTest() override;

  // Opens the database and serves it, as one that is ready. `listen` alone is not ready yet.
  void start();
  void listen();
  void serve();

  std::uint16_t port() const { return server_->port(); }
  // Waits until so many sessions are open; false if that does not come to pass in a minute.
  bool session_count_becomes(std::size_t count) const;

  SimulatedFileSystem file_system_;
  SystemClock clock_;
  SystemRandom random_;
  ServerOptions options_;
  executor::DatabaseOptions database_options_;
  std::unique_ptr<executor::Database> database_;
  std::unique_ptr<Server> server_;
};

}  // namespace alcove::server
