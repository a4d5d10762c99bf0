#pragma once

#include <string>

#include "server/tls_context.h"
#include "tests/support/server_process.h"

namespace alcove::tests {

// An authority of its own in a directory of its own, and certificates that it signs; made by the
// openssl command. Aborts where that fails.
class TestCertificates {
 public:
  TestCertificates();

  std::string authority() const { return directory_.path() + "/ca.crt"; }
  // Another one, which has signed nothing.
  std::string other_authority() const { return directory_.path() + "/other.crt"; }
  // Of a server called `name` at 127.0.0.1. `algorithm` as `openssl req -newkey` takes it.
  server::TlsCredentials issue(const std::string& name, const std::string& algorithm = "rsa:2048");
  // Where the last one issued stands.
  std::string certificate() const { return directory_.path() + "/server.crt"; }

 private:
  void run(const std::string& command) const;
  ScratchDirectory directory_;
};

}  // namespace alcove::tests
