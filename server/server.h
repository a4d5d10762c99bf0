#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/env.h"
#include "base/result.h"
#include "server/tls_context.h"

namespace alcove::executor {
class Database;
}

namespace alcove::server {

// Where a server listens, and its limits, each with its default.
struct ServerOptions {
  // IP addresses, or `localhost` for 127.0.0.1 and, where the machine has it, ::1. Others than
  // loopback only as may_listen() says.
  std::vector<std::string> listen_addresses = {"localhost"};
  std::uint16_t port = 5432;  // 0: any free one, see Server::port()
  // Threads that serve; a statement holds one while it computes or waits for its commit.
  unsigned worker_threads = 32;
  unsigned connections_max = 1'000;
  std::uint64_t statement_bytes_max = 64ULL << 20;
  // A result is sent off, and its statement waits, past so much of it.
  std::uint64_t output_buffer_bytes = 256ULL << 10;
  unsigned prepared_statements_max = 10'000;  // of one session
  unsigned portals_max = 1'000;               // open ones of one session
  unsigned role_connections_max = 500;        // of one role, superusers apart
  unsigned tenant_connections_max = 50;       // of all roles bound to one namespace together
  // Lets everybody in without a password, from wherever, and listen beyond loopback, for as long as
  // there is no superuser with a password.
  bool insecure = false;
  std::uint64_t authentication_timeout_ms = 60'000;  // from accept to the first ReadyForQuery
  std::uint64_t write_stall_timeout_ms = 300'000;    // a client that takes nothing of its result
  std::uint64_t stop_grace_ms = 10'000;              // for statements under way at stop()
  std::optional<TlsCredentials> tls;                 // none: TLS is declined
  bool tls_required = false;                         // sessions without TLS are refused
  // Told once when durability is in doubt, after the log: must end the process. Default: abort.
  std::function<void(const Error&)> on_panic;
};

// The door for PostgreSQL's clients: listens, and gives each connection a session of the database.
// Speaks wire protocol 3.0: simple and extended queries, COPY; function calls answer 0A000.
// Thread-safe but for start and destruction.
class Server {
 public:
  // Listens and starts the threads. Until serve() every client is told 57P03, "starting up".
  // `env` must outlive the server. Errors: kInvalidValue for an address that is none or may not be
  // listened on, and for bad TLS credentials; kIo naming the address that cannot be listened on.
  static Result<std::unique_ptr<Server>> start(Env env, ServerOptions options);
  ~Server();  // stop(), if nobody has
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // From now on sessions are opened, which can signal each other (pg_cancel_backend). Called once.
  // `database` must outlive stop(). Errors: kInvalidValue for an address that may not be listened on
  // now that the roles are known; then no session is opened.
  Status serve(executor::Database& database);

  // New connections use these credentials from now on; those that are open keep theirs. Errors:
  // kInvalidValue; then nothing has changed.
  Status set_tls(const TlsCredentials& credentials);

  // Ends every session and returns when all are gone. New clients are told 57P03, idle sessions
  // 57P01 at once, others 57P01 at the end of the statement under way, which is cancelled after
  // stop_grace_ms. A second call waits for the first.
  void stop();

  std::uint16_t port() const;
  std::size_t session_count() const;

 private:
  class Parts;
  explicit Server(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace alcove::server
