#include "executor/snapshot.h"

namespace alcove::executor {

void Snapshot::release() {
  if (registry_ == nullptr) return;
  std::lock_guard lock(registry_->mutex_);
  registry_->held_.erase(place_);
  registry_ = nullptr;
}

Snapshot SnapshotRegistry::acquire() {
  Snapshot snapshot;
  std::lock_guard lock(mutex_);
  // Under the lock, so that LSNs rise with tickets.
  snapshot.lsn_ = visible_lsn();
  held_.push_back({next_ticket_++, snapshot.lsn_});
  snapshot.place_ = std::prev(held_.end());
  snapshot.registry_ = this;
  return snapshot;
}

std::uint64_t SnapshotRegistry::next_ticket() const {
  std::lock_guard lock(mutex_);
  return next_ticket_;
}

std::uint64_t SnapshotRegistry::oldest_ticket() const {
  std::lock_guard lock(mutex_);
  return held_.empty() ? next_ticket_ : held_.front().ticket;
}

Lsn SnapshotRegistry::oldest_lsn() const {
  std::lock_guard lock(mutex_);
  return held_.empty() ? visible_lsn() : held_.front().lsn;
}

std::vector<Lsn> SnapshotRegistry::held_lsns() const {
  std::vector<Lsn> lsns;
  std::lock_guard lock(mutex_);
  for (const Snapshot::Held& held : held_) {
    if (lsns.empty() || lsns.back() != held.lsn) lsns.push_back(held.lsn);
  }
  if (lsns.empty() || lsns.back() != visible_lsn()) lsns.push_back(visible_lsn());
  return lsns;
}

}  // namespace alcove::executor
