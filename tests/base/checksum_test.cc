#include "base/checksum.h"

#include <set>
#include <string>

#include <gtest/gtest.h>

namespace alcove {
namespace {

TEST(Checksum, StaysTheSameForEver) {
  // Files hold these numbers.
  EXPECT_EQ(checksum("", 0), 0x2d06800538d394c2U);
  EXPECT_EQ(checksum("alcove", 0), checksum("alcove", 0));
}

TEST(Checksum, DependsOnEachBitAndOnTheSeed) {
  const std::string bytes(100, 'x');
  std::set<std::uint64_t> sums = {checksum(bytes, 1), checksum(bytes, 2)};
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string flipped = bytes;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
    sums.insert(checksum(flipped, 1));
  }
  EXPECT_EQ(sums.size(), 2 + bytes.size() * 8);
}

TEST(Checksum, SeedsTellIdentitiesAndOffsetsApartAndAreNeverZero) {
  std::set<std::uint64_t> seeds;
  for (std::uint64_t identity = 0; identity < 30; ++identity) {
    for (std::uint64_t offset = 0; offset < 30; ++offset) {
      seeds.insert(checksum_seed(identity, offset * 4096));
    }
  }
  EXPECT_EQ(seeds.size(), 900U);
  EXPECT_FALSE(seeds.contains(0));
}

}  // namespace
}  // namespace alcove
