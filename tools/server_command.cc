#include "tools/server_command.h"

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <fmt/format.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/posix_file_system.h"
#include "base/random.h"
#include "tools/server_config.h"
#include "tools/signal_watch.h"
#include "tools/tls_files.h"

namespace alcove::tools {
namespace {

constexpr std::uint64_t kConfigBytesMax = 1 << 20;

struct ServerCommand {
  std::string config_path;
  std::string data;
  std::string listen;
  std::string tls_certificate;
  std::string tls_key;
  bool tls_required = false;
  std::vector<std::string> assignments;
  bool insecure = false;
  bool show_options = false;
};

// The file first, then the command line, which wins.
Status read_config(const ServerCommand& command, FileSystem& file_system, OptionTable& options) {
  if (!command.config_path.empty()) {
    const std::string text = TRY(read_file(file_system, command.config_path, kConfigBytesMax));
    TRY(options.set_from_config(text, command.config_path));
  }
  if (!command.data.empty()) TRY(options.set("data", command.data));
  if (!command.listen.empty()) TRY(options.set("listen", command.listen));
  if (!command.tls_certificate.empty()) {
    TRY(options.set("tls_certificate", command.tls_certificate));
  }
  if (!command.tls_key.empty()) TRY(options.set("tls_key", command.tls_key));
  if (command.tls_required) TRY(options.set("tls_required", "on"));
  for (const std::string& assignment : command.assignments) {
    TRY(options.set_from_assignment(assignment));
  }
  return {};
}

void print_options(const OptionTable& options) {
  for (const OptionTable::Row& row : options.rows()) {
    fmt::print("# {}\n{} = {}\n\n", row.description, row.name, row.value);
  }
}

// What recovery says, a line for each step and each tenth of it.
class RecoveryLog {
 public:
  void operator()(const std::string& step, double share) {
    const int tenths = static_cast<int>(share * 10);
    if (step == step_ && tenths == tenths_) return;
    step_ = step;
    tenths_ = tenths;
    log_info("recovery: {}, {}%", step, tenths * 10);
  }

 private:
  std::string step_;
  int tenths_ = -1;
};

void on_panic(const Error& error) {
  log_error("panic: {}; the next start recovers", error.message());
  std::abort();
}

Result<std::optional<server::TlsCredentials>> read_tls(const ServerConfig& config,
                                                       FileSystem& file_system) {
  if (config.tls_certificate.empty() != config.tls_key.empty()) {
    return Error(ErrorCode::kInvalidValue, "tls_certificate and tls_key belong together");
  }
  std::optional<server::TlsCredentials> credentials;
  if (!config.tls_key.empty()) {
    credentials = TRY(read_tls_files(file_system, config.tls_certificate, config.tls_key));
  }
  return credentials;
}

// SIGHUP. What cannot be used changes nothing.
void reload_tls(const ServerConfig& config, FileSystem& file_system, server::Server& server) {
  const auto credentials = read_tls(config, file_system);
  Status status = credentials ? Status() : Status(credentials.error());
  if (status && *credentials) status = server.set_tls(**credentials);
  if (!status) log_error("{}; the TLS certificate in use stays", status.error().message());
}

Status serve(ServerConfig& config, FileSystem& file_system) {
  const ListenAddress asked = TRY(parse_listen(config.listen));
  config.database.directory = config.data;
  config.database.on_panic = on_panic;
  config.server.listen_addresses = {asked.host};
  config.server.port = asked.port;
  config.server.on_panic = on_panic;
  config.server.tls = TRY(read_tls(config, file_system));

  SignalWatch signals;
  SystemClock clock;
  SystemRandom random;
  const Env env{file_system, clock, random};
  // Listens first, so that clients are told that the server is starting. Destroyed before the
  // database, which its sessions use.
  std::unique_ptr<executor::Database> database;
  const std::unique_ptr<server::Server> server =
      TRY(server::Server::start(env, config.server));
  database = TRY(executor::Database::open(
      env, config.database,
      [log = RecoveryLog()](const std::string& step, double share) mutable { log(step, share); }));
  TRY(server->serve(*database));
  signals.ready([&] { reload_tls(config, file_system, *server); });
  log_info("ready: listening on {}, data in {}",
           format_listen({.host = asked.host, .port = server->port()}), config.data);

  signals.wait_for_stop();
  server->stop();
  TRY(database->close());
  log_info("stopped");
  return {};
}

int run(const ServerCommand& command) {
  PosixFileSystem file_system;
  ServerConfig config;
  config.server.insecure = command.insecure;
  OptionTable options = server_options(config);
  const Status read = read_config(command, file_system, options);
  if (!read) {
    fmt::print(stderr, "alcove: {}\n", read.error().message());
    return EXIT_FAILURE;
  }
  if (command.show_options) {
    print_options(options);
    return EXIT_SUCCESS;
  }
  if (config.data.empty()) {
    fmt::print(stderr, "alcove: no data directory: --data DIR, or data = DIR in a file\n");
    return EXIT_FAILURE;
  }
  const Status served = serve(config, file_system);
  if (served) return EXIT_SUCCESS;
  log_error("{}", served.error().message());
  if (!served.error().hint().empty()) log_error("hint: {}", served.error().hint());
  return EXIT_FAILURE;
}

}  // namespace

void add_server_command(CLI::App& app, int& exit_code) {
  CLI::App* server = app.add_subcommand("server", "Serve a data directory");
  const auto command = std::make_shared<ServerCommand>();
  server->add_option("-d,--data", command->data,
                     "The data directory; made where there is none");
  server->add_option("-l,--listen", command->listen,
                     "Address and port, 127.0.0.1:7432 if not given; port 0 is any free one");
  server->add_option("--tls-certificate", command->tls_certificate,
                     "The server's certificate, and its chain, in PEM: TLS for clients that want it");
  server->add_option("--tls-key", command->tls_key, "The certificate's key");
  server->add_flag("--tls-required", command->tls_required, "Refuse clients without TLS");
  server->add_option("-c,--config", command->config_path,
                     "A file of lines \"name = value\"; # begins a comment");
  server
      ->add_option("-s,--set", command->assignments,
                   "name=value: any option of the file; may be given more than once")
      ->allow_extra_args(false);
  server->add_flag("--insecure", command->insecure,
                   "Let everybody in without a password while no superuser has one, and listen\n"
                   "anywhere without encryption");
  server->add_flag("--show-options", command->show_options,
                   "Print every option with its value, as a file for --config, and leave");
  server->footer(
      "Sizes take B, kB, MB, GB or TB, times ms, s, min or h. What is given here wins over the\n"
      "file. SIGTERM and SIGINT stop the server cleanly, a second one at once; SIGHUP makes it read\n"
      "the certificate again.");
  server->callback([command, &exit_code] { exit_code = run(*command); });
}

}  // namespace alcove::tools
