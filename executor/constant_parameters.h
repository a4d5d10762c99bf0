#pragma once

#include <cstdint>
#include <span>

#include "parser/statement.h"

namespace alcove::executor {

// Finds out, as PostgreSQL does, what the parameters of a SELECT without an index are that nobody
// declared: what a function takes there, what stands at the other side of an operator, what the
// numbers of a generate_series() are. Writes it at them as a cast; those of which nothing can be told
// stay as they are. `declared` are the types of $1, $2, … that the client told, 0: none.
void infer_parameters(parser::SelectConstants& select, std::span<const std::uint32_t> declared);

}  // namespace alcove::executor
