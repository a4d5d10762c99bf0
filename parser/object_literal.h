#pragma once

#include "parser/input.h"
#include "parser/statement.h"

namespace alcove::parser {

// Reads a bare {…} at `at`, its end found by counting brackets outside JSON strings; false where no
// { stands. Faults: kSyntax where it is not JSON, kNestedTooDeep past filter_nesting_max.
bool read_object(Input& input, const char*& at, Object& object);

}  // namespace alcove::parser
