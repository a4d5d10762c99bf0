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

// Returns of how many disks merges made links.
std::size_t live(Lives::Vectors vectors, std::uint64_t lives_otherwise) {
  const std::uint64_t first = number_from("ALCOVE_SEED", 1);
  const std::uint64_t lives = number_from("ALCOVE_LIVES", lives_otherwise);
  std::size_t linked = 0;
  for (std::uint64_t seed = first; seed < first + lives / kLivesPerDisk; ++seed) {
    Lives disk(seed, vectors);
    for (std::uint64_t life = 0; life < kLivesPerDisk; ++life) {
      const std::string problem = disk.live();
      EXPECT_EQ(problem, "") << "seed " << seed << ", life " << life;
      if (!problem.empty()) return linked;
    }
    if (disk.has_linked()) ++linked;
  }
  return linked;
}

// To replay a failure: ALCOVE_SEED=<seed> ALCOVE_LIVES=20 crash_test --gtest_filter=<test>.
TEST(CrashTest, NothingAcknowledgedIsLostAndNothingIsHalfThere) {
  EXPECT_EQ(live(Lives::Vectors::kShort, 2000), 0U);
}

TEST(CrashTest, NoVectorIsLostThatAMergeLeftWhereItWas) {
  EXPECT_GT(live(Lives::Vectors::kLong, 300), 0U);
}

}  // namespace
}  // namespace alcove::tests
