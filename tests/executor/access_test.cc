// Who may do what: roles in the engine, without the wire.

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "executor/engine.h"
#include "tests/support/test_database.h"

namespace alcove::tests {
namespace {

class Roles : public TestDatabase {
 protected:
  void SetUp() override {
    TestDatabase::SetUp();
    ok("CREATE INDEX i DIMENSION 2; CREATE INDEX hidden DIMENSION 3");
    ok("UPSERT INTO i NAMESPACE t1 VALUES ('a', [0, 1])");
    ok("UPSERT INTO i NAMESPACE t2 VALUES ('b', [0, 1]), ('c', [1, 1])");
  }

  void ok(const std::string& text) { ok(*session_, text); }
  static void ok(StatementRunner& session, const std::string& text) {
    const auto outcome = session.run(text);
    EXPECT_TRUE(outcome) << text << ": " << outcome.error().message();
  }
  // The message with its code; empty where it succeeds.
  static std::string failure(StatementRunner& session, const std::string& text) {
    const auto outcome = session.run(text);
    if (outcome) return {};
    return fmt::format("{} {}", static_cast<int>(outcome.error().code()),
                       outcome.error().message());
  }
  std::optional<executor::Role> role(const std::string& name) {
    return database_->engine().roles.find(name);
  }
};

TEST_F(Roles, OutliveCrashesAndCheckpoints) {
  ok("CREATE ROLE app LOGIN PASSWORD 'secret'");
  ok("GRANT READ ON INDEX i TO app; GRANT ADMIN ON NAMESPACE t1 OF i TO app");
  ok("CREATE ROLE t1 LOGIN PASSWORD 'secret' NAMESPACE t1 OF i; CREATE ROLE gone");
  const auto app = role("app");
  const auto bound = role("t1");
  ASSERT_TRUE(app && bound && bound->bound_to);
  crash();
  EXPECT_EQ(role("app"), app);
  EXPECT_EQ(role("t1"), bound);
  ok("CHECKPOINT");
  ok("DROP ROLE gone");
  crash();
  EXPECT_EQ(role("app"), app);
  EXPECT_EQ(role("t1"), bound);
  EXPECT_FALSE(role("gone"));
  ok("REVOKE READ ON INDEX i FROM app");
  ASSERT_TRUE(database_->checkpoint());
  crash();
  crash();
  EXPECT_EQ(role("app")->grants.size(), 1U);
  EXPECT_EQ(role("t1"), bound);
}

TEST_F(Roles, ChangeAtTheCommitAndAreSeenInsideBefore) {
  ok("BEGIN; CREATE ROLE app; GRANT READ ON INDEX i TO app");
  EXPECT_EQ(rows("SHOW GRANTS FOR app"), "app|READ|i|NULL");
  EXPECT_FALSE(role("app"));
  ok("ROLLBACK");
  EXPECT_EQ(error("SHOW GRANTS FOR app"), ErrorCode::kUndefinedObject);
  ok("BEGIN; CREATE ROLE app; SAVEPOINT s; GRANT READ ON INDEX i TO app; ROLLBACK TO s; "
     "GRANT WRITE ON INDEX i TO app; CREATE INDEX together DIMENSION 2; COMMIT");
  EXPECT_EQ(rows("SHOW GRANTS"), "app|WRITE|i|NULL");
  ok("BEGIN; DROP ROLE app; CREATE ROLE app LOGIN; COMMIT");
  EXPECT_TRUE(role("app")->grants.empty());
  ok("BEGIN; CREATE ROLE shortly; DROP ROLE shortly; COMMIT");
  EXPECT_FALSE(role("shortly"));
}

// A commit makes its change of the role as it finds it.
TEST_F(Roles, LoseNoChangeToAnotherCommit) {
  ok("CREATE ROLE app");
  const auto other = connect();
  ok("BEGIN; GRANT READ ON INDEX i TO app");
  ok(*other, "GRANT READ ON INDEX hidden TO app");
  ok("COMMIT");
  EXPECT_EQ(rows("SHOW GRANTS FOR app"), "app|READ|hidden|NULL\napp|READ|i|NULL");
  ok("BEGIN; GRANT WRITE ON INDEX i TO app");
  ok(*other, "DROP ROLE app");
  EXPECT_EQ(error("COMMIT"), ErrorCode::kUndefinedObject);
}

TEST_F(Roles, ShowTheirGrantsToThemselves) {
  ok("CREATE ROLE app; GRANT READ ON INDEX i TO app; GRANT ADMIN ON INDEX i TO app; "
     "CREATE ROLE t1 NAMESPACE t1 OF i");
  EXPECT_EQ(rows("SHOW GRANTS"), "app|READ|i|NULL\napp|ADMIN|i|NULL\nt1|WRITE|i|t1");
  const auto app = connect_as("app");
  EXPECT_EQ(rows(*app, "SHOW GRANTS"), "app|READ|i|NULL\napp|ADMIN|i|NULL");
  EXPECT_EQ(failure(*app, "SHOW GRANTS FOR t1"), failure(*app, "SHOW GRANTS FOR nobody"));
  EXPECT_EQ(error(*app, "SHOW GRANTS FOR t1"), ErrorCode::kNotGranted);
}

TEST_F(Roles, ShowGrantsOfMoreRolesThanOneBatch) {
  std::string text = "BEGIN;";
  for (int i = 0; i < 600; ++i) {
    text += fmt::format("CREATE ROLE r{:03} NAMESPACE t{} OF i;", i, i);
  }
  ok(text + "COMMIT");
  ok("BEGIN; DROP ROLE r255; DROP ROLE r599; CREATE ROLE s NAMESPACE t OF i");
  const auto shown = session_->one("SHOW GRANTS");
  ASSERT_TRUE(shown);
  ASSERT_EQ(shown->rows.size(), 599U);
  EXPECT_EQ(shown->rows.front().front(), "r000");
  EXPECT_EQ(shown->rows[255].front(), "r256");
  EXPECT_EQ(shown->rows.back().front(), "s");
}

TEST_F(Roles, AreForSuperusersToMake) {
  ok("CREATE ROLE app; GRANT ADMIN ON INDEX i TO app; CREATE ROLE root SUPERUSER");
  const auto app = connect_as("app");
  for (const char* text :
       {"CREATE ROLE other", "DROP ROLE app", "DROP ROLE nobody", "DROP ROLE IF EXISTS nobody",
        "GRANT READ ON INDEX i TO app", "REVOKE READ ON INDEX i FROM app", "ALTER ROLE app SUPERUSER",
        "ALTER ROLE root PASSWORD 'x'", "ALTER ROLE app PASSWORD NULL", "CREATE INDEX j DIMENSION 2",
        "CREATE INDEX IF NOT EXISTS i DIMENSION 2", "CHECKPOINT"}) {
    EXPECT_EQ(error(*app, text), ErrorCode::kNotGranted) << text;
  }
  ok(*app, "ALTER ROLE app PASSWORD 'mine'");
  EXPECT_TRUE(role("app")->verifier);
  ok(*connect_as("root"), "CREATE ROLE other; CREATE INDEX j DIMENSION 2; GRANT READ ON INDEX j TO "
                          "other; DROP ROLE other; SHOW GRANTS");
}

TEST_F(Roles, MayDoWhatTheyWereGranted) {
  ok("CREATE ROLE reader; GRANT READ ON NAMESPACE t1 OF i TO reader");
  ok("CREATE ROLE writer; GRANT WRITE ON NAMESPACE t1 OF i TO writer");
  ok("CREATE ROLE admin; GRANT ADMIN ON NAMESPACE t1 OF i TO admin");
  const std::vector<std::pair<const char*, int>> statements = {
      {"SELECT * FROM i NAMESPACE t1", 1},
      {"QUERY i NAMESPACE t1 NEAREST [1, 0] TOP 3", 1},
      {"EXPLAIN QUERY i NAMESPACE t1 NEAREST [1, 0] TOP 3", 1},
      {"QUERY i ALL NAMESPACES NEAREST [1, 0] TOP 3", 1},
      {"DESCRIBE NAMESPACE t1 FROM i", 1},
      {"DESCRIBE INDEX i", 1},
      {"SHOW NAMESPACES FROM i", 1},
      {"UPSERT INTO i NAMESPACE t1 VALUES ('a', [0, 1])", 2},
      {"UPDATE i NAMESPACE t1 SET g = 'x' WHERE id = 'a'", 2},
      {"DELETE FROM i NAMESPACE t1 WHERE id = 'z'", 2},
      {"COMPACT NAMESPACE t1 FROM i", 3},
      {"DROP NAMESPACE t1 FROM i", 3},
      {"CREATE NAMESPACE t1 IN i", 3},
      {"UPSERT INTO i NAMESPACE t2 VALUES ('a', [0, 1])", 4},
      {"DROP INDEX i", 4}};
  int level = 0;
  for (const char* name : {"nobody", "reader", "writer", "admin"}) {
    const auto session = connect_as(name);
    for (const auto& [text, needed] : statements) {
      const auto outcome = session->run(text);
      EXPECT_EQ(outcome.has_value(), level >= needed) << name << ": " << text;
      if (outcome) continue;
      EXPECT_EQ(outcome.error().code(), ErrorCode::kNotGranted) << name << ": " << text;
    }
    ++level;
  }
  ok("GRANT ADMIN ON INDEX i TO admin");
  const auto admin = connect_as("admin");
  ok(*admin, "CREATE NAMESPACE t9 IN i; UPSERT INTO i NAMESPACE t2 VALUES ('a', [0, 1])");
  EXPECT_EQ(tag(*admin, "DROP INDEX i"), "DROP INDEX");
}

TEST_F(Roles, LoseRightsAtTheNextStatement) {
  ok("CREATE ROLE app; GRANT READ ON INDEX i TO app");
  const auto app = connect_as("app");
  EXPECT_EQ(rows(*app, "SELECT id FROM i NAMESPACE t1"), "a");
  ok(*app, "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT id FROM i NAMESPACE t1");
  ok("REVOKE READ ON INDEX i FROM app");
  EXPECT_EQ(error(*app, "SELECT id FROM i NAMESPACE t1"), ErrorCode::kNotGranted);
  ok(*app, "ROLLBACK");
  ok("GRANT READ ON INDEX i TO app");
  EXPECT_EQ(rows(*app, "SELECT id FROM i NAMESPACE t1"), "a");
  ok("DROP ROLE app");
  EXPECT_EQ(error(*app, "SELECT id FROM i NAMESPACE t1"), ErrorCode::kNotGranted);
  EXPECT_EQ(rows(*app, "SHOW INDEXES"), "");
  // The next of its name is somebody else.
  ok("CREATE ROLE app SUPERUSER");
  EXPECT_EQ(error(*app, "SELECT id FROM i NAMESPACE t1"), ErrorCode::kNotGranted);
  EXPECT_EQ(rows(*connect_as("app"), "SELECT id FROM i NAMESPACE t1"), "a");
}

TEST_F(Roles, SeeOnlyWhatTheyMayRead) {
  ok("CREATE ROLE app; GRANT READ ON NAMESPACE t1 OF i TO app; "
     "GRANT READ ON NAMESPACE missing OF i TO app; GRANT READ ON NAMESPACE n OF nowhere TO app");
  const auto app = connect_as("app");
  EXPECT_EQ(app->one("SHOW NAMESPACES FROM i")->rows.size(), 1U);
  const auto indexes = app->one("SHOW INDEXES");
  ASSERT_EQ(indexes->rows.size(), 1U);
  EXPECT_EQ(indexes->rows[0][0], "i");
  EXPECT_EQ(indexes->rows[0][3], "1");
  EXPECT_EQ(indexes->rows[0][4], "1");
  EXPECT_EQ(rows(*app, "QUERY i ALL NAMESPACES NEAREST [0, 1] TOP 10"), "t1|a|1");
  EXPECT_EQ(error(*app, "QUERY i NAMESPACE t1, t2 NEAREST [0, 1] TOP 10"), ErrorCode::kNotGranted);
  EXPECT_EQ(error(*app, "SHOW NAMESPACES FROM nowhere"), ErrorCode::kUndefinedIndex);
}

// Nothing tells whether a thing without a right on it is there: neither message nor place, nor what
// else is wrong with the statement.
TEST_F(Roles, AreToldTheSameOfWhatIsThereAndWhatIsNot) {
  ok("CREATE ROLE app; GRANT READ ON NAMESPACE t1 OF i TO app");
  const auto app = connect_as("app");
  const std::vector<std::pair<const char*, const char*>> pairs = {
      {"SELECT * FROM hidden NAMESPACE t2", "SELECT * FROM absent NAMESPACE t2"},
      {"SELECT * FROM i NAMESPACE t2", "SELECT * FROM i NAMESPACE t3"},
      {"QUERY i NAMESPACE t2 NEAREST [1] TOP 1", "QUERY i NAMESPACE t3 NEAREST [1] TOP 1"},
      {"QUERY hidden NAMESPACE t2 NEAREST [1, 1, 1] TOP 1",
       "QUERY absent NAMESPACE t2 NEAREST [1, 1, 1] TOP 1"},
      {"QUERY hidden ALL NAMESPACES NEAREST [1] TOP 1",
       "QUERY absent ALL NAMESPACES NEAREST [1] TOP 1"},
      {"UPSERT INTO hidden NAMESPACE n VALUES ('a', [1])",
       "UPSERT INTO absent NAMESPACE n VALUES ('a', [1])"},
      {"DELETE FROM i NAMESPACE t2", "DELETE FROM i NAMESPACE t3"},
      {"UPDATE hidden NAMESPACE n SET VALUES = [1] WHERE id = 'a'",
       "UPDATE absent NAMESPACE n SET VALUES = [1] WHERE id = 'a'"},
      {"DROP INDEX hidden", "DROP INDEX absent"},
      {"DROP INDEX IF EXISTS hidden", "DROP INDEX IF EXISTS absent"},
      {"DROP NAMESPACE IF EXISTS t2 FROM i", "DROP NAMESPACE IF EXISTS t3 FROM i"},
      {"CREATE NAMESPACE IF NOT EXISTS t2 IN i", "CREATE NAMESPACE IF NOT EXISTS t3 IN i"},
      {"DESCRIBE INDEX hidden", "DESCRIBE INDEX absent"},
      {"DESCRIBE NAMESPACE t2 FROM i", "DESCRIBE NAMESPACE t3 FROM i"},
      {"SHOW NAMESPACES FROM hidden", "SHOW NAMESPACES FROM absent"},
      {"COMPACT NAMESPACE t2 FROM i", "COMPACT NAMESPACE t3 FROM i"}};
  for (const auto& [there, not_there] : pairs) {
    std::string of_absent = failure(*app, not_there);
    for (const auto& [name, other] : {std::pair("absent", "hidden"), std::pair("t3", "t2")}) {
      const std::size_t at = of_absent.find(name);
      if (at != std::string::npos) of_absent.replace(at, std::string(name).size(), other);
    }
    EXPECT_EQ(failure(*app, there), of_absent);
    EXPECT_EQ(error(*app, there), ErrorCode::kNotGranted) << there;
  }
}

TEST_F(Roles, BoundToANamespaceNeedNotNameIt) {
  ok("CREATE ROLE t NAMESPACE mine OF i");
  const auto t = connect_as("t");
  EXPECT_EQ(rows(*t, "SELECT id FROM i"), "");
  EXPECT_EQ(tag(*t, "UPSERT INTO i VALUES ('x', [1, 0])"), "INSERT 0 1");
  EXPECT_EQ(rows(*t, "SELECT id FROM i"), "x");
  EXPECT_EQ(rows(*t, "QUERY NEAREST [1, 0] TOP 3"), "x|1");
  EXPECT_EQ(rows(*t, "QUERY i ALL NAMESPACES NEAREST [1, 0] TOP 3"), "mine|x|1");
  EXPECT_EQ(rows(*t, "SHOW index"), "i");
  EXPECT_EQ(rows(*t, "SHOW namespace"), "mine");
  EXPECT_EQ(t->one("SHOW NAMESPACES FROM i")->rows.size(), 1U);
  EXPECT_EQ(t->one("SHOW INDEXES")->rows.size(), 1U);
  for (const char* text :
       {"SET namespace = t1", "SET index = hidden", "SET LOCAL namespace = absent",
        "SELECT set_config('namespace', 't2', false)", "SELECT * FROM i NAMESPACE t1",
        "SELECT * FROM hidden", "UPSERT INTO i NAMESPACE t9 VALUES ('x', [1, 0])",
        "DROP NAMESPACE mine FROM i", "CREATE NAMESPACE mine IN i", "COMPACT NAMESPACE mine FROM i"}) {
    EXPECT_EQ(error(*t, text), ErrorCode::kNotGranted) << text;
  }
  ok(*t, "SET namespace = mine; RESET namespace");
  ok(*t, "DISCARD ALL");
  EXPECT_EQ(rows(*t, "SELECT id FROM i"), "x");
  ok(*t, "SET require_namespace = on");
  EXPECT_EQ(error(*t, "SELECT id FROM i"), ErrorCode::kSyntax);
  EXPECT_EQ(rows(*t, "SELECT id FROM i NAMESPACE mine"), "x");
}

TEST_F(Roles, AreWhoTheSessionIs) {
  ok("CREATE ROLE app; CREATE ROLE root SUPERUSER");
  EXPECT_EQ(rows(*connect_as("app"), "SELECT current_user, session_user"), "app|app");
  EXPECT_EQ(rows(*connect_as("app"), "SHOW is_superuser"), "off");
  EXPECT_EQ(rows(*connect_as("root"), "SHOW is_superuser"), "on");
  EXPECT_EQ(rows("SHOW is_superuser"), "on");
  const auto app = connect_as("app");
  EXPECT_EQ(error(*app, "SET ROLE root"), ErrorCode::kNotSupported);
  EXPECT_EQ(error(*app, "SET SESSION AUTHORIZATION root"), ErrorCode::kNotSupported);
  EXPECT_EQ(error(*app, "SET is_superuser = on"), ErrorCode::kInvalidValue);
  ok(*app, "SET ROLE none; RESET ROLE; SET SESSION AUTHORIZATION app; "
           "RESET SESSION AUTHORIZATION");
}

TEST_F(Roles, TellWhenTheServerIsOpen) {
  const auto notices = [&](const std::string& text) {
    ok(text);
    std::vector<std::string> severities;
    for (const auto& notice : session_->session().take_notices()) {
      severities.emplace_back(notice.severity);
    }
    return severities;
  };
  using Severities = std::vector<std::string>;
  EXPECT_EQ(notices("CREATE ROLE app LOGIN PASSWORD 'x'"), Severities{"NOTICE"});
  EXPECT_EQ(notices("ALTER ROLE app PASSWORD 'y'"), Severities());
  EXPECT_EQ(notices("CREATE ROLE root SUPERUSER LOGIN PASSWORD 'x'"), Severities());
  EXPECT_EQ(notices("CREATE ROLE other LOGIN"), Severities());
  EXPECT_EQ(notices("CREATE ROLE second SUPERUSER LOGIN PASSWORD 'x'"), Severities());
  EXPECT_EQ(notices("ALTER ROLE root NOLOGIN"), Severities());
  EXPECT_EQ(notices("DROP ROLE second"), Severities{"WARNING"});
}

}  // namespace
}  // namespace alcove::tests
