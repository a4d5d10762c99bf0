#pragma once

#include <string>

#include "executor/row.h"

namespace alcove::server {

// Appends a value in the binary format that PostgreSQL's *send functions write: numbers big-endian,
// arrays with dimension, element type and bounds, vectors as pgvector's, jsonb behind its version byte, time stamps as
// microseconds since 2000. `type` is the column's. Requires: not NULL, and a cell of that type.
void append_binary(std::string& out, const executor::Cell& cell, executor::Type type);

}  // namespace alcove::server
