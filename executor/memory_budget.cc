#include "executor/memory_budget.h"

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

void MemoryBudget::note_flushed(const segments::Memtable& memtable) {
  {
    std::lock_guard lock(mutex_);
    CHECK(flushed_.insert(&memtable).second, "a memtable is flushed once");
    kept_.fetch_add(growth(memtable), std::memory_order_relaxed);
    used_.fetch_sub(growth(memtable), std::memory_order_relaxed);
  }
  let_in();
}

void MemoryBudget::forget(const segments::Memtable& memtable) {
  std::lock_guard lock(mutex_);
  auto& counted = flushed_.erase(&memtable) > 0 ? kept_ : used_;
  counted.fetch_sub(growth(memtable), std::memory_order_relaxed);
}

Result<bool> MemoryBudget::has_room() const {
  if (!is_full()) return true;
  if (!disk_full_.load(std::memory_order_relaxed)) return false;
  return Error(ErrorCode::kDiskFull, "the disk is full: what is written cannot leave memory")
      .with_hint("Free space or drop namespaces; then writing goes on by itself.");
}

void MemoryBudget::when_room(std::function<void()> ready) {
  {
    std::lock_guard lock(mutex_);
    if (must_wait()) {
      waiting_.push_back(std::move(ready));
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
  std::vector<std::function<void()>> ready;
  {
    std::lock_guard lock(mutex_);
    if (waiting_.empty() || must_wait()) return;
    ready.swap(waiting_);
  }
  for (auto& call : ready) call();
}

}  // namespace alcove::executor
