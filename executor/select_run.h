#pragma once

#include <memory>

#include "executor/run.h"
#include "executor/session.h"
#include "parser/statement.h"

namespace alcove::executor {

// SELECT … FROM index: records by filter, in order of id, or their number.
Result<std::unique_ptr<Run>> start_select(Session& session, const parser::SelectRecords& select);

}  // namespace alcove::executor
