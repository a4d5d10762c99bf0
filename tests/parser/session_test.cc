#include "tests/parser/parsing.h"

namespace alcove::parser {
namespace {

using Texts = std::vector<std::string>;

SetSetting set_of(const std::string& text) { return parse_one<SetSetting>(text); }

TEST(Set, ReadsNamesAndValues) {
  EXPECT_EQ(set_of("SET client_min_messages TO warning").values, Texts{"warning"});
  EXPECT_EQ(set_of("SET extra_float_digits = 3").values, Texts{"3"});
  EXPECT_EQ(set_of("SET application_name = 'PostgreSQL JDBC Driver'").values,
            Texts{"PostgreSQL JDBC Driver"});
  EXPECT_EQ(set_of("SET search_path TO public, \"$user\"").values, (Texts{"public", "$user"}));
  EXPECT_EQ(set_of("SET recall_target = 0.99").values, Texts{"0.99"});
  EXPECT_EQ(set_of("SET x = -1").values, Texts{"-1"});
  EXPECT_EQ(set_of("SET x = 1e-5").values, Texts{"1e-5"});
  EXPECT_EQ(set_of("SET namespace = acme-17").values, Texts{"acme-17"});
  EXPECT_EQ(set_of("SET namespace = 550e8400-e29b-41d4-a716-446655440000").values,
            Texts{"550e8400-e29b-41d4-a716-446655440000"});
  EXPECT_EQ(set_of("SET DateStyle TO ISO, MDY").name, "datestyle");
  EXPECT_EQ(set_of("SET my.own = on").name, "my.own");
  EXPECT_EQ(set_of("SET a = DEFAULT").values, std::nullopt);
}

TEST(Set, KnowsItsScope) {
  EXPECT_TRUE(set_of("SET LOCAL a = 1").local);
  EXPECT_FALSE(set_of("SET SESSION search_path TO 'public'").local);
  EXPECT_EQ(set_of("SET SESSION search_path TO 'public'").name, "search_path");
}

TEST(Set, KnowsPostgresqlsOwnForms) {
  const auto is = [](const std::string& text, const char* name, std::optional<Texts> values) {
    const SetSetting it = set_of(text);
    EXPECT_EQ(it.name, name) << text;
    EXPECT_EQ(it.values, values) << text;
  };
  is("SET TIME ZONE 'UTC'", "timezone", Texts{"UTC"});
  is("SET TIME ZONE LOCAL", "timezone", std::nullopt);
  is("SET TIME ZONE DEFAULT", "timezone", std::nullopt);
  is("SET TIME ZONE INTERVAL '+00:00' HOUR TO MINUTE", "timezone", Texts{"+00:00"});
  is("SET NAMES 'utf8'", "client_encoding", Texts{"utf8"});
  is("SET NAMES", "client_encoding", std::nullopt);
  is("SET SCHEMA 'x'", "search_path", Texts{"x"});
  is("SET ROLE none", "role", Texts{"none"});
  is("SET SESSION AUTHORIZATION DEFAULT", "session_authorization", std::nullopt);
  is("SET TimeZone='Europe/Berlin'", "timezone", Texts{"Europe/Berlin"});
}

TEST(Set, ErrorsSayWhatWasExpected) {
  expect_syntax_error("SET a ^1", "expected \"=\" or TO after a");
  expect_syntax_error("SET a = ^", "expected a value after \"=\"");
  expect_syntax_error("SET a = 1, ^", "expected a value after \",\"");
  expect_syntax_error("SET ^= 1", "expected TRANSACTION or a setting's name after SET");
}

TEST(Session, ResetsAndDiscards) {
  EXPECT_EQ(parse_one<ResetSetting>("RESET Search_Path").name, "search_path");
  EXPECT_EQ(parse_one<ResetSetting>("RESET TIME ZONE").name, "timezone");
  EXPECT_EQ(parse_one<ResetSetting>("RESET SESSION AUTHORIZATION").name, "session_authorization");
  parse_one<ResetAll>("RESET ALL");
  EXPECT_EQ(parse_one<Discard>("DISCARD ALL").what, "all");
  EXPECT_EQ(parse_one<Discard>("discard plans").what, "plans");
  EXPECT_EQ(parse_one<Discard>("DISCARD SEQUENCES").what, "sequences");
  EXPECT_EQ(parse_one<Discard>("DISCARD TEMPORARY").what, "temp");
}

TEST(Session, LetsGoOfWhatPoolsRelease) {
  EXPECT_EQ(statement_count(
                "SELECT pg_advisory_unlock_all();\nCLOSE ALL;\nUNLISTEN *;\nRESET ALL;"),
            4U);
  EXPECT_EQ(parse_one<Listen>("LISTEN Channel").channel.text, "channel");
  EXPECT_EQ(parse_one<Unlisten>("UNLISTEN a").channel->text, "a");
}

TEST(Transactions, BeginInEverySpelling) {
  const auto modes = [](const std::string& text) { return parse_one<Begin>(text).modes; };
  EXPECT_EQ(modes("BEGIN").isolation, std::nullopt);
  EXPECT_EQ(modes("begin work").read_only, std::nullopt);
  EXPECT_EQ(modes("BEGIN TRANSACTION ISOLATION LEVEL READ COMMITTED").isolation,
            Isolation::kReadCommitted);
  EXPECT_EQ(modes("BEGIN ISOLATION LEVEL READ UNCOMMITTED").isolation, Isolation::kReadCommitted);
  EXPECT_EQ(modes("BEGIN ISOLATION LEVEL SERIALIZABLE READ WRITE").read_only, false);
  EXPECT_EQ(modes("BEGIN READ ONLY, ISOLATION LEVEL REPEATABLE READ, NOT DEFERRABLE").isolation,
            Isolation::kRepeatableRead);
  EXPECT_FALSE(parse_one<Begin>("BEGIN READ ONLY").start_transaction);
  EXPECT_TRUE(parse_one<Begin>("START TRANSACTION READ ONLY").start_transaction);
  EXPECT_EQ(modes("START TRANSACTION READ ONLY").read_only, true);
}

TEST(Transactions, EndInEverySpelling) {
  for (const char* text : {"COMMIT", "END", "COMMIT WORK", "end transaction",
                           "COMMIT AND NO CHAIN"}) {
    parse_one<Commit>(text);
  }
  for (const char* text : {"ROLLBACK", "ABORT", "ROLLBACK TRANSACTION", "abort and no chain"}) {
    parse_one<Rollback>(text);
  }
}

TEST(Transactions, HaveSavepoints) {
  EXPECT_EQ(parse_one<Savepoint>("SAVEPOINT \"_pg3_1\"").name.text, "_pg3_1");
  EXPECT_EQ(parse_one<Savepoint>("SAVEPOINT A").name.text, "a");
  EXPECT_EQ(parse_one<RollbackTo>("ROLLBACK TO a").name.text, "a");
  EXPECT_EQ(parse_one<RollbackTo>("ROLLBACK WORK TO SAVEPOINT a").name.text, "a");
  EXPECT_EQ(parse_one<RollbackTo>("ROLLBACK TO savepoint").name.text, "savepoint");
  EXPECT_EQ(parse_one<ReleaseSavepoint>("RELEASE SAVEPOINT a").name.text, "a");
  EXPECT_EQ(parse_one<ReleaseSavepoint>("RELEASE a").name.text, "a");
}

TEST(Transactions, AreSet) {
  const auto it = parse_one<SetTransaction>("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE");
  EXPECT_FALSE(it.session);
  EXPECT_EQ(it.modes.isolation, Isolation::kSerializable);
  const auto all = parse_one<SetTransaction>(
      "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY");
  EXPECT_TRUE(all.session);
  EXPECT_EQ(all.modes.read_only, true);
}

TEST(Transactions, ErrorsSayWhatWasExpected) {
  expect_syntax_error("BEGIN ISOLATION ^SERIALIZABLE", "expected LEVEL after ISOLATION");
  expect_syntax_error("BEGIN READ ^NOTHING", "expected ONLY or WRITE after READ");
  expect_syntax_error("START ^", "expected TRANSACTION after START");
  expect_syntax_error("SAVEPOINT ^", "expected a savepoint after SAVEPOINT");
  expect_syntax_error("COMMIT ^PREPARED 'x'", "syntax error at or near \"PREPARED\"");
}

}  // namespace
}  // namespace alcove::parser
