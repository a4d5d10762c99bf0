#include "executor/memory_budget.h"

#include <utility>

namespace alcove::executor {

std::shared_ptr<segments::Memtable> MemoryBudget::make_memtable(std::uint32_t dimension) {
  auto memtable = std::make_unique<segments::Memtable>(dimension);
  const std::size_t empty_bytes = memtable->bytes();
  return {memtable.release(), [this, empty_bytes](segments::Memtable* gone) {
            used_.fetch_sub(gone->bytes() - empty_bytes, std::memory_order_relaxed);
            delete gone;
            let_in();
          }};
}

Result<bool> MemoryBudget::has_room() const {
  if (used_bytes() <= bytes_max_) return true;
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
