#pragma once

#include <memory>

#include "executor/constant_function.h"
#include "executor/run.h"
#include "executor/session.h"
#include "parser/statement.h"

namespace alcove::executor {

// What functions see of a session, from now on. It must outlive what is returned.
ConstantContext constant_context(Session& session);

// SELECT without an index: version(), current_setting(…), pg_sleep(…) and their like.
Result<std::unique_ptr<Run>> start_constants(Session& session,
                                             const parser::SelectConstants& select);

}  // namespace alcove::executor
