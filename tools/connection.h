#pragma once

#include <memory>
#include <string>

#include <libpq-fe.h>

#include "base/result.h"

namespace alcove::tools {

struct ConnectionCloser {
  void operator()(PGconn* connection) const { PQfinish(connection); }
};
struct ResultClearer {
  void operator()(PGresult* result) const { PQclear(result); }
};
using Connection = std::unique_ptr<PGconn, ConnectionCloser>;
using QueryResult = std::unique_ptr<PGresult, ResultClearer>;

// The types of columns by their numbers in the protocol.
inline constexpr Oid kInt8Oid = 20;
inline constexpr Oid kInt2Oid = 21;
inline constexpr Oid kInt4Oid = 23;
inline constexpr Oid kOidOid = 26;
inline constexpr Oid kFloat4Oid = 700;
inline constexpr Oid kFloat8Oid = 701;
inline constexpr Oid kFloat4ArrayOid = 1021;
inline constexpr Oid kNumericOid = 1700;

// Where a client program finds its server. Empty parts are left to `conninfo`, then to libpq's
// environment (PGHOST, PGPORT, …), then to the server's own defaults: 127.0.0.1, port 7432.
struct ServerAddress {
  std::string conninfo;  // `host=… port=…` or `postgresql://…`; or only a database name
  std::string host;
  std::string port;
  std::string user;
};

// An open connection that speaks UTF-8. Errors: kIo with what libpq says.
Result<Connection> connect(const ServerAddress& address);

// What libpq says of a connection or result, without line breaks at its end.
std::string message_of(const PGconn* connection);
std::string message_of(const PGresult* result);

// Runs one statement without parameters. Errors: kIo with the server's message.
Result<QueryResult> execute(PGconn* connection, const std::string& statement);

}  // namespace alcove::tools
