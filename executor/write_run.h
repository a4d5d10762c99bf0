#pragma once

#include <memory>

#include "executor/run.h"
#include "executor/session.h"
#include "parser/statement.h"

namespace alcove::executor {

// UPSERT: writes records whole, knowing nothing of what was there.
Result<std::unique_ptr<Run>> start_upsert(Session& session, const parser::Upsert& upsert);

// UPDATE and DELETE: find the records that match, write what becomes of them, and commit; when
// another commit wrote one of them meanwhile, all of it begins again on a new snapshot (a single
// statement) or the transaction fails at COMMIT.
Result<std::unique_ptr<Run>> start_update(Session& session, const parser::Update& update);
Result<std::unique_ptr<Run>> start_delete(Session& session, const parser::Delete& erase);

}  // namespace alcove::executor
