#pragma once

#include <libpq-fe.h>

namespace alcove::tools {

enum class AtPrompt : unsigned char {
  kDies,  // Ctrl-C with no statement under way ends the program
  kNotes, // … is noted, for take_interrupt()
};

// From now on Ctrl-C cancels the statement that a CancelScope stands around. For programs with one
// thread.
void install_interrupt_handler(AtPrompt at_prompt);

// Whether Ctrl-C came since the last call.
bool take_interrupt();

// While it lives, Ctrl-C asks the server to cancel what `connection` is doing. One at a time.
class CancelScope {
 public:
  explicit CancelScope(PGconn* connection);
  ~CancelScope();
  CancelScope(const CancelScope&) = delete;
  CancelScope& operator=(const CancelScope&) = delete;
};

}  // namespace alcove::tools
