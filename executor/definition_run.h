#pragma once

#include <memory>

#include "executor/run.h"
#include "executor/session.h"
#include "parser/statement.h"

namespace alcove::executor {

// CREATE and DROP of indexes and namespaces.
Result<std::unique_ptr<Run>> start_create_index(Session& session,
                                                const parser::CreateIndex& create);
Result<std::unique_ptr<Run>> start_drop_index(Session& session, const parser::DropIndex& drop);
Result<std::unique_ptr<Run>> start_create_namespace(Session& session,
                                                    const parser::CreateNamespace& create);
Result<std::unique_ptr<Run>> start_drop_namespace(Session& session,
                                                  const parser::DropNamespace& drop);

// CHECKPOINT and COMPACT, which are no part of any transaction.
Result<std::unique_ptr<Run>> start_checkpoint(Session& session);
Result<std::unique_ptr<Run>> start_compact(Session& session, const parser::Compact& compact);

}  // namespace alcove::executor
