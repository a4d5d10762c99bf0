#include "executor/stepped_run.h"

#include <thread>

#include "base/waiting.h"

namespace alcove::executor {
namespace {

// A slot is kept for so long when others wait for one, and when nobody does.
constexpr std::uint64_t kContendedUs = 1'000;
constexpr std::uint64_t kAloneUs = 10'000;
// A statement that takes longer gives way after every morsel: to whoever waits for this thread, and
// to threads that wait for this processor, such as the one that has a commit to acknowledge.
constexpr std::uint64_t kShortUs = 200;

}  // namespace

Result<Run::Progress> SteppedRun::step(RowSink& sink) {
  if (!session_.is_committing()) TRY(session_.check_interrupt());
  if (!scanned_) {
    if (!turn_.enter(tenant())) return Progress::kWait;
    Clock& clock = session_.engine().env.clock;
    const std::uint64_t begin_us = clock.monotonic_us();
    const Result<bool> more = morsels(sink);
    turn_.leave(clock.monotonic_us() - begin_us);
    if (!more) return more.error();
    if (*more) return Progress::kMore;
    scanned_ = true;
  }
  const Progress progress = TRY(finish(sink));
  if (progress == Progress::kMore) scanned_ = false;
  return progress;
}

Result<bool> SteppedRun::morsels(RowSink& sink) {
  Clock& clock = session_.engine().env.clock;
  const std::uint64_t begin_us = clock.monotonic_us();
  while (true) {
    if (!TRY(morsel(sink))) return false;
    if (sink.full()) return true;
    const std::uint64_t spent_us = clock.monotonic_us() - begin_us;
    if (spent_us >= kShortUs) {
      about_to_wait();
      std::this_thread::yield();
    }
    if (spent_us >= kAloneUs || (spent_us >= kContendedUs && turn_.contended())) return true;
  }
}

}  // namespace alcove::executor
