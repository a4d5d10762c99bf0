#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "base/env.h"
#include "segments/dead_rows.h"
#include "segments/segment.h"

namespace alcove::executor {

struct OpenSegment {
  std::shared_ptr<const segments::Segment> segment;
  std::shared_ptr<const segments::DeadRows> dead;
};

// Kills in `older` every row whose id stands in `newer`, as row or tombstone. Returns how many were
// alive until now.
Result<std::uint64_t> kill_rows(std::vector<OpenSegment>& older, const segments::Segment& newer);

// The sealed segments of one namespace at one time, oldest first. Opened at the first use, so that a
// namespace that is only written to, or not used at all, holds no mapping. Immutable but for that;
// thread-safe; shared by all versions that have the same segments.
class SegmentSet {
 public:
  SegmentSet(FileSystem& file_system, std::string directory, segments::SegmentIdentity identity,
             std::string owner, std::vector<segments::SegmentDescriptor> descriptors)
      : file_system_(file_system),
        directory_(std::move(directory)),
        identity_(identity),
        owner_(std::move(owner)),
        descriptors_(std::move(descriptors)) {}

  // A set of already open segments.
  SegmentSet(FileSystem& file_system, std::string directory, segments::SegmentIdentity identity,
             std::string owner, std::vector<OpenSegment> open);

  const std::vector<segments::SegmentDescriptor>& descriptors() const { return descriptors_; }
  // `namespace "tenant1" of index "app"`, for errors.
  const std::string& owner() const { return owner_; }

  // The open segments; opens them at the first call. A failure is not remembered.
  // Errors: kCorruption naming the namespace and the file, kIo.
  Result<std::span<const OpenSegment>> open() const;
  bool is_open() const { return opened_.load(std::memory_order_acquire); }

  // How many files are mapped for it now.
  std::size_t mapped_files() const;

  // kCorruption if a page of any of them could not be read: to be asked before replying.
  Status check_mappings() const;

  // `error` with the namespace named, once, as users are told of damage.
  Error blame(const Error& error) const {
    return error.message().starts_with(owner_) ? error : error.in(owner_);
  }

 private:
  FileSystem& file_system_;
  std::string directory_;
  segments::SegmentIdentity identity_;
  std::string owner_;
  std::vector<segments::SegmentDescriptor> descriptors_;
  mutable std::mutex mutex_;
  mutable std::atomic<bool> opened_{false};
  mutable std::vector<OpenSegment> open_;
};

}  // namespace alcove::executor
