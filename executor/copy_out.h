#pragma once

#include <memory>

#include "executor/run.h"
#include "executor/session.h"
#include "parser/statement.h"

namespace alcove::executor {

// COPY … TO STDOUT: every record of a namespace in order of id, or BY NAMESPACE of every namespace of
// the index in order of name, as of one snapshot. Its rows have a cell for each of copy_columns();
// columns() is empty, since a COPY describes no rows.
Result<std::unique_ptr<Run>> start_copy_out(Session& session, const parser::Copy& copy);

}  // namespace alcove::executor
