#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "executor/native_call.h"

namespace alcove::executor {

// Arrays in the catalogue's statements: SQLite has none, so that they are JSON there. Functions
// without state.

// What a statement calls of it.
std::span<const Native> array_natives();

// An array's elements; nullopt: NULL.
std::vector<std::optional<std::string>> array_items(std::string_view json);
// The text of what stands between the brackets.
std::string_view array_inside(std::string_view json);
// As PostgreSQL writes an array, `{a,"b c",NULL}`, and an int2vector, `1 2`.
std::string array_text(std::string_view json);
std::string vector_text(std::string_view json);
std::string array_json(const std::vector<std::optional<std::string>>& items, bool numbers);

}  // namespace alcove::executor
