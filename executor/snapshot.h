#pragma once

#include <atomic>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "base/ids.h"

namespace alcove::executor {

class SnapshotRegistry;

// A state of the whole database that a reader holds: everything committed up to lsn(), nothing
// after. Held means that what it needs stays reachable: old versions of namespaces, dropped ones,
// and their files. Movable; the registry outlives it.
class Snapshot {
 public:
  Snapshot() = default;
  ~Snapshot() { release(); }
  Snapshot(Snapshot&& other) noexcept { *this = std::move(other); }
  Snapshot& operator=(Snapshot&& other) noexcept {
    if (this != &other) {
      release();
      registry_ = std::exchange(other.registry_, nullptr);
      place_ = other.place_;
      lsn_ = other.lsn_;
    }
    return *this;
  }

  bool held() const { return registry_ != nullptr; }
  Lsn lsn() const { return lsn_; }
  void release();

 private:
  friend class SnapshotRegistry;
  struct Held {
    std::uint64_t ticket;
    Lsn lsn;
  };
  SnapshotRegistry* registry_ = nullptr;
  std::list<Held>::iterator place_;
  Lsn lsn_ = 0;
};

// The snapshots that are held, and visible_lsn, at which new ones are taken. Thread-safe.
//
// Tickets number the acquisitions. What stops being reachable for new readers at some moment may be
// destroyed once every snapshot acquired up to that moment is released: remember next_ticket()
// then, and wait until oldest_ticket() has reached it.
class SnapshotRegistry {
 public:
  Snapshot acquire();

  // Every commit up to here is applied. Release order: who sees it sees what was applied.
  Lsn visible_lsn() const { return visible_lsn_.load(std::memory_order_acquire); }
  void publish(Lsn lsn) { visible_lsn_.store(lsn, std::memory_order_release); }

  std::uint64_t next_ticket() const;
  std::uint64_t oldest_ticket() const;  // next_ticket() when none is held
  Lsn oldest_lsn() const;               // visible_lsn() when none is held
  // Those of all that are held, and visible_lsn(); ascending, each once. What is acquired later is
  // not below the last.
  std::vector<Lsn> held_lsns() const;

 private:
  friend class Snapshot;
  mutable std::mutex mutex_;
  std::list<Snapshot::Held> held_;  // by ticket; LSNs do not fall
  std::uint64_t next_ticket_ = 1;
  std::atomic<Lsn> visible_lsn_{0};
};

}  // namespace alcove::executor
