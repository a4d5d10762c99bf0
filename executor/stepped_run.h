#pragma once

#include <cstdint>
#include <functional>

#include "executor/engine.h"
#include "executor/run.h"
#include "executor/session.h"

namespace alcove::executor {

// A statement that scans: its morsels run in turn with those of other tenants (see Scheduler). What
// comes after the scan, such as a commit, runs without a slot.
class SteppedRun : public Run {
 public:
  explicit SteppedRun(Session& session)
      : session_(session), turn_(session.engine().scheduler) {}

  Result<Progress> step(RowSink& sink) final;
  void when_ready(std::function<void()> ready) override { turn_.when_ready(std::move(ready)); }

 protected:
  // Whose share of the processors the next morsel uses: a namespace's number.
  virtual std::uint64_t tenant() const = 0;
  // Does the next piece of work: one block or some hundred records. False when all is done.
  virtual Result<bool> morsel(RowSink& sink) = 0;
  // After the last morsel. kMore: the morsels begin again.
  virtual Result<Progress> finish(RowSink&) { return Progress::kDone; }

  Session& session_;

 private:
  Result<bool> morsels(RowSink& sink);
  Scheduler::Turn turn_;
  bool scanned_ = false;
};

}  // namespace alcove::executor
