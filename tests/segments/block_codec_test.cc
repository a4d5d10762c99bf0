#include "segments/block_codec.h"

#include <random>

#include <gtest/gtest.h>

namespace alcove::segments {
namespace {

std::string random_bytes(std::size_t size, std::uint64_t values) {
  std::mt19937_64 random(size);
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random() % values);
  return bytes;
}

TEST(BlockCodec, GivesBackWhatItCompressed) {
  BlockCompressor compressor;
  for (const std::size_t size : {1024U, 4096U, 32768U, 262144U}) {
    const std::string raw = random_bytes(size, 3);
    std::string decoded(size, 'x');
    const std::string zstd(compressor.zstd(raw));
    ASSERT_FALSE(zstd.empty());
    EXPECT_TRUE(decode_zstd(zstd, decoded.data(), size));
    EXPECT_EQ(decoded, raw);
    decoded.assign(size, 'x');
    const std::string planes(compressor.planes(raw));
    ASSERT_FALSE(planes.empty());
    EXPECT_TRUE(decode_planes(planes, decoded.data(), size));
    EXPECT_EQ(decoded, raw);
  }
}

TEST(BlockCodec, DeclinesWhatDoesNotShrink) {
  BlockCompressor compressor;
  EXPECT_TRUE(compressor.zstd("").empty());
  EXPECT_TRUE(compressor.planes("").empty());
  for (const std::size_t size : {4U, 64U, 32768U, 262144U}) {
    const std::string raw = random_bytes(size, 256);
    EXPECT_TRUE(compressor.zstd(raw).empty());
    EXPECT_TRUE(compressor.planes(raw).empty());
  }
}

TEST(BlockCodec, GivesEachPlaneItsOwnStatistics) {
  BlockCompressor compressor;
  std::string raw = random_bytes(32768, 256);
  for (std::size_t i = 0; i < raw.size(); i += 4) raw[i] = raw[i + 1] = '\0';
  EXPECT_LT(compressor.planes(raw).size(), raw.size() * 51 / 100);
}

TEST(BlockCodec, DecodesToTheExactSizeOnly) {
  BlockCompressor compressor;
  const std::string raw(4096, 'a');
  const std::string stored(compressor.planes(raw));
  std::string decoded(8192, 'x');
  EXPECT_FALSE(decode_planes(stored, decoded.data(), 4092));
  EXPECT_FALSE(decode_planes(stored, decoded.data(), 8192));
  EXPECT_FALSE(decode_zstd("", decoded.data(), 1));
  EXPECT_FALSE(decode_zstd(stored.substr(0, stored.size() - 1), decoded.data(), 4096));
  EXPECT_EQ(decoded.substr(4096), std::string(4096, 'x'));
}

}  // namespace
}  // namespace alcove::segments
