#include "server/connection_registry.h"

#include <limits>
#include <utility>

namespace alcove::server {
namespace {

// Takes the same time wherever the two differ, so that a key cannot be found part by part.
bool equal_in_constant_time(std::uint32_t a, std::uint32_t b) {
  const volatile std::uint32_t difference = a ^ b;
  return difference == 0;
}

}  // namespace

Result<ConnectionRegistry::Key> ConnectionRegistry::add(Owner owner) {
  const auto secret_key = static_cast<std::uint32_t>(random_.u64());
  const std::lock_guard lock(mutex_);
  if (entries_.size() >= sessions_max_) {
    return Error(ErrorCode::kTooManyConnections, "sorry, too many clients already");
  }
  if (!owner.group.empty()) {
    std::size_t& count = group_counts_[owner.group];
    if (count >= owner.group_max) {
      return fail(ErrorCode::kTooManyConnections, "too many connections for role \"{}\"",
                  owner.user);
    }
    ++count;
  }
  // Not counted up: that would tell each client how many others come.
  std::int32_t process_id = 0;
  while (process_id == 0 || entries_.contains(process_id)) {
    process_id = static_cast<std::int32_t>(random_.u64() &
                                           std::numeric_limits<std::int32_t>::max());
  }
  entries_.emplace(process_id, Entry{.secret_key = secret_key,
                                     .owner = std::move(owner),
                                     .receiver = {}});
  return Key{.process_id = process_id, .secret_key = secret_key};
}

void ConnectionRegistry::connect(std::int32_t process_id, Receiver receiver) {
  const std::lock_guard lock(mutex_);
  entries_.at(process_id).receiver = std::move(receiver);
}

void ConnectionRegistry::disconnect(std::int32_t process_id) {
  const std::lock_guard lock(mutex_);
  entries_.at(process_id).receiver = nullptr;
}

void ConnectionRegistry::remove(std::int32_t process_id) {
  const std::lock_guard lock(mutex_);
  const auto entry = entries_.find(process_id);
  const auto group = group_counts_.find(entry->second.owner.group);
  if (group != group_counts_.end() && --group->second == 0) group_counts_.erase(group);
  entries_.erase(entry);
  if (entries_.empty()) emptied_.notify_all();
}

void ConnectionRegistry::cancel(Key key) {
  const std::lock_guard lock(mutex_);
  const auto entry = entries_.find(key.process_id);
  if (entry == entries_.end() || !entry->second.receiver) return;
  if (equal_in_constant_time(entry->second.secret_key, key.secret_key)) {
    entry->second.receiver(SessionSignal::kCancel);
  }
}

bool ConnectionRegistry::signal(std::int32_t process_id, SessionSignal signal,
                                const std::optional<std::string>& user) {
  const std::lock_guard lock(mutex_);
  const auto entry = entries_.find(process_id);
  if (entry == entries_.end() || !entry->second.receiver) return false;
  if (user && entry->second.owner.user != *user) return false;
  entry->second.receiver(signal);
  return true;
}

void ConnectionRegistry::signal_all(SessionSignal signal) {
  const std::lock_guard lock(mutex_);
  for (const auto& [process_id, entry] : entries_) {
    if (entry.receiver) entry.receiver(signal);
  }
}

std::size_t ConnectionRegistry::count() const {
  const std::lock_guard lock(mutex_);
  return entries_.size();
}

bool ConnectionRegistry::wait_until_empty(std::chrono::milliseconds timeout) {
  std::unique_lock lock(mutex_);
  return emptied_.wait_for(lock, timeout, [this] { return entries_.empty(); });
}

}  // namespace alcove::server
