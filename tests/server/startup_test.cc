#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/server/server_fixture.h"
#include "tests/server/wire_client.h"

namespace alcove::server {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::Pair;
using testing::StartsWith;

constexpr std::uint32_t kSslRequest = 80877103;
constexpr std::uint32_t kGssRequest = 80877104;

class StartupTest : public ServerTest {
 protected:
  StartupTest() { start(); }

  std::string request(std::uint32_t code) {
    return WireClient::big_endian(8) + WireClient::big_endian(code);
  }
  // What a first packet is answered.
  std::vector<WireMessage> answer(const std::string& packet) {
    WireClient client(port(), WireClient::Greeting::kNone);
    client.send(packet);
    return client.read_reply();
  }
};

TEST_F(StartupTest, ReportsWhatDriversNeed) {
  const WireClient client(port());
  EXPECT_THAT(client.parameters(),
              AllOf(Contains(Pair("server_version", StartsWith("15.0 (Alcove"))),
                    Contains(Pair("client_encoding", "UTF8")),
                    Contains(Pair("standard_conforming_strings", "on")),
                    Contains(Pair("integer_datetimes", "on")),
                    Contains(Pair("DateStyle", "ISO, MDY")),
                    Contains(Pair("session_authorization", "me"))));
  EXPECT_EQ(client.parameters().size(), 13U);
  EXPECT_EQ(client.greeting().front().type, 'R');
  EXPECT_EQ(client.greeting().back().body, "I");
  EXPECT_GT(client.process_id(), 0);
}

TEST_F(StartupTest, AppliesParametersOverOptions) {
  WireClient client(port(), {{"user", "me"},
                             {"application_name", "second"},
                             {"options", R"(-c application_name=first -c search_path=x\ y)"}});
  EXPECT_EQ(client.parameters()["application_name"], "second");
  EXPECT_THAT(column(client.ask("show search_path")), ElementsAre("x y"));
  client.ask("set application_name = other");
  client.ask("reset application_name");
  EXPECT_THAT(column(client.ask("show application_name")), ElementsAre("second"));
}

TEST_F(StartupTest, AcceptsAnyDatabaseAndDottedSettings) {
  WireClient client(port(), {{"user", "me"}, {"database", "any"}, {"foo.bar", "1"}});
  EXPECT_THAT(column(client.ask("select current_database()")), ElementsAre("any"));
}

TEST_F(StartupTest, RefusesUnknownSettingsAfterAuthentication) {
  const WireClient client(port(), {{"user", "me"}, {"foo", "1"}});
  EXPECT_EQ(summary(client.greeting()), "R E $");
  EXPECT_THAT(reports(client.greeting()),
              ElementsAre("FATAL 42704 unrecognized configuration parameter \"foo\""));
  EXPECT_TRUE(session_count_becomes(0));
}

TEST_F(StartupTest, RefusesInPostgreSqlsWords) {
  EXPECT_THAT(
      reports(answer(WireClient::startup_packet({}, 4U << 16))),
      ElementsAre("FATAL 0A000 unsupported frontend protocol 4.0: server supports 3.0 to 3.0"));
  EXPECT_THAT(reports(answer(WireClient::startup_packet({{"database", "d"}}))),
              ElementsAre("FATAL 28000 no PostgreSQL user name specified in startup packet"));
}

TEST_F(StartupTest, NegotiatesTheVersion) {
  const auto reply = answer(WireClient::startup_packet(
      {{"user", "me"}, {"_pq_.test_protocol_negotiation", ""}}, (3U << 16) + 9999));
  EXPECT_EQ(reply.front().type, 'v');
  EXPECT_EQ(reply.front().body, WireClient::big_endian(3U << 16) + WireClient::big_endian(1) +
                                    "_pq_.test_protocol_negotiation" + '\0');
  EXPECT_EQ(reply.back().type, 'Z');
}

TEST_F(StartupTest, DeclinesEncryptionAndGoesOn) {
  for (const auto& requests : {std::vector{kSslRequest}, std::vector{kGssRequest},
                               std::vector{kGssRequest, kSslRequest}}) {
    WireClient client(port(), WireClient::Greeting::kNone);
    for (const std::uint32_t code : requests) {
      client.send(request(code));
      EXPECT_EQ(client.read_byte(), 'N');
    }
    client.send_startup({{"user", "me"}});
    EXPECT_EQ(client.greeting().back().type, 'Z');
  }
}

TEST_F(StartupTest, RefusesBytesSentAheadOfTheAnswer) {
  WireClient client(port(), WireClient::Greeting::kNone);
  client.send(request(kSslRequest) + WireClient::startup_packet({{"user", "me"}}));
  EXPECT_EQ(client.read_byte(), 'N');
  EXPECT_THAT(reports(client.read_reply()),
              ElementsAre("FATAL 08P01 received unencrypted data after SSL request"));
}

TEST_F(StartupTest, ClosesSilentlyOnWhatIsNoPacket) {
  EXPECT_EQ(summary(answer(WireClient::big_endian(7) + std::string(3, 'x'))), "$");
  EXPECT_EQ(summary(answer(WireClient::big_endian(10'001) + std::string(9'997, 'x'))), "$");
  EXPECT_EQ(summary(answer("\x16\x03\x01\x02" + std::string(512, 'x'))), "$");
}

TEST_F(StartupTest, TakesAPacketInPieces) {
  WireClient client(port(), WireClient::Greeting::kNone);
  for (const char byte : WireClient::startup_packet({{"user", "me"}})) client.send({&byte, 1});
  EXPECT_EQ(client.read_reply().back().type, 'Z');
}

}  // namespace
}  // namespace alcove::server
