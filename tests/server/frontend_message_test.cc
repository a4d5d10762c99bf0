#include "server/frontend_message.h"

#include <string>

#include <gtest/gtest.h>

namespace alcove::server {
namespace {

using namespace std::string_literals;
using Kind = FrontendFrame::Kind;

constexpr std::uint64_t kLimit = 100;

std::string message(char type, std::uint32_t length) {
  std::string bytes(1, type);
  for (const int shift : {24, 16, 8, 0}) bytes.push_back(static_cast<char>(length >> shift));
  return bytes;
}

TEST(FrameMessage, AsksForTheHeaderBeforeItKnowsTheLength) {
  for (const std::string& part : {""s, "Q"s, "Q\0\0\0"s}) {
    const FrontendFrame frame = frame_message(part, kLimit);
    EXPECT_EQ(frame.kind, Kind::kIncomplete);
    EXPECT_EQ(frame.bytes, kMessageHeaderBytes);
  }
}

TEST(FrameMessage, AsksForTheBody) {
  const FrontendFrame frame = frame_message(message('Q', 13) + "select", kLimit);
  EXPECT_EQ(frame.kind, Kind::kIncomplete);
  EXPECT_EQ(frame.bytes, 14U);
}

TEST(FrameMessage, FindsTheEndAmongLaterMessages) {
  const FrontendFrame frame = frame_message(message('Q', 5) + "\0X"s, kLimit);
  EXPECT_EQ(frame.kind, Kind::kMessage);
  EXPECT_EQ(frame.type, 'Q');
  EXPECT_EQ(frame.bytes, 6U);
}

TEST(FrameMessage, JudgesTheLengthWithoutTheBody) {
  EXPECT_EQ(frame_message(message('Q', 4 + kLimit), kLimit).kind, Kind::kIncomplete);
  const FrontendFrame oversize = frame_message(message('Q', 5 + kLimit), kLimit);
  EXPECT_EQ(oversize.kind, Kind::kOversize);
  EXPECT_EQ(oversize.bytes, 6 + kLimit);
}

TEST(FrameMessage, RefusesLengthsThatNoMessageHas) {
  for (const std::uint32_t length : {0U, 3U, (1U << 30) + 1, 0x7fffffffU, 0xffffffffU}) {
    EXPECT_EQ(frame_message(message('Q', length), kLimit).kind, Kind::kBadLength) << length;
  }
  EXPECT_EQ(frame_message(message('S', 10'005), kMessageBytesMax).kind, Kind::kBadLength);
  EXPECT_EQ(frame_message(message('S', 10'004), kMessageBytesMax).kind, Kind::kIncomplete);
}

TEST(FrameMessage, KnowsEveryTypeByItsFirstByteAlone) {
  const std::string known = "QPBDECHSFdcfX";
  for (int byte = 0; byte < 256; ++byte) {
    const std::string stream(1, static_cast<char>(byte));
    const bool is_known = known.find(stream) != std::string::npos;
    EXPECT_EQ(frame_message(stream, kLimit).kind,
              is_known ? Kind::kIncomplete : Kind::kUnknownType);
  }
}

TEST(ParseQueryMessage, TakesOneTerminatedText) {
  EXPECT_EQ(*parse_query_message("SELECT 'ä'\0"s), "SELECT 'ä'");
  EXPECT_EQ(*parse_query_message("\0"s), "");
}

TEST(ParseQueryMessage, RefusesBadLayoutInPostgreSqlsWords) {
  EXPECT_EQ(parse_query_message("select 1").error().message(), "invalid string in message");
  EXPECT_EQ(parse_query_message("").error().message(), "invalid string in message");
  EXPECT_EQ(parse_query_message("select 1\0x"s).error().message(), "invalid message format");
  EXPECT_EQ(parse_query_message("select '\xff'\0x"s).error().code(), ErrorCode::kBadEncoding);
}

}  // namespace
}  // namespace alcove::server
