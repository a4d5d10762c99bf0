#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <vector>

#include "base/env.h"
#include "executor/catalogue.h"
#include "executor/ledger.h"
#include "executor/memory_budget.h"
#include "segments/merge.h"

namespace alcove::executor {

// Turns memtables into sealed segments. Thread-safe; one thread flushes at a time (the background, or
// whoever calls checkpoint).
class Flusher {
 public:
  Flusher(Env& env, Catalogue& catalogue, Ledger& ledger, MemoryBudget& budget)
      : env_(env), catalogue_(catalogue), ledger_(ledger), budget_(budget) {}

  // Flushes the largest memtables until the budget holds again with room to spare.
  Status flush_to_budget();
  // Flushes everything written up to now.
  Status flush_all();
  // Seals and flushes one namespace, if it has anything unflushed.
  Status flush(NamespaceNumber name_space);
  // Flushes these and calls `action` before anything is flushed again.
  Status flush_before(const std::vector<NamespaceNumber>& namespaces,
                      const std::function<Status()>& action);

  // The first LSN that is in a memtable only. Requires: apply_mutex.
  Lsn first_unflushed_lsn();

  // Called for each namespace that got a new segment.
  void set_flushed(std::function<void(NamespaceNumber)> flushed) { flushed_ = std::move(flushed); }

 private:
  Status flush_batch(const std::vector<NamespaceNumber>& victims);
  Status flush_locked(const std::vector<NamespaceNumber>& victims);  // Requires: flush_mutex_
  // Moves the mutable memtable among the sealed. Null if nothing is unflushed.
  std::shared_ptr<const Version> seal(NamespaceNumber name_space);
  Result<std::vector<Replacement>> write_sealed(const Version& version);
  Result<Replacement> write_one(const Version& version, const segments::Memtable& memtable,
                                segments::Tombstones tombstones, std::vector<OpenSegment>& older);

  Env& env_;
  Catalogue& catalogue_;
  Ledger& ledger_;
  MemoryBudget& budget_;
  std::function<void(NamespaceNumber)> flushed_;
  std::mutex flush_mutex_;  // one at a time
};

}  // namespace alcove::executor
