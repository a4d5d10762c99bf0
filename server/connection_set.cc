#include "server/connection_set.h"

#include <utility>

#include "server/connection.h"

namespace alcove::server {

// The references are dropped only after the lock: the last one destroys a connection, whose place
// asks for the lock again.
void ConnectionSet::for_each(const std::function<void(Connection&)>& visit) const {
  std::vector<std::shared_ptr<Connection>> connections;
  {
    const std::lock_guard lock(mutex_);
    connections.reserve(connections_.size());
    for (const auto& [place, weak] : connections_) {
      if (auto connection = weak.lock()) connections.push_back(std::move(connection));
    }
  }
  for (const auto& connection : connections) visit(*connection);
}

void ConnectionSet::wait_until_empty() {
  std::unique_lock lock(mutex_);
  emptied_.wait(lock, [this] { return connections_.empty(); });
}

std::size_t ConnectionSet::count() const {
  const std::lock_guard lock(mutex_);
  return connections_.size();
}

void ConnectionSet::take(const Place& place) {
  const std::lock_guard lock(mutex_);
  connections_.emplace(&place, std::weak_ptr<Connection>());
}

void ConnectionSet::give_back(const Place& place) {
  const std::lock_guard lock(mutex_);
  connections_.erase(&place);
  if (connections_.empty()) emptied_.notify_all();
}

void ConnectionSet::fill(const Place& place, std::weak_ptr<Connection> connection) {
  const std::lock_guard lock(mutex_);
  connections_.at(&place) = std::move(connection);
}

}  // namespace alcove::server
