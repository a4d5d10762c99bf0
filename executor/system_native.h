#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

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

// Makes them known to a connection: those named pg_… in system_function.cc and system_expression.cc.
// `context` must outlive it.
void add_natives(sqlite3* connection, NativeContext& context);

// How a value of one of the reg… types is called.
std::string reg_text(std::uint32_t type, const SystemFacts& facts, std::uint32_t value);

// An array's elements from JSON, in which SQLite keeps them; nullopt: NULL.
std::vector<std::optional<std::string>> array_items(std::string_view json);
// As PostgreSQL writes an array, `{a,"b c",NULL}`, and an int2vector, `1 2`.
std::string array_text(std::string_view json);
std::string vector_text(std::string_view json);
std::string array_json(const std::vector<std::optional<std::string>>& items, bool numbers);

}  // namespace alcove::executor
