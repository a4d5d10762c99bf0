#include "tools/interrupt.h"

#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>

#include "base/check.h"

namespace alcove::tools {
namespace {

std::atomic<PGcancel*> cancel_of_statement{nullptr};
std::atomic<bool> interrupted{false};
std::atomic<bool> dies_at_prompt{true};
static_assert(std::atomic<PGcancel*>::is_always_lock_free);

// Only what is safe in a signal handler: PQcancel is, by its contract.
void on_interrupt(int signal) {
  const int saved_errno = errno;
  interrupted = true;
  if (PGcancel* cancel = cancel_of_statement) {
    char error[256];
    if (PQcancel(cancel, error, sizeof(error)) == 0) {
      constexpr char kMessage[] = "Could not send the cancel request.\n";
      [[maybe_unused]] const auto written =
          ::write(STDERR_FILENO, kMessage, sizeof(kMessage) - 1);
    }
  } else if (dies_at_prompt) {
    ::signal(signal, SIG_DFL);
    ::raise(signal);
  }
  errno = saved_errno;
}

}  // namespace

void install_interrupt_handler(AtPrompt at_prompt) {
  dies_at_prompt = at_prompt == AtPrompt::kDies;
  struct sigaction action = {};
  action.sa_handler = on_interrupt;
  // Without SA_RESTART, so that reading a line ends.
  ::sigemptyset(&action.sa_mask);
  ::sigaction(SIGINT, &action, nullptr);
}

bool take_interrupt() { return interrupted.exchange(false); }

CancelScope::CancelScope(PGconn* connection) {
  CHECK(cancel_of_statement == nullptr, "one statement at a time");
  cancel_of_statement = PQgetCancel(connection);
}

CancelScope::~CancelScope() {
  PGcancel* cancel = cancel_of_statement.exchange(nullptr);
  PQfreeCancel(cancel);
}

}  // namespace alcove::tools
