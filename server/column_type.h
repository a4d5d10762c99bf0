#pragma once

#include <cstdint>

#include "executor/row.h"

namespace alcove::server {

// How PostgreSQL's catalogue numbers a type, and how many bytes a value has: -1 where that varies,
// -2 where it ends at a NUL. Every one but kVector is built into PostgreSQL, so that no driver has to
// ask.
struct ColumnType {
  std::uint32_t oid = 0;
  std::int16_t bytes = 0;
};

ColumnType column_type(executor::Type type);

}  // namespace alcove::server
