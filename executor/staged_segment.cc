#include "executor/staged_segment.h"

#include <mutex>

namespace alcove::executor {

StagedSegment::~StagedSegment() {
  if (kept_) return;
  std::lock_guard lock(ledger_.apply_mutex());
  ledger_.note_garbage(std::span(&segment_->descriptor(), 1), 0);
}

}  // namespace alcove::executor
