#pragma once

#include "parser/input.h"
#include "parser/statement.h"

namespace alcove::parser {

// Reads one number by JSON's grammar at `at` and rounds it once to the nearest float32, ties to
// even; below the smallest it becomes zero. The bulk of what Alcove parses goes through here.
// Answers what it took: `end` is null where no number stands; beyond float32's range `in_range` is
// false. What follows the number is not looked at (of `01` it takes `0`).
struct ScannedFloat {
  const char* end = nullptr;
  float value = 0;
  bool in_range = true;
};
ScannedFloat scan_float(const char* at, const char* end);

// Reads a bare vector, `[0.1, 2, -3e4]`, at `at`; false where no `[` stands or where a list of
// strings begins. Faults: kSyntax where an element is no number, kInvalidValue beyond float32.
bool read_vector(Input& input, const char*& at, Floats& vector);

}  // namespace alcove::parser
