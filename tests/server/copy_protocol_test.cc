// COPY message by message, also as no driver does it.

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "tests/server/server_fixture.h"
#include "tests/server/wire_client.h"

namespace alcove::server {
namespace {

using std::string_literals::operator""s;

std::string copy_data(const std::string& bytes) { return WireClient::message('d', bytes); }
std::string done() { return WireClient::message('c', ""); }
std::string fail(const std::string& why) { return WireClient::message('f', why + '\0'); }
std::string sync() { return WireClient::message('S', ""); }
std::string flush() { return WireClient::message('H', ""); }
std::string query(const std::string& text) { return WireClient::query(text); }
// Parse, Bind and Execute of the unnamed statement.
std::string execute(const std::string& text, const std::string& between = "") {
  return WireClient::message('P', "\0"s + text + "\0\0\0"s) +
         WireClient::message('B', "\0\0\0\0\0\0\0\0"s) + between +
         WireClient::message('E', "\0\0\0\0\0"s);
}

constexpr const char* kCopyIn = "copy i namespace n from stdin";

class CopyProtocol : public ServerTest {
 protected:
  void SetUp() override {
    options_.statement_bytes_max = 10'000;
    start();
    client_ = std::make_unique<WireClient>(port());
    ask(query("create index i dimension 2 metric euclidean"));
  }

  WireClient& client() { return *client_; }
  // The reply up to ReadyForQuery in short: types, with tag, status, or what an error says.
  std::string ask(const std::string& bytes) {
    client().send(bytes);
    return in_short(client().read_reply());
  }
  static std::string in_short(const std::vector<WireMessage>& messages) {
    std::string text;
    for (const WireMessage& message : messages) {
      text += text.empty() ? "" : " ";
      text += message.type;
      if (message.type == 'C' || message.type == 'Z') text += message.body.c_str();
      if (message.type == 'E') {
        text += report_field({message}, 'C') + "(" + report_field({message}, 'W') + ")";
      }
    }
    return text;
  }
  std::string count() {
    const auto reply = client().ask("select count(*) from i namespace n");
    return column(reply).at(0);
  }

 private:
  std::unique_ptr<WireClient> client_;
};

TEST_F(CopyProtocol, TakesDataUpToItsEnd) {
  EXPECT_EQ(ask(query(kCopyIn) + copy_data("A\t[1,2]\t\\N\n") + copy_data("B\t[1,2]\t\\N\n") + done()),
            "G CCOPY 2 ZI");
  EXPECT_EQ(count(), "2");
}

TEST_F(CopyProtocol, SaysWhichFormatAndHowManyColumns) {
  client().send(query("copy i (id, values) from stdin binary"));
  EXPECT_EQ(client().read().body, "\1\0\2\0\1\0\1"s);
  EXPECT_EQ(ask(fail("")), "E57014(COPY i, record 1) ZI");
  client().send(query("copy i to stdout csv"));
  EXPECT_EQ(client().read().body, "\0\0\3\0\0\0\0\0\0"s);
}

TEST_F(CopyProtocol, TakesDataInPiecesOfOneByte) {
  std::string pieces;
  for (const char c : "A\t[1,2]\t\\N\nB\t[1,2]\t{\"a\": 1}"s) pieces += copy_data(std::string(1, c));
  EXPECT_EQ(ask(query(kCopyIn) + copy_data("") + pieces + done()), "G CCOPY 2 ZI");
}

TEST_F(CopyProtocol, TakesMessagesLongerThanStatements) {
  std::string lines;
  for (int i = 0; i < 20'000; ++i) lines += std::to_string(i) + "\t[1,2]\t\\N\n";
  EXPECT_EQ(ask(query(kCopyIn) + copy_data(lines) + copy_data(lines) + done()),
            "G CCOPY 40000 ZI");
  EXPECT_EQ(count(), "20000");
}

TEST_F(CopyProtocol, RefusesARecordLongerThanAStatement) {
  EXPECT_EQ(ask(query(kCopyIn) + copy_data("A\t[1,2]\t\\N\n" + std::string(50'000, 'x')) + done()),
            "G E54000(COPY i, record 2) ZI");
  EXPECT_EQ(count(), "0");
}

TEST_F(CopyProtocol, AClientMayGiveUp) {
  EXPECT_EQ(ask(query(kCopyIn) + copy_data("A\t[1,2]\t\\N\n") + fail("oops")),
            "G E57014(COPY i, record 2) ZI");
  client().send(query(kCopyIn) + fail("oops"));
  EXPECT_EQ(report_field(client().read_reply(), 'M'), "COPY from stdin failed: oops");
  EXPECT_EQ(count(), "0");
}

TEST_F(CopyProtocol, AnErrorIsToldAtOnceAndTheRestDropped) {
  EXPECT_EQ(ask(query(kCopyIn) + copy_data("A\t[1,2]\t\\N\nB\n")), "G E22P04(COPY i, record 2) ZI");
  client().send(copy_data("C\t[1,2]\t\\N\n") + done());
  EXPECT_EQ(count(), "0");
  EXPECT_EQ(ask(query(kCopyIn) + copy_data(std::string(3, '\n')) + copy_data("x") + fail("")),
            "G E22P04(COPY i, record 1) ZI");
  EXPECT_EQ(count(), "0");
}

TEST_F(CopyProtocol, SyncAndFlushMeanNothingMeanwhile) {
  EXPECT_EQ(ask(query(kCopyIn) + sync() + flush() + copy_data("A\t[1,2]\t\\N\n") + sync() + done()),
            "G CCOPY 1 ZI");
  EXPECT_EQ(count(), "1");
}

TEST_F(CopyProtocol, TheExtendedProtocolEndsWithTheSyncBehindTheData) {
  EXPECT_EQ(ask(execute(kCopyIn) + sync() + copy_data("A\t[1,2]\t\\N\n") + done() + sync()),
            "1 2 G CCOPY 1 ZI");
  EXPECT_EQ(ask(execute(kCopyIn) + copy_data("B\t[1,2]\t\\N\n") + done() + sync()), "1 2 G CCOPY 1 ZI");
  EXPECT_EQ(count(), "2");
}

TEST_F(CopyProtocol, DescribeSaysThatNoRowsCome) {
  const std::string describe = WireClient::message('D', "P\0"s);
  EXPECT_EQ(ask(execute("copy i to stdout", describe) + sync()), "1 2 n H c CCOPY 0 ZI");
  EXPECT_EQ(ask(execute(kCopyIn, describe) + sync() + done() + sync()), "1 2 n G CCOPY 0 ZI");
}

TEST_F(CopyProtocol, TheExtendedProtocolSkipsAfterAnError) {
  EXPECT_EQ(ask(execute(kCopyIn) + sync() + copy_data("A\n") + copy_data("B\n") + done() + sync()),
            "1 2 G E22P04(COPY i, record 1) ZI");
  EXPECT_EQ(ask(execute("copy nothing from stdin") + sync()), "1 2 E42P01() ZI");
  EXPECT_EQ(count(), "0");
}

TEST_F(CopyProtocol, AnotherMessageEndsTheSession) {
  client().send(query(kCopyIn) + copy_data("A\t[1,2]\t\\N\n") + query("select 1"));
  EXPECT_EQ(client().read().type, 'G');
  std::vector<WireMessage> rest = {client().read(), client().read(), client().read()};
  EXPECT_EQ(reports(rest),
            (std::vector<std::string>{
                "ERROR 08P01 unexpected message type 0x51 during COPY from stdin",
                "FATAL 08P01 terminating connection because protocol synchronization was lost"}));
  EXPECT_EQ(rest.back().type, '$');
}

TEST_F(CopyProtocol, TheStatementsBehindItRun) {
  EXPECT_EQ(ask(query("copy i namespace n from stdin; select 1; copy i namespace n to stdout") +
                copy_data("A\t[1,2]\t\\N\n") + done()),
            "G CCOPY 1 T D CSELECT 1 H d c CCOPY 1 ZI");
  EXPECT_EQ(ask(query("copy i namespace m from stdin; copy i namespace m from stdin; select 1/0") +
                copy_data("A\t[1,2]\t\\N\n") + done() + copy_data("B\t[1,2]\t\\N\n") + done()),
            "G CCOPY 1 G CCOPY 1 E22012() ZI");
  EXPECT_EQ(column(client().ask("select count(*) from i namespace m")).at(0), "0");
}

TEST_F(CopyProtocol, AClientThatGoesLeavesNothing) {
  {
    WireClient leaving(port());
    leaving.send(query(kCopyIn) + copy_data("A\t[1,2]\t\\N\n"));
    EXPECT_EQ(leaving.read().type, 'G');
  }
  EXPECT_TRUE(session_count_becomes(1));
  EXPECT_EQ(count(), "0");
}

TEST_F(CopyProtocol, ASilentClientCanBeCancelledAndTimesOut) {
  client().send(query(kCopyIn) + copy_data("A\t[1,2]\t\\N\nB\t["));
  EXPECT_EQ(client().read().type, 'G');
  {
    WireClient canceller(port(), WireClient::Greeting::kNone);
    canceller.send(WireClient::cancel_packet(client().process_id(), client().secret_key()));
  }
  EXPECT_EQ(in_short(client().read_reply()), "E57014(COPY i, record 2) ZI");
  ask(query("set statement_timeout = '50ms'"));
  EXPECT_EQ(ask(query(kCopyIn)), "G E57014(COPY i, record 1) ZI");
  ask(query("reset statement_timeout"));
  EXPECT_EQ(count(), "0");
}

TEST_F(CopyProtocol, IdleTimeOutsAreForIdleSessions) {
  ask(query("set idle_session_timeout = '20ms'; set statement_timeout = '200ms'"));
  EXPECT_EQ(ask(query(kCopyIn)), "G E57014(COPY i, record 1) ZI");
}

TEST_F(CopyProtocol, AStoppingServerLetsACopyEnd) {
  client().send(query(kCopyIn) + copy_data("A\t[1,2]\t\\N\n"));
  EXPECT_EQ(client().read().type, 'G');
  std::thread stopper([this] { server_->stop(); });
  EXPECT_EQ(ask(done()), "CCOPY 1 ZI");
  EXPECT_EQ(report_field({client().read()}, 'C'), "57P01");
  stopper.join();
}

TEST_F(CopyProtocol, SendsARowAMessage) {
  ask(query("upsert into i namespace n values ('A', [1, 2]), ('B', [3, 4], '{\"a\": \"x\\ny\"}')"));
  const auto reply = client().ask("copy i namespace n to stdout csv header");
  ASSERT_EQ(in_short(reply), "H d d d c CCOPY 2 ZI");
  EXPECT_EQ(reply[1].body, "id,values,metadata\n");
  EXPECT_EQ(reply[2].body, "A,\"{1,2}\",\n");
  EXPECT_EQ(reply[3].body, "B,\"{3,4}\",\"{\"\"a\"\": \"\"x\\ny\"\"}\"\n");
}

TEST_F(CopyProtocol, TheBinaryHeaderComesWithTheFirstRow) {
  ask(query("upsert into i namespace n values ('A', [1, 2])"));
  const auto reply = client().ask("copy i namespace n (id) to stdout binary");
  ASSERT_EQ(in_short(reply), "H d d c CCOPY 1 ZI");
  EXPECT_EQ(reply[1].body, "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0\0\1\0\0\0\1A"s);
  EXPECT_EQ(reply[2].body, "\377\377"s);
}

TEST_F(CopyProtocol, BinaryHasVectorsAsTheSessionWantsThem) {
  ask(query("upsert into i namespace n values ('A', [0.1, 0.2])"));
  const auto values = [this](const std::string& output) {
    ask(query("set vector_output = " + output));
    const auto reply = client().ask("copy i namespace n (values) to stdout binary");
    return reply.at(1).body.substr(21);
  };
  const std::string array =
      "\0\0\0\x24\0\0\0\1\0\0\0\0\0\0\2\274\0\0\0\2\0\0\0\1\0\0\0\4\x3d\xcc\xcc\xcd\0\0\0\4\x3e\x4c\xcc\xcd"s;
  EXPECT_EQ(values("float4_array"), array);
  EXPECT_EQ(values("vector"), "\0\0\0\xc\0\2\0\0\x3d\xcc\xcc\xcd\x3e\x4c\xcc\xcd"s);
  EXPECT_EQ(values("text"), array) << "which COPY reads";
}

TEST_F(CopyProtocol, ARowLimitMeansNothing) {
  ask(query("upsert into i namespace n values ('A', [1, 2]), ('B', [3, 4])"));
  EXPECT_EQ(ask(WireClient::message('P', "\0copy i namespace n to stdout\0\0\0"s) +
                WireClient::message('B', "\0\0\0\0\0\0\0\0"s) +
                WireClient::message('E', "\0\0\0\0\1"s) + sync()),
            "1 2 H d d c CCOPY 2 ZI");
}

}  // namespace
}  // namespace alcove::server
