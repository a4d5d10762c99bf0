#include "base/bytes.h"

#include <limits>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace alcove {
namespace {

constexpr std::uint64_t kU64Max = std::numeric_limits<std::uint64_t>::max();

std::string varint(std::uint64_t value) {
  std::string out;
  ByteWriter(out).varint(value);
  return out;
}

// One field of each kind.
std::string one_of_each() {
  std::string out;
  ByteWriter writer(out);
  writer.u8(0xab);
  writer.u16(0x1234);
  writer.u32(0x89abcdef);
  writer.u64(0x0123456789abcdef);
  writer.f32(-1.5F);
  writer.f64(2.25);
  writer.varint(300);
  writer.string("name");
  writer.raw("raw");
  writer.zeros(2);
  return out;
}

TEST(Bytes, ComeBackAsWritten) {
  const std::string bytes = one_of_each();
  ByteReader reader(bytes);
  EXPECT_EQ(reader.u8(), 0xab);
  EXPECT_EQ(reader.u16(), 0x1234);
  EXPECT_EQ(reader.u32(), 0x89abcdef);
  EXPECT_EQ(reader.u64(), 0x0123456789abcdefU);
  EXPECT_EQ(reader.f32(), -1.5F);
  EXPECT_EQ(reader.f64(), 2.25);
  EXPECT_EQ(reader.varint(), 300U);
  EXPECT_EQ(reader.string(), "name");
  EXPECT_EQ(reader.raw(3), "raw");
  EXPECT_EQ(reader.raw(2), std::string_view("\0\0", 2));
  EXPECT_TRUE(reader.at_end());
}

TEST(Bytes, AreLittleEndian) {
  std::string out;
  ByteWriter(out).u32(0x01020304);
  EXPECT_EQ(out, "\x04\x03\x02\x01");
  EXPECT_EQ(varint(300), "\xac\x02");
}

TEST(Bytes, VarintsOfEveryLengthComeBack) {
  for (unsigned shift = 0; shift < 64; ++shift) {
    for (const std::uint64_t value : {(std::uint64_t{1} << shift) - 1, std::uint64_t{1} << shift}) {
      const std::string bytes = varint(value);
      ByteReader reader(bytes);
      EXPECT_EQ(reader.varint(), value);
      EXPECT_TRUE(reader.at_end());
    }
  }
  EXPECT_EQ(varint(kU64Max).size(), 10U);
  const std::string bytes = varint(kU64Max);
  ByteReader reader(bytes);
  EXPECT_EQ(reader.varint(), kU64Max);
}

TEST(Bytes, RefuseAVarintBeyond64Bits) {
  const std::string too_large = std::string(9, '\x80') + "\x02";
  const std::string too_long = std::string(10, '\x80') + "\x01";
  const std::string endless(20, '\x80');
  for (const std::string& bytes : {too_large, too_long, endless}) {
    ByteReader reader(bytes);
    EXPECT_EQ(reader.varint(), 0U);
    EXPECT_FALSE(reader.ok());
  }
}

TEST(Bytes, ATruncatedInputIsNeverReadPastItsEnd) {
  const std::string whole = one_of_each();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    // In memory of exactly this size, so that the sanitizer sees a read too far.
    const auto exact = std::make_unique<char[]>(size);
    whole.copy(exact.get(), size);
    ByteReader reader({exact.get(), size});
    reader.u8();
    reader.u16();
    reader.u32();
    reader.u64();
    reader.f32();
    reader.f64();
    reader.varint();
    reader.string();
    reader.raw(3);
    reader.raw(2);
    EXPECT_FALSE(reader.ok()) << size;
    EXPECT_FALSE(reader.at_end()) << size;
    EXPECT_EQ(reader.u64(), 0U) << size;
    EXPECT_EQ(reader.remaining(), 0U) << size;
  }
}

TEST(Bytes, ALengthBeyondTheInputIsRefused) {
  for (const std::uint64_t length : {std::uint64_t{4}, std::uint64_t{1} << 32, kU64Max}) {
    const std::string bytes = varint(length) + "abc";
    ByteReader reader(bytes);
    EXPECT_EQ(reader.string(), "");
    EXPECT_FALSE(reader.ok());
    EXPECT_EQ(reader.u8(), 0U) << "once refused, nothing more is read";
  }
}

TEST(Bytes, RandomInputIsReadWithinItsBounds) {
  std::mt19937_64 chance(7);
  for (int round = 0; round < 2'000; ++round) {
    const std::size_t size = chance() % 40;
    const auto exact = std::make_unique<char[]>(size);
    for (std::size_t i = 0; i < size; ++i) exact[i] = static_cast<char>(chance());
    ByteReader reader({exact.get(), size});
    std::size_t left = size;
    while (reader.ok() && reader.remaining() > 0) {
      switch (chance() % 4) {
        case 0: reader.u32(); break;
        case 1: reader.varint(); break;
        case 2: reader.string(); break;
        default: reader.raw(chance() % 8); break;
      }
      ASSERT_LE(reader.remaining(), left);
      left = reader.remaining();
    }
  }
}

}  // namespace
}  // namespace alcove
