#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <unordered_set>
#include <vector>

#include "base/env.h"
#include "executor/catalogue.h"
#include "executor/ledger.h"

namespace alcove::executor {

// Merges segments so that space comes back and a namespace at rest has one, or a few large ones.
//
// POLICY  From the newest segment backwards, a segment is merged with all newer ones while it is not
//         more than four times as large as these together: so sizes left alone rise fourfold, and
//         each byte is rewritten a number of times that is logarithmic in the size. When replaced
//         records and tombstones are more than a third of all rows, everything is merged. A segment
//         that lacks codes, because a transaction wrote it ahead of its commit or an older version
//         did, is then written again by itself: after the commit, or when the namespace next changes.
//
// Thread-safe; one thread merges at a time.
class Compactor {
 public:
  // `linked_bytes_min`: as of segments::merge_segments().
  Compactor(Env& env, Catalogue& catalogue, Ledger& ledger, std::uint64_t linked_bytes_min)
      : env_(env), catalogue_(catalogue), ledger_(ledger), linked_bytes_min_(linked_bytes_min) {}

  // Called between blocks of a merge: whatever must not wait for its end. An error ends the merge.
  void set_pause(std::function<Status()> pause) { pause_ = std::move(pause); }

  // Has a look at the namespace later.
  void note_changed(NamespaceNumber name_space);
  bool has_work() const;
  // Looks at the next noted namespace and merges it if the policy says so. False: none was noted.
  Result<bool> run_one();

  enum class Scope : unsigned char { kPolicy, kEverything };
  // Merges now what `scope` says; the namespace must not have unflushed writes that matter. To merge everything does
  // not wait for what the policy has begun to merge of less of the same namespace: that gives way.
  Status merge(NamespaceNumber name_space, Scope scope);
  // Whether anyone waits to merge everything of it.
  bool everything_awaited(NamespaceNumber name_space) const;

 private:
  struct Plan {
    std::shared_ptr<const Version> version;
    std::shared_ptr<const void> pin;
    std::size_t first = 0;  // so many segments from here on are merged
    std::size_t count = 0;
  };
  void await_everything(NamespaceNumber name_space);
  void stop_awaiting(NamespaceNumber name_space);
  Result<bool> merge_once(NamespaceNumber name_space, Scope scope);
  // Keeps the namespace open, if it is.
  std::shared_ptr<const void> pin(NamespaceNumber name_space) const;
  Plan plan(NamespaceNumber name_space, Scope scope);
  // Whether that is all that there is by now.
  bool merges_all(NamespaceNumber name_space, const Plan& planned);
  // Where nothing is to be merged: the oldest segment without the codes that it has rows enough for.
  Status plan_codes(Plan& planned);

  Env& env_;
  Catalogue& catalogue_;
  Ledger& ledger_;
  const std::uint64_t linked_bytes_min_;
  std::function<Status()> pause_;
  mutable std::mutex noted_mutex_;
  std::deque<NamespaceNumber> noted_;
  std::unordered_set<NamespaceNumber> noted_set_;
  std::unordered_multiset<NamespaceNumber> awaited_;  // to be merged as soon as no other merge is under way
  std::mutex merge_mutex_;  // one at a time
};

// The first of the segments (oldest first, at least one) to be merged together up to the newest;
// their count when nothing is to be merged. By the policy above.
std::size_t first_to_merge(const std::vector<segments::SegmentDescriptor>& descriptors);

}  // namespace alcove::executor
