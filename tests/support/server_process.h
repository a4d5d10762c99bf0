#pragma once

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <sys/types.h>

#include <libpq-fe.h>

namespace alcove::tests {

using Connection = std::unique_ptr<PGconn, decltype(&PQfinish)>;
using ResultHandle = std::unique_ptr<PGresult, decltype(&PQclear)>;

// A directory under /tmp, or under $ALCOVE_TEST_DIRECTORY, which goes with this object.
class ScratchDirectory {
 public:
  explicit ScratchDirectory(const std::string& purpose);
  ~ScratchDirectory();
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// `alcove server` as a process of its own, the program that ALCOVE_PROGRAM names, on a free port of
// the loopback. Not thread-safe, but connect() may be called from any thread while it runs.
// Where a call cannot do its part, it says why on standard error and aborts: a test cannot go on.
class ServerProcess {
 public:
  // `arguments` are added to the command line.
  ServerProcess(std::string data_directory, std::vector<std::string> arguments);
  ~ServerProcess();  // kills it
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

  // Returns once it says that it is ready.
  void start();
  // SIGKILL. No effect where it does not run.
  void kill();
  // SIGTERM; returns the exit status.
  int stop();

  // `who`: what libpq is told of the client, such as "user=app password=secret".
  Connection connect(const std::string& who = "user=test") const;
  int port() const { return port_; }
  pid_t process() const { return process_; }

 private:
  void read_until_ready(int fd);
  int reap();

  std::string data_directory_;
  std::vector<std::string> arguments_;
  pid_t process_ = -1;
  int port_ = 0;
  std::thread log_reader_;
};

}  // namespace alcove::tests
