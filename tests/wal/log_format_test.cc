#include "wal/log_format.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/bytes.h"

namespace alcove::wal {
namespace {

FileHeader some_header() {
  return {.database_id = 0x1122334455667788,
          .name = {.generation = 3, .first_lsn = 500},
          .predecessor = LogFileName{.generation = 2, .first_lsn = 400},
          .copied_through_lsn = 510};
}

std::string some_frame(std::uint64_t identity, std::uint64_t offset) {
  const std::vector<std::string> records = {"one", "", "three"};
  std::string frame(kFrameHeaderBytes, '\0');
  append_payload(frame, records);
  seal_frame(frame, {.generation = 3, .first_lsn = 7, .synced_lsn = 5, .record_count = 3},
             identity, offset);
  return frame;
}

TEST(LogFileName, IsFirstLsnAndGenerationInHexadecimal) {
  const LogFileName name{.generation = 0x1a, .first_lsn = 0xbeef};
  EXPECT_EQ(name.text(), "000000000000beef-0000001a.log");
  EXPECT_EQ(parse_log_file_name(name.text()), name);
}

TEST(LogFileName, OrdersByGenerationFirst) {
  EXPECT_LT((LogFileName{.generation = 1, .first_lsn = 9}),
            (LogFileName{.generation = 2, .first_lsn = 5}));
}

TEST(LogFileName, RefusesEverythingElse) {
  for (const char* name :
       {"", ".log", "000000000000beef-0000001a", "000000000000BEEF-0000001a.log",
        "000000000000beef-0000001a.logx", "000000000000beef_0000001a.log",
        "-00000000000beef-0000001a.log", "00000000000beef-00000001a.log",
        "+00000000000beef-0000001a.log", "spare-1"}) {
    EXPECT_EQ(parse_log_file_name(name), std::nullopt) << name;
  }
}

TEST(SpareFileName, IsItsNumber) {
  EXPECT_EQ(spare_file_name(12), "spare-12");
  EXPECT_EQ(parse_spare_file_name("spare-12"), 12U);
  for (const char* name : {"spare-", "spare-012", "spare--1", "spare-1x", "spare",
                           "spare-99999999999999999999"}) {
    EXPECT_EQ(parse_spare_file_name(name), std::nullopt) << name;
  }
}

TEST(FileHeader, HasTheLayoutOfItsTable) {
  const std::string bytes = encode_file_header(some_header());
  ASSERT_EQ(bytes.size(), 4096U);
  EXPECT_EQ(bytes.substr(0, 8), "AlcovLog");
  ByteReader reader(std::string_view(bytes).substr(16));
  EXPECT_EQ(reader.u32(), 1U);
  EXPECT_EQ(reader.u32(), 3U);
  EXPECT_EQ(reader.u64(), 0x1122334455667788U);
  EXPECT_EQ(reader.u64(), 500U);
  EXPECT_EQ(reader.u64(), 400U);
  EXPECT_EQ(reader.u32(), 2U);
  EXPECT_EQ(reader.u32(), 0U);
  EXPECT_EQ(reader.u64(), 510U);
  EXPECT_EQ(bytes.substr(64), std::string(4032, '\0'));
}

TEST(FileHeader, ReadsWhatItWrote) {
  const auto header = decode_file_header(encode_file_header(some_header()));
  ASSERT_TRUE(header);
  EXPECT_EQ(header->database_id, some_header().database_id);
  EXPECT_EQ(header->name, some_header().name);
  EXPECT_EQ(header->predecessor, some_header().predecessor);
  EXPECT_EQ(header->copied_through_lsn, 510U);

  FileHeader first = some_header();
  first.predecessor.reset();
  EXPECT_EQ(decode_file_header(encode_file_header(first))->predecessor, std::nullopt);
}

TEST(FileHeader, RefusesEveryChangedByte) {
  const std::string sound = encode_file_header(some_header());
  for (std::size_t i = 0; i < sound.size(); ++i) {
    std::string damaged = sound;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x80);
    const auto header = decode_file_header(damaged);
    ASSERT_FALSE(header) << i;
    EXPECT_EQ(header.error().code(), ErrorCode::kCorruption) << i;
  }
}

TEST(FileHeader, RefusesZerosAndShortBytes) {
  EXPECT_FALSE(decode_file_header(std::string(kFileHeaderBytes, '\0')));
  EXPECT_FALSE(decode_file_header(""));
  EXPECT_FALSE(decode_file_header(encode_file_header(some_header()).substr(0, 4095)));
}

TEST(FileHeader, RefusesWhatMakesNoSenseThoughItChecks) {
  FileHeader header = some_header();
  header.predecessor = header.name;
  EXPECT_FALSE(decode_file_header(encode_file_header(header))) << "its own predecessor";
  header = some_header();
  header.copied_through_lsn = 498;
  EXPECT_FALSE(decode_file_header(encode_file_header(header))) << "copies of what was before";
  header = some_header();
  header.name.generation = 0;
  EXPECT_FALSE(decode_file_header(encode_file_header(header))) << "no generation";
}

TEST(Frame, HasTheLayoutOfItsTable) {
  const std::string frame = some_frame(11, 4096);
  EXPECT_EQ(frame.substr(0, 4), "frAM");
  ByteReader reader(std::string_view(frame).substr(4));
  EXPECT_EQ(reader.u32(), 3U);
  EXPECT_EQ(reader.u64(), 7U);
  EXPECT_EQ(reader.u64(), 5U);
  EXPECT_EQ(reader.u64(), frame.size() - 56);
  EXPECT_EQ(reader.u32(), 3U);
  EXPECT_EQ(reader.u32(), 0U);
  EXPECT_EQ(frame.substr(56), std::string("\3one\0\5three", 11));
}

TEST(Frame, ReadsWhatItWrote) {
  const std::string frame = some_frame(11, 4096);
  const auto header = decode_frame_header(frame, 11, 4096);
  ASSERT_TRUE(header);
  EXPECT_EQ(header->generation, 3U);
  EXPECT_EQ(header->first_lsn, 7U);
  EXPECT_EQ(header->last_lsn(), 9U);
  EXPECT_EQ(header->synced_lsn, 5U);
  EXPECT_EQ(header->frame_bytes(), frame.size());
  EXPECT_TRUE(payload_checks(*header, frame.substr(56), 11, 4096));
  EXPECT_TRUE(payload_parses(frame.substr(56), 3));
}

TEST(Frame, RefusesEveryChangedByte) {
  const std::string sound = some_frame(11, 4096);
  for (std::size_t i = 0; i < sound.size(); ++i) {
    std::string damaged = sound;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x01);
    const auto header = decode_frame_header(damaged, 11, 4096);
    EXPECT_FALSE(header && payload_checks(*header, damaged.substr(56), 11, 4096)) << i;
  }
}

TEST(Frame, ChecksOnlyInItsFileAndAtItsOffset) {
  const std::string frame = some_frame(11, 4096);
  EXPECT_FALSE(decode_frame_header(frame, 12, 4096));
  EXPECT_FALSE(decode_frame_header(frame, 11, 4097));
  const LogFileName name{.generation = 1, .first_lsn = 1};
  EXPECT_NE(file_identity(1, name), file_identity(2, name));
  EXPECT_NE(file_identity(1, name), file_identity(1, {.generation = 2, .first_lsn = 1}));
  EXPECT_NE(file_identity(1, name), file_identity(1, {.generation = 1, .first_lsn = 2}));
}

TEST(Frame, ZerosNeverCheck) {
  const std::string zeros(kFrameHeaderBytes, '\0');
  for (std::uint64_t offset = 0; offset < 100000; offset += 7) {
    EXPECT_FALSE(decode_frame_header(zeros, offset * 31, offset));
  }
}

TEST(Payload, IsExactlyItsRecords) {
  const std::string payload("\3one\0", 5);
  EXPECT_TRUE(payload_parses(payload, 2));
  EXPECT_FALSE(payload_parses(payload, 1)) << "bytes are left over";
  EXPECT_FALSE(payload_parses(payload, 3)) << "bytes are missing";
  EXPECT_FALSE(payload_parses("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 1)) << "a length lies";
  EXPECT_TRUE(payload_parses("", 0));
}

}  // namespace
}  // namespace alcove::wal
