#pragma once

#include <memory>

#include "base/result.h"
#include "executor/run.h"
#include "executor/session.h"
#include "parser/statement.h"

namespace alcove::executor {

// CREATE, ALTER and DROP ROLE, GRANT, REVOKE and SHOW GRANTS: for superusers, but that each role may
// change its own password and see its own grants. Like other definitions they take effect at their
// transaction's commit. Errors: kNotGranted, those of change_role(), kTooLong, kReservedName.
Result<std::unique_ptr<Run>> start_create_role(Session& session, const parser::CreateRole& create);
Result<std::unique_ptr<Run>> start_alter_role(Session& session, const parser::AlterRole& alter);
Result<std::unique_ptr<Run>> start_drop_role(Session& session, const parser::DropRole& drop);
Result<std::unique_ptr<Run>> start_grant(Session& session, const parser::Grant& grant);
// Columns role, privilege, index, namespace text, in this order; namespace is NULL for a grant on
// the index. A bound role has WRITE on its namespace.
Result<std::unique_ptr<Run>> start_show_grants(Session& session, const parser::ShowGrants& show);

}  // namespace alcove::executor
