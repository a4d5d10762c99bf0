#include "executor/engine.h"

#include <algorithm>
#include <thread>

#include "base/log.h"

namespace alcove::executor {

Database::Engine::Engine(Env env_in, DatabaseOptions options_in)
    : env(env_in),
      options(std::move(options_in)),
      budget(options.memtable_bytes, options.memtable_bytes_max),
      catalogue(env, options.directory + "/segments", snapshots, budget),
      ledger(env, catalogue, roles, snapshots),
      applier(catalogue, roles, ledger, budget),
      pipeline(catalogue, roles, snapshots, ledger, applier, options.group_commit_bytes_max),
      flusher(env, catalogue, ledger, budget),
      compactor(env, catalogue, ledger, options.linked_bytes_min),
      stager(env, catalogue, ledger, pipeline.numbers()),
      committer(*this),
      scheduler(options.query_slots != 0 ? options.query_slots
                                         : std::max(1U, std::thread::hardware_concurrency())) {
  ledger.set_sync_log([this] { return pipeline.sync(); });
  ledger.set_next_numbers([this] {
    return std::pair(pipeline.numbers().index.load(), pipeline.numbers().name_space.load());
  });
}

Status Database::Engine::watch(Status status) {
  if (!status && status.error().code() == ErrorCode::kPanic && options.on_panic) {
    options.on_panic(status.error());
  }
  return status;
}

void Database::Engine::ask_for_checkpoint() { checkpoint_wanted.store(true); }

Status Database::Engine::checkpoint(FreshLog fresh_log) {
  // A damaged namespace keeps its writes, and with them the log; the others' are flushed.
  const Status flushed = flusher.flush_all();
  if (!flushed && flushed.error().code() != ErrorCode::kCorruption) return watch(flushed);
  Lsn redo_lsn;
  {
    std::lock_guard lock(ledger.apply_mutex());
    redo_lsn = flusher.first_unflushed_lsn();
  }
  TRY(watch(ledger.publish_checkpoint(redo_lsn)));
  return watch(pipeline.exclusive([&](wal::Log& log) -> Status {
    TRY(log.release(redo_lsn));  // first: it may make the room for a new file
    if (fresh_log == FreshLog::kNo) return {};
    TRY(log.rotate(wal::LogSpace::kReserved));
    return log.release(redo_lsn);
  }));
}

}  // namespace alcove::executor
