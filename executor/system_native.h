#pragma once

#include <optional>

#include "base/error.h"
#include "executor/constant_function.h"
#include "executor/system_rows.h"

struct sqlite3;

namespace alcove::executor {

// What the functions that a translated statement calls in SQLite see of their session, and where
// they leave the error that a call failed with.
struct NativeContext {
  SystemFacts facts;
  ConstantContext constants;
  std::optional<Error> error;
};

// Makes them known to a connection: those of names, arrays, text, groups and single values. `context`
// must outlive it.
void add_natives(sqlite3* connection, NativeContext& context);

}  // namespace alcove::executor
