#include "executor/access.h"

namespace alcove::executor {

const Role::Binding* Access::binding() const {
  return role_ != nullptr && role_->bound_to ? &*role_->bound_to : nullptr;
}

Status Access::check_superuser(const char* statement) const {
  if (is_superuser()) return {};
  return fail(ErrorCode::kNotGranted, "permission denied: only a superuser may {}", statement);
}

Status Access::check_index(Privilege privilege, const std::string& index,
                           std::size_t offset) const {
  if (role_ == nullptr || role_->may(privilege, index)) return {};
  return fail(ErrorCode::kNotGranted, "permission denied for index \"{}\"", index).at(offset);
}

Status Access::check_namespace(Privilege privilege, const std::string& index,
                               const std::string& name_space, std::size_t offset) const {
  if (role_ == nullptr || role_->may(privilege, index, name_space)) return {};
  return fail(ErrorCode::kNotGranted, "permission denied for namespace \"{}\" of index \"{}\"",
              name_space, index)
      .at(offset);
}

Status Access::check_knows(const std::string& index, std::size_t offset) const {
  if (role_ == nullptr || role_->knows(index)) return {};
  return fail(ErrorCode::kNotGranted, "permission denied for index \"{}\"", index).at(offset);
}

std::optional<std::vector<std::string>> Access::readable_namespaces(
    const std::string& index) const {
  if (role_ == nullptr || role_->may(Privilege::kRead, index)) return std::nullopt;
  std::vector<std::string> names;
  if (role_->bound_to && role_->bound_to->index == index) {
    names.push_back(role_->bound_to->name_space);
  }
  for (auto grant = role_->grants.lower_bound({index, std::nullopt});
       grant != role_->grants.end() && grant->first.first == index; ++grant) {
    names.push_back(*grant->first.second);
  }
  return names;
}

std::optional<std::vector<std::string>> Access::known_indexes() const {
  if (is_superuser()) return std::nullopt;
  std::vector<std::string> names;
  if (role_->bound_to) names.push_back(role_->bound_to->index);
  for (const auto& [object, privileges] : role_->grants) {
    if (names.empty() || names.back() != object.first) names.push_back(object.first);
  }
  return names;
}

}  // namespace alcove::executor
