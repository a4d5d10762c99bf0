#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "base/result.h"
#include "executor/role.h"

namespace alcove::executor {

// What a statement changes about a role. A transaction looks at what it would make of the role as it
// is now; its commit makes it of the role as it is then, so that no change undoes another's.
struct RoleRequest {
  struct Create {
    std::uint64_t incarnation = 0;
  };
  struct Drop {
    bool if_exists = false;
  };
  // What CREATE and ALTER say; what is not said stays as it is.
  struct Options {
    std::optional<bool> login;
    std::optional<bool> superuser;
    std::optional<std::optional<ScramVerifier>> verifier;
    std::optional<Role::Binding> bound_to;
  };
  struct Alter {};
  struct Grant {
    Role::Object object;
    Privilege privilege = Privilege::kRead;
    bool revoke = false;
  };

  std::string role;
  std::variant<Create, Alter, Drop, Grant> what;
  Options options;  // of Create and Alter
};

// The role that the request makes of `before`; none where there is none then. Errors: kRoleExists,
// kUndefinedObject for a role that does not exist, kInvalidValue for one that may not be so,
// kLimitExceeded past kRoleGrantsMax.
Result<std::optional<Role>> change_role(const RoleRequest& request,
                                        const std::optional<Role>& before);

}  // namespace alcove::executor
