#pragma once

#include <memory>

#include "executor/run.h"
#include "executor/session.h"
#include "parser/statement.h"

namespace alcove::executor {

// SELECT without an index: version(), current_setting(…), pg_sleep(…) and their like.
Result<std::unique_ptr<Run>> start_constants(Session& session,
                                             const parser::SelectConstants& select);

}  // namespace alcove::executor
