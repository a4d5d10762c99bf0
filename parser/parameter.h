#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"
#include "parser/statement.h"

namespace alcove::parser {

// The parameters $1, $2, … of a statement: where they stand, and putting values in their place.

// What a parameter stands for, which decides the type of one that is not declared.
enum class Slot : unsigned char {
  kNamespace,
  kId,        // a record's id, or what an id is compared with
  kVector,
  kElement,   // of ARRAY[…] where a vector stands
  kMetadata,
  kField,     // what a metadata field is set to
  kOperand,   // what a metadata field is compared with
  kList,      // of = ANY
  kText,      // a pattern, what CONTAINS asks for
  kInteger,   // TOP, LIMIT, …
  kReal,      // recall
  kConstant,  // of a SELECT without an index
};

struct ParameterUse {
  std::uint32_t number = 0;
  Slot slot = Slot::kConstant;
  TypeName cast;  // as written at it
  std::size_t offset = 0;
};

// Every use, in no particular order.
std::vector<ParameterUse> find_parameters(const Statement& statement);

// Puts values[n - 1] in the place of $n. A cast written in the statement stays; else the value's
// own holds. Requires: a value for every number that is used.
// Errors: a namespace that is NULL (kNullNotAllowed) or no text (kWrongType).
Status substitute_parameters(Statement& statement, std::span<const Value> values);

}  // namespace alcove::parser
