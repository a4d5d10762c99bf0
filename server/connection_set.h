#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

namespace alcove::server {

class Connection;

// Every connection that is not yet destroyed, those without a session too, so that stopping can
// reach and outlast all of them. Thread-safe.
class ConnectionSet {
 public:
  // A connection's place in the set, given back when it is destroyed.
  class Place {
   public:
    explicit Place(ConnectionSet& set) : set_(set) { set_.take(*this); }
    ~Place() { set_.give_back(*this); }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

    // From now on for_each() reaches the connection.
    void fill(std::weak_ptr<Connection> connection) { set_.fill(*this, std::move(connection)); }

   private:
    ConnectionSet& set_;
  };

  void for_each(const std::function<void(Connection&)>& visit) const;
  void wait_until_empty();
  std::size_t count() const;

 private:
  void take(const Place& place);
  void give_back(const Place& place);
  void fill(const Place& place, std::weak_ptr<Connection> connection);

  mutable std::mutex mutex_;
  std::condition_variable emptied_;
  std::unordered_map<const Place*, std::weak_ptr<Connection>> connections_;
};

}  // namespace alcove::server
