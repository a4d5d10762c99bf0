#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "executor/ledger.h"
#include "executor/next_numbers.h"
#include "segments/segment.h"

namespace alcove::executor {

// A sealed segment that one transaction has written ahead of its commit: only it reads it. The commit
// record names the file, and the commit gives its rows their LSN. Immutable but for keep();
// externally synchronised.
class StagedSegment {
 public:
  // `file` is the segment's; `promise` is of the namespace's number, null for one that exists.
  StagedSegment(Ledger& ledger, NewFile file, std::shared_ptr<const segments::Segment> segment,
                std::shared_ptr<const NextNumbers::Promise> promise)
      : ledger_(ledger),
        file_(std::move(file)),
        segment_(std::move(segment)),
        promise_(std::move(promise)) {}
  ~StagedSegment();  // the file becomes garbage, unless it is kept
  StagedSegment(const StagedSegment&) = delete;
  StagedSegment& operator=(const StagedSegment&) = delete;

  const std::shared_ptr<const segments::Segment>& segment() const { return segment_; }
  NamespaceNumber name_space() const { return segment_->identity().name_space; }
  // Whether the namespace may be made with name_space() if it does not exist.
  bool may_make() const { return promise_ != nullptr && !promise_->taken; }

  // Whether the file stays: the log names it, or may.
  void keep(bool keep) { kept_ = keep; }

 private:
  Ledger& ledger_;
  NewFile file_;
  std::shared_ptr<const segments::Segment> segment_;
  std::shared_ptr<const NextNumbers::Promise> promise_;
  bool kept_ = false;
};

}  // namespace alcove::executor
