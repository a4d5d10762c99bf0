#include "executor/role_request.h"

#include <utility>

namespace alcove::executor {
namespace {

using Changed = Result<std::optional<Role>>;

Status check_bound(const Role& role) {
  if (!role.bound_to) return {};
  if (role.superuser) {
    return fail(ErrorCode::kInvalidValue,
                "role \"{}\" cannot be a superuser and bound to a namespace", role.name);
  }
  if (!role.grants.empty()) {
    return fail(ErrorCode::kInvalidValue,
                "role \"{}\" cannot be bound to a namespace: it has grants", role.name)
        .with_hint("REVOKE them first.");
  }
  return {};
}

Changed with_options(Role role, const RoleRequest::Options& options) {
  if (options.login) role.login = *options.login;
  if (options.superuser) role.superuser = *options.superuser;
  if (options.verifier) role.verifier = *options.verifier;
  if (options.bound_to) role.bound_to = options.bound_to;
  TRY(check_bound(role));
  return std::optional(std::move(role));
}

Changed with_grant(Role role, const RoleRequest::Grant& grant) {
  if (grant.revoke) {
    const auto place = role.grants.find(grant.object);
    if (place == role.grants.end()) return std::optional(std::move(role));
    place->second = static_cast<Role::Privileges>(place->second & ~bit_of(grant.privilege));
    if (place->second == 0) role.grants.erase(place);
    return std::optional(std::move(role));
  }
  if (role.bound_to) {
    return fail(ErrorCode::kInvalidValue,
                "role \"{}\" is bound to namespace \"{}\" of index \"{}\" and takes no grants",
                role.name, role.bound_to->name_space, role.bound_to->index);
  }
  if (role.grants.size() >= kRoleGrantsMax && !role.grants.contains(grant.object)) {
    return fail(ErrorCode::kLimitExceeded, "a role has grants on at most role_grants_max = {} objects",
                kRoleGrantsMax)
        .with_hint("GRANT on the index instead, or share them out among several roles.");
  }
  Role::Privileges& privileges = role.grants[grant.object];
  privileges = static_cast<Role::Privileges>(privileges | bit_of(grant.privilege));
  return std::optional(std::move(role));
}

}  // namespace

Changed change_role(const RoleRequest& request, const std::optional<Role>& before) {
  if (const auto* create = std::get_if<RoleRequest::Create>(&request.what)) {
    if (before) return fail(ErrorCode::kRoleExists, "role \"{}\" already exists", request.role);
    Role role;
    role.name = request.role;
    role.incarnation = create->incarnation;
    return with_options(std::move(role), request.options);
  }
  const auto* drop = std::get_if<RoleRequest::Drop>(&request.what);
  if (!before) {
    if (drop != nullptr && drop->if_exists) return std::optional<Role>();
    return fail(ErrorCode::kUndefinedObject, "role \"{}\" does not exist", request.role);
  }
  if (drop != nullptr) return std::optional<Role>();
  if (const auto* grant = std::get_if<RoleRequest::Grant>(&request.what)) {
    return with_grant(*before, *grant);
  }
  return with_options(*before, request.options);
}

}  // namespace alcove::executor
