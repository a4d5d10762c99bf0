#include <cstdlib>
#include <string>

#include <gtest/gtest.h>

#include "tests/crash/life.h"

namespace alcove::tests {
namespace {

constexpr std::uint64_t kLivesPerDisk = 20;

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

// To replay a failure: ALCOVE_SEED=<seed> ALCOVE_LIVES=20 crash_test.
TEST(CrashTest, NothingAcknowledgedIsLostAndNothingIsHalfThere) {
  const std::uint64_t first = number_from("ALCOVE_SEED", 1);
  const std::uint64_t lives = number_from("ALCOVE_LIVES", 2000);
  for (std::uint64_t seed = first; seed < first + lives / kLivesPerDisk; ++seed) {
    Lives disk(seed);
    for (std::uint64_t life = 0; life < kLivesPerDisk; ++life) {
      const std::string problem = disk.live();
      ASSERT_EQ(problem, "") << "seed " << seed << ", life " << life;
    }
  }
}

}  // namespace
}  // namespace alcove::tests
