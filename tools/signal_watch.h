#pragma once

#include <signal.h>

#include <atomic>
#include <semaphore>
#include <thread>

namespace alcove::tools {

// Waits for SIGTERM and SIGINT on a thread of its own. The first asks the program to stop; before
// ready() there is nothing to finish and it ends the process at once with code 0, as a second
// signal does with code 1. While it lives, SIGPIPE and SIGXFSZ are ignored, so that a broken
// connection and a file-size limit are errors of one write.
//
// Construct it before any other thread starts: they inherit that the signals are blocked.
class SignalWatch {
 public:
  SignalWatch();
  ~SignalWatch();
  SignalWatch(const SignalWatch&) = delete;
  SignalWatch& operator=(const SignalWatch&) = delete;

  // The program serves from now on: wait_for_stop() will be called.
  void ready() { ready_ = true; }
  // Returns when the first signal has come.
  void wait_for_stop() { stop_.acquire(); }

 private:
  void watch();

  sigset_t signals_;
  std::atomic<bool> ready_{false};
  std::atomic<bool> done_{false};
  std::binary_semaphore stop_{0};
  std::thread thread_;
};

}  // namespace alcove::tools
