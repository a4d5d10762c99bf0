#pragma once

#include <vector>

#include "base/result.h"
#include "executor/catalogue.h"
#include "executor/commit_record.h"
#include "executor/ledger.h"
#include "executor/memory_budget.h"
#include "executor/role_table.h"

namespace alcove::executor {

// Carries the changes of a durable commit into catalogue, roles and memtables: the one place where a commit
// takes effect, for the pipeline and for recovery alike. Externally synchronised by
// Ledger::apply_mutex().
class Applier {
 public:
  Applier(Catalogue& catalogue, RoleTable& roles, Ledger& ledger, MemoryBudget& budget)
      : catalogue_(catalogue), roles_(roles), ledger_(ledger), budget_(budget) {}

  // Requires: every namespace written to is open (Catalogue::open_namespace) or created by an
  // earlier change. Errors: kCorruption for rows that are malformed, which only recovery can meet.
  Status apply(Lsn lsn, const std::vector<Change>& changes);
  Status apply(Lsn lsn, const Change& change);

 private:
  Status write(Lsn lsn, const WriteChange& change);
  bool apply_to_roles(Lsn lsn, const Change& change);
  void add_segment(Lsn lsn, const AddSegmentChange& change);  // Requires: catalogue mutex.
  Catalogue& catalogue_;
  RoleTable& roles_;
  Ledger& ledger_;
  MemoryBudget& budget_;
  std::vector<float> values_;  // aligned copy of one row's
};

}  // namespace alcove::executor
