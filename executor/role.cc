#include "executor/role.h"

#include "base/bytes.h"
#include "base/record.h"
#include "base/sha256.h"

namespace alcove::executor {
namespace {

constexpr std::uint8_t kFormat = 1;
constexpr std::uint8_t kLogin = 1;
constexpr std::uint8_t kSuperuser = 2;
constexpr std::uint8_t kPassword = 4;
constexpr std::uint8_t kBound = 8;
constexpr std::uint8_t kFlags = kLogin | kSuperuser | kPassword | kBound;
constexpr std::uint8_t kPrivileges = 7;

// READ is implied by WRITE, and both by ADMIN: a higher bit.
bool implies(Role::Privileges held, Privilege asked) { return held >= bit_of(asked); }

std::uint8_t flags_of(const Role& role) {
  unsigned flags = 0;
  if (role.login) flags |= kLogin;
  if (role.superuser) flags |= kSuperuser;
  if (role.verifier) flags |= kPassword;
  if (role.bound_to) flags |= kBound;
  return static_cast<std::uint8_t>(flags);
}

// Reads what encode_role() wrote; refuses the reader where a field is out of range.
class Decoder {
 public:
  explicit Decoder(std::string_view bytes) : in_(bytes) {}

  Result<Role> read(std::string_view name) {
    Role role;
    role.name = name;
    const std::uint8_t format = in_.u8();
    const std::uint8_t flags = in_.u8();
    role.incarnation = in_.u64();
    role.login = (flags & kLogin) != 0;
    role.superuser = (flags & kSuperuser) != 0;
    if ((flags & kPassword) != 0) role.verifier = read_verifier();
    if ((flags & kBound) != 0) {
      role.bound_to.emplace();
      role.bound_to->index = read_name(kIndexNameBytesMax);
      role.bound_to->name_space = read_name(kNamespaceNameBytesMax);
    }
    read_grants(role);
    const bool contradicts = role.bound_to && (role.superuser || !role.grants.empty());
    if (!in_.at_end() || format != kFormat || flags > kFlags || contradicts || name.empty() ||
        name.size() > kRoleNameBytesMax) {
      return Error(ErrorCode::kCorruption, "a role makes no sense");
    }
    return role;
  }

 private:
  std::string read_name(std::size_t bytes_max) {
    const std::string_view name = in_.string();
    if (name.empty() || name.size() > bytes_max) in_.refuse();
    return std::string(name);
  }

  ScramVerifier read_verifier() {
    ScramVerifier verifier;
    const std::uint64_t iterations = in_.varint();
    if (iterations < 1 || iterations > ScramVerifier::kIterationsMax) in_.refuse();
    verifier.iterations = static_cast<std::uint32_t>(iterations);
    verifier.salt = read_name(ScramVerifier::kSaltBytesMax);
    verifier.stored_key = in_.raw(kSha256Bytes);
    verifier.server_key = in_.raw(kSha256Bytes);
    return verifier;
  }

  void read_grants(Role& role) {
    const std::uint64_t count = in_.varint();
    if (count > kRoleGrantsMax) in_.refuse();
    for (std::uint64_t i = 0; i < count && in_.ok(); ++i) {
      Role::Object object;
      object.first = read_name(kIndexNameBytesMax);
      const std::uint8_t of_namespace = in_.u8();
      if (of_namespace == 1) object.second = read_name(kNamespaceNameBytesMax);
      const Role::Privileges privileges = in_.u8();
      const bool ordered = role.grants.empty() || role.grants.rbegin()->first < object;
      if (of_namespace > 1 || privileges == 0 || privileges > kPrivileges || !ordered) in_.refuse();
      role.grants.emplace_hint(role.grants.end(), std::move(object), privileges);
    }
  }

  ByteReader in_;
};

}  // namespace

bool Role::may(Privilege privilege, const std::string& index) const {
  if (superuser) return true;
  const auto own = grants.find({index, std::nullopt});
  return own != grants.end() && implies(own->second, privilege);
}

bool Role::may(Privilege privilege, const std::string& index,
               const std::string& name_space) const {
  if (bound_to) {
    return privilege != Privilege::kAdmin && *bound_to == Binding{index, name_space};
  }
  if (may(privilege, index)) return true;
  const auto own = grants.find({index, name_space});
  return own != grants.end() && implies(own->second, privilege);
}

bool Role::knows(const std::string& index) const {
  if (superuser) return true;
  if (bound_to) return bound_to->index == index;
  const auto first = grants.lower_bound({index, std::nullopt});
  return first != grants.end() && first->first.first == index;
}

const char* privilege_name(Privilege privilege) {
  switch (privilege) {
    case Privilege::kRead: return "READ";
    case Privilege::kWrite: return "WRITE";
    case Privilege::kAdmin: return "ADMIN";
  }
  return "";
}

void encode_role(const Role& role, std::string& out) {
  ByteWriter writer(out);
  writer.u8(kFormat);
  writer.u8(flags_of(role));
  writer.u64(role.incarnation);
  if (role.verifier) {
    writer.varint(role.verifier->iterations);
    writer.string(role.verifier->salt);
    writer.raw(role.verifier->stored_key);
    writer.raw(role.verifier->server_key);
  }
  if (role.bound_to) {
    writer.string(role.bound_to->index);
    writer.string(role.bound_to->name_space);
  }
  writer.varint(role.grants.size());
  for (const auto& [object, privileges] : role.grants) {
    writer.string(object.first);
    writer.u8(object.second ? 1 : 0);
    if (object.second) writer.string(*object.second);
    writer.u8(privileges);
  }
}

Result<Role> decode_role(std::string_view name, std::string_view bytes) {
  return Decoder(bytes).read(name);
}

bool is_password_superuser(std::string_view bytes) {
  constexpr std::uint8_t kAll = kLogin | kSuperuser | kPassword;
  return bytes.size() > 1 && (static_cast<std::uint8_t>(bytes[1]) & kAll) == kAll;
}

}  // namespace alcove::executor
