#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>

#include "executor/engine.h"

namespace alcove::executor {

// What the database does by itself: keeps memory within its budget, makes checkpoints, merges,
// unlinks garbage, keeps spare log files, marks an idle log. Two threads, so that the log's small,
// urgent work does not wait for a merge, and the commit thread; or none, and round() is called from
// outside.
class Background {
 public:
  explicit Background(Engine& engine);
  ~Background() { stop(); }

  void start();
  // Ends what is under way, soon, and the threads. Idempotent.
  void stop();

  // One round of all of it. Returns whether anything was done.
  Result<bool> round();

 private:
  void log_loop();
  void storage_loop();
  Result<bool> log_round();
  Result<bool> storage_round();
  // What must not wait for the end of a merge: by whoever merges, a session's thread too, unless another is at it.
  Status while_merging();
  // These require urgent_mutex_.
  bool checkpoint_due();
  Status do_urgent();
  // Lets go of what no snapshot needs any more.
  void prune();
  // Closes namespaces that nobody uses now and then, and when too many are open.
  Status close_idle();
  void tell_of_kept_memory();
  bool wait(std::uint64_t period_ms);  // false: stop
  void tell(const Status& status);

  Engine& engine_;
  std::mutex mutex_;
  std::condition_variable stopping_;
  bool stop_ = false;
  std::thread log_thread_;
  std::thread storage_thread_;
  std::thread commit_thread_;
  Lsn seen_next_lsn_ = 0;               // of the log thread
  std::string last_complaint_;
  std::mutex urgent_mutex_;             // guards what is below
  std::uint64_t checkpoint_us_ = 0;     // when the last one ended
  Lsn checkpoint_lsn_ = 0;              // before it; a damaged namespace may hold the redo LSN back
  std::uint64_t pruned_us_ = 0;         // when that was last done
  std::size_t open_count_ = 0;          // namespaces open then
  std::uint64_t closed_us_ = 0;         // when idle namespaces were last closed
  bool told_of_kept_memory_ = false;
  bool memory_is_stuck_ = false;        // over budget, and nothing that can be flushed
};

}  // namespace alcove::executor
