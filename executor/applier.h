#pragma once

#include <vector>

#include "base/result.h"
#include "executor/catalogue.h"
#include "executor/commit_record.h"
#include "executor/ledger.h"
#include "executor/memory_budget.h"

namespace alcove::executor {

// Carries the changes of a durable commit into catalogue and memtables: the one place where a commit
// takes effect, for the pipeline and for recovery alike. Externally synchronised by
// Ledger::apply_mutex().
class Applier {
 public:
  Applier(Catalogue& catalogue, Ledger& ledger, MemoryBudget& budget)
      : catalogue_(catalogue), ledger_(ledger), budget_(budget) {}

  // Requires: every namespace written to is open (Catalogue::open_namespace) or created by an
  // earlier change. Errors: kCorruption for rows that are malformed, which only recovery can meet.
  Status apply(Lsn lsn, const std::vector<Change>& changes);
  Status apply(Lsn lsn, const Change& change);

 private:
  Status write(Lsn lsn, const WriteChange& change);
  void add_segment(Lsn lsn, const AddSegmentChange& change);  // Requires: catalogue mutex.
  Catalogue& catalogue_;
  Ledger& ledger_;
  MemoryBudget& budget_;
  std::vector<float> values_;  // aligned copy of one row's
};

}  // namespace alcove::executor
