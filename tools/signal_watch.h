#pragma once

#include <signal.h>

#include <atomic>
#include <functional>
#include <mutex>
#include <semaphore>
#include <thread>

namespace alcove::tools {

// Waits for SIGTERM, SIGINT and SIGHUP on a thread of its own. The first of the former asks the program to stop; before
// ready() there is nothing to finish and it ends the process at once with code 0, as a second
// signal does with code 1. SIGHUP asks for files to be read again. While it lives, SIGPIPE and SIGXFSZ are ignored, so that a broken
// connection and a file-size limit are errors of one write.
//
// Construct it before any other thread starts: they inherit that the signals are blocked.
class SignalWatch {
 public:
  SignalWatch();
  ~SignalWatch();
  SignalWatch(const SignalWatch&) = delete;
  SignalWatch& operator=(const SignalWatch&) = delete;

  // The program serves from now on: wait_for_stop() will be called. Until that returns, `reload` is
  // called on the watch's thread for each SIGHUP.
  void ready(std::function<void()> reload);
  // Returns when the first signal has come.
  void wait_for_stop();

 private:
  void watch();
  void reload();

  sigset_t signals_;
  std::atomic<bool> ready_{false};
  std::atomic<bool> done_{false};
  std::binary_semaphore stop_{0};
  std::mutex reload_mutex_;
  std::function<void()> reload_;  // empty: not ready, or stopping
  std::thread thread_;
};

}  // namespace alcove::tools
