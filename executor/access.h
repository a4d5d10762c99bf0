#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "executor/role.h"

namespace alcove::executor {

// What a session's role may do, as of the moment at which Session::access() was asked: to be asked
// anew for each statement, and never kept. Everything that names an index or a namespace passes
// here before it is looked up, so that who has no right on a name gets the same error (kNotGranted)
// whether or not it exists. A plain value.
class Access {
 public:
  // Of who was let in without a password: may do everything.
  Access() = default;
  // Requires: not null. Of a role that was dropped: one without rights.
  explicit Access(std::shared_ptr<const Role> role) : role_(std::move(role)) {}

  bool is_superuser() const { return role_ == nullptr || role_->superuser; }
  // Where the role lives, if it is bound.
  const Role::Binding* binding() const;

  // `statement`: in the error's words, such as CREATE INDEX.
  Status check_superuser(const char* statement) const;
  Status check_index(Privilege privilege, const std::string& index, std::size_t offset) const;
  Status check_namespace(Privilege privilege, const std::string& index,
                         const std::string& name_space, std::size_t offset) const;
  // Whether the role has some right on something of the index, and so may know that it is there.
  Status check_knows(const std::string& index, std::size_t offset) const;

  // Names of the namespaces of an index that the role may read, in order; nullopt: all of them.
  std::optional<std::vector<std::string>> readable_namespaces(const std::string& index) const;
  // Names of the indexes that it knows, in order; nullopt: all of them.
  std::optional<std::vector<std::string>> known_indexes() const;

 private:
  std::shared_ptr<const Role> role_;  // null: may do everything
};

}  // namespace alcove::executor
