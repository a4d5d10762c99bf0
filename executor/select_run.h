#pragma once

#include <memory>
#include <vector>

#include "executor/run.h"
#include "executor/session.h"
#include "parser/statement.h"

namespace alcove::executor {

// SELECT … FROM index: records by filter, in order of id, or their number.
Result<std::unique_ptr<Run>> start_select(Session& session, const parser::SelectRecords& select);

// The columns of its rows, with vectors of type `vectors`.
std::vector<Column> columns_of(const parser::SelectRecords& select, Type vectors);

}  // namespace alcove::executor
