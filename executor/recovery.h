#pragma once

#include <functional>
#include <string>

#include "base/result.h"
#include "executor/engine.h"

namespace alcove::executor {

// Makes a new, empty database in `engine.options.directory`, or brings the one that is there to the
// state after its last durable commit, and starts the engine's ledger and pipeline on it.
//
//   1 the manifest's edits make the catalogue as of the last checkpoint
//   2 the log is replayed from redo_lsn; what the manifest already has is skipped
//   3 a new manifest is begun with that state; files that nobody owns are garbage
//
// A crash at any point of it loses nothing: the log's new generation is durable before the first
// record is applied, the old manifest stays in force until the new one is durable, and nothing is
// unlinked before.
Status recover(Engine& engine, const std::function<void(const std::string&, double)>& progress);

}  // namespace alcove::executor
