#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "executor/row.h"

namespace alcove::executor {

class RecordIntake;

// One statement under way. The server calls step() until it is done; each step is short (a morsel
// of a scan, a batch of rows) or waits for its own commit, so that no statement holds a thread for
// long. Externally synchronised; lives no longer than its Session.
class Run {
 public:
  enum class Progress : unsigned char {
    kMore,  // step again, as soon as what the sink holds has been sent if it is full
    kWait,  // nothing to do before ready; see when_ready() and wake_at_us()
    kInput,  // step again once intake() is full or has come to its end; only of COPY … FROM STDIN
    kDone,
  };

  virtual ~Run() = default;

  // The columns of the result; empty for a statement that returns no rows. Known from the start.
  virtual const std::vector<Column>& columns() const = 0;

  // Goes on. A call before it is ready is allowed and answers kWait again, or the error if the
  // session was cancelled meanwhile. After an error or kDone step() is not called again.
  virtual Result<Progress> step(RowSink& sink) = 0;

  // After kWait: calls `ready` once, from any thread and maybe before this returns, when step()
  // may get further. `ready` may still be called when the run has been stepped or destroyed
  // meanwhile: it must hold nothing that dies before.
  virtual void when_ready(std::function<void()> ready) { ready(); }
  // After kWait: a time by Clock::monotonic_us() at which to step again in any case.
  virtual std::optional<std::uint64_t> wake_at_us() const { return std::nullopt; }

  // Where what the client sends goes; null for all but COPY … FROM STDIN. Lives as long as the run.
  virtual RecordIntake* intake() { return nullptr; }

  // The command tag, after kDone: `INSERT 0 3`.
  virtual std::string tag() const = 0;
};

}  // namespace alcove::executor
