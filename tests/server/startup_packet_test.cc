#include "server/startup_packet.h"

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace alcove::server {
namespace {

using namespace std::string_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

constexpr std::uint32_t kVersion30 = 3U << 16;

std::string big_endian(std::uint32_t value) {
  std::string bytes;
  for (const int shift : {24, 16, 8, 0}) bytes.push_back(static_cast<char>(value >> shift));
  return bytes;
}

std::string packet(std::uint32_t code, const std::string& body) {
  return big_endian(static_cast<std::uint32_t>(8 + body.size())) + big_endian(code) + body;
}

StartupMessage parse_message(const std::string& body, std::uint32_t version = kVersion30) {
  const auto parsed = parse_startup_packet(packet(version, body), {});
  EXPECT_TRUE(parsed) << (parsed ? "" : parsed.error().message());
  return parsed ? std::get<StartupMessage>(*parsed) : StartupMessage();
}

Error parse_error(const std::string& body, std::uint32_t version = kVersion30) {
  const auto parsed = parse_startup_packet(packet(version, body), {});
  EXPECT_FALSE(parsed);
  return parsed ? Error() : parsed.error();
}

TEST(StartupPacket, KnowsItsLengthFromFourBytes) {
  EXPECT_EQ(*startup_packet_bytes(big_endian(8)), 8U);
  EXPECT_EQ(*startup_packet_bytes(big_endian(10'000)), 10'000U);
  EXPECT_FALSE(startup_packet_bytes(big_endian(7)));
  EXPECT_FALSE(startup_packet_bytes(big_endian(10'001)));
  EXPECT_FALSE(startup_packet_bytes("\x16\x03\x01\x02"));  // a TLS client at once
}

TEST(StartupPacket, AnswersEachEncryptionRequestOnce) {
  const std::string ssl = packet(80877103, "");
  const std::string gss = packet(80877104, "");
  EXPECT_TRUE(std::holds_alternative<SslRequest>(*parse_startup_packet(ssl, {})));
  EXPECT_TRUE(std::holds_alternative<GssRequest>(*parse_startup_packet(gss, {.ssl = true})));
  EXPECT_TRUE(std::holds_alternative<SslRequest>(*parse_startup_packet(ssl, {.gss = true})));
  EXPECT_EQ(parse_startup_packet(ssl, {.ssl = true}).error().message(),
            "unsupported frontend protocol 1234.5679: server supports 3.0 to 3.0");
}

TEST(StartupPacket, ReadsCancelRequests) {
  const auto parsed =
      parse_startup_packet(packet(80877102, big_endian(77) + big_endian(0xdeadbeef)), {});
  const auto& request = std::get<CancelRequest>(*parsed);
  EXPECT_EQ(request.process_id, 77);
  EXPECT_EQ(request.secret_key, 0xdeadbeefU);
  EXPECT_FALSE(parse_startup_packet(packet(80877102, big_endian(77)), {}));
  EXPECT_FALSE(parse_startup_packet(packet(80877102, std::string(36, 'k')), {}));
}

TEST(StartupPacket, TakesTheUserForTheDatabase) {
  EXPECT_EQ(parse_message("user\0me\0\0"s).database, "me");
  EXPECT_EQ(parse_message("user\0me\0database\0d\0\0"s).database, "d");
}

TEST(StartupPacket, PutsOptionsBeforeParameters) {
  const StartupMessage message = parse_message(
      "application_name\0psql\0user\0me\0options\0-c DateStyle=ISO --search-path=a\0\0"s);
  EXPECT_THAT(message.settings, ElementsAre(Pair("datestyle", "ISO"), Pair("search_path", "a"),
                                            Pair("application_name", "psql")));
}

TEST(StartupPacket, SettlesTheClientEncoding) {
  for (const char* name : {"UTF8", "utf-8", "'utf-8'", "Unicode", "SQL_ASCII"}) {
    EXPECT_THAT(parse_message("user\0me\0client_encoding\0"s + name + "\0\0"s).settings,
                ElementsAre(Pair("client_encoding", "UTF8")));
  }
  EXPECT_EQ(parse_error("user\0me\0client_encoding\0LATIN1\0\0"s).code(), ErrorCode::kInvalidValue);
  EXPECT_EQ(parse_error("user\0me\0options\0-cclient_encoding=LATIN1\0\0"s).code(),
            ErrorCode::kInvalidValue);
}

TEST(StartupPacket, NegotiatesMinorVersionsAndProtocolOptions) {
  const StartupMessage newer =
      parse_message("user\0me\0_pq_.x\0\0_pq_.y\0z\0\0"s, kVersion30 + 9999);
  EXPECT_TRUE(newer.negotiate);
  EXPECT_THAT(newer.unknown_options, ElementsAre("_pq_.x", "_pq_.y"));
  EXPECT_THAT(newer.settings, IsEmpty());
  EXPECT_TRUE(parse_message("user\0me\0\0"s, kVersion30 + 2).negotiate);
  EXPECT_TRUE(parse_message("user\0me\0_pq_.x\0\0\0"s).negotiate);
  EXPECT_FALSE(parse_message("user\0me\0\0"s).negotiate);
}

TEST(StartupPacket, RefusesOtherMajorVersions) {
  EXPECT_EQ(parse_error("", 4U << 16).message(),
            "unsupported frontend protocol 4.0: server supports 3.0 to 3.0");
  EXPECT_EQ(parse_error("", 2U << 16).code(), ErrorCode::kNotSupported);
}

TEST(StartupPacket, NeedsAUser) {
  EXPECT_EQ(parse_error("database\0d\0\0"s).code(), ErrorCode::kInvalidAuthorization);
  EXPECT_EQ(parse_error("user\0\0\0"s).message(),
            "no PostgreSQL user name specified in startup packet");
}

TEST(StartupPacket, RefusesReplication) {
  EXPECT_EQ(parse_error("user\0me\0replication\0database\0\0"s).code(), ErrorCode::kNotSupported);
  EXPECT_THAT(parse_message("user\0me\0replication\0false\0\0"s).settings, IsEmpty());
}

TEST(StartupPacket, RefusesBadLayoutAtEveryLength) {
  const std::string whole = "user\0me\0application_name\0x\0\0"s;
  for (std::size_t length = 0; length < whole.size(); ++length) {
    EXPECT_EQ(parse_error(whole.substr(0, length)).code(), ErrorCode::kProtocol) << length;
  }
  EXPECT_EQ(parse_error(whole + "x").code(), ErrorCode::kProtocol);
}

TEST(StartupPacket, RefusesTextThatIsNotUtf8) {
  EXPECT_EQ(parse_error("user\0\xff\0\0"s).code(), ErrorCode::kBadEncoding);
}

TEST(CommandLineOptions, SplitsAtBlanksUnlessEscaped) {
  EXPECT_THAT(*parse_command_line_options(R"(-c a=1  -c b=x\ y\\z --c-d=2	-ce=)"),
              ElementsAre(Pair("a", "1"), Pair("b", "x y\\z"), Pair("c_d", "2"), Pair("e", "")));
  EXPECT_THAT(*parse_command_line_options("  "), IsEmpty());
}

TEST(CommandLineOptions, RefusesWhatItDoesNotKnow) {
  for (const char* text : {"-x", "a=1", "-c", "-c a", "--a", "--=1", "-c =1", "\\"}) {
    const auto parsed = parse_command_line_options(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code(), ErrorCode::kSyntax) << text;
  }
}

}  // namespace
}  // namespace alcove::server
