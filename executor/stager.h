#pragma once

#include <memory>
#include <string_view>

#include "base/env.h"
#include "base/result.h"
#include "executor/catalogue.h"
#include "executor/ledger.h"
#include "executor/next_numbers.h"
#include "executor/staged_segment.h"

namespace alcove::executor {

// Writes a transaction's rows to segments of their own, ahead of its commit, so that they pass
// neither through the log nor through memtables. Thread-safe.
class Stager {
 public:
  Stager(Env& env, Catalogue& catalogue, Ledger& ledger, NextNumbers& numbers)
      : env_(env), catalogue_(catalogue), ledger_(ledger), numbers_(numbers) {}

  // A segment with the newest version of each id in `rows` (encode_row, encode_tombstone; in order,
  // at least one), for the namespace that has the name now, or will have it. The file is synced, its
  // directory is not. Blocks. Errors: kDiskFull, kIo.
  Result<std::shared_ptr<StagedSegment>> stage(const IndexDefinition& index,
                                               std::string_view name, std::string_view rows);

  // The same rows for the incarnation that has the name now, or will have it: the one they were staged
  // for is gone. Holds the rows in memory meanwhile. Errors: also kCorruption.
  Result<std::shared_ptr<StagedSegment>> stage_again(const IndexDefinition& index,
                                                     std::string_view name,
                                                     const segments::Segment& segment);
  // Whether `staged` can be committed under the name, as things are now.
  bool is_current(const StagedSegment& staged, IndexNumber index, std::string_view name) const;

 private:
  NamespaceNumber live_number(IndexNumber index, std::string_view name) const;

  Env& env_;
  Catalogue& catalogue_;
  Ledger& ledger_;
  NextNumbers& numbers_;
};

}  // namespace alcove::executor
