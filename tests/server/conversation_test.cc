#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/server/server_fixture.h"
#include "tests/server/wire_client.h"

namespace alcove::server {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

// The simple query as PostgreSQL 15 answers it.
class ConversationTest : public ServerTest {
 protected:
  ConversationTest() { start(); }

  std::string asked(std::string_view text) { return summary(client().ask(text)); }

  WireClient& client() {
    if (client_ == nullptr) client_ = std::make_unique<WireClient>(port());
    return *client_;
  }

  void make_records(int count) {
    client().ask("CREATE INDEX a DIMENSION 1 METRIC dotproduct");
    std::string upsert = "UPSERT INTO a NAMESPACE n VALUES ";
    for (int i = 0; i < count; ++i) {
      const std::string number = std::to_string(i);
      upsert += (i == 0 ? "" : ",") + ("('id" + number + "', [" + number + "])");
    }
    ASSERT_EQ(asked(upsert), "C(INSERT 0 " + std::to_string(count) + ") ZI");
  }

  std::unique_ptr<WireClient> client_;
};

TEST_F(ConversationTest, AnswersEmptyTextsWithEmptyQueryResponse) {
  EXPECT_EQ(asked(""), "I ZI");
  EXPECT_EQ(asked(" ; -- nothing\n;"), "I ZI");
}

TEST_F(ConversationTest, AnswersEachStatementAndIsReadyOnce) {
  EXPECT_EQ(asked("select 1;;select 2"), "T D C(SELECT 1) T D C(SELECT 1) ZI");
}

TEST_F(ConversationTest, RunsNothingOfATextThatDoesNotParse) {
  EXPECT_EQ(asked("create index a dimension 1; bogus"), "E ZI");
  EXPECT_EQ(asked("drop index a"), "E ZI");
}

TEST_F(ConversationTest, UndoesAScriptThatFails) {
  EXPECT_EQ(asked("create index a dimension 1; select 1/0; select 2"), "C(CREATE INDEX) E ZI");
  EXPECT_EQ(report_field(client().ask("drop index a"), 'C'), "42P01");
}

TEST_F(ConversationTest, CommitsAScriptBeforeItsLastTag) {
  EXPECT_EQ(asked("create index a dimension 1; create index b dimension 1"),
            "C(CREATE INDEX) C(CREATE INDEX) ZI");
  EXPECT_EQ(summary(WireClient(port()).ask("drop index a; drop index b")),
            "C(DROP INDEX) C(DROP INDEX) ZI");
}

TEST_F(ConversationTest, TellsTheStatusOfTheTransaction) {
  EXPECT_EQ(asked("begin"), "C(BEGIN) ZT");
  EXPECT_EQ(asked("select 1/0"), "E ZE");
  EXPECT_EQ(report_field(client().ask("select 1"), 'C'), "25P02");
  EXPECT_EQ(asked("commit"), "C(ROLLBACK) ZI");
}

TEST_F(ConversationTest, FailsTheTransactionOverATextThatDoesNotParse) {
  EXPECT_EQ(asked("begin"), "C(BEGIN) ZT");
  EXPECT_EQ(asked("bogus"), "E ZE");
}

TEST_F(ConversationTest, SendsWarningsBeforeTheTag) {
  const auto reply = client().ask("commit");
  EXPECT_EQ(summary(reply), "N C(COMMIT) ZI");
  EXPECT_THAT(reports(reply),
              ElementsAre("WARNING 25P01 there is no transaction in progress"));
}

TEST_F(ConversationTest, HonoursClientMinMessages) {
  client().ask("set client_min_messages = error");
  EXPECT_EQ(asked("commit"), "C(COMMIT) ZI");
}

TEST_F(ConversationTest, TellsChangedSettingsBeforeItIsReady) {
  EXPECT_EQ(asked("set application_name = 'x'"), "C(SET) S ZI");
  EXPECT_EQ(asked("set application_name = 'x'"), "C(SET) ZI");
  EXPECT_EQ(asked("begin; set application_name = 'y'"), "C(BEGIN) C(SET) S ZT");
  EXPECT_EQ(asked("rollback"), "C(ROLLBACK) S ZI");
}

TEST_F(ConversationTest, PointsAtTheFaultInCharacters) {
  const auto reply = client().ask("/* äöü */ bogus");
  EXPECT_EQ(report_field(reply, 'C'), "42601");
  EXPECT_EQ(report_field(reply, 'P'), "11");
}

TEST_F(ConversationTest, WritesRowsInTextFormat) {
  make_records(3);
  const auto reply =
      client().ask("QUERY a NAMESPACE n NEAREST [2] TOP 2 INCLUDE VALUES, METADATA");
  EXPECT_EQ(summary(reply), "T D D C(SELECT 2) ZI");
  EXPECT_THAT(column(reply, 0), ElementsAre("id2", "id1"));
  EXPECT_THAT(column(reply, 1), ElementsAre("4", "2"));
  EXPECT_THAT(column(reply, 2), ElementsAre("{2}", "{1}"));
  EXPECT_THAT(column(reply, 3), ElementsAre("NULL", "NULL"));
}

TEST_F(ConversationTest, SendsResultsLargerThanItsBuffer) {
  make_records(5000);
  client().ask("set application_name = 'large'");
  for (int i = 0; i < 3; ++i) {
    EXPECT_THAT(column(client().ask("SELECT id, values FROM a NAMESPACE n")), SizeIs(5000));
  }
}

TEST_F(ConversationTest, AnswersPipelinedTextsInOrder) {
  std::string texts;
  for (int i = 0; i < 500; ++i) texts += WireClient::query("select " + std::to_string(i));
  client().send(texts);
  for (int i = 0; i < 500; ++i) {
    ASSERT_THAT(column(client().read_reply()), ElementsAre(std::to_string(i)));
  }
}

TEST_F(ConversationTest, WaitsWithoutAThread) {
  std::vector<std::unique_ptr<WireClient>> sleepers;
  for (unsigned i = 0; i < 3 * options_.worker_threads; ++i) {
    sleepers.push_back(std::make_unique<WireClient>(port()));
    sleepers.back()->send(WireClient::query("select pg_sleep(0.2)"));
  }
  EXPECT_EQ(asked("select 1"), "T D C(SELECT 1) ZI");
  for (const auto& sleeper : sleepers) {
    EXPECT_EQ(summary(sleeper->read_reply()), "T D C(SELECT 1) ZI");
  }
}

TEST_F(ConversationTest, TimesStatementsOut) {
  const auto reply = client().ask("set statement_timeout = 50; select pg_sleep(30)");
  EXPECT_EQ(report_field(reply, 'M'), "canceling statement due to statement timeout");
}

// A cancellation that comes before the statement has begun is in vain, so there is one after
// another until there is a reply.
class CancelTest : public ConversationTest {
 protected:
  template <class Cancel>
  std::vector<WireMessage> reply_under(Cancel cancel) {
    client().send(WireClient::query("select pg_sleep(30)"));
    std::atomic<bool> answered = false;
    std::vector<WireMessage> reply;
    std::thread reader([&] {
      reply = client().read_reply();
      answered = true;
    });
    while (!answered) cancel();
    reader.join();
    return reply;
  }

  void request(std::int32_t process_id, std::uint32_t secret_key) {
    WireClient other(port(), WireClient::Greeting::kNone);
    other.send(WireClient::cancel_packet(process_id, secret_key));
    EXPECT_EQ(other.read().type, '$');
  }
};

TEST_F(CancelTest, EndsTheStatementAndNotTheSession) {
  const auto reply =
      reply_under([this] { request(client().process_id(), client().secret_key()); });
  EXPECT_THAT(reports(reply),
              ElementsAre("ERROR 57014 canceling statement due to user request"));
  EXPECT_EQ(asked("select 1"), "T D C(SELECT 1) ZI");
}

TEST_F(CancelTest, NeedsTheKey) {
  client().send(WireClient::query("select pg_sleep(0.2)"));
  for (std::uint32_t i = 1; i < 20; ++i) {
    request(client().process_id(), client().secret_key() ^ i);
    request(client().process_id() + 1, client().secret_key());
  }
  EXPECT_EQ(summary(client().read_reply()), "T D C(SELECT 1) ZI");
}

TEST_F(CancelTest, LeavesIdleSessionsAlone) {
  client();
  request(client().process_id(), client().secret_key());
  EXPECT_EQ(asked("select 1"), "T D C(SELECT 1) ZI");
}

TEST_F(CancelTest, WorksThroughFunctions) {
  WireClient other(port());
  const std::string process_id = std::to_string(client().process_id());
  EXPECT_EQ(report_field(reply_under([&] {
                           other.ask("select pg_cancel_backend(" + process_id + ")");
                         }),
                         'C'),
            "57014");
  EXPECT_THAT(column(other.ask("select pg_terminate_backend(" + process_id + ")")),
              ElementsAre("t"));
  EXPECT_EQ(report_field(client().read_reply(), 'C'), "57P01");
  EXPECT_TRUE(session_count_becomes(1));
  EXPECT_THAT(column(other.ask("select pg_cancel_backend(" + process_id + ")")),
              ElementsAre("f"));
}

}  // namespace
}  // namespace alcove::server
