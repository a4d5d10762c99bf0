#include "tools/server_config.h"

#include <charconv>

#include <fmt/format.h>

namespace alcove::tools {
namespace {

constexpr std::uint64_t kKiB = 1ULL << 10;
constexpr std::uint64_t kMiB = 1ULL << 20;
constexpr std::uint64_t kGiB = 1ULL << 30;
constexpr std::uint64_t kDayMs = 24ULL * 3'600'000;

void add_database_options(OptionTable& table, executor::DatabaseOptions& options) {
  table.add("memtable_bytes", options.memtable_bytes, Unit::kBytes, {kMiB, 1024 * kGiB},
            "memory for unflushed records of all namespaces, past which the largest are flushed");
  table.add("memtable_bytes_max", options.memtable_bytes_max, Unit::kBytes, {kMiB, 1024 * kGiB},
            "memory for unflushed records past which writers wait; outside transaction blocks also past twice as much that readers still need of others");
  table.add("log_file_bytes", options.log_file_bytes, Unit::kBytes, {64 * kKiB, kGiB},
            "size of one file of the write-ahead log");
  table.add("checkpoint_log_bytes", options.checkpoint_log_bytes, Unit::kBytes,
            {kMiB, 1024 * kGiB}, "log since a checkpoint past which the next begins; a file that a restart ended counts whole");
  table.add("checkpoint_interval_ms", options.checkpoint_interval_ms, Unit::kMilliseconds,
            {1'000, kDayMs}, "time after a checkpoint at which the next begins");
  table.add("large_commit_bytes", options.large_commit_bytes, Unit::kBytes, {0, kGiB},
            "rows of one commit for one namespace past which they go around the log, to a segment");
  table.add("transaction_bytes_max", options.transaction_bytes_max, Unit::kBytes,
            {kMiB, 1024 * kGiB}, "size of one transaction's writes, but for rows that went to segments");
  table.add("group_commit_bytes_max", options.group_commit_bytes_max, Unit::kBytes,
            {4 * kKiB, kGiB}, "commits that are made durable together, unless one alone is larger");
  table.add("open_namespaces_max", options.open_namespaces_max, Unit::kCount, {1, 1'000'000},
            "namespaces whose segment files are open at the same time");
  table.add("mapped_files_max", options.mapped_files_max, Unit::kCount, {1, 1'000'000},
            "files of namespaces that are open past which the least used are closed; Linux lets a process map 65,530");
  table.add("query_slots", options.query_slots, Unit::kCount, {0, 1024},
            "parts of queries computed at the same time; 0 is one for each core");
}

void add_server_options(OptionTable& table, server::ServerOptions& options) {
  table.add("worker_threads", options.worker_threads, Unit::kCount, {1, 1024},
            "threads that serve; a statement holds one while it computes; a commit does while it "
            "leads or ends a transaction");
  table.add("connections_max", options.connections_max, Unit::kCount, {1, 100'000},
            "connections at the same time");
  table.add("statement_bytes_max", options.statement_bytes_max, Unit::kBytes, {kKiB, kGiB},
            "size of one message from a client, and so of a statement; of one record in the data of "
            "a COPY");
  table.add("output_buffer_bytes", options.output_buffer_bytes, Unit::kBytes, {4 * kKiB, kGiB},
            "part of a result past which it is sent before more is computed");
  table.add("prepared_statements_max", options.prepared_statements_max, Unit::kCount, {1, 1'000'000},
            "prepared statements of one session");
  table.add("portals_max", options.portals_max, Unit::kCount, {1, 100'000},
            "open portals of one session, cursors among them");
  table.add("role_connections_max", options.role_connections_max, Unit::kCount, {1, 100'000},
            "connections of one role, superusers apart");
  table.add("tenant_connections_max", options.tenant_connections_max, Unit::kCount, {1, 100'000},
            "connections of all roles that are bound to one namespace");
  table.add("authentication_timeout_ms", options.authentication_timeout_ms, Unit::kMilliseconds,
            {1, kDayMs}, "time that a new connection has to log in");
  table.add("write_stall_timeout_ms", options.write_stall_timeout_ms, Unit::kMilliseconds,
            {1, kDayMs}, "time after which a client that takes nothing of its result is dropped");
  table.add("stop_grace_ms", options.stop_grace_ms, Unit::kMilliseconds, {0, kDayMs},
            "time that statements under way have when the server stops");
}

}  // namespace

OptionTable server_options(ServerConfig& config) {
  OptionTable table;
  table.add("data", config.data, "the data directory");
  table.add("listen", config.listen, "address and port; port 0 is any free one");
  table.add("tls_certificate", config.tls_certificate,
            "file with the server's certificate and its chain, in PEM; none: no TLS");
  table.add("tls_key", config.tls_key, "file with the certificate's key, for the server's eyes only");
  table.add("tls_required", config.server.tls_required, "sessions without TLS are refused");
  add_database_options(table, config.database);
  add_server_options(table, config.server);
  return table;
}

Result<ListenAddress> parse_listen(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  const auto malformed = [&] {
    return fail(ErrorCode::kInvalidText, "listen: expected address:port, not \"{}\"", text);
  };
  if (colon == std::string_view::npos) return malformed();
  std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return malformed();
  }
  ListenAddress address;
  address.host = host.empty() ? "localhost" : std::string(host);
  const auto [end, failure] = std::from_chars(port.data(), port.data() + port.size(), address.port);
  if (failure != std::errc() || end != port.data() + port.size()) return malformed();
  return address;
}

std::string format_listen(const ListenAddress& address) {
  const bool bracketed = address.host.find(':') != std::string::npos;
  return fmt::format("{}{}{}:{}", bracketed ? "[" : "", address.host, bracketed ? "]" : "",
                     address.port);
}

}  // namespace alcove::tools
