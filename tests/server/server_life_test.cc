#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/server/server_fixture.h"
#include "tests/server/wire_client.h"

namespace alcove::server {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;

class ServerLifeTest : public ServerTest {
 protected:
  // The next reply in short, and its SQLSTATE.
  static std::string end_of(WireClient& client) {
    const auto reply = client.read_reply();
    return summary(reply) + " " + report_field(reply, 'C');
  }

  // Returns when the client's statement sleeps: what the script said before has come by then.
  static void begin_waiting(WireClient& client, const std::string& seconds) {
    client.send(WireClient::query("select 1; select pg_sleep(" + seconds + ")"));
    for (const char type : {'T', 'D', 'C'}) EXPECT_EQ(client.read().type, type);
  }

  // Asks for more than the sockets' buffers hold and reads none of it.
  static void ask_for_too_much(WireClient& client) {
    client.send(WireClient::query("select generate_series(1, 1000000)"));
    EXPECT_EQ(client.read().type, 'T');
  }
};

TEST_F(ServerLifeTest, ListensOnLoopbackOnly) {
  for (const char* address : {"0.0.0.0", "192.0.2.1", "::", "example.org", "127.0.0.1:5432"}) {
    options_.listen_addresses = {address};
    const auto server = Server::start({file_system_, clock_, random_}, options_);
    ASSERT_FALSE(server) << address;
    EXPECT_EQ(server.error().code(), ErrorCode::kInvalidValue) << address;
  }
}

TEST_F(ServerLifeTest, NamesTheAddressThatIsTaken) {
  start();
  options_.port = port();
  const auto second = Server::start({file_system_, clock_, random_}, options_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code(), ErrorCode::kIo);
  EXPECT_THAT(second.error().message(),
              testing::HasSubstr("127.0.0.1:" + std::to_string(port())));
}

TEST_F(ServerLifeTest, SaysThatItIsStartingUp) {
  listen();
  const WireClient early(port());
  EXPECT_THAT(reports(early.greeting()),
              ElementsAre("FATAL 57P03 the database system is starting up"));
  serve();
  EXPECT_EQ(WireClient(port()).greeting().back().type, 'Z');
}

TEST_F(ServerLifeTest, OpensNoMoreSessionsThanAllowed) {
  options_.connections_max = 2;
  start();
  WireClient first(port());
  const WireClient second(port());
  EXPECT_THAT(reports(WireClient(port()).greeting()),
              ElementsAre("FATAL 53300 sorry, too many clients already"));
  first.send(WireClient::message('X', ""));
  EXPECT_EQ(first.read().type, '$');
  EXPECT_TRUE(session_count_becomes(1));
  EXPECT_EQ(WireClient(port()).greeting().back().type, 'Z');
}

TEST_F(ServerLifeTest, RefusesSocketsBeyondMeasureUnheard) {
  options_.connections_max = 1;
  start();
  std::vector<std::unique_ptr<WireClient>> silent;
  for (int i = 0; i < 200; ++i) {
    silent.push_back(std::make_unique<WireClient>(port(), WireClient::Greeting::kNone));
  }
  EXPECT_EQ(report_field({silent.back()->read()}, 'C'), "53300");
}

TEST_F(ServerLifeTest, ClosesOnWhoDoesNotSayWhoHeIs) {
  options_.authentication_timeout_ms = 50;
  start();
  WireClient silent(port(), WireClient::Greeting::kNone);
  EXPECT_EQ(silent.read().type, '$');
  WireClient session(port());
  WireClient another(port(), WireClient::Greeting::kNone);
  EXPECT_EQ(another.read().type, '$');
  EXPECT_EQ(session.ask("select 1").back().type, 'Z');
}

TEST_F(ServerLifeTest, EndsIdleSessionsAfterTheirTime) {
  start();
  WireClient idle(port());
  idle.ask("set idle_session_timeout = 50");
  EXPECT_EQ(end_of(idle), "E $ 57P05");
  WireClient in_transaction(port());
  in_transaction.ask("set idle_in_transaction_session_timeout = 50; begin");
  EXPECT_EQ(end_of(in_transaction), "E $ 25P03");
  EXPECT_TRUE(session_count_becomes(0));
}

TEST_F(ServerLifeTest, ClosesOnClientsThatTakeNoResults) {
  options_.write_stall_timeout_ms = 50;
  start();
  WireClient client(port());
  ask_for_too_much(client);
  EXPECT_TRUE(session_count_becomes(0));
}

TEST_F(ServerLifeTest, EndsTheSessionOfALostClient) {
  start();
  for (const char* text : {"select pg_sleep(1000)", "begin", "begin; select pg_sleep(1000)"}) {
    WireClient client(port());
    client.send(WireClient::query(text));
    client.close();
  }
  EXPECT_TRUE(session_count_becomes(0));
}

TEST_F(ServerLifeTest, RollsBackWhatALostClientHadBegun) {
  start();
  WireClient lost(port());
  lost.ask("begin; create index a dimension 1");
  lost.close();
  EXPECT_TRUE(session_count_becomes(0));
  WireClient client(port());
  EXPECT_EQ(summary(client.ask("create index a dimension 1")), "C(CREATE INDEX) ZI");
}

TEST_F(ServerLifeTest, TellsIdleSessionsAtStop) {
  start();
  WireClient idle(port());
  WireClient in_transaction(port());
  in_transaction.ask("begin");
  WireClient silent(port(), WireClient::Greeting::kNone);
  server_->stop();
  EXPECT_EQ(end_of(idle), "E $ 57P01");
  EXPECT_EQ(end_of(in_transaction), "E $ 57P01");
  EXPECT_EQ(silent.read().type, '$');
}

TEST_F(ServerLifeTest, LetsStatementsFinishAtStop) {
  start();
  WireClient busy(port());
  begin_waiting(busy, "0.3");
  std::thread stopping([this] { server_->stop(); });
  EXPECT_EQ(summary(busy.read_reply()), "T D C(SELECT 1) ZI");
  EXPECT_EQ(end_of(busy), "E $ 57P01");
  stopping.join();
}

TEST_F(ServerLifeTest, CancelsStatementsAfterTheGraceOfStop) {
  options_.stop_grace_ms = 50;
  start();
  WireClient busy(port());
  begin_waiting(busy, "1000");
  server_->stop();
  EXPECT_EQ(end_of(busy), "E ZI 57014");
  EXPECT_EQ(end_of(busy), "E $ 57P01");
}

TEST_F(ServerLifeTest, StopsThoughAClientTakesNoResults) {
  options_.stop_grace_ms = 50;
  start();
  WireClient client(port());
  ask_for_too_much(client);
  server_->stop();
  EXPECT_EQ(server_->session_count(), 0U);
}

TEST_F(ServerLifeTest, StopsOnceForAllWhoAsk) {
  start();
  const WireClient client(port());
  std::thread other([this] { server_->stop(); });
  server_->stop();
  other.join();
  EXPECT_EQ(server_->session_count(), 0U);
}

TEST_F(ServerLifeTest, ServesManySessionsFromFewThreads) {
  options_.worker_threads = 2;
  start();
  std::vector<std::unique_ptr<WireClient>> clients;
  for (int i = 0; i < 100; ++i) clients.push_back(std::make_unique<WireClient>(port()));
  for (int round = 0; round < 3; ++round) {
    for (const auto& client : clients) client->send(WireClient::query("select 1"));
    for (const auto& client : clients) {
      EXPECT_EQ(summary(client->read_reply()), "T D C(SELECT 1) ZI");
    }
  }
}

}  // namespace
}  // namespace alcove::server
