#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <unordered_set>
#include <vector>

#include "base/result.h"
#include "segments/memtable.h"

namespace alcove::executor {

// The memory of all memtables together: what they grew by. What is not in segments yet is used: past
// `bytes` the background flushes some, past `bytes_max` writers wait. What is in segments is kept until
// the last reader that began before has let go of it. That no flush makes less, so it counts apart, or
// one idle reader would stop every writer; writers wait past kKeptShare times `bytes_max`. Thread-safe;
// outlives the memtables it made.
class MemoryBudget {
 public:
  MemoryBudget(std::uint64_t bytes, std::uint64_t bytes_max)
      : bytes_(bytes), bytes_max_(bytes_max) {}

  std::shared_ptr<segments::Memtable> make_memtable(std::uint32_t dimension);
  void note_growth(std::uint64_t bytes) { used_.fetch_add(bytes, std::memory_order_relaxed); }
  // All that the memtable holds is in segments, and nothing will be added. Requires: said once.
  void note_flushed(const segments::Memtable& memtable);

  std::uint64_t bytes() const { return bytes_; }
  std::uint64_t used_bytes() const { return used_.load(std::memory_order_relaxed); }
  std::uint64_t kept_bytes() const { return kept_.load(std::memory_order_relaxed); }
  bool over_budget() const { return used_bytes() > bytes_; }

  // Whether a writer may add to the memtables now. Errors: kDiskFull when there is no room and
  // sealing does not help, because the disk is full.
  Result<bool> has_room() const;
  // After has_room() said false: calls `ready` once when asking again makes sense, from any thread.
  void when_room(std::function<void()> ready);
  void set_disk_full(bool disk_full);

 private:
  static constexpr std::uint64_t kKeptShare = 2;

  bool is_full() const {
    return used_bytes() > bytes_max_ || kept_bytes() > kKeptShare * bytes_max_;
  }
  bool must_wait() const { return is_full() && !disk_full_.load(std::memory_order_relaxed); }
  std::uint64_t growth(const segments::Memtable& memtable) const {
    return memtable.bytes() - empty_bytes_;
  }
  void forget(const segments::Memtable& memtable);
  void let_in();

  const std::uint64_t bytes_;
  const std::uint64_t bytes_max_;
  const std::uint64_t empty_bytes_ = segments::Memtable(1).bytes();
  std::atomic<std::uint64_t> used_{0};
  std::atomic<std::uint64_t> kept_{0};
  std::atomic<bool> disk_full_{false};
  std::mutex mutex_;
  std::unordered_set<const segments::Memtable*> flushed_;  // of the living
  std::vector<std::function<void()>> waiting_;
};

}  // namespace alcove::executor
