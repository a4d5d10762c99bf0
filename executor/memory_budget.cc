#include "executor/memory_budget.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/check.h"

namespace alcove::executor {

std::shared_ptr<segments::Memtable> MemoryBudget::make_memtable(std::uint32_t dimension) {
  auto memtable = std::make_unique<segments::Memtable>(dimension);
  CHECK(growth(*memtable) == 0, "all memtables begin with the same size");
  return {memtable.release(), [this](segments::Memtable* gone) {
            forget(*gone);
            delete gone;
            let_in();
          }};
}

void MemoryBudget::note_kept(const segments::Memtable& memtable) {
  std::lock_guard lock(mutex_);
  if (!kept_ones_.insert(&memtable).second) return;
  kept_.fetch_add(growth(memtable), std::memory_order_relaxed);
  used_.fetch_sub(growth(memtable), std::memory_order_relaxed);
}

void MemoryBudget::forget(const segments::Memtable& memtable) {
  std::lock_guard lock(mutex_);
  auto& counted = kept_ones_.erase(&memtable) > 0 ? kept_ : used_;
  counted.fetch_sub(growth(memtable), std::memory_order_relaxed);
}

MemoryBudget::Room MemoryBudget::room_for(Writer writer) const {
  const bool full = used_bytes() > bytes_max_;
  if (full && disk_full_.load(std::memory_order_relaxed)) return Room::kNever;
  const bool must_wait = full || (keeps_too_much() && writer == Writer::kWithoutSnapshot);
  return must_wait ? Room::kLater : Room::kNow;
}

Result<bool> MemoryBudget::has_room(Writer writer) const {
  const Room room = room_for(writer);
  if (room != Room::kNever) return room == Room::kNow;
  return Error(ErrorCode::kDiskFull, "the disk is full: what is written cannot leave memory")
      .with_hint("Free space or drop namespaces; then writing goes on by itself.");
}

void MemoryBudget::when_room(Writer writer, std::function<void()> ready) {
  {
    std::lock_guard lock(mutex_);
    if (room_for(writer) == Room::kLater) {
      waiting_.push_back({writer, std::move(ready)});
      return;
    }
  }
  ready();
}

void MemoryBudget::set_disk_full(bool disk_full) {
  disk_full_.store(disk_full, std::memory_order_relaxed);
  let_in();
}

void MemoryBudget::let_in() {
  std::vector<Waiting> let;
  {
    std::lock_guard lock(mutex_);
    const auto still =
        std::partition(waiting_.begin(), waiting_.end(),
                       [this](const Waiting& each) { return room_for(each.writer) == Room::kLater; });
    let.assign(std::move_iterator(still), std::move_iterator(waiting_.end()));
    waiting_.erase(still, waiting_.end());
  }
  for (const Waiting& each : let) each.ready();
}

}  // namespace alcove::executor
