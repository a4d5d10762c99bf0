#include "tools/connection.h"

#include <cstdlib>
#include <cstring>
#include <utility>
#include <vector>

namespace alcove::tools {
namespace {

constexpr const char* kDefaultHost = "127.0.0.1";
constexpr const char* kDefaultPort = "7432";

std::string without_trailing_breaks(const char* text) {
  std::string message = text;
  while (!message.empty() && message.back() == '\n') message.pop_back();
  return message;
}

bool is_connection_string(const std::string& text) {
  return text.find('=') != std::string::npos || text.starts_with("postgresql://") ||
         text.starts_with("postgres://");
}

struct OptionsFree {
  void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
};

// Whether a connection string sets one of `keywords`; one that does not parse sets all of them, so
// that libpq's own complaint about it is what the user sees.
bool sets(const std::string& conninfo, std::initializer_list<const char*> keywords) {
  if (!is_connection_string(conninfo)) return false;
  const std::unique_ptr<PQconninfoOption, OptionsFree> options(
      PQconninfoParse(conninfo.c_str(), nullptr));
  if (!options) return true;
  for (const PQconninfoOption* option = options.get(); option->keyword; ++option) {
    if (!option->val) continue;
    for (const char* keyword : keywords) {
      if (std::strcmp(option->keyword, keyword) == 0) return true;
    }
  }
  return false;
}

bool in_environment(std::initializer_list<const char*> names) {
  for (const char* name : names) {
    if (std::getenv(name)) return true;
  }
  return false;
}

}  // namespace

Result<Connection> connect(const ServerAddress& address) {
  std::string host = address.host;
  std::string port = address.port;
  // A service file may name a host: then ours must not win over it.
  const bool service = sets(address.conninfo, {"service"}) || in_environment({"PGSERVICE"});
  if (host.empty() && !service && !sets(address.conninfo, {"host", "hostaddr"}) &&
      !in_environment({"PGHOST", "PGHOSTADDR"})) {
    host = kDefaultHost;
  }
  if (port.empty() && !service && !sets(address.conninfo, {"port"}) &&
      !in_environment({"PGPORT"})) {
    port = kDefaultPort;
  }

  std::vector<const char*> keywords;
  std::vector<const char*> values;
  const auto add = [&](const char* keyword, const std::string& value) {
    if (value.empty()) return;
    keywords.push_back(keyword);
    values.push_back(value.c_str());
  };
  // The first dbname is expanded where it is a connection string; later entries win over it.
  const std::string name = "alcove";
  add("dbname", address.conninfo);
  if (!service && !sets(address.conninfo, {"dbname"}) &&
      (is_connection_string(address.conninfo) || address.conninfo.empty()) &&
      !in_environment({"PGDATABASE"})) {
    add("dbname", name);
  }
  add("fallback_application_name", name);
  add("host", host);
  add("port", port);
  add("user", address.user);
  const std::string encoding = "UTF8";
  add("client_encoding", encoding);
  keywords.push_back(nullptr);
  values.push_back(nullptr);

  Connection connection(PQconnectdbParams(keywords.data(), values.data(), /*expand_dbname=*/1));
  if (!connection) return fail(ErrorCode::kOutOfMemory, "out of memory");
  if (PQstatus(connection.get()) != CONNECTION_OK) {
    return fail(ErrorCode::kIo, "{}", message_of(connection.get()));
  }
  return connection;
}

std::string message_of(const PGconn* connection) {
  return without_trailing_breaks(PQerrorMessage(connection));
}

std::string message_of(const PGresult* result) {
  return without_trailing_breaks(PQresultErrorMessage(result));
}

Result<QueryResult> execute(PGconn* connection, const std::string& statement) {
  QueryResult result(PQexec(connection, statement.c_str()));
  const ExecStatusType status = PQresultStatus(result.get());
  if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_EMPTY_QUERY) {
    return result;
  }
  return fail(ErrorCode::kIo, "{}", result ? message_of(result.get()) : message_of(connection));
}

}  // namespace alcove::tools
