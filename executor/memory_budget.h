#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "base/result.h"
#include "segments/memtable.h"

namespace alcove::executor {

// The memory of all memtables together. What a memtable grew by counts until the last reader has let
// go of it. Past `bytes` the background seals some; past `bytes_max` writers wait. Thread-safe;
// outlives the memtables it made.
class MemoryBudget {
 public:
  MemoryBudget(std::uint64_t bytes, std::uint64_t bytes_max)
      : bytes_(bytes), bytes_max_(bytes_max) {}

  std::shared_ptr<segments::Memtable> make_memtable(std::uint32_t dimension);
  void note_growth(std::uint64_t bytes) { used_.fetch_add(bytes, std::memory_order_relaxed); }

  std::uint64_t bytes() const { return bytes_; }
  std::uint64_t used_bytes() const { return used_.load(std::memory_order_relaxed); }
  bool over_budget() const { return used_bytes() > bytes_; }

  // Whether a writer may add to the memtables now. Errors: kDiskFull when there is no room and
  // sealing does not help, because the disk is full.
  Result<bool> has_room() const;
  // After has_room() said false: calls `ready` once when asking again makes sense, from any thread.
  void when_room(std::function<void()> ready);
  void set_disk_full(bool disk_full);

 private:
  bool must_wait() const {
    return used_bytes() > bytes_max_ && !disk_full_.load(std::memory_order_relaxed);
  }
  void let_in();

  const std::uint64_t bytes_;
  const std::uint64_t bytes_max_;
  std::atomic<std::uint64_t> used_{0};
  std::atomic<bool> disk_full_{false};
  std::mutex mutex_;
  std::vector<std::function<void()>> waiting_;
};

}  // namespace alcove::executor
