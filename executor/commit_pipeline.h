#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "executor/applier.h"
#include "executor/catalogue.h"
#include "executor/commit_group.h"
#include "executor/ledger.h"
#include "executor/snapshot.h"
#include "executor/transaction.h"
#include "wal/log.h"

namespace alcove::executor {

enum class Durability : unsigned char { kSync, kLater };

// The one way in: commits stand in line, and the first in line leads, on its own thread. The leader
// takes a group from the front and, for all of it, in this order:
//
//   1 resolves    (CommitGroup) conflict check, names to numbers; what fails leaves the group
//   2 logs        one frame: LSNs are given here
//   3 syncs       unless nobody in the group waits for it
//   4 applies     to catalogue and memtables, in LSN order
//   5 publishes   visible_lsn: all of a commit is seen at once
//   6 wakes       the others of the group, and the next in line, which leads then
//
// Invariants
//   1. Nothing is applied before its frame is written, nor acknowledged before it is synced (unless
//      its session chose otherwise).
//   2. After step 2 nothing can fail but the disk; then the database is failed for good (kPanic).
//   3. Only the leader makes, drops and closes namespaces.
// Thread-safe.
class CommitPipeline {
 public:
  CommitPipeline(Catalogue& catalogue, SnapshotRegistry& snapshots, Ledger& ledger,
                 Applier& applier, std::uint64_t group_bytes_max)
      : catalogue_(catalogue),
        snapshots_(snapshots),
        ledger_(ledger),
        applier_(applier),
        group_bytes_max_(group_bytes_max) {}

  // Before the first commit, once recovered.
  void start(std::unique_ptr<wal::Log> log) { log_ = std::move(log); }
  NextNumbers& numbers() { return numbers_; }

  // Commits all that the transaction asked, or nothing. Blocks until it is visible and (kSync)
  // durable. Errors: kConflict, those of definitions (exists, undefined), kDiskFull, kPanic.
  Status commit(const Transaction& transaction, Durability durability);

  // Runs `action` as the leader, with no commit under way.
  Status exclusive(const std::function<Status(wal::Log&)>& action);

  // Makes everything logged durable, if it is not yet.
  Status sync();

  // For what is safe beside commits: spares and sizes. Requires: started.
  wal::Log& log() { return *log_; }

 private:
  struct Waiter {
    const Transaction* transaction = nullptr;
    Durability durability = Durability::kSync;
    const std::function<Status(wal::Log&)>* action = nullptr;
    Status result;
    bool done = false;
    std::condition_variable turn;
  };

  Status wait_in_line(Waiter& waiter);
  // Serves the front of the line: one action, or one group. Returns how many were served.
  std::size_t serve(const std::vector<Waiter*>& front);
  Status log_and_apply(const CommitGroup& group, Durability durability);

  Catalogue& catalogue_;
  SnapshotRegistry& snapshots_;
  Ledger& ledger_;
  Applier& applier_;
  const std::uint64_t group_bytes_max_;
  NextNumbers numbers_;
  std::unique_ptr<wal::Log> log_;

  std::mutex mutex_;
  std::deque<Waiter*> line_;
  bool leading_ = false;
};

}  // namespace alcove::executor
