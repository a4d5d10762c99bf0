#pragma once

#include "base/result.h"
#include "executor/commit_pipeline.h"
#include "executor/database.h"
#include "executor/transaction.h"

namespace alcove::executor {

// Commits transactions of any size: small ones through the log, the rows of large ones as segments that
// the log only names, so that a bulk load is written once. Thread-safe.
//
// A staged segment comes to stand behind all segments of its namespace, and below its memtable. So the
// namespace is flushed first, and nothing is flushed until the commit is over: what it kills in older
// segments is counted by then, and what is in memory is little.
class Committer {
 public:
  explicit Committer(Database::Engine& engine) : engine_(engine) {}

  // Whether the transaction has, or will have, staged segments: then it is not for the pipeline alone.
  bool is_large(const Transaction& transaction) const;

  // Commits all that the transaction asked, or nothing. Blocks until it is visible and (kSync)
  // durable. Errors: those of CommitPipeline::commit and Stager; kConflict also where a namespace was
  // dropped since rows were staged for it; kCorruption where the older segments are damaged.
  Status commit(Transaction& transaction, Durability durability);

 private:
  Status commit_staged(Transaction& transaction, Durability durability);
  // One attempt, with the segments as they are.
  Status try_commit(Transaction& transaction, Durability durability);
  // Whether the namespaces that rows were staged for are those that have the names now.
  bool is_current(Transaction& transaction) const;
  Status stage_again(Transaction& transaction);
  Status sync_directories(Transaction& transaction);
  Status count_replaced(Transaction& transaction);

  Database::Engine& engine_;
};

}  // namespace alcove::executor
