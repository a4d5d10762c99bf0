#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "executor/database.h"
#include "server/server.h"
#include "tools/option_table.h"

namespace alcove::tools {

// All that `alcove server` can be told. Defaults are the engine's and the server's own, but for
// where to listen.
struct ServerConfig {
  std::string data;                       // the data directory
  std::string listen = "127.0.0.1:7432";  // see parse_listen
  std::string tls_certificate;            // paths; both or neither
  std::string tls_key;
  executor::DatabaseOptions database;
  server::ServerOptions server;
};

// The options by which `config` is set, in a file or with --set; docs/operations.md lists them.
OptionTable server_options(ServerConfig& config);

struct ListenAddress {
  std::string host;
  std::uint16_t port = 0;  // 0: any free one
};

// "127.0.0.1:7432", "localhost:7432", "[::1]:7432", ":7432" (then the host is localhost).
// Errors: kInvalidText.
Result<ListenAddress> parse_listen(std::string_view text);

// As parse_listen takes it.
std::string format_listen(const ListenAddress& address);

}  // namespace alcove::tools
