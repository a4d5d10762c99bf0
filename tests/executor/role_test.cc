#include "executor/role.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/base64.h"
#include "base/random.h"
#include "executor/role_request.h"
#include "executor/role_table.h"

namespace alcove::executor {
namespace {

Role full_role() {
  Role role;
  role.name = "app";
  role.login = true;
  role.incarnation = 77;
  role.verifier = ScramVerifier::derive("secret", "0123456789abcdef");
  role.grants[{"a", std::nullopt}] = bit_of(Privilege::kRead);
  role.grants[{"a", "t1"}] = bit_of(Privilege::kRead) | bit_of(Privilege::kAdmin);
  role.grants[{"b", "t1"}] = bit_of(Privilege::kWrite);
  return role;
}

Role bound_role() {
  Role role;
  role.name = "t1";
  role.bound_to = {"app", "tenant1"};
  return role;
}

std::string encoded(const Role& role) {
  std::string bytes;
  encode_role(role, bytes);
  return bytes;
}

TEST(Role, IsReadAsItWasWritten) {
  Role superuser;
  superuser.name = "root";
  superuser.superuser = superuser.login = true;
  for (const Role& role : {full_role(), bound_role(), superuser}) {
    const auto read = decode_role(role.name, encoded(role));
    ASSERT_TRUE(read) << role.name;
    EXPECT_EQ(*read, role);
    EXPECT_FALSE(is_password_superuser(encoded(role)));
  }
  superuser.verifier = ScramVerifier();
  EXPECT_TRUE(is_password_superuser(encoded(superuser)));
}

// Any byte that is another, missing or more: an error, or a role that is written the same again.
TEST(Role, TakesNoBytesThatItWouldNotWrite) {
  for (const Role& role : {full_role(), bound_role()}) {
    const std::string bytes = encoded(role);
    for (std::size_t at = 0; at < bytes.size(); ++at) {
      EXPECT_FALSE(decode_role(role.name, bytes.substr(0, at))) << at;
      for (int bit = 0; bit < 8; ++bit) {
        std::string flipped = bytes;
        flipped[at] = static_cast<char>(flipped[at] ^ (1 << bit));
        const auto read = decode_role(role.name, flipped);
        if (read) {
          EXPECT_EQ(encoded(*read), flipped) << at;
        }
      }
    }
    EXPECT_FALSE(decode_role(role.name, bytes + '\0'));
    EXPECT_FALSE(decode_role("", bytes));
    EXPECT_FALSE(decode_role(std::string(kRoleNameBytesMax + 1, 'a'), bytes));
  }
  Role contradiction = bound_role();
  contradiction.superuser = true;
  EXPECT_FALSE(decode_role("t1", encoded(contradiction)));
}

TEST(Role, WriteImpliesReadAndAdminBoth) {
  const Role role = full_role();
  EXPECT_TRUE(role.may(Privilege::kRead, "a"));
  EXPECT_FALSE(role.may(Privilege::kWrite, "a"));
  EXPECT_TRUE(role.may(Privilege::kRead, "a", "anything"));
  EXPECT_TRUE(role.may(Privilege::kWrite, "a", "t1"));
  EXPECT_TRUE(role.may(Privilege::kAdmin, "a", "t1"));
  EXPECT_TRUE(role.may(Privilege::kRead, "b", "t1"));
  EXPECT_FALSE(role.may(Privilege::kAdmin, "b", "t1"));
  EXPECT_FALSE(role.may(Privilege::kRead, "b", "t2"));
  EXPECT_FALSE(role.may(Privilege::kRead, "b"));
  EXPECT_TRUE(role.knows("b"));
  EXPECT_FALSE(role.knows("c"));
}

TEST(Role, BoundMayWriteWhereItLivesAndNothingElse) {
  const Role role = bound_role();
  EXPECT_TRUE(role.may(Privilege::kRead, "app", "tenant1"));
  EXPECT_TRUE(role.may(Privilege::kWrite, "app", "tenant1"));
  EXPECT_FALSE(role.may(Privilege::kAdmin, "app", "tenant1"));
  EXPECT_FALSE(role.may(Privilege::kRead, "app", "tenant2"));
  EXPECT_FALSE(role.may(Privilege::kRead, "other", "tenant1"));
  EXPECT_FALSE(role.may(Privilege::kRead, "app"));
  EXPECT_TRUE(role.knows("app"));
  EXPECT_FALSE(role.knows("other"));
}

TEST(RoleRequest, IsRefusedWhereItContradicts) {
  const auto error = [](const RoleRequest& request, const std::optional<Role>& before) {
    const auto changed = change_role(request, before);
    return changed ? ErrorCode::kInternal : changed.error().code();
  };
  const RoleRequest::Grant grant{{"a", "t1"}, Privilege::kRead, false};
  RoleRequest::Options superuser;
  superuser.superuser = true;
  RoleRequest::Options bound;
  bound.bound_to = Role::Binding{"a", "t1"};
  EXPECT_EQ(error({"app", RoleRequest::Create(), {}}, full_role()), ErrorCode::kRoleExists);
  EXPECT_EQ(error({"app", RoleRequest::Alter(), {}}, {}), ErrorCode::kUndefinedObject);
  EXPECT_EQ(error({"app", RoleRequest::Drop(), {}}, {}), ErrorCode::kUndefinedObject);
  EXPECT_EQ(error({"app", grant, {}}, {}), ErrorCode::kUndefinedObject);
  EXPECT_EQ(error({"t1", grant, {}}, bound_role()), ErrorCode::kInvalidValue);
  EXPECT_EQ(error({"t1", RoleRequest::Alter(), superuser}, bound_role()),
            ErrorCode::kInvalidValue);
  EXPECT_EQ(error({"app", RoleRequest::Alter(), bound}, full_role()), ErrorCode::kInvalidValue);
}

TEST(RoleRequest, GrantsUpToALimit) {
  std::optional<Role> role = full_role();
  role->grants.clear();
  const auto grant = [&](std::size_t number, bool revoke) {
    return change_role({"app",
                        RoleRequest::Grant{{"a", std::to_string(number)}, Privilege::kRead, revoke},
                        {}},
                       role);
  };
  for (std::size_t i = 0; i < kRoleGrantsMax; ++i) {
    auto changed = grant(i, false);
    ASSERT_TRUE(changed);
    role = std::move(*changed);
  }
  EXPECT_TRUE(grant(0, false));  // another privilege on the same
  const auto refused = grant(kRoleGrantsMax, false);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::kLimitExceeded);
  role = *grant(0, true);
  EXPECT_EQ(role->grants.size(), kRoleGrantsMax - 1);
  EXPECT_TRUE(grant(kRoleGrantsMax, false));
}

TEST(RoleTable, CountsWhoEndsOpenness) {
  RoleTable table;
  Role root;
  root.name = "root";
  root.login = root.superuser = true;
  root.verifier = ScramVerifier();
  table.put("app", encoded(full_role()));
  EXPECT_EQ(table.password_superusers(), 0U);
  table.put("root", encoded(root));
  table.put("root", encoded(root));
  EXPECT_EQ(table.password_superusers(), 1U);
  root.login = false;
  table.put("root", encoded(root));
  EXPECT_EQ(table.password_superusers(), 0U);
  root.login = true;
  table.put("root", encoded(root));
  const std::uint64_t version = table.version();
  table.drop("root");
  EXPECT_NE(table.version(), version);
  EXPECT_EQ(table.password_superusers(), 0U);
  EXPECT_FALSE(table.find("root"));
  EXPECT_EQ(table.find("app"), full_role());
  EXPECT_EQ(table.size(), 1U);
}

TEST(ScramVerifier, IsTakenAsItIsOrMadeOfAPassword) {
  SystemRandom random;
  const std::string salt = base64_encode("0123456789abcdef");
  const std::string key = base64_encode(std::string(32, 'k'));
  const auto given =
      ScramVerifier::from_text("SCRAM-SHA-256$5000:" + salt + "$" + key + ":" + key, random);
  ASSERT_TRUE(given);
  EXPECT_EQ(*given, (ScramVerifier{5000, "0123456789abcdef", std::string(32, 'k'),
                                   std::string(32, 'k')}));
  const auto made = ScramVerifier::from_text("secret", random);
  ASSERT_TRUE(made);
  EXPECT_EQ(*made, ScramVerifier::derive("secret", made->salt));
  EXPECT_NE(made->salt, ScramVerifier::from_text("secret", random)->salt);
}

TEST(ScramVerifier, RefusesWhatIsNeitherAndRepeatsNothingOfIt) {
  SystemRandom random;
  const std::string salt = base64_encode("0123456789abcdef");
  const std::string key = base64_encode(std::string(32, 'k'));
  for (const std::string& text :
       {std::string("SCRAM-SHA-256$"), "SCRAM-SHA-256$4095:" + salt + "$" + key + ":" + key,
        "SCRAM-SHA-256$100001:" + salt + "$" + key + ":" + key,
        "SCRAM-SHA-256$4096:$" + key + ":" + key, "SCRAM-SHA-256$4096:" + salt + "$" + key,
        "SCRAM-SHA-256$4096:" + salt + "$" + salt + ":" + key,
        "SCRAM-SHA-256$4096:" + salt + "$" + key + ":" + key + "x",
        "SCRAM-SHA-256$ 4096:" + salt + "$" + key + ":" + key}) {
    const auto refused = ScramVerifier::from_text(text, random);
    ASSERT_FALSE(refused) << text;
    EXPECT_EQ(refused.error().code(), ErrorCode::kInvalidValue);
    EXPECT_EQ((refused.error().message() + refused.error().detail()).find(salt), std::string::npos);
  }
  EXPECT_EQ(ScramVerifier::from_text("md5" + std::string(32, 'a'), random).error().code(),
            ErrorCode::kNotSupported);
  EXPECT_EQ(ScramVerifier::from_text(std::string(1025, 'a'), random).error().code(),
            ErrorCode::kTooLong);
}

}  // namespace
}  // namespace alcove::executor
