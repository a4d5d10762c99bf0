#pragma once

#include <string>

#include "tests/support/server_process.h"

namespace alcove::tests {

// A PostgreSQL of the machine's package as it comes (fsync on), in a directory of its own, on the
// loopback. Root cannot run one, so there it runs as the package's user `postgres`. Where it cannot
// be started, this says why and aborts.
class PostgresProcess {
 public:
  PostgresProcess();
  ~PostgresProcess();
  PostgresProcess(const PostgresProcess&) = delete;
  PostgresProcess& operator=(const PostgresProcess&) = delete;

  Connection connect() const;
  std::string version() const;

 private:
  std::string command(const std::string& program, const std::string& arguments) const;
  std::string directory_;
};

}  // namespace alcove::tests
