#pragma once

namespace alcove::check {

// Writes the broken invariant to standard error and aborts.
[[noreturn]] void broken(const char* expression, const char* message, const char* file, int line);

}  // namespace alcove::check

// An invariant of our own code, on in every build. Never for what disk, network or users say:
// those are errors.
#define CHECK(condition, message)                                                      \
  do {                                                                                 \
    if (!(condition)) [[unlikely]] {                                                   \
      ::alcove::check::broken(#condition, message, __FILE__, __LINE__);                \
    }                                                                                  \
  } while (false)
