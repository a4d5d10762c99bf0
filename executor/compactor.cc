#include "executor/compactor.h"

#include <algorithm>
#include <shared_mutex>
#include <span>
#include <utility>

#include "segments/code.h"
#include "segments/merge.h"

namespace alcove::executor {
namespace {

constexpr std::uint64_t kSizeRatio = 4;

}  // namespace

std::size_t first_to_merge(const std::vector<segments::SegmentDescriptor>& descriptors) {
  const std::size_t count = descriptors.size();
  std::uint64_t rows = 0;
  std::uint64_t useless = 0;
  for (const auto& descriptor : descriptors) {
    rows += descriptor.rows + descriptor.tombstones;
    useless += descriptor.replaced + descriptor.tombstones;
  }
  if (useless > 0 && useless * 3 > rows) return 0;
  std::size_t first = count;
  std::uint64_t newer_bytes = 0;
  for (std::size_t i = count; i-- > 0;) {
    if (newer_bytes > 0 && descriptors[i].disk_bytes() <= kSizeRatio * newer_bytes) first = i;
    newer_bytes += descriptors[i].disk_bytes();
  }
  return first;
}

void Compactor::note_changed(NamespaceNumber name_space) {
  std::lock_guard lock(noted_mutex_);
  if (noted_set_.insert(name_space).second) noted_.push_back(name_space);
}

bool Compactor::has_work() const {
  std::lock_guard lock(noted_mutex_);
  return !noted_.empty();
}

Result<bool> Compactor::run_one() {
  NamespaceNumber name_space;
  {
    std::lock_guard lock(noted_mutex_);
    if (noted_.empty()) return false;
    name_space = noted_.front();
    noted_.pop_front();
    noted_set_.erase(name_space);
  }
  TRY(merge(name_space, Scope::kPolicy));
  return true;
}

void Compactor::await_everything(NamespaceNumber name_space) {
  std::lock_guard lock(noted_mutex_);
  awaited_.insert(name_space);
}

void Compactor::stop_awaiting(NamespaceNumber name_space) {
  std::lock_guard lock(noted_mutex_);
  awaited_.erase(awaited_.find(name_space));
}

bool Compactor::everything_awaited(NamespaceNumber name_space) const {
  std::lock_guard lock(noted_mutex_);
  return awaited_.contains(name_space);
}

Status Compactor::merge(NamespaceNumber name_space, Scope scope) {
  const bool everything = scope == Scope::kEverything;
  // It may be long until it is planned.
  const std::shared_ptr<const void> pin = everything ? this->pin(name_space) : nullptr;
  if (everything) await_everything(name_space);
  std::lock_guard lock(merge_mutex_);
  if (everything) {
    stop_awaiting(name_space);
    note_changed(name_space);  // what gave way is looked at again, whatever becomes of this
  } else if (everything_awaited(name_space)) {
    return {};
  }
  while (TRY(merge_once(name_space, scope))) {
  }
  return {};
}

std::shared_ptr<const void> Compactor::pin(NamespaceNumber name_space) const {
  std::shared_lock lock(catalogue_.mutex());
  const Namespace* entry = catalogue_.open_namespace(name_space);
  return entry == nullptr ? nullptr : entry->open->pin;
}

bool Compactor::merges_all(NamespaceNumber name_space, const Plan& planned) {
  std::shared_lock lock(catalogue_.mutex());
  const Namespace* entry = catalogue_.open_namespace(name_space);
  return entry != nullptr && entry->descriptors.size() == planned.count;
}

Compactor::Plan Compactor::plan(NamespaceNumber name_space, Scope scope) {
  std::shared_lock lock(catalogue_.mutex());
  Namespace* entry = catalogue_.open_namespace(name_space);
  if (entry == nullptr || entry->descriptors.empty()) return {};
  const auto& descriptors = entry->descriptors;
  const bool useless = descriptors.size() > 1 || descriptors.front().tombstones > 0;
  std::size_t first = scope == Scope::kEverything ? 0 : first_to_merge(descriptors);
  if (scope == Scope::kEverything && !useless) first = descriptors.size();
  return {entry->open->version, entry->open->pin, first, descriptors.size() - first};
}

Status Compactor::plan_codes(Plan& planned) {
  const segments::SegmentIdentity identity = catalogue_.identity(*planned.version->index, 0);
  const auto& descriptors = planned.version->segments->descriptors();
  const auto enough = [](const auto& descriptor) { return descriptor.rows >= segments::kCodedRowsMin; };
  if (identity.dimension < segments::kCodedDimensionMin ||
      identity.dimension > segments::kCodedDimensionMax ||
      std::none_of(descriptors.begin(), descriptors.end(), enough)) {
    return {};
  }
  const auto open = TRY(planned.version->segments->open());
  for (std::size_t i = 0; i < open.size(); ++i) {
    if (!enough(descriptors[i]) || open[i].segment->has_codes()) continue;
    planned.first = i;
    planned.count = 1;
    return {};
  }
  return {};
}

// Returns whether something was merged.
Result<bool> Compactor::merge_once(NamespaceNumber name_space, Scope scope) {
  Plan planned = plan(name_space, scope);
  if (planned.version == nullptr) return false;
  if (planned.count == 0) TRY(plan_codes(planned));
  if (planned.count == 0) return false;
  const auto open = TRY(planned.version->segments->open());
  // A flush may have put a segment behind those planned: the merge takes those it knows.
  std::vector<std::shared_ptr<const segments::Segment>> inputs;
  Replacement replacement;
  replacement.name_space = name_space;
  std::uint64_t rows = 0;
  std::uint64_t replaced = 0;
  const auto& descriptors = planned.version->segments->descriptors();
  for (std::size_t i = planned.first; i < planned.first + planned.count; ++i) {
    inputs.push_back(open[i].segment);
    replacement.removed.push_back(descriptors[i].file);
    rows += descriptors[i].rows;
    replaced += descriptors[i].replaced;
  }
  segments::SegmentIdentity identity =
      catalogue_.identity(*planned.version->index, name_space);
  auto file = TRY(ledger_.take_file());
  replacement.file.emplace(std::move(file));
  identity.file = replacement.file->number();
  const std::string path = ledger_.path_of(identity.file);
  bool gave_way = false;
  const auto pause = [&]() -> Status {
    gave_way = scope == Scope::kPolicy && everything_awaited(name_space) && !merges_all(name_space, planned);
    if (gave_way) return Error(ErrorCode::kCancelled, "everything is to be merged");
    return pause_ ? pause_() : Status();
  };
  const auto done = segments::merge_segments(
      env_.file_system, path, identity, inputs,
      planned.first == 0 ? segments::Tombstones::kDrop : segments::Tombstones::kKeep,
      linked_bytes_min_, pause);
  if (gave_way) return false;
  const auto merged = TRY(done);
  const auto complete = [&]() -> Status {
    TRY(planned.version->segments->check_mappings());
    if (!merged) return {};
    auto segment = TRY(segments::Segment::open(env_.file_system, path, *merged, identity));
    replacement.replaced = merged->rows + replaced - rows;
    TRY(env_.file_system.sync_directory(directory_of(path)));
    replacement.added = OpenSegment{std::move(segment), nullptr};
    return {};
  };
  if (const Status completed = complete(); !completed) {
    static_cast<void>(segments::unlink_segment(env_.file_system, path, segments::Links::kMaybe));
    return completed.error();
  }
  if (const Status published = ledger_.publish(std::span(&replacement, 1)); !published) {
    // Then the manifest does not name it.
    if (published.error().code() == ErrorCode::kDiskFull) {
      static_cast<void>(segments::unlink_segment(env_.file_system, path, segments::Links::kMaybe));
    }
    return published.error();
  }
  return true;
}

}  // namespace alcove::executor
