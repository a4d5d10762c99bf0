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

// The memory of all memtables together: what they grew by. What is to be flushed is used: past `bytes`
// the background flushes some, past `bytes_max` writers wait. What is in segments, or was dropped, is
// kept until the last reader that began before has let go of it. No flush makes that less, so it counts
// apart: one idle reader does not stop every writer. Past kKeptShare times `bytes_max` of it writers
// wait all the same, but for those that keep a snapshot themselves: they might wait for each other.
// Thread-safe; outlives the memtables it made.
class MemoryBudget {
 public:
  MemoryBudget(std::uint64_t bytes, std::uint64_t bytes_max)
      : bytes_(bytes), bytes_max_(bytes_max) {}

  std::shared_ptr<segments::Memtable> make_memtable(std::uint32_t dimension);
  void note_growth(std::uint64_t bytes) { used_.fetch_add(bytes, std::memory_order_relaxed); }
  // It will not be flushed any more, and nothing will be added. Costs nothing when said twice. Then
  // let_in(), once no lock is held.
  void note_kept(const segments::Memtable& memtable);

  std::uint64_t bytes() const { return bytes_; }
  std::uint64_t used_bytes() const { return used_.load(std::memory_order_relaxed); }
  std::uint64_t kept_bytes() const { return kept_.load(std::memory_order_relaxed); }
  bool over_budget() const { return used_bytes() > bytes_; }

  bool keeps_too_much() const { return kept_bytes() > kKeptShare * bytes_max_; }

  enum class Writer : unsigned char { kWithoutSnapshot, kKeepsSnapshot };  // or may keep one
  // Whether the writer may add to the memtables now. Errors: kDiskFull when there is no room and
  // flushing does not help, because the disk is full.
  Result<bool> has_room(Writer writer) const;
  // After has_room() said false: calls `ready` once when asking again makes sense, from any thread.
  void when_room(Writer writer, std::function<void()> ready);
  void set_disk_full(bool disk_full);
  // Calls those for whom there is room.
  void let_in();

 private:
  static constexpr std::uint64_t kKeptShare = 2;
  struct Waiting {
    Writer writer;
    std::function<void()> ready;
  };

  enum class Room : unsigned char { kNow, kLater, kNever };
  Room room_for(Writer writer) const;
  std::uint64_t growth(const segments::Memtable& memtable) const {
    return memtable.bytes() - empty_bytes_;
  }
  void forget(const segments::Memtable& memtable);

  const std::uint64_t bytes_;
  const std::uint64_t bytes_max_;
  const std::uint64_t empty_bytes_ = segments::Memtable(1).bytes();
  std::atomic<std::uint64_t> used_{0};
  std::atomic<std::uint64_t> kept_{0};
  std::atomic<bool> disk_full_{false};
  std::mutex mutex_;
  std::unordered_set<const segments::Memtable*> kept_ones_;  // of the living
  std::vector<Waiting> waiting_;
};

}  // namespace alcove::executor
