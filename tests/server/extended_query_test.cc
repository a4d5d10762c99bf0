// The extended query protocol message by message: what drivers do that libpq does not.

#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "executor/postgres_type.h"
#include "tests/server/server_fixture.h"
#include "tests/server/wire_client.h"

namespace alcove::server {
namespace {

std::string u16(std::uint16_t value) {
  return {static_cast<char>(value >> 8U), static_cast<char>(value & 0xffU)};
}
std::string zero_terminated(const std::string& text) { return text + '\0'; }

std::string parse(const std::string& text, const std::string& name = "") {
  return WireClient::message('P', zero_terminated(name) + zero_terminated(text) + u16(0));
}
// Without parameters, results in text.
std::string bind(const std::string& portal = "", const std::string& statement = "") {
  return WireClient::message('B', zero_terminated(portal) + zero_terminated(statement) + u16(0) +
                                      u16(0) + u16(0));
}
std::string execute(const std::string& portal = "", std::uint32_t rows_max = 0) {
  return WireClient::message('E', zero_terminated(portal) + WireClient::big_endian(rows_max));
}
std::string describe(char kind, const std::string& name = "") {
  return WireClient::message('D', kind + zero_terminated(name));
}
std::string close(char kind, const std::string& name = "") {
  return WireClient::message('C', kind + zero_terminated(name));
}
std::string sync() { return WireClient::message('S', ""); }
std::string flush() { return WireClient::message('H', ""); }

constexpr const char* kSeries = "select generate_series(1, 5)";

// The types of messages, with tag, SQLSTATE or status.
std::string in_short(const std::vector<WireMessage>& messages) {
  std::string text;
  for (const WireMessage& message : messages) {
    text += text.empty() ? "" : " ";
    text += message.type;
    if (message.type == 'C' || message.type == 'Z') text += message.body.c_str();
    if (message.type == 'E') text += report_field({message}, 'C');
  }
  return text;
}

class ExtendedQuery : public ServerTest {
 protected:
  void SetUp() override {
    start();
    client_ = std::make_unique<WireClient>(port());
  }
  WireClient& client() { return *client_; }
  // The reply up to ReadyForQuery, in short.
  std::string ask(const std::string& bytes) {
    client().send(bytes);
    return in_short(client().read_reply());
  }

 private:
  std::unique_ptr<WireClient> client_;
};

TEST_F(ExtendedQuery, RunsAStatementUpToItsSync) {
  EXPECT_EQ(ask(parse("select 1") + bind() + describe('P') + execute() + sync()),
            "1 2 T D CSELECT 1 ZI");
}

TEST_F(ExtendedQuery, SendsNoMoreRowsThanAskedFor) {
  EXPECT_EQ(ask(WireClient::query("begin")), "CBEGIN ZT");
  EXPECT_EQ(ask(parse(kSeries) + bind("p") + execute("p", 2) + sync()), "1 2 D D s ZT");
  EXPECT_EQ(ask(execute("p", 2) + sync()), "D D s ZT");
  EXPECT_EQ(ask(execute("p", 2) + sync()), "D CSELECT 1 ZT");
  EXPECT_EQ(ask(execute("p", 2) + sync()), "CSELECT 0 ZT");
  EXPECT_EQ(ask(WireClient::query("commit")), "CCOMMIT ZI");
}

TEST_F(ExtendedQuery, SuspendsAlsoAfterTheLastRow) {
  EXPECT_EQ(ask(parse("select 1") + bind() + execute("", 1) + execute("", 1) + sync()),
            "1 2 D s CSELECT 0 ZI");
}

TEST_F(ExtendedQuery, SeveralPortalsAreOpenAtOnce) {
  EXPECT_EQ(ask(parse(kSeries, "s") + bind("p", "s") + bind("q", "s") + execute("p", 1) +
                execute("q", 3) + execute("p", 0) + sync()),
            "1 2 2 D s D D D s D D D D CSELECT 4 ZI");
}

TEST_F(ExtendedQuery, PortalsEndWithTheirTransaction) {
  EXPECT_EQ(ask(parse(kSeries) + bind("p") + execute("p", 1) + sync()), "1 2 D s ZI");
  EXPECT_EQ(ask(execute("p", 1) + sync()), "E34000 ZI");
}

TEST_F(ExtendedQuery, SkipsToSyncAfterAnError) {
  EXPECT_EQ(ask(parse("bogus") + bind() + execute() + parse("select 1") + sync()), "E42601 ZI");
  EXPECT_EQ(ask(parse("select 1") + bind() + execute() + sync()), "1 2 D CSELECT 1 ZI");
}

TEST_F(ExtendedQuery, FlushAnswersBeforeSync) {
  client().send(parse("select 1") + describe('S') + flush());
  EXPECT_EQ(client().read().type, '1');
  EXPECT_EQ(client().read().type, 't');
  EXPECT_EQ(client().read().type, 'T');
  EXPECT_EQ(ask(sync()), "ZI");
}

TEST_F(ExtendedQuery, AnErrorIsToldAtOnce) {
  client().send(parse("bogus"));
  EXPECT_EQ(client().read().type, 'E');
  EXPECT_EQ(ask(sync()), "ZI");
}

TEST_F(ExtendedQuery, ClosesWhatIsThereAndWhatIsNot) {
  EXPECT_EQ(ask(parse("select 1", "s") + close('S', "s") + close('S', "s") + close('P', "p") + sync()),
            "1 3 3 3 ZI");
  EXPECT_EQ(ask(bind("", "s") + sync()), "E26000 ZI");
}

TEST_F(ExtendedQuery, ClosingAStatementLeavesItsPortals) {
  EXPECT_EQ(ask(parse("select 1", "s") + bind("p", "s") + close('S', "s") + execute("p") + sync()),
            "1 2 3 D CSELECT 1 ZI");
}

TEST_F(ExtendedQuery, RefusesNamesInUse) {
  EXPECT_EQ(ask(parse("select 1", "s") + parse("select 1", "s") + sync()), "1 E42P05 ZI");
  EXPECT_EQ(ask(bind("p", "s") + bind("p", "s") + sync()), "2 E42P03 ZI");
}

TEST_F(ExtendedQuery, AFinishedStatementWithoutRowsCannotRunAgain) {
  EXPECT_EQ(ask(WireClient::query("begin")), "CBEGIN ZT");
  EXPECT_EQ(ask(parse("set recall_target = 0.9") + bind("p") + execute("p") + execute("p") + sync()),
            "1 2 CSET E55000 ZE");
  EXPECT_EQ(ask(WireClient::query("rollback")), "CROLLBACK ZI");
}

TEST_F(ExtendedQuery, AQueryForgetsTheUnnamedStatement) {
  EXPECT_EQ(ask(parse("select 1") + sync()), "1 ZI");
  EXPECT_EQ(ask(WireClient::query("select 2")), "T D CSELECT 1 ZI");
  EXPECT_EQ(ask(bind() + sync()), "E26000 ZI");
}

TEST_F(ExtendedQuery, AnswersAnEmptyTextAndAnEmptySync) {
  EXPECT_EQ(ask(parse("") + bind() + describe('P') + execute() + sync()), "1 2 n I ZI");
  EXPECT_EQ(ask(sync()), "ZI");
}

TEST_F(ExtendedQuery, SharesItsPreparedStatementsWithSql) {
  EXPECT_EQ(ask(parse("select 1 as a", "s") + sync()), "1 ZI");
  EXPECT_EQ(ask(WireClient::query("execute s")), "T D CSELECT 1 ZI");
  EXPECT_EQ(ask(WireClient::query("prepare s as select 1")), "E42P05 ZI");
  EXPECT_EQ(ask(WireClient::query("prepare q as select 2")), "CPREPARE ZI");
  EXPECT_EQ(ask(parse("select 1", "q") + sync()), "E42P05 ZI");
  EXPECT_EQ(ask(describe('S', "q") + bind("", "q") + execute() + sync()), "t T 2 D CSELECT 1 ZI");
  EXPECT_EQ(ask(close('S', "q") + sync()), "3 ZI");
  EXPECT_EQ(ask(WireClient::query("execute q")), "E26000 ZI");
  EXPECT_EQ(ask(WireClient::query("deallocate s")), "CDEALLOCATE ZI");
  EXPECT_EQ(ask(bind("", "s") + sync()), "E26000 ZI");
}

TEST_F(ExtendedQuery, PreparesAndExecutesStatementsAboutStatements) {
  EXPECT_EQ(ask(parse("prepare p as select 7 as seven") + describe('S') + bind() + execute() + sync()),
            "1 t n 2 CPREPARE ZI");
  EXPECT_EQ(ask(parse("execute p") + describe('S') + bind() + describe('P') + execute() + sync()),
            "1 t T 2 T D CSELECT 1 ZI");
  EXPECT_EQ(ask(parse("execute nobody") + describe('S') + bind() + execute() + sync()),
            "1 t n 2 E26000 ZI");
}

TEST_F(ExtendedQuery, ExecuteRunsNothingThatCouldRunItself) {
  EXPECT_EQ(ask(parse("execute e", "e") + describe('S', "e") + bind("", "e") + execute() + sync()),
            "1 t n 2 E0A000 ZI");
  EXPECT_EQ(ask(parse("begin", "b") + sync()), "1 ZI");
  EXPECT_EQ(ask(WireClient::query("execute b")), "E0A000 ZI");
  EXPECT_EQ(ask(parse("", "nothing") + sync()), "1 ZI");
  EXPECT_EQ(ask(WireClient::query("execute nothing")), "E0A000 ZI");
}

TEST_F(ExtendedQuery, ACursorIsAPortal) {
  EXPECT_EQ(ask(WireClient::query("begin")), "CBEGIN ZT");
  EXPECT_EQ(ask(parse("declare c cursor for select generate_series(1, 5)") + bind() +
                describe('P') + execute() + sync()),
            "1 2 n CDECLARE CURSOR ZT");
  EXPECT_EQ(ask(describe('P', "c") + sync()), "T ZT");
  EXPECT_EQ(ask(execute("c", 1) + sync()), "D s ZT");
  EXPECT_EQ(ask(WireClient::query("fetch 2 from c")), "T D D CFETCH 2 ZT");
  EXPECT_EQ(ask(parse("fetch forward 1 from c") + describe('S') + bind() + describe('P') + execute() +
                sync()),
            "1 t T 2 T D CFETCH 1 ZT");
  EXPECT_EQ(ask(bind("c") + sync()), "E42P03 ZE");
  EXPECT_EQ(ask(WireClient::query("rollback")), "CROLLBACK ZI");
  EXPECT_EQ(ask(describe('P', "c") + sync()), "E34000 ZI");
}

TEST_F(ExtendedQuery, AClosedCursorIsGone) {
  EXPECT_EQ(ask(WireClient::query("begin; declare c cursor for select 1")),
            "CBEGIN CDECLARE CURSOR ZT");
  EXPECT_EQ(ask(close('P', "c") + sync()), "3 ZT");
  EXPECT_EQ(ask(WireClient::query("fetch c")), "E34000 ZE");
}

TEST_F(ExtendedQuery, APortalIsACursor) {
  EXPECT_EQ(ask(WireClient::query("begin")), "CBEGIN ZT");
  EXPECT_EQ(ask(parse(kSeries) + bind("p") + sync()), "1 2 ZT");
  EXPECT_EQ(ask(WireClient::query("fetch 1 from p; move 2 in p")), "T D CFETCH 1 CMOVE 2 ZT");
  EXPECT_EQ(ask(execute("p") + sync()), "D D CSELECT 2 ZT");
  EXPECT_EQ(ask(WireClient::query("close p")), "CCLOSE CURSOR ZT");
  EXPECT_EQ(ask(execute("p") + sync()), "E34000 ZE");
}

TEST_F(ExtendedQuery, FetchReadsNothingThatCouldReadItself) {
  EXPECT_EQ(ask(WireClient::query("begin; savepoint s")), "CBEGIN CSAVEPOINT ZT");
  EXPECT_EQ(ask(parse("fetch f") + bind("f") + describe('P', "f") + execute("f") + sync()),
            "1 2 n E0A000 ZE");
  EXPECT_EQ(ask(WireClient::query("rollback to s")), "CROLLBACK ZT");
  EXPECT_EQ(ask(parse("set recall_target = 0.9") + bind("f") + sync()), "1 2 ZT");
  EXPECT_EQ(ask(WireClient::query("fetch f")), "E0A000 ZE");
}

TEST_F(ExtendedQuery, AFetchUnderWayOutlivesItsCursor) {
  EXPECT_EQ(ask(WireClient::query("begin; declare c cursor for " + std::string(kSeries))),
            "CBEGIN CDECLARE CURSOR ZT");
  EXPECT_EQ(ask(parse("fetch 4 from c") + bind("f") + execute("f", 1) + sync()), "1 2 D s ZT");
  EXPECT_EQ(ask(WireClient::query("close c")), "CCLOSE CURSOR ZT");
  EXPECT_EQ(ask(execute("f") + sync()), "D D D CFETCH 4 ZT");
}

TEST_F(ExtendedQuery, ABinaryCursorSendsBinary) {
  client().send(WireClient::query("begin; declare c binary cursor for select 258; fetch c"));
  const std::vector<WireMessage> reply = client().read_reply();
  EXPECT_EQ(in_short(reply), "CBEGIN CDECLARE CURSOR T D CFETCH 1 ZT");
  EXPECT_EQ(reply[2].body.substr(reply[2].body.size() - 2), u16(1));
  EXPECT_EQ(column(reply, 0), (std::vector<std::string>{std::string("\0\0\1\2", 4)}));
}

// The OID that RowDescription tells of the only column, and its value in binary.
// As record_send writes them, each field a text.
TEST_F(ExtendedQuery, SendsRecordsInBinary) {
  client().send(WireClient::query(
      "begin; declare c binary cursor for select array_agg((x, y)) from (values (1, 'a \"b, c'), (2, null)) as v(x, y); "
      "fetch c"));
  const auto number = [](std::uint32_t value) { return WireClient::big_endian(value); };
  const auto field = [&](const std::string& text) {
    return number(25) + number(static_cast<std::uint32_t>(text.size())) + text;
  };
  const std::string first = number(2) + field("1") + field("a \"b, c");
  const std::string second = number(2) + field("2") + number(25) + number(0xffffffff);
  const std::string array = number(1) + number(0) + number(2249) + number(2) + number(1) +
                            number(static_cast<std::uint32_t>(first.size())) + first +
                            number(static_cast<std::uint32_t>(second.size())) + second;
  EXPECT_EQ(column(client().read_reply(), 0), (std::vector<std::string>{array}));
}

TEST_F(ExtendedQuery, VectorsGoOutAsTheSessionWantsThem) {
  using std::string_literals::operator""s;
  client().ask("create index i dimension 2 metric euclidean");
  client().ask("upsert into i namespace n values ('A', [0.1, 0.2])");
  const auto sent = [this](const std::string& output, char format) {
    client().ask("set vector_output = " + output);
    const std::string bind_in = WireClient::message(
        'B', zero_terminated("") + zero_terminated("") + u16(0) + u16(0) + u16(1) + '\0' + format);
    client().send(parse("select values from i namespace n") + describe('S') + bind_in +
                  describe('P') + execute() + sync());
    const auto reply = client().read_reply();  // 1 t T 2 T D C Z
    const auto oid = [&](std::size_t at) { return reply.at(at).body.substr(2 + 7 + 6, 4); };
    EXPECT_EQ(oid(2), oid(4)) << "the statement and the portal";
    return std::pair(oid(2), reply.at(5).body.substr(6));
  };
  const std::string array =
      "\0\0\0\1\0\0\0\0\0\0\2\274\0\0\0\2\0\0\0\1\0\0\0\4\x3d\xcc\xcc\xcd\0\0\0\4\x3e\x4c\xcc\xcd"s;
  EXPECT_EQ(sent("float4_array", '\0'), std::pair(WireClient::big_endian(1021), "{0.1,0.2}"s));
  EXPECT_EQ(sent("float4_array", '\1'), std::pair(WireClient::big_endian(1021), array));
  const std::string vector_oid = WireClient::big_endian(executor::kVectorOid);
  EXPECT_EQ(sent("vector", '\0'), std::pair(vector_oid, "[0.1,0.2]"s));
  EXPECT_EQ(sent("vector", '\1'),
            std::pair(vector_oid, "\0\2\0\0\x3d\xcc\xcc\xcd\x3e\x4c\xcc\xcd"s));
  EXPECT_EQ(sent("text", '\0'), std::pair(WireClient::big_endian(25), "[0.1,0.2]"s));
  EXPECT_EQ(sent("text", '\1'), std::pair(WireClient::big_endian(25), "[0.1,0.2]"s));
}

TEST_F(ExtendedQuery, PortalsOlderThanASavepointOutliveAnErrorAfterIt) {
  EXPECT_EQ(ask(WireClient::query("begin")), "CBEGIN ZT");
  EXPECT_EQ(ask(parse(kSeries) + bind("old") + execute("old", 1) + sync()), "1 2 D s ZT");
  EXPECT_EQ(ask(WireClient::query("savepoint s")), "CSAVEPOINT ZT");
  EXPECT_EQ(ask(parse(kSeries) + bind("new") + sync()), "1 2 ZT");
  EXPECT_EQ(ask(WireClient::query("bogus")), "E42601 ZE");
  EXPECT_EQ(ask(WireClient::query("rollback to s")), "CROLLBACK ZT");
  EXPECT_EQ(ask(execute("old", 1) + sync()), "D s ZT");
  EXPECT_EQ(ask(execute("new", 1) + sync()), "E34000 ZE");
}

TEST_F(ExtendedQuery, SurvivesBrokenMessages) {
  EXPECT_EQ(ask(WireClient::message('B', "x") + sync()), "E08P01 ZI");
  EXPECT_EQ(ask(WireClient::message('E', std::string("\0\0", 2)) + sync()), "E08P01 ZI");
  EXPECT_EQ(ask(WireClient::message('D', std::string("X\0", 2)) + sync()), "E08P01 ZI");
  EXPECT_EQ(ask(WireClient::message('P', std::string("\0select 1\0\xff\xff", 12)) + sync()),
            "E08P01 ZI");
  EXPECT_EQ(ask(parse("select 1") + bind() + execute() + sync()), "1 2 D CSELECT 1 ZI");
}

class CursorLimits : public ServerTest {
 protected:
  CursorLimits() {
    options_.portals_max = 2;
    options_.prepared_statements_max = 2;
    options_.statement_bytes_max = 100'000;
    start();
  }
};

TEST_F(CursorLimits, BoundCursorsAndPreparedStatements) {
  WireClient client(port());
  EXPECT_EQ(in_short(client.ask("begin; declare a cursor for select 1; declare b cursor for select 1")),
            "CBEGIN CDECLARE CURSOR CDECLARE CURSOR ZT");
  EXPECT_EQ(in_short(client.ask("declare c cursor for select 1")), "E54000 ZE");
  EXPECT_EQ(in_short(client.ask("rollback; prepare a as select 1; prepare b as select 1")),
            "CROLLBACK CPREPARE CPREPARE ZI");
  EXPECT_EQ(in_short(client.ask("prepare c as select 1")), "E54000 ZI");
}

TEST_F(CursorLimits, BoundTheBytesOfCursors) {
  WireClient client(port());
  const std::string large = "'" + std::string(60'000, 'x') + "'";
  EXPECT_EQ(in_short(client.ask("begin; declare a cursor for select " + large)),
            "CBEGIN CDECLARE CURSOR ZT");
  EXPECT_EQ(in_short(client.ask("declare b cursor for select " + large)), "E54000 ZE");
  EXPECT_EQ(in_short(client.ask("rollback; prepare a as select " + large)), "CROLLBACK CPREPARE ZI");
  EXPECT_EQ(in_short(client.ask("prepare b as select " + large)), "E54000 ZI");
}

TEST_F(CursorLimits, BoundWhatWithHoldKeeps) {
  WireClient client(port());
  EXPECT_EQ(in_short(client.ask("declare a cursor with hold for select generate_series(1, 100)")),
            "CDECLARE CURSOR ZI");
  EXPECT_EQ(in_short(client.ask("declare b cursor with hold for select generate_series(1, 1000000)")),
            "E54000 ZI");
  EXPECT_EQ(in_short(client.ask("fetch a")), "T D CFETCH 1 ZI");
  EXPECT_EQ(in_short(client.ask("fetch b")), "E34000 ZI");
}

}  // namespace
}  // namespace alcove::server
