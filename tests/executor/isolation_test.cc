// What a role that is bound to one namespace can find out about the others: nothing. The same
// statements are run in two databases that differ only in what others have there, and every answer,
// error and notice has to be the same to the last byte.

#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/clock.h"
#include "base/random.h"
#include "base/simulated_file_system.h"
#include "executor/database.h"
#include "tests/support/statement_runner.h"

namespace alcove::tests {
namespace {

constexpr int kStatements = 10'000;
// Of every record, and nowhere else: whoever reads it has read another tenant's record.
constexpr std::string_view kSecret = "secret";

// A database in which the tenant lives, with a session of the tenant's and one of the operator's.
class World {
 public:
  World() {
    executor::DatabaseOptions options;
    options.directory = "/db";
    options.background_threads = false;
    options.on_panic = [](const Error&) {};
    auto opened = executor::Database::open({disk_, clock_, random_}, options);
    EXPECT_TRUE(opened);
    database_ = std::move(*opened);
    operator_ = std::make_unique<StatementRunner>(*database_);
    operate("CREATE INDEX app DIMENSION 3 METRIC euclidean");
    operate("CREATE ROLE me LOGIN PASSWORD 'x' NAMESPACE mine OF app");
    connect();
  }

  void connect() {
    tenant_ = std::make_unique<StatementRunner>(
        *database_, executor::SessionIdentity{.user = "me", .database = "d", .process_id = 7});
  }
  void operate(const std::string& text) {
    const auto done = operator_->run(text);
    EXPECT_TRUE(done) << text << ": " << done.error().message();
  }
  void try_to_operate(const std::string& text) { static_cast<void>(operator_->run(text)); }

  // All that the tenant's client is told. `copied` is what it sends if the text asks for it.
  std::string answer(const std::string& text, std::vector<StatementRunner::CopyRow> copied) {
    tenant_->set_copy_rows(std::move(copied));
    const auto outcomes = tenant_->run(text);
    std::string told;
    for (const auto& notice : tenant_->session().take_notices()) {
      told += fmt::format("{} {} {}\n", notice.severity, notice.sqlstate, notice.message);
    }
    if (!outcomes) {
      const Error& error = outcomes.error();
      return told + fmt::format("error {} at {}: {} / {} / {}\n", static_cast<int>(error.code()),
                                error.offset().value_or(0), error.message(), error.detail(),
                                error.hint());
    }
    for (const auto& outcome : *outcomes) {
      told += fmt::format("{}\n", fmt::join(outcome.columns, " | "));
      for (const auto& row : outcome.rows) {
        // How long it took is the clock's to say.
        if (row.front().starts_with("  Time: ")) continue;
        told += fmt::format("{}\n", fmt::join(row, " | "));
      }
      told += outcome.tag + "\n";
    }
    return told + static_cast<char>(tenant_->session().status());
  }

 private:
  SimulatedFileSystem disk_;
  SystemClock clock_;
  SystemRandom random_;
  std::unique_ptr<executor::Database> database_;
  std::unique_ptr<StatementRunner> operator_;
  std::unique_ptr<StatementRunner> tenant_;
};

// Makes what a curious tenant says, and what others do beside it.
class Sayings {
 public:
  explicit Sayings(std::uint64_t seed) : random_(seed) {}

  std::size_t below(std::size_t limit) { return random_() % limit; }

  std::string statement() {
    switch (below(42)) {
      case 0:
      case 1:
      case 2:
        return fmt::format("UPSERT INTO {}{} VALUES ('{}', {}, '{{\"g\": \"{}\", \"n\": {}}}')",
                           index(), name_space(), id(), vector(), letter(), below(9));
      case 3: return fmt::format("UPDATE {}{} SET g = '{}'{}", index(), name_space(), letter(), where());
      case 4:
        return fmt::format("UPDATE {}{} SET VALUES = {}{}", index(), name_space(), vector(), where());
      case 5: return fmt::format("DELETE FROM {}{}{}", index(), name_space(), where());
      case 6:
      case 7: return fmt::format("SELECT * FROM {}{}{}", index(), name_space(), where());
      case 8: return fmt::format("SELECT count(*) FROM {}{}{}", index(), name_space(), where());
      case 9:
        return fmt::format("SELECT id FROM {}{} ORDER BY id DESC LIMIT {} OFFSET {}", index(),
                           name_space(), below(4), below(3));
      case 10:
      case 11:
      case 12: return query();
      case 13: return "EXPLAIN " + query();
      case 14: return "EXPLAIN ANALYZE " + query();
      case 15: return "SHOW NAMESPACES FROM " + index();
      case 16:
        return fmt::format("SHOW NAMESPACES FROM {} LIKE '{}%' AFTER '{}' LIMIT {}", index(),
                           letter(), letter(), below(5));
      case 17: return "SHOW INDEXES";
      case 18: return "DESCRIBE INDEX " + index();
      case 19: return fmt::format("DESCRIBE NAMESPACE {} FROM {}", tenant(), index());
      case 20: return fmt::format("CREATE NAMESPACE{} {} IN {}", if_not_exists(), tenant(), index());
      case 21: return fmt::format("DROP NAMESPACE{} {} FROM {}", if_exists(), tenant(), index());
      case 22: return fmt::format("DROP INDEX{} {}", if_exists(), index());
      case 23: return fmt::format("CREATE INDEX{} {} DIMENSION 2", if_not_exists(), index());
      case 24: return fmt::format("COMPACT NAMESPACE {} FROM {}", tenant(), index());
      case 25: return fmt::format("SHOW GRANTS FOR {}", role());
      case 26: return "SHOW GRANTS";
      case 27: return fmt::format("SET {}namespace = {}", below(2) == 0 ? "LOCAL " : "", tenant());
      case 28: return fmt::format("SET index = {}", index());
      case 29: return one_of({"BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT s", "ROLLBACK TO s",
                              "BEGIN ISOLATION LEVEL REPEATABLE READ"});
      case 30:
        return one_of({"CHECKPOINT", "DISCARD ALL", "RESET ALL", "SHOW ALL", "SHOW USAGE",
                       "SET require_namespace = on", "RESET require_namespace"});
      case 31:
        return fmt::format(
            "{} {}", one_of({"CREATE ROLE", "DROP ROLE", "DROP ROLE IF EXISTS", "ALTER ROLE"}),
            role());
      case 32:
        return fmt::format("GRANT READ ON NAMESPACE {} OF {} TO {}", tenant(), index(), role());
      case 33: return fmt::format("COPY {}{} FROM STDIN", index(), copy_place());
      case 34: return fmt::format("COPY {}{} TO STDOUT", index(), copy_place());
      case 35: return "SELECT " + catalogue_function();
      case 36:
      case 37: return fmt::format("SELECT * FROM {}", catalogue_table());
      case 38: return fmt::format("SELECT count(*), {} FROM {}", catalogue_function(), catalogue_table());
      case 39: return fmt::format("SELECT id FROM {}.{}", tenant(), index());
      case 40:
        return fmt::format("SHOW RECALL FROM {} NAMESPACE {} SAMPLE {}", index(), tenant(), below(9));
      default:
        return one_of({"SELECT current_user, pg_backend_pid()", "SELECT pg_cancel_backend(1)",
                       "SELECT pg_terminate_backend(8)", "SELECT current_setting('namespace')",
                       "SELECT set_config('index', 'other', false)", "SET ROLE you"});
    }
  }

  std::string script() {
    std::string text = statement();
    while (below(12) == 0) text += "; " + statement();
    return text;
  }

  std::vector<StatementRunner::CopyRow> copied() {
    std::vector<StatementRunner::CopyRow> rows(below(4));
    for (auto& row : rows) {
      if (below(2) == 0) row.name_space = tenant();
      row.id = id();
      for (std::size_t i = 0; i < (below(8) == 0 ? 2U : 3U); ++i) {
        row.values.push_back(static_cast<float>(below(9)));
      }
    }
    return rows;
  }

  // What another tenant, or the operator, does.
  std::string other() {
    switch (below(8)) {
      case 0: return fmt::format("CREATE INDEX other DIMENSION {}", 1 + below(4));
      case 1: return "DROP INDEX other";
      case 2: return fmt::format("DROP NAMESPACE t{} FROM app", below(5));
      case 3: return fmt::format("CREATE NAMESPACE t{} IN other", below(5));
      case 4: return fmt::format("CREATE ROLE you NAMESPACE t{} OF app", below(5));
      case 5: return "DROP ROLE you";
      default:
        return fmt::format("UPSERT INTO app NAMESPACE t{} VALUES ('{}{}', {}, '{{\"g\": \"{}\"}}')",
                           below(5), kSecret, below(20), floats(3), kSecret);
    }
  }

 private:
  std::string one_of(std::initializer_list<const char*> texts) {
    return *(texts.begin() + below(texts.size()));
  }
  std::string index() { return below(6) == 0 ? one_of({"other", "absent", "app2"}) : "app"; }
  std::string tenant() {
    return below(2) == 0 ? "mine" : one_of({"t0", "t1", "t2", "t3", "t4", "absent", "mine2"});
  }
  std::string name_space() { return below(3) == 0 ? "" : " NAMESPACE " + tenant(); }
  std::string copy_place() {
    return below(4) == 0 ? " BY NAMESPACE" : name_space();
  }
  std::string catalogue_table() {
    return one_of({"pg_class", "pg_namespace", "pg_attribute", "pg_index", "pg_roles", "pg_user",
                   "pg_auth_members", "pg_tables", "pg_indexes", "pg_database", "pg_description",
                   "pg_settings", "pg_constraint", "pg_depend", "information_schema.tables",
                   "information_schema.columns", "information_schema.schemata",
                   "pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"});
  }
  std::string catalogue_function() {
    switch (below(5)) {
      case 0: return fmt::format("to_regclass('{}')", index());
      case 1: return fmt::format("has_table_privilege('{}', '{}', 'SELECT')", role(), index());
      case 2: return fmt::format("has_schema_privilege('{}', 'USAGE')", tenant());
      case 3: return fmt::format("pg_get_userbyid({})", 10 + below(20'000));
      default: return fmt::format("to_regrole('{}')", role());
    }
  }
  std::string role() { return one_of({"me", "you", "absent"}); }
  std::string letter() { return one_of({"a", "b", "c", "m", "t", "s"}); }
  std::string id() { return fmt::format("{}{}", letter(), below(4)); }
  std::string if_exists() { return below(2) == 0 ? " IF EXISTS" : ""; }
  std::string if_not_exists() { return below(2) == 0 ? " IF NOT EXISTS" : ""; }
  std::string floats(std::size_t count) {
    std::string text = "[";
    for (std::size_t i = 0; i < count; ++i) text += fmt::format("{}{}", i == 0 ? "" : ", ", below(9));
    return text + "]";
  }
  std::string vector() { return floats(below(8) == 0 ? below(5) : 3); }
  std::string where() {
    switch (below(6)) {
      case 0: return "";
      case 1: return fmt::format(" WHERE id = '{}'", id());
      case 2: return fmt::format(" WHERE id > '{}' OR n < {}", id(), below(9));
      case 3: return fmt::format(" WHERE id LIKE '{}%'", letter());
      case 4: return fmt::format(" WHERE NOT g = '{}'", letter());
      default: return fmt::format(" WHERE g EXISTS AND n >= {}", below(9));
    }
  }
  std::string query() {
    std::string text = "QUERY ";
    if (below(3) != 0) text += index();
    switch (below(4)) {
      case 0: text += " ALL NAMESPACES"; break;
      case 1: text += fmt::format(" NAMESPACE {}, {}", tenant(), tenant()); break;
      default: text += name_space();
    }
    text += below(4) == 0 ? fmt::format(" NEAREST ID '{}'", id()) : " NEAREST " + vector();
    text += fmt::format(" TOP {}", below(6));
    if (below(2) == 0) text += where();
    if (below(3) == 0) text += " INCLUDE VALUES, METADATA";
    return text;
  }

  std::mt19937_64 random_;
};

TEST(Isolation, ABoundRoleFindsOutNothingAboutOthers) {
  World crowded;
  World alone;
  Sayings sayings(20'261);
  Sayings others(7);
  int answered = 0;
  for (int i = 0; i < kStatements; ++i) {
    if (others.below(3) == 0) crowded.try_to_operate(others.other());
    // When the server writes to disk is its own affair, and shows in sizes.
    if (i % 500 == 499) {
      crowded.operate("CHECKPOINT");
      alone.operate("CHECKPOINT");
    }
    if (i % 100 == 99) {
      crowded.connect();
      alone.connect();
    }
    const std::string text = sayings.script();
    const auto copied = sayings.copied();
    const std::string told = crowded.answer(text, copied);
    ASSERT_EQ(told, alone.answer(text, copied)) << "statement " << i << ": " << text;
    ASSERT_EQ(told.find(kSecret), std::string::npos) << text;
    if (!told.starts_with("error")) ++answered;
  }
  // The comparison is worth something only where statements do something.
  EXPECT_GT(answered, kStatements / 4);
}

}  // namespace
}  // namespace alcove::tests
