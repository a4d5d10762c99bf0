// Runs every file of cases/ against a server of its own, through libpq: what docs say of the
// language, statement by statement. ALCOVE_REWRITE=1 writes what came into the files instead, to be
// read against the language before it is committed.

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <libpq-fe.h>

#include "tests/conformance/case_file.h"
#include "tests/support/server_process.h"

namespace alcove::tests {
namespace {

std::string type_name(Oid type) {
  switch (type) {
    case 16: return "bool";
    case 18: return "char";
    case 19: return "name";
    case 20: return "int8";
    case 21: return "int2";
    case 22: return "int2vector";
    case 23: return "int4";
    case 25: return "text";
    case 26: return "oid";
    case 700: return "float4";
    case 701: return "float8";
    case 1003: return "name[]";
    case 1005: return "int2[]";
    case 1007: return "int4[]";
    case 1009: return "text[]";
    case 1021: return "float4[]";
    case 1028: return "oid[]";
    case 2287: return "record[]";
    case 3802: return "jsonb";
    case 16385: return "vector";
    default: return fmt::format("oid {}", type);
  }
}

std::string one_line(const char* text) {
  if (text == nullptr || *text == '\0') return "(empty)";
  std::string line = text;
  for (std::size_t at = 0; (at = line.find('\n', at)) != std::string::npos; ++at) {
    line.replace(at, 1, "\\n");
  }
  return line;
}

std::string describe_problem(const PGresult* result) {
  const char* position = PQresultErrorField(result, PG_DIAG_STATEMENT_POSITION);
  const char* state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  const char* severity = PQresultErrorField(result, PG_DIAG_SEVERITY);
  if (state == nullptr) return one_line(PQresultErrorMessage(result));
  std::string text = fmt::format("{} {}{}: {}", severity, state,
                                 position == nullptr ? "" : fmt::format(" at {}", position),
                                 one_line(PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY)));
  for (const auto& [name, field] : {std::pair("DETAIL", PG_DIAG_MESSAGE_DETAIL),
                                    std::pair("HINT", PG_DIAG_MESSAGE_HINT)}) {
    const char* more = PQresultErrorField(result, field);
    if (more != nullptr) text += fmt::format(" {}: {}", name, one_line(more));
  }
  return text;
}

void describe_rows(const PGresult* result, std::vector<std::string>& lines) {
  std::vector<std::string> cells;
  if (PQnfields(result) == 0) cells.emplace_back("(no columns)");
  for (int column = 0; column < PQnfields(result); ++column) {
    cells.push_back(fmt::format("{} {}", PQfname(result, column), type_name(PQftype(result, column))));
  }
  lines.push_back(fmt::format("{}", fmt::join(cells, " | ")));
  for (int row = 0; row < PQntuples(result); ++row) {
    cells.clear();
    if (PQnfields(result) == 0) cells.emplace_back("(empty)");
    for (int column = 0; column < PQnfields(result); ++column) {
      cells.push_back(PQgetisnull(result, row, column) != 0
                          ? "NULL"
                          : one_line(PQgetvalue(result, row, column)));
    }
    lines.push_back(fmt::format("{}", fmt::join(cells, " | ")));
  }
}

// One session, and what came out of it.
class CaseSession {
 public:
  explicit CaseSession(Connection connection) : connection_(std::move(connection)) {
    EXPECT_EQ(PQstatus(connection_.get()), CONNECTION_OK) << PQerrorMessage(connection_.get());
    PQsetNoticeReceiver(
        connection_.get(),
        [](void* self, const PGresult* notice) {
          static_cast<CaseSession*>(self)->lines_.push_back(describe_problem(notice));
        },
        this);
  }
  CaseSession(const CaseSession&) = delete;
  CaseSession& operator=(const CaseSession&) = delete;

  std::vector<std::string> run(const std::string& text) {
    lines_.clear();
    EXPECT_EQ(PQsendQuery(connection_.get(), text.c_str()), 1) << PQerrorMessage(connection_.get());
    while (PGresult* result = PQgetResult(connection_.get())) {
      const ResultHandle keep(result, &PQclear);
      switch (PQresultStatus(result)) {
        case PGRES_TUPLES_OK:
          describe_rows(result, lines_);
          lines_.emplace_back(PQcmdStatus(result));
          break;
        case PGRES_COPY_IN:
          EXPECT_EQ(PQputCopyEnd(connection_.get(), nullptr), 1);
          lines_.emplace_back("(data expected)");
          break;
        case PGRES_COPY_OUT: take_data(); break;
        case PGRES_COMMAND_OK: lines_.emplace_back(PQcmdStatus(result)); break;
        case PGRES_EMPTY_QUERY: lines_.emplace_back("(empty query)"); break;
        default: lines_.push_back(describe_problem(result));
      }
    }
    EXPECT_EQ(PQstatus(connection_.get()), CONNECTION_OK) << "the session ended";
    return lines_;
  }

 private:
  void take_data() {
    char* row = nullptr;
    while (PQgetCopyData(connection_.get(), &row, 0) > 0) {
      std::string line = row;
      PQfreemem(row);
      if (line.ends_with('\n')) line.pop_back();
      lines_.push_back(one_line(line.c_str()));
    }
  }

  Connection connection_;
  std::vector<std::string> lines_;
};

class Conformance : public testing::TestWithParam<std::string> {
 protected:
  Conformance() : directory_("conformance"), server_(directory_.path() + "/data", {}) {
    server_.start();
  }

  void obey(const std::string& directive) {
    clients_.clear();
    if (directive == "restart") {
      EXPECT_EQ(server_.stop(), 0);
    } else {
      EXPECT_EQ(directive, "kill");
      server_.kill();
    }
    server_.start();
  }

  CaseSession& client(const std::string& name) {
    const auto [place, is_new] = clients_.try_emplace(name);
    if (is_new) place->second = std::make_unique<CaseSession>(server_.connect(who(name)));
    return *place->second;
  }

  // A session called `name:password` logs in as that role.
  static std::string who(const std::string& name) {
    const std::size_t colon = name.find(':');
    if (colon == std::string::npos) return "user=test";
    return fmt::format("user='{}' password='{}'", name.substr(0, colon), name.substr(colon + 1));
  }

  ScratchDirectory directory_;
  ServerProcess server_;
  std::map<std::string, std::unique_ptr<CaseSession>> clients_;
};

TEST_P(Conformance, AnswersAsTheLanguageSays) {
  const std::string path = fmt::format("{}/{}.cases", ALCOVE_CASES, GetParam());
  const std::vector<Case> cases = read_cases(path);
  ASSERT_FALSE(cases.empty());
  std::vector<std::vector<std::string>> came;
  for (const Case& one : cases) {
    came.emplace_back();
    if (!one.directive.empty()) {
      obey(one.directive);
      continue;
    }
    if (one.text.empty()) continue;  // a comment by itself
    came.back() = client(one.session).run(one.text);
    if (matches(one.expected, came.back())) {
      came.back() = one.expected;
      continue;
    }
    if (std::getenv("ALCOVE_REWRITE") == nullptr) {
      ADD_FAILURE() << path << ":" << one.line << "\n" << one.text << "\nexpected\n  "
                    << fmt::format("{}", fmt::join(one.expected, "\n  ")) << "\nand got\n  "
                    << fmt::format("{}", fmt::join(came.back(), "\n  "));
    }
  }
  EXPECT_EQ(client("a session that comes last").run("SELECT 1"),
            (std::vector<std::string>{"?column? int4", "1", "SELECT 1"}));
  if (std::getenv("ALCOVE_REWRITE") != nullptr) write_cases(path, cases, came);
}

std::vector<std::string> files() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(ALCOVE_CASES)) {
    names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

INSTANTIATE_TEST_SUITE_P(Language, Conformance, testing::ValuesIn(files()),
                         [](const auto& file) { return file.param; });

}  // namespace
}  // namespace alcove::tests
