#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <set>
#include <vector>

#include "base/env.h"
#include "executor/catalogue.h"
#include "executor/ledger.h"
#include "executor/memory_budget.h"
#include "executor/namespace_reader.h"
#include "segments/merge.h"

namespace alcove::executor {

// Turns memtables into sealed segments. Thread-safe; one thread flushes at a time (the background, or
// whoever calls checkpoint).
class Flusher {
 public:
  Flusher(Env& env, Catalogue& catalogue, Ledger& ledger, MemoryBudget& budget)
      : env_(env), catalogue_(catalogue), ledger_(ledger), budget_(budget) {}

  // Flushes the largest memtables until the budget holds again with room to spare. False: there are no more; those of
  // namespaces in which a flush has met damage are left to the next checkpoint.
  Result<bool> flush_to_budget();
  // Flushes the namespaces that note_query() has found worth it.
  Status flush_queried();
  // Flushes everything written up to now.
  Status flush_all();
  // Seals and flushes one namespace, if it has anything unflushed.
  Status flush(NamespaceNumber name_space);
  // Flushes these and calls `action` before anything is flushed again.
  Status flush_before(const std::vector<NamespaceNumber>& namespaces,
                      const std::function<Status()>& action);

  // The first LSN that is in a memtable only. Requires: apply_mutex.
  Lsn first_unflushed_lsn();

  // A query, not an exact one, has ended. Queries compare themselves with all rows of a memtable, and of a
  // segment with few: a memtable that has been scanned so often that a flush would have been cheaper, and has
  // rows enough for codes, is flushed soon.
  void note_query(const NamespaceReader& reader);

  // Called for each namespace that got a new segment.
  void set_flushed(std::function<void(NamespaceNumber)> flushed) { flushed_ = std::move(flushed); }

 private:
  Status flush_batches(const std::vector<NamespaceNumber>& victims);
  Status flush_batch(const std::vector<NamespaceNumber>& victims);
  Status flush_locked(const std::vector<NamespaceNumber>& victims);  // Requires: flush_mutex_
  // Moves the mutable memtable among the sealed. Null if nothing is unflushed.
  std::shared_ptr<const Version> seal(NamespaceNumber name_space);
  Result<std::vector<Replacement>> write_sealed(const Version& version);
  Result<Replacement> write_one(const Version& version, const segments::Memtable& memtable,
                                segments::Tombstones tombstones, std::vector<OpenSegment>& older);
  // Of a file that has been written: which older rows it replaces, and what it is to be published with.
  Status count_replaced(const std::string& path, const segments::SegmentIdentity& identity,
                        segments::SegmentDescriptor written, std::vector<OpenSegment>& older, Replacement& replacement);
  // Of the last flush of a namespace: whether it has met damage.
  void note_damage(NamespaceNumber name_space, bool damaged);
  // Of what will not be published: unlinks the files.
  void give_up(std::span<const Replacement> replacements);

  Env& env_;
  Catalogue& catalogue_;
  Ledger& ledger_;
  MemoryBudget& budget_;
  std::function<void(NamespaceNumber)> flushed_;
  std::mutex flush_mutex_;  // one at a time
  std::mutex noted_mutex_;
  std::set<NamespaceNumber> queried_;  // to be flushed for it
  std::set<NamespaceNumber> damaged_;  // in which the last flush has met damage
};

}  // namespace alcove::executor
