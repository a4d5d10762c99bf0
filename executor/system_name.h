#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "executor/native_call.h"
#include "executor/system_rows.h"

namespace alcove::executor {

// Names of what the catalogue lists: from text to an OID and back, and how an index is described.
// Functions without state.

// What a statement calls of it.
std::span<const Native> name_natives();

// A name as SQL wants it: in quotes where it would be folded or broken otherwise.
std::string quoted_name(std::string_view name);
// How a value of one of the reg… types is called.
std::string reg_text(std::uint32_t type, const SystemFacts& facts, std::uint32_t value);

}  // namespace alcove::executor
