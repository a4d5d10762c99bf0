#pragma once

#include <cstdint>
#include <functional>

#include "base/env.h"
#include "executor/applier.h"
#include "executor/catalogue.h"
#include "executor/commit_pipeline.h"
#include "executor/committer.h"
#include "executor/compactor.h"
#include "executor/database.h"
#include "executor/flusher.h"
#include "executor/ledger.h"
#include "executor/memory_budget.h"
#include "executor/role_table.h"
#include "executor/scheduler.h"
#include "executor/snapshot.h"
#include "executor/stager.h"

namespace alcove::executor {

// The parts of an open database, in the order in which they stand on each other. Locks are taken in
// this order, each leaving out what it does not need:
//   Compactor's -> Background's of what is urgent -> Flusher's -> Ledger's manifest -> pipeline leadership -> Ledger::apply_mutex
//   -> Catalogue::mutex -> those of SnapshotRegistry, Scheduler, MemoryBudget, RoleTable
class Database::Engine {
 public:
  Engine(Env env_in, DatabaseOptions options_in);

  Env env;
  DatabaseOptions options;
  SnapshotRegistry snapshots;
  MemoryBudget budget;
  Catalogue catalogue;
  RoleTable roles;
  Ledger ledger;
  Applier applier;
  CommitPipeline pipeline;
  Flusher flusher;
  Compactor compactor;
  Stager stager;
  Committer committer;
  Scheduler scheduler;

  // Tells options.on_panic when `status` says that durability is in doubt. Returns `status`.
  Status watch(Status status);

  // Makes a checkpoint: all that is in memory goes to segments, the log is released.
  // `fresh_log`: begin a new log file, so that what was dropped leaves the disk.
  enum class FreshLog : unsigned char { kNo, kYes };
  Status checkpoint(FreshLog fresh_log);
  // A drop has happened: its rows should leave the log soon.
  void ask_for_checkpoint();

  // How pg_cancel_backend and pg_terminate_backend reach other sessions; false: no such session, or,
  // where `user` is given, none of this user.
  std::function<bool(std::int32_t process_id, bool terminate,
                     const std::optional<std::string>& user)>
      signal_session;

  // Runs the work soon, on another thread that may be held up by it; null: there is none. All of it is
  // over before the database closes.
  std::function<void(std::function<void()> work)> run_aside;

  std::atomic<bool> checkpoint_wanted{false};
};

using Engine = Database::Engine;

}  // namespace alcove::executor
