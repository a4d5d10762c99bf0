#pragma once

#include <memory>

#include "executor/run.h"
#include "executor/session.h"
#include "parser/statement.h"

namespace alcove::executor {

// SHOW RECALL: takes records of a namespace, spread evenly over what it is stored in, as queries for
// the others, and says how many of the ten nearest a QUERY with the session's recall_target finds.
Result<std::unique_ptr<Run>> start_show_recall(Session& session, const parser::ShowRecall& show);

}  // namespace alcove::executor
