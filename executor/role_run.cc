#include "executor/role_run.h"

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "base/record.h"
#include "base/waiting.h"
#include "executor/access.h"
#include "executor/action_run.h"
#include "executor/binder.h"
#include "executor/engine.h"
#include "executor/table_run.h"
#include "executor/transaction.h"

namespace alcove::executor {
namespace {

constexpr std::size_t kRolesPerBatch = 256;

Status check_role_name(const parser::Name& name) {
  if (name.text.empty()) {
    return Error(ErrorCode::kInvalidValue, "a role's name must not be empty").at(name.offset);
  }
  if (name.text.size() > kRoleNameBytesMax) {
    return fail(ErrorCode::kTooLong,
                "a role's name of {} bytes is too long: at most {} are allowed", name.text.size(),
                kRoleNameBytesMax)
        .at(name.offset);
  }
  if (name.text.starts_with("pg_") || name.text == "public" || name.text == "none") {
    return fail(ErrorCode::kReservedName, "role name \"{}\" is reserved", name.text)
        .at(name.offset);
  }
  return {};
}

Result<std::string> bind_index_name(const parser::Name& index) {
  if (index.text.empty() || index.text.size() > kIndexNameBytesMax) {
    return fail(ErrorCode::kTooLong, "an index's name has 1 to {} bytes", kIndexNameBytesMax)
        .at(index.offset);
  }
  return index.text;
}

Result<RoleRequest::Options> bind_options(Session& session, const parser::RoleOptions& options) {
  RoleRequest::Options bound;
  bound.login = options.login;
  bound.superuser = options.superuser;
  if (options.password) {
    bound.verifier.emplace();
    if (!options.password->empty()) {
      about_to_wait();
      *bound.verifier =
          TRY(ScramVerifier::from_text(*options.password, session.engine().env.random));
    }
  }
  if (options.bound_to) {
    bound.bound_to.emplace();
    bound.bound_to->name_space = TRY(bind_namespace(options.bound_to->first));
    bound.bound_to->index = TRY(bind_index_name(options.bound_to->second));
  }
  return bound;
}

bool is_password_superuser(const std::optional<Role>& role) {
  return role && role->login && role->superuser && role->verifier;
}

// Tells who makes a role without ending that anybody may do anything, or begins it again.
void note_openness(Session& session, const std::optional<Role>& before,
                   const std::optional<Role>& after) {
  if (!session.access().is_superuser()) return;
  const std::size_t now = session.engine().roles.password_superusers();
  const bool was = is_password_superuser(before);
  const bool is = is_password_superuser(after);
  if (now + (is ? 1 : 0) > (was ? 1 : 0)) return;
  const char* const how =
      "CREATE ROLE name SUPERUSER LOGIN PASSWORD '…' makes every user log in";
  if (was) {
    session.add_notice({"WARNING", "01000",
                        std::string("no superuser with a password is left: whoever connects from "
                                    "this machine without one may do anything; ") +
                            how});
  } else if (!before && after) {
    session.add_notice({"NOTICE", "00000",
                        std::string("whoever connects from this machine without a password may "
                                    "still do anything; ") +
                            how});
  }
}

std::unique_ptr<Run> run_role_request(Session& session, const char* tag, RoleRequest request) {
  return run_action([&session, tag, request = std::move(request)]() -> Result<std::string> {
    TRY(session.check_interrupt());
    const RoleTable& roles = session.engine().roles;
    const std::optional<Role> before = session.transaction().find_role(roles, request.role);
    if (!before && std::holds_alternative<RoleRequest::Drop>(request.what) &&
        std::get<RoleRequest::Drop>(request.what).if_exists) {
      session.add_notice(
          {"NOTICE", "00000", fmt::format("role \"{}\" does not exist, skipping", request.role)});
    }
    TRY(session.transaction().change_role(roles, request));
    note_openness(session, before, session.transaction().find_role(roles, request.role));
    TRY(session.finish_statement());
    return std::string(tag);
  });
}

}  // namespace

Result<std::unique_ptr<Run>> start_create_role(Session& session,
                                               const parser::CreateRole& create) {
  TRY(session.access().check_superuser("CREATE ROLE"));
  TRY(check_role_name(create.role));
  RoleRequest request{
      create.role.text, RoleRequest::Create{session.engine().env.random.u64()}, {}};
  request.options = TRY(bind_options(session, create.options));
  return run_role_request(session, "CREATE ROLE", std::move(request));
}

Result<std::unique_ptr<Run>> start_alter_role(Session& session, const parser::AlterRole& alter) {
  const parser::RoleOptions& options = alter.options;
  const bool own_password = alter.role.text == session.identity().user && options.password &&
                            !options.password->empty() && !options.login && !options.superuser &&
                            !options.bound_to;
  if (!own_password) TRY(session.access().check_superuser("ALTER ROLE"));
  RoleRequest request{alter.role.text, RoleRequest::Alter(), {}};
  request.options = TRY(bind_options(session, options));
  return run_role_request(session, "ALTER ROLE", std::move(request));
}

Result<std::unique_ptr<Run>> start_drop_role(Session& session, const parser::DropRole& drop) {
  TRY(session.access().check_superuser("DROP ROLE"));
  return run_role_request(session, "DROP ROLE",
                          {drop.role.text, RoleRequest::Drop{drop.if_exists}, {}});
}

Result<std::unique_ptr<Run>> start_grant(Session& session, const parser::Grant& grant) {
  const char* const statement = grant.revoke ? "REVOKE" : "GRANT";
  TRY(session.access().check_superuser(statement));
  RoleRequest::Grant bound;
  bound.object.first = TRY(bind_index_name(grant.index));
  if (grant.name) bound.object.second = TRY(bind_namespace(*grant.name));
  bound.privilege = grant.privilege;
  bound.revoke = grant.revoke;
  return run_role_request(session, statement, {grant.role.text, std::move(bound), {}});
}

// ---- SHOW GRANTS --------------------------------------------------------------------------------

namespace {

void add_grants(const Role& role, TableRun::Rows& rows) {
  if (role.bound_to) {
    rows.push_back({role.name, std::string("WRITE"), role.bound_to->index,
                    role.bound_to->name_space});
  }
  for (const auto& [object, privileges] : role.grants) {
    for (const Privilege privilege : {Privilege::kRead, Privilege::kWrite, Privilege::kAdmin}) {
      if ((privileges & bit_of(privilege)) == 0) continue;
      rows.push_back({role.name, std::string(privilege_name(privilege)), object.first, {}});
      if (object.second) rows.back().back() = *object.second;
    }
  }
}

// Walks all roles, batch by batch, as the transaction sees them.
class GrantWalk {
 public:
  explicit GrantWalk(Session& session) : session_(session) {}

  // The next rows; none at the end.
  Result<TableRun::Rows> next() {
    TableRun::Rows rows;
    while (rows.empty() && !done_) {
      TRY(session_.check_interrupt());
      for (const auto& [name, role] : TRY(next_roles())) {
        if (role) add_grants(*role, rows);
      }
    }
    return rows;
  }

 private:
  using Roles = std::map<std::string, std::optional<Role>>;

  Result<Roles> next_roles() {
    Roles roles;
    for (const auto& [name, bytes] : session_.engine().roles.encoded(after_, kRolesPerBatch)) {
      roles[name] = TRY(decode_role(name, bytes));
    }
    done_ = roles.size() < kRolesPerBatch;
    const auto& own = session_.transaction().role_changes();
    for (auto change = after_ ? own.upper_bound(*after_) : own.begin();
         change != own.end() && (done_ || change->first <= roles.rbegin()->first); ++change) {
      roles[change->first] = change->second;
    }
    if (!roles.empty()) after_ = roles.rbegin()->first;
    return roles;
  }

  Session& session_;
  std::optional<std::string> after_;
  bool done_ = false;
};

}  // namespace

Result<std::unique_ptr<Run>> start_show_grants(Session& session, const parser::ShowGrants& show) {
  const std::string& user = session.identity().user;
  const bool all = !show.role && session.access().is_superuser();
  const std::string name = show.role ? show.role->text : user;
  if (name != user) {
    TRY(session.access().check_superuser("SHOW GRANTS FOR another role"));
  }
  std::vector<Column> columns = {{"role", Type::kText},
                                 {"privilege", Type::kText},
                                 {"index", Type::kText},
                                 {"namespace", Type::kText}};
  if (all) {
    const auto walk = std::make_shared<GrantWalk>(session);
    return std::unique_ptr<Run>(std::make_unique<TableRun>(std::move(columns), "SHOW",
                                                           [walk] { return walk->next(); }));
  }
  const std::optional<Role> role =
      session.transaction().find_role(session.engine().roles, name);
  if (!role) {
    return fail(ErrorCode::kUndefinedObject, "role \"{}\" does not exist", name)
        .at(show.role ? show.role->offset : 0);
  }
  return run_table(std::move(columns), "SHOW", [role]() -> Result<TableRun::Rows> {
    TableRun::Rows rows;
    add_grants(*role, rows);
    return rows;
  });
}

}  // namespace alcove::executor
