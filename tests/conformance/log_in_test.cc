// Who gets in: roles and passwords, through libpq against the real server.

#include <string>

#include <gtest/gtest.h>
#include <libpq-fe.h>

#include "tests/support/server_process.h"

namespace alcove::tests {
namespace {

class LogIn : public testing::Test {
 protected:
  LogIn() : directory_("log-in") {}

  void start(std::vector<std::string> arguments = {}) {
    server_ = std::make_unique<ServerProcess>(directory_.path() + "/data", std::move(arguments));
    server_->start();
  }
  // Why a client is turned away; empty: it is not.
  std::string refusal(const std::string& who) {
    const Connection connection = server_->connect(who);
    if (PQstatus(connection.get()) == CONNECTION_OK) return {};
    return PQerrorMessage(connection.get());
  }
  // Tag or SQLSTATE of a statement; of rows the first cell.
  std::string run(const std::string& who, const std::string& text) {
    const Connection connection = server_->connect(who);
    EXPECT_EQ(PQstatus(connection.get()), CONNECTION_OK) << PQerrorMessage(connection.get());
    const ResultHandle result(PQexec(connection.get(), text.c_str()), &PQclear);
    if (PQresultStatus(result.get()) == PGRES_TUPLES_OK) {
      return PQntuples(result.get()) == 0 ? "" : PQgetvalue(result.get(), 0, 0);
    }
    if (PQresultStatus(result.get()) == PGRES_COMMAND_OK) return PQcmdStatus(result.get());
    const char* state = PQresultErrorField(result.get(), PG_DIAG_SQLSTATE);
    return state == nullptr ? PQresultErrorMessage(result.get()) : state;
  }

  ScratchDirectory directory_;
  std::unique_ptr<ServerProcess> server_;
};

bool says(const std::string& message, const std::string& what) {
  return message.find(what) != std::string::npos;
}

TEST_F(LogIn, OpensTheDoorToWhoKnowsThePassword) {
  start();
  EXPECT_EQ(refusal("user=anybody"), "");
  EXPECT_EQ(run("user=anybody", "CREATE ROLE app LOGIN PASSWORD 'it''s a secret'"), "CREATE ROLE");
  // With a password it is needed, even while nobody else needs one.
  EXPECT_EQ(refusal("user=app password='it\\'s a secret'"), "");
  EXPECT_TRUE(says(refusal("user=app password=wrong"),
                   "FATAL:  password authentication failed for user \"app\""));
  EXPECT_TRUE(says(refusal("user=app"), "no password supplied"));
  EXPECT_EQ(run("user=app password='it\\'s a secret'", "SELECT current_user"), "app");
  EXPECT_EQ(run("user=app password='it\\'s a secret'", "CREATE INDEX i DIMENSION 2"), "42501");
  EXPECT_EQ(refusal("user=anybody"), "");
}

TEST_F(LogIn, IsAskedOfEverybodyOnceThereIsASuperuserWithAPassword) {
  start();
  const Connection early = server_->connect();
  EXPECT_EQ(run("user=me", "CREATE ROLE root SUPERUSER LOGIN PASSWORD 'r'"), "CREATE ROLE");
  EXPECT_EQ(run("user=root password=r", "CREATE ROLE nameless LOGIN"), "CREATE ROLE");
  EXPECT_EQ(run("user=root password=r", "CREATE ROLE asleep PASSWORD 'a' NOLOGIN"), "CREATE ROLE");
  for (const char* who : {"user=test", "user=nameless", "user=root", "user=asleep"}) {
    EXPECT_TRUE(says(refusal(who), "no password supplied")) << who;
    const std::string name = std::string(who).substr(5);
    EXPECT_TRUE(says(refusal(who + std::string(" password=wrong")),
                     "password authentication failed for user \"" + name + "\""))
        << who;
  }
  EXPECT_TRUE(says(refusal("user=asleep password=a"), "role \"asleep\" is not permitted to log in"));
  // Who is in stays in.
  const ResultHandle result(PQexec(early.get(), "SELECT 1"), &PQclear);
  EXPECT_EQ(PQresultStatus(result.get()), PGRES_TUPLES_OK);
  EXPECT_EQ(run("user=root password=r", "DROP ROLE root"), "DROP ROLE");
  EXPECT_EQ(refusal("user=test"), "");
}

TEST_F(LogIn, OutlivesKillsAndRestarts) {
  start();
  EXPECT_EQ(run("user=me", "CREATE ROLE root SUPERUSER LOGIN PASSWORD 'r'"), "CREATE ROLE");
  server_->kill();
  server_->start();
  EXPECT_EQ(refusal("user=root password=r"), "");
  EXPECT_TRUE(says(refusal("user=me"), "no password supplied"));
  EXPECT_EQ(run("user=root password=r", "ALTER ROLE root PASSWORD 'other'"), "ALTER ROLE");
  EXPECT_EQ(run("user=root password=other", "CHECKPOINT"), "CHECKPOINT");
  server_->kill();
  server_->start();
  EXPECT_TRUE(says(refusal("user=root password=r"), "password authentication failed"));
  EXPECT_EQ(refusal("user=root password=other"), "");
  EXPECT_EQ(server_->stop(), 0);
  server_->start();
  EXPECT_EQ(refusal("user=root password=other"), "");
}

TEST_F(LogIn, TakesTheVerifierThatClientsMakeThemselves) {
  start();
  const Connection connection = server_->connect();
  char* const verifier = PQencryptPasswordConn(connection.get(), "pencil", "app", nullptr);
  ASSERT_NE(verifier, nullptr) << PQerrorMessage(connection.get());
  EXPECT_EQ(run("user=me", std::string("CREATE USER app PASSWORD '") + verifier + "'"),
            "CREATE ROLE");
  PQfreemem(verifier);
  EXPECT_EQ(refusal("user=app password=pencil"), "");
  EXPECT_TRUE(says(refusal("user=app password=pen"), "password authentication failed"));
}

TEST_F(LogIn, LimitsTheConnectionsOfATenantAndOfARole) {
  start({"--set", "tenant_connections_max=2", "--set", "role_connections_max=1"});
  EXPECT_EQ(run("user=me", "CREATE ROLE a LOGIN PASSWORD 'p' NAMESPACE n OF i"), "CREATE ROLE");
  EXPECT_EQ(run("user=me", "CREATE ROLE b LOGIN PASSWORD 'p' NAMESPACE n OF i"), "CREATE ROLE");
  EXPECT_EQ(run("user=me", "CREATE ROLE c LOGIN PASSWORD 'p' NAMESPACE m OF i"), "CREATE ROLE");
  EXPECT_EQ(run("user=me", "CREATE ROLE app LOGIN PASSWORD 'p'"), "CREATE ROLE");
  const Connection first = server_->connect("user=a password=p");
  const Connection second = server_->connect("user=b password=p");
  EXPECT_TRUE(says(refusal("user=a password=p"), "too many connections for role \"a\""));
  EXPECT_EQ(refusal("user=c password=p"), "");
  const Connection third = server_->connect("user=app password=p");
  EXPECT_TRUE(says(refusal("user=app password=p"), "too many connections for role \"app\""));
}

TEST_F(LogIn, BindsAStartUpOptionToo) {
  start();
  EXPECT_EQ(run("user=me", "CREATE ROLE a LOGIN PASSWORD 'p' NAMESPACE n OF i"), "CREATE ROLE");
  EXPECT_TRUE(says(refusal("user=a password=p options='-c namespace=other'"), "permission denied"));
  EXPECT_EQ(refusal("user=a password=p options='-c namespace=n'"), "");
}

}  // namespace
}  // namespace alcove::tests
