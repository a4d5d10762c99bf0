#pragma once

#include <span>

#include "executor/native_call.h"

namespace alcove::executor {

// An aggregate with the name that SQLite knows it by: `step` for each row, `finish` for a group.
struct NativeAggregate {
  const char* name;
  void (*step)(sqlite3_context*, int, sqlite3_value**);
  void (*finish)(sqlite3_context*);
};

// Those that SQLite has not, or not with an order of their own: array_agg and string_agg.
std::span<const NativeAggregate> aggregate_natives();

}  // namespace alcove::executor
