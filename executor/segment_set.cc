#include "executor/segment_set.h"

#include "base/waiting.h"

namespace alcove::executor {

Result<std::uint64_t> kill_rows(std::vector<OpenSegment>& older,
                                const segments::Segment& newer) {
  std::uint64_t replaced = 0;
  for (OpenSegment& each : older) {
    const std::uint32_t before = each.dead ? each.dead->count() : 0;
    auto dead = each.dead ? std::make_shared<segments::DeadRows>(*each.dead)
                          : std::make_shared<segments::DeadRows>(each.segment->rows());
    TRY(segments::kill_replaced(*each.segment, newer, *dead));
    if (dead->count() == before) continue;
    replaced += dead->count() - before;
    each.dead = std::move(dead);
  }
  return replaced;
}

SegmentSet::SegmentSet(FileSystem& file_system, std::string directory,
                       segments::SegmentIdentity identity, std::string owner,
                       std::vector<OpenSegment> open)
    : file_system_(file_system),
      directory_(std::move(directory)),
      identity_(identity),
      owner_(std::move(owner)),
      opened_(true),
      open_(std::move(open)) {
  for (const OpenSegment& each : open_) descriptors_.push_back(each.segment->descriptor());
}

Result<std::span<const OpenSegment>> SegmentSet::open() const {
  if (is_open()) return std::span<const OpenSegment>(open_);
  about_to_wait();
  std::lock_guard lock(mutex_);
  if (is_open()) return std::span<const OpenSegment>(open_);
  std::vector<std::shared_ptr<const segments::Segment>> opened;
  for (const segments::SegmentDescriptor& descriptor : descriptors_) {
    segments::SegmentIdentity identity = identity_;
    identity.file = descriptor.file;
    auto segment = segments::Segment::open(
        file_system_, segments::segment_path(directory_, descriptor.file), descriptor, identity);
    if (!segment) return blame(segment.error());
    opened.push_back(std::move(*segment));
  }
  auto dead = segments::find_dead_rows(opened);
  if (!dead) return blame(dead.error());
  open_.resize(opened.size());
  for (std::size_t i = 0; i < opened.size(); ++i) open_[i] = {opened[i], (*dead)[i]};
  opened_.store(true, std::memory_order_release);
  return std::span<const OpenSegment>(open_);
}

std::size_t SegmentSet::mapped_files() const {
  if (!is_open()) return 0;
  std::size_t files = 0;
  for (const OpenSegment& each : open_) files += each.segment->vector_files().size();
  return files;
}

Status SegmentSet::check_mappings() const {
  if (!is_open() || !file_system_.mappings_faulted()) return {};
  for (const OpenSegment& each : open_) {
    if (Status status = each.segment->check_mapping(); !status) return blame(status.error());
  }
  return {};
}

}  // namespace alcove::executor
