#include <random>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/server/server_fixture.h"
#include "tests/server/wire_client.h"

namespace alcove::server {
namespace {

using namespace std::string_literals;
using testing::ElementsAre;

// Messages that break the protocol, or that we do not take.
class HostileClientTest : public ServerTest {
 protected:
  HostileClientTest() {
    options_.statement_bytes_max = 100'000;
    start();
  }

  std::vector<WireMessage> answer(const std::string& bytes) {
    client_ = std::make_unique<WireClient>(port());
    client_->send(bytes);
    return client_->read_reply();
  }
  // Whether the session of the last answer() still works.
  bool goes_on() { return summary(client_->ask("select 1")) == "T D C(SELECT 1) ZI"; }

  std::unique_ptr<WireClient> client_;
};

TEST_F(HostileClientTest, UnknownTypesEndTheSession) {
  const auto reply = answer(WireClient::message('y', ""));
  EXPECT_EQ(summary(reply), "E $");
  EXPECT_THAT(reports(reply), ElementsAre("FATAL 08P01 invalid frontend message type 121"));
  EXPECT_THAT(reports(answer("\xff")),
              ElementsAre("FATAL 08P01 invalid frontend message type 255"));
}

TEST_F(HostileClientTest, BadLengthsCloseSilently) {
  EXPECT_EQ(summary(answer("Q\0\0\0\x02"s)), "$");
  EXPECT_EQ(summary(answer("Q\xff\xff\xff\xff"s)), "$");
  EXPECT_EQ(summary(answer("S\0\0\xff\xff"s)), "$");
}

TEST_F(HostileClientTest, BadTextsAreErrorsOfTheirStatement) {
  EXPECT_THAT(reports(answer(WireClient::message('Q', "select 1"))),
              ElementsAre("ERROR 08P01 invalid string in message"));
  EXPECT_TRUE(goes_on());
  EXPECT_THAT(reports(answer(WireClient::message('Q', "select 1\0x"s))),
              ElementsAre("ERROR 08P01 invalid message format"));
  EXPECT_TRUE(goes_on());
  EXPECT_THAT(reports(answer(WireClient::message('Q', "select '\xff'\0"s))),
              ElementsAre("ERROR 22021 invalid byte sequence for encoding \"UTF8\": 0xff"));
  EXPECT_TRUE(goes_on());
}

TEST_F(HostileClientTest, OversizeTextsAreSkipped) {
  const auto reply = answer(WireClient::query("select '" + std::string(1'000'000, 'x') + "'"));
  EXPECT_EQ(summary(reply), "E ZI");
  EXPECT_EQ(report_field(reply, 'C'), "54000");
  EXPECT_TRUE(goes_on());
}

TEST_F(HostileClientTest, ABrokenBindIsSkippedUntilSync) {
  const std::string parse = WireClient::message('P', "\0select 1\0\0\0"s);
  const auto reply = answer(parse + WireClient::message('B', "") + WireClient::query("select 5") +
                            WireClient::message('H', "") + WireClient::message('S', ""));
  EXPECT_EQ(summary(reply), "1 E ZI");
  EXPECT_EQ(report_field(reply, 'C'), "08P01");
  EXPECT_TRUE(goes_on());
}

TEST_F(HostileClientTest, OversizeMessagesOfTheExtendedProtocolAreSkippedUntilSync) {
  const auto reply = answer(WireClient::message('P', std::string(200'000, 'x')) +
                            WireClient::query("select 5") + WireClient::message('S', ""));
  EXPECT_EQ(summary(reply), "E ZI");
  EXPECT_TRUE(goes_on());
}

TEST_F(HostileClientTest, EverySyncIsAnsweredOnce) {
  EXPECT_EQ(summary(answer(WireClient::message('S', ""))), "ZI");
  EXPECT_TRUE(goes_on());
}

TEST_F(HostileClientTest, FunctionCallsAreRefusedWithoutSkipping) {
  EXPECT_EQ(summary(answer(WireClient::message('F', "xx"))), "E ZI");
  EXPECT_TRUE(goes_on());
}

TEST_F(HostileClientTest, CopyMessagesOutsideACopyAreIgnored) {
  const auto reply = answer(WireClient::message('d', "zzz") + WireClient::message('c', "") +
                            WireClient::message('f', "x\0"s) + WireClient::query("select 1"));
  EXPECT_EQ(summary(reply), "T D C(SELECT 1) ZI");
}

TEST_F(HostileClientTest, TerminateIsHeardWhileSkipping) {
  EXPECT_EQ(summary(answer(WireClient::message('P', "") + WireClient::message('X', ""))), "E $");
}

TEST_F(HostileClientTest, NoiseHarmsNobodyElse) {
  WireClient bystander(port());
  std::mt19937 random(3);
  const std::string types = "QPBDECHSFdcfXy";
  for (int round = 0; round < 200; ++round) {
    std::string noise;
    for (int i = 0; i < 5; ++i) {
      std::string body(random() % 40, '\0');
      for (char& c : body) c = static_cast<char>(random());
      noise += WireClient::message(types[random() % types.size()], body);
    }
    WireClient client(port());
    client.send(noise);
    client.half_close();
    while (client.read().type != '$') {
    }
  }
  EXPECT_EQ(summary(bystander.ask("select 1")), "T D C(SELECT 1) ZI");
  EXPECT_TRUE(session_count_becomes(1));
}

}  // namespace
}  // namespace alcove::server
