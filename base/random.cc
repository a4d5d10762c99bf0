#include "base/random.h"

#include <sys/random.h>

#include <cerrno>

#include "base/check.h"

namespace alcove {

std::uint64_t SystemRandom::u64() {
  std::uint64_t value = 0;
  ssize_t got = -1;
  // Interrupted only while the kernel's pool is not yet seeded, early at boot.
  do {
    got = ::getrandom(&value, sizeof(value), 0);
  } while (got < 0 && errno == EINTR);
  CHECK(got == ssize_t{sizeof(value)}, "the kernel gives random numbers");
  return value;
}

}  // namespace alcove
