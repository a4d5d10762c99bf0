#pragma once

#include <atomic>
#include <utility>

#include "base/env.h"
#include "server/connection_registry.h"
#include "server/connection_set.h"
#include "server/failed_logins.h"
#include "server/server.h"
#include "server/tls_context.h"

namespace alcove::server {

// What all connections of one server share, and outlives them. Thread-safe.
struct ServerState {
  ServerState(Env env_in, ServerOptions options_in)
      : env(env_in),
        options(std::move(options_in)),
        registry(env.random, options.connections_max) {}

  const Env env;
  const ServerOptions options;
  ConnectionRegistry registry;
  ConnectionSet connections;
  TlsContextSlot tls;
  FailedLogins failed_logins;
  std::atomic<executor::Database*> database{nullptr};  // null until Server::serve()
  std::atomic<bool> stopping{false};   // no session is opened any more
  std::atomic<bool> abandoned{false};  // no connection lives any more
};

}  // namespace alcove::server
