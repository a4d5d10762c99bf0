// The messages of a log-in, also as no client should send them.

#include <chrono>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "executor/engine.h"
#include "tests/server/server_fixture.h"
#include "tests/server/wire_client.h"

namespace alcove::server {
namespace {

using testing::ElementsAre;
using testing::StartsWith;

class LogInTest : public ServerTest {
 protected:
  // With a superuser whose password is "right".
  void start_closed() {
    start();
    WireClient client(port());
    EXPECT_THAT(client.ask("CREATE ROLE root SUPERUSER LOGIN PASSWORD 'right'"), testing::SizeIs(2));
  }

  // A client that has been asked for root's password, or another user's.
  std::unique_ptr<WireClient> asked(const std::string& user = "root") {
    auto client = std::make_unique<WireClient>(port(), WireClient::Greeting::kNone);
    client->send(WireClient::startup_packet({{"user", user}}));
    const WireMessage request = client->read();
    EXPECT_EQ(request.type, 'R');
    EXPECT_EQ(request.body, WireClient::big_endian(10) + std::string("SCRAM-SHA-256\0\0", 15));
    return client;
  }

  static std::string first_message(const std::string& text,
                                   const std::string& mechanism = "SCRAM-SHA-256") {
    return WireClient::message(
        'p', mechanism + '\0' + WireClient::big_endian(static_cast<std::uint32_t>(text.size())) +
                 text);
  }

  // The server's first message of SCRAM.
  static std::string challenge(WireClient& client) {
    client.send(first_message("n,,n=,r=abc"));
    const WireMessage answer = client.read();
    EXPECT_EQ(answer.type, 'R');
    EXPECT_EQ(answer.body.substr(0, 4), WireClient::big_endian(11));
    return answer.body.substr(4);
  }

  static std::vector<std::string> guess(WireClient& client) {
    const std::string nonces = challenge(client);
    client.send(WireClient::message(
        'p', "c=biws," + nonces.substr(0, nonces.find(',')) + ",p=" + std::string(43, 'A') + "="));
    return reports(client.read_reply());
  }
};

TEST_F(LogInTest, AsksAndRefusesTheSameWhetherOrNotThereIsSuchARole) {
  start_closed();
  for (const std::string user : {"root", "nobody"}) {
    const std::string salt = challenge(*asked(user)).substr(30);
    const auto client = asked(user);
    const std::string again = challenge(*client);
    EXPECT_THAT(again, StartsWith("r=abc"));
    EXPECT_THAT(again, testing::EndsWith(",i=4096"));
    EXPECT_EQ(again.substr(30), salt) << "the salt stays";
    EXPECT_THAT(guess(*asked(user)),
                ElementsAre("FATAL 28P01 password authentication failed for user \"" + user + "\""));
  }
}

TEST_F(LogInTest, TakesNoOtherMessage) {
  start_closed();
  auto client = asked();
  client->send(WireClient::query("SELECT 1"));
  EXPECT_THAT(reports(client->read_reply()),
              ElementsAre("FATAL 08P01 expected SASL response, got message type 81"));
  client = asked();
  client->send(first_message("n,,n=,r=abc", "SCRAM-SHA-1"));
  EXPECT_THAT(
      reports(client->read_reply()),
      ElementsAre("FATAL 08P01 client selected an invalid SASL authentication mechanism"));
  client = asked();
  client->send(WireClient::message('p', "SCRAM-SHA-256"));
  EXPECT_THAT(reports(client->read_reply()), ElementsAre("FATAL 08P01 malformed SASL response"));
}

TEST_F(LogInTest, ClosesOnMessagesThatAreTooLong) {
  start_closed();
  const auto client = asked();
  client->send("p" + WireClient::big_endian(1'029));
  EXPECT_EQ(summary(client->read_reply()), "$");
}

TEST_F(LogInTest, EndsWithTheTimeForIt) {
  options_.authentication_timeout_ms = 100;
  start_closed();
  const auto client = asked();
  challenge(*client);
  EXPECT_EQ(summary(client->read_reply()), "$");
}

TEST_F(LogInTest, TakesNoPlaceAmongSessionsBeforeItIsOver) {
  options_.connections_max = 1;
  start_closed();
  EXPECT_TRUE(session_count_becomes(0));
  const auto first = asked();
  const auto second = asked();
  EXPECT_EQ(server_->session_count(), 0U);
}

TEST_F(LogInTest, IsSlowedDownForWhoGuesses) {
  start_closed();
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < 5; ++i) guess(*asked("nobody"));
  // 0.1 s for the fourth, 0.2 s for the fifth.
  EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(300));
}

// Stopping waits for nobody who has not logged in.
TEST_F(LogInTest, IsCutOffWhenTheServerStops) {
  start_closed();
  const auto asking = asked();
  for (int i = 0; i < 4; ++i) guess(*asked("nobody"));
  const auto delayed = asked();
  const std::string nonces = challenge(*delayed);
  delayed->send(WireClient::message(
      'p', "c=biws," + nonces.substr(0, nonces.find(',')) + ",p=" + std::string(43, 'A') + "="));
  server_->stop();
  EXPECT_EQ(summary(asking->read_reply()), "$");
}

}  // namespace
}  // namespace alcove::server
