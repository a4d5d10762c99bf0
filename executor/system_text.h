#pragma once

#include <span>

#include "executor/native_call.h"

namespace alcove::executor {

// What the catalogue's statements call for text: patterns, format() and the like. Regular expressions
// are RE2's, in time linear in the text.
std::span<const Native> text_natives();

}  // namespace alcove::executor
