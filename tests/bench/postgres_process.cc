#include "tests/bench/postgres_process.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include <unistd.h>

#include <fmt/core.h>

namespace alcove::tests {

namespace {

constexpr int kPort = 54329;

void run_or_abort(const std::string& command) {
  if (std::system(command.c_str()) == 0) return;
  fmt::print(stderr, "failed: {}\n", command);
  std::abort();
}

std::string programs() {
  std::string newest;
  for (const auto& entry : std::filesystem::directory_iterator("/usr/lib/postgresql")) {
    newest = std::max(newest, entry.path().string());
  }
  return newest + "/bin/";
}

}  // namespace

PostgresProcess::PostgresProcess() {
  const char* parent = std::getenv("ALCOVE_TEST_DIRECTORY");
  directory_ = fmt::format("{}/alcove-postgres-XXXXXX", parent == nullptr ? "/tmp" : parent);
  if (mkdtemp(directory_.data()) == nullptr) run_or_abort("mkdir " + directory_);
  if (geteuid() == 0) run_or_abort("chown postgres " + directory_);
  run_or_abort(command("initdb", "-D " + directory_ + "/data -U test --auth=trust --no-instructions"));
  run_or_abort(command("pg_ctl", fmt::format("-D {0}/data -w -l {0}/log -o '-p {1} -k {0} -h 127.0.0.1' start",
                                             directory_, kPort)));
}

PostgresProcess::~PostgresProcess() {
  run_or_abort(command("pg_ctl", fmt::format("-D {}/data -w -m fast stop", directory_)));
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

std::string PostgresProcess::command(const std::string& program,
                                     const std::string& arguments) const {
  return fmt::format("cd {} && {}{}{} {} > /dev/null", directory_,
                     geteuid() == 0 ? "runuser -u postgres -- " : "", programs(), program, arguments);
}

Connection PostgresProcess::connect() const {
  const std::string target =
      fmt::format("host=127.0.0.1 port={} user=test dbname=postgres sslmode=disable", kPort);
  return Connection(PQconnectdb(target.c_str()), &PQfinish);
}

std::string PostgresProcess::version() const {
  const Connection connection = connect();
  const char* version = PQparameterStatus(connection.get(), "server_version");
  return version == nullptr ? "?" : version;
}

}  // namespace alcove::tests
