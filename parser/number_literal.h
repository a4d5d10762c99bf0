#pragma once

#include "parser/input.h"
#include "parser/statement.h"

namespace alcove::parser {

// Numbers by JSON's grammar, and parameters. Each reader takes one at `at`, or answers false where
// none begins. What begins like a number and is none (`.5`, `+1`, `01`, `1.`, `12ab`) is a fault.

bool read_number(Input& input, const char*& at, Number& number);

// Without a sign, for expressions, where the sign is an operator.
bool read_unsigned_number(Input& input, const char*& at, Number& number);

// $1 to $65535. Faults: kUndefinedParameter for $0, kLimitExceeded beyond 65535.
bool read_parameter(Input& input, const char*& at, Parameter& parameter);

// A fault that says how numbers are written, at `at`. Always false.
bool fail_number(Input& input, const char* at);

}  // namespace alcove::parser
