#include "tests/support/server_process.h"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include <sys/wait.h>
#include <unistd.h>

#include <fmt/core.h>

namespace alcove::tests {

namespace {

[[noreturn]] void give_up(const std::string& message) {
  fmt::print(stderr, "{}\n", message);
  std::abort();
}

const char* variable(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr) give_up(fmt::format("{} is not set; run this through ctest", name));
  return value;
}

}  // namespace

ScratchDirectory::ScratchDirectory(const std::string& purpose) {
  const char* parent = std::getenv("ALCOVE_TEST_DIRECTORY");
  path_ = fmt::format("{}/alcove-{}-XXXXXX", parent == nullptr ? "/tmp" : parent, purpose);
  if (mkdtemp(path_.data()) == nullptr) give_up("no directory can be made for " + path_);
}

ScratchDirectory::~ScratchDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

ServerProcess::ServerProcess(std::string data_directory, std::vector<std::string> arguments)
    : data_directory_(std::move(data_directory)), arguments_(std::move(arguments)) {}

ServerProcess::~ServerProcess() { kill(); }

void ServerProcess::start() {
  std::vector<std::string> words = {variable("ALCOVE_PROGRAM"), "server",   "--data",
                                    data_directory_,            "--listen", "127.0.0.1:0"};
  words.insert(words.end(), arguments_.begin(), arguments_.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  int log[2];
  if (pipe(log) != 0) give_up("no pipe can be made");
  process_ = fork();
  if (process_ == 0) {
    dup2(log[1], STDERR_FILENO);
    close(log[0]);
    close(log[1]);
    execv(argv[0], argv.data());
    _exit(127);
  }
  close(log[1]);
  read_until_ready(log[0]);
  // The rest of the log is nobody's business, but its pipe must stay open.
  log_reader_ = std::thread([fd = log[0]] {
    char buffer[4096];
    while (read(fd, buffer, sizeof(buffer)) > 0) {
    }
    close(fd);
  });
}

void ServerProcess::read_until_ready(int fd) {
  std::string log;
  const std::string ready = "listening on 127.0.0.1:";
  char byte;
  while (read(fd, &byte, 1) == 1) {
    log += byte;
    if (byte != '\n') continue;
    if (const auto at = log.find(ready); at != std::string::npos) {
      port_ = std::atoi(log.c_str() + at + ready.size());
      return;
    }
  }
  give_up("the server did not start: " + log);
}

int ServerProcess::reap() {
  int status = 0;
  waitpid(process_, &status, 0);
  process_ = -1;
  log_reader_.join();
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void ServerProcess::kill() {
  if (process_ <= 0) return;
  ::kill(process_, SIGKILL);
  reap();
}

int ServerProcess::stop() {
  ::kill(process_, SIGTERM);
  return reap();
}

Connection ServerProcess::connect(const std::string& who) const {
  const std::string target =
      fmt::format("host=127.0.0.1 port={} dbname=test sslmode=disable {}", port_, who);
  return Connection(PQconnectdb(target.c_str()), &PQfinish);
}

}  // namespace alcove::tests
