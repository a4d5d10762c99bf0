#include "executor/role_table.h"

#include <mutex>

#include "base/check.h"

namespace alcove::executor {

std::optional<Role> RoleTable::find(std::string_view name) const {
  std::string bytes;
  {
    std::shared_lock lock(mutex_);
    const auto place = roles_.find(name);
    if (place == roles_.end()) return std::nullopt;
    bytes = place->second;
  }
  auto role = decode_role(name, bytes);
  CHECK(role.has_value(), "a role in the table decodes");
  return *std::move(role);
}

bool RoleTable::contains(std::string_view name) const {
  std::shared_lock lock(mutex_);
  return roles_.contains(name);
}

std::size_t RoleTable::size() const {
  std::shared_lock lock(mutex_);
  return roles_.size();
}

std::vector<std::pair<std::string, std::string>> RoleTable::encoded(
    const std::optional<std::string>& after, std::size_t limit) const {
  std::vector<std::pair<std::string, std::string>> all;
  std::shared_lock lock(mutex_);
  for (auto place = after ? roles_.upper_bound(*after) : roles_.begin();
       place != roles_.end() && all.size() < limit; ++place) {
    all.emplace_back(*place);
  }
  return all;
}

void RoleTable::put(std::string_view name, std::string_view role) {
  std::unique_lock lock(mutex_);
  std::string& kept = roles_[std::string(name)];
  if (is_password_superuser(kept)) --password_superusers_;
  kept = role;
  if (is_password_superuser(kept)) ++password_superusers_;
  version_.fetch_add(1, std::memory_order_release);
}

void RoleTable::drop(std::string_view name) {
  std::unique_lock lock(mutex_);
  const auto place = roles_.find(name);
  if (place == roles_.end()) return;
  if (is_password_superuser(place->second)) --password_superusers_;
  roles_.erase(place);
  version_.fetch_add(1, std::memory_order_release);
}

}  // namespace alcove::executor
