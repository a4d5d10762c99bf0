#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "executor/role.h"

namespace alcove::executor {

// The roles that exist, as the last commit left them: there is no older state to look at, so that
// what is taken away is gone for the very next statement. Thread-safe; its lock is the innermost.
//
// A role is kept as its encoded bytes, some 250 in all for one that is bound to a namespace.
class RoleTable {
 public:
  // The role, decoded; none if there is none of this name.
  std::optional<Role> find(std::string_view name) const;
  bool contains(std::string_view name) const;
  std::size_t size() const;
  // Names above `after` with their encoded roles, in order, at most `limit`.
  std::vector<std::pair<std::string, std::string>> encoded(
      const std::optional<std::string>& after, std::size_t limit) const;

  // Superusers that may log in with a password. While there is none, the server is open: whoever
  // comes from this machine is let in, and may do anything.
  std::size_t password_superusers() const { return password_superusers_.load(); }

  // Grows with every change: what was found is true as long as it stands still.
  std::uint64_t version() const { return version_.load(std::memory_order_acquire); }

  // ---- for the applier and recovery ----
  // Requires: `role` is a valid encoded role.
  void put(std::string_view name, std::string_view role);
  void drop(std::string_view name);

 private:
  mutable std::shared_mutex mutex_;
  std::map<std::string, std::string, std::less<>> roles_;
  std::atomic<std::size_t> password_superusers_{0};
  std::atomic<std::uint64_t> version_{1};
};

}  // namespace alcove::executor
