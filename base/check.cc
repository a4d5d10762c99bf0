#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace alcove::check {

void broken(const char* expression, const char* message, const char* file, int line) {
  std::fprintf(stderr, "%s:%d: broken invariant: %s (%s)\n", file, line, message, expression);
  std::fflush(stderr);
  std::abort();
}

}  // namespace alcove::check
