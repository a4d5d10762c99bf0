#include "tools/signal_watch.h"

#include <pthread.h>
#include <unistd.h>

#include <cstdlib>
#include <utility>

#include "base/log.h"

namespace alcove::tools {

SignalWatch::SignalWatch() {
  ::sigemptyset(&signals_);
  ::sigaddset(&signals_, SIGTERM);
  ::sigaddset(&signals_, SIGINT);
  ::sigaddset(&signals_, SIGHUP);
  ::pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGXFSZ, SIG_IGN);
  thread_ = std::thread([this] { watch(); });
}

SignalWatch::~SignalWatch() {
  done_ = true;
  ::pthread_kill(thread_.native_handle(), SIGTERM);
  thread_.join();
}

void SignalWatch::ready(std::function<void()> reload) {
  const std::lock_guard lock(reload_mutex_);
  reload_ = std::move(reload);
  ready_ = true;
}

void SignalWatch::wait_for_stop() {
  stop_.acquire();
  const std::lock_guard lock(reload_mutex_);
  reload_ = nullptr;
}

void SignalWatch::reload() {
  const std::lock_guard lock(reload_mutex_);
  if (reload_) reload_();
}

void SignalWatch::watch() {
  bool stopping = false;
  while (true) {
    int signal = 0;
    ::sigwait(&signals_, &signal);
    if (done_) return;
    if (signal == SIGHUP) {
      reload();
      continue;
    }
    const char* name = signal == SIGINT ? "SIGINT" : "SIGTERM";
    if (!ready_) {
      log_info("{} while starting: stopped", name);
      ::_exit(EXIT_SUCCESS);
    }
    if (stopping) {
      log_warning("{} again: stopped at once; the next start recovers", name);
      ::_exit(EXIT_FAILURE);
    }
    log_info("{}: finishing what is under way; a second signal stops at once", name);
    stopping = true;
    stop_.release();
  }
}

}  // namespace alcove::tools
