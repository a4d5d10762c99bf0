#include "base/random.h"

#include <set>

#include <gtest/gtest.h>

namespace alcove {
namespace {

TEST(SystemRandom, DoesNotRepeatItself) {
  SystemRandom random;
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 1'000; ++i) seen.insert(random.u64());
  EXPECT_EQ(seen.size(), 1'000U);
}

}  // namespace
}  // namespace alcove
