#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "executor/scram_verifier.h"
#include "parser/statement.h"
#include "segments/manifest_edit.h"

namespace alcove::executor {

using segments::kRoleNameBytesMax;
inline constexpr std::size_t kRoleGrantsMax = 1'000;    // of one role; setting role_grants_max
inline constexpr std::size_t kRolesMax = 2'000'000;     // setting roles_max

using parser::Privilege;

// Who logs in, and what they may do. Names of indexes and namespaces are only names: what they name
// may not be there yet, or any more. A plain value.
//
// Log and manifest keep a role under its name as
//
//   role      u8 format (1), u8 flags (1 login, 2 superuser, 4 password, 8 bound), u64 incarnation,
//             with a password: varint iterations, string salt, 32 bytes StoredKey, 32 ServerKey,
//             if bound: string index, string namespace,
//             varint number of grants, grants
//   grant     string index, u8 whether of one namespace (0, 1), string namespace if so,
//             u8 privileges (1 READ, 2 WRITE, 4 ADMIN)
//
// Valid if and only if used up exactly by this grammar; names are not empty and within their
// limits; iterations are 1 to 100,000 and the salt is 1 to 64 bytes; a bound role is no superuser
// and has no grants; grants are at most kRoleGrantsMax, ordered by index and, of one index, the
// index's own before its namespaces' by name, no two of the same, none without a privilege.
struct Role {
  struct Binding {
    std::string index;
    std::string name_space;
    bool operator==(const Binding&) const = default;
  };
  // An index as a whole, or one namespace of it.
  using Object = std::pair<std::string, std::optional<std::string>>;
  using Privileges = std::uint8_t;  // a bit for each

  std::string name;
  // Of no other role, also not of one that had the name before: a session stays its role's.
  std::uint64_t incarnation = 0;
  bool login = false;
  bool superuser = false;
  std::optional<ScramVerifier> verifier;
  std::optional<Binding> bound_to;
  std::map<Object, Privileges> grants;

  // Whether the role has the privilege on an index as a whole, or one that implies it.
  bool may(Privilege privilege, const std::string& index) const;
  // On one namespace: also by its index's grant.
  bool may(Privilege privilege, const std::string& index, const std::string& name_space) const;
  // Whether it has any right on anything of the index.
  bool knows(const std::string& index) const;

  bool operator==(const Role&) const = default;
};

constexpr Role::Privileges bit_of(Privilege privilege) {
  return static_cast<Role::Privileges>(1U << static_cast<unsigned>(privilege));
}
const char* privilege_name(Privilege privilege);

void encode_role(const Role& role, std::string& out);
// Errors: kCorruption.
Result<Role> decode_role(std::string_view name, std::string_view bytes);
// Of an encoded role, without decoding it: whether it is a superuser that may log in with a
// password. False where the bytes are no role.
bool is_password_superuser(std::string_view bytes);

}  // namespace alcove::executor
