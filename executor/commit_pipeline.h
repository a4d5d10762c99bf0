#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
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

// The one way in: commits stand in line, and somebody leads: whoever finds nobody leading, on its own
// thread, for its own commit; or the commit thread, for as long as there is a line behind that one.
// The leader takes a group from the front and, for all of it, in this order:
//
//   1 resolves    (CommitGroup) conflict check, names to numbers; what fails leaves the group
//   2 logs        one frame: LSNs are given here
//   3 syncs       unless nobody in the group waits for it
//   4 applies     to catalogue and memtables, in LSN order
//   5 publishes   visible_lsn: all of a commit is seen at once
//   6 tells       the others of the group: by waking their threads, or by calling them back
//
// Invariants
//   1. Nothing is applied before its frame is written, nor acknowledged before it is synced (unless
//      its session chose otherwise).
//   2. After step 2 nothing can fail but the disk; then the database is failed for good (kPanic).
//   3. Only the leader makes, drops and closes namespaces.
// Thread-safe.
class CommitPipeline {
 public:
  CommitPipeline(Catalogue& catalogue, const RoleTable& roles, SnapshotRegistry& snapshots,
                 Ledger& ledger, Applier& applier, std::uint64_t group_bytes_max)
      : catalogue_(catalogue),
        roles_(roles),
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

  // A commit that nobody's thread waits for. Its end may be asked for or told; it comes all the same
  // if nobody holds the ticket any more. Thread-safe.
  class Ticket;
  // As commit(), but where another commit is under way it only stands in line. Blocks where it leads.
  std::shared_ptr<Ticket> submit(std::unique_ptr<const Transaction> transaction,
                                 Durability durability);
  // The result, if the commit is over.
  std::optional<Status> result(const Ticket& ticket) const;
  // Calls `done` once when it is over: from the leader's thread, or at once.
  void when_done(Ticket& ticket, std::function<void()> done);

  // The commit thread: leads while there is a line. Returns after stop_leading(). Without one
  // submit() blocks as commit() does.
  void lead_lines();
  void stop_leading();

  // Runs `action` as the leader, with no commit under way.
  Status exclusive(const std::function<Status(wal::Log&)>& action);

  // Makes everything logged durable, if it is not yet.
  Status sync();

  // For what is safe beside commits: spares and sizes. Requires: started.
  wal::Log& log() { return *log_; }

 private:
  // One that stands in line: for a thread that sleeps, or (`self`) by itself.
  struct Waiter {
    const Transaction* transaction = nullptr;
    Durability durability = Durability::kSync;
    const std::function<Status(wal::Log&)>* action = nullptr;
    Status result;
    bool done = false;
    std::condition_variable turn;
    std::shared_ptr<Ticket> self;
    std::function<void()> when_done;
  };
  using Lock = std::unique_lock<std::mutex>;

  void wait_in_line(Waiter& waiter);
  void lead(Lock& lock, const Waiter& until_done);
  void pass_lead();
  void serve_front(Lock& lock);
  // Serves the front of the line: one action, or one group. Returns how many were served.
  std::size_t serve(const std::vector<Waiter*>& front);
  Status log_and_apply(const CommitGroup& group, Durability durability);

  Catalogue& catalogue_;
  const RoleTable& roles_;
  SnapshotRegistry& snapshots_;
  Ledger& ledger_;
  Applier& applier_;
  const std::uint64_t group_bytes_max_;
  NextNumbers numbers_;
  std::unique_ptr<wal::Log> log_;

  mutable std::mutex mutex_;
  std::deque<Waiter*> line_;
  bool leading_ = false;
  bool has_commit_thread_ = false;
  bool stopping_ = false;
  std::condition_variable line_waits_;  // for the commit thread
};

class CommitPipeline::Ticket {
 private:
  friend class CommitPipeline;
  std::unique_ptr<const Transaction> transaction_;
  Waiter waiter_;
};

}  // namespace alcove::executor
