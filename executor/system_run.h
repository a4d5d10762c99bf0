#pragma once

#include <memory>

#include "executor/run.h"
#include "executor/session.h"
#include "parser/statement.h"

namespace alcove::executor {

// SELECT on PostgreSQL's catalogue: what drivers, tools and people ask to find out what there is.
// Errors: as translate().
Result<std::unique_ptr<Run>> start_system_select(Session& session,
                                                 const parser::SystemSelect& select);

}  // namespace alcove::executor
