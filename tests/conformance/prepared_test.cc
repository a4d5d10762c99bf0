// The extended query protocol against a real server, through libpq.

#include <arpa/inet.h>

#include <cstring>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <libpq-fe.h>

#include "tests/support/server_process.h"

namespace alcove::tests {
namespace {

constexpr Oid kInt4 = 23;
constexpr Oid kInt8 = 20;
constexpr Oid kText = 25;
constexpr Oid kFloat4 = 700;
constexpr Oid kFloat4Array = 1021;
constexpr Oid kJsonb = 3802;
constexpr Oid kTextArray = 1009;
constexpr Oid kVector = 16385;

std::string big_endian(std::uint32_t value) {
  const std::uint32_t swapped = htonl(value);
  return std::string(reinterpret_cast<const char*>(&swapped), 4);
}

std::string binary_floats(const std::vector<float>& values) {
  std::string bytes = big_endian(1) + big_endian(0) + big_endian(kFloat4) +
                      big_endian(static_cast<std::uint32_t>(values.size())) + big_endian(1);
  for (const float value : values) {
    std::uint32_t bits;
    std::memcpy(&bits, &value, 4);
    bytes += big_endian(4) + big_endian(bits);
  }
  return bytes;
}

struct Argument {
  std::string bytes;
  bool binary = false;
  bool null = false;
};

class Prepared : public testing::Test {
 protected:
  Prepared()
      : directory_("prepared"),
        server_(directory_.path() + "/data", {}),
        connection_(nullptr, &PQfinish) {
    server_.start();
    connection_ = server_.connect();
    run("CREATE INDEX e DIMENSION 2 METRIC euclidean");
    run("UPSERT INTO e NAMESPACE n VALUES ('a', [0, 1], '{\"g\": \"x\", \"n\": 5, \"b\": true}'), "
        "('b', [0, 2], '{\"g\": \"5\"}'), ('c', [0, 3])");
  }

  PGconn* connection() { return connection_.get(); }

  static std::string outcome(const PGresult* result) {
    const char* state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    if (state != nullptr) return state;
    std::string text;
    for (int row = 0; row < PQntuples(result); ++row) {
      for (int column = 0; column < PQnfields(result); ++column) {
        text += column == 0 ? "" : "|";
        text += PQgetisnull(result, row, column) != 0 ? "NULL" : PQgetvalue(result, row, column);
      }
      text += "; ";
    }
    return text + PQcmdStatus(const_cast<PGresult*>(result));
  }

  std::string run(const std::string& text) {
    return outcome(ResultHandle(PQexec(connection(), text.c_str()), &PQclear).get());
  }

  std::string execute(const std::string& text, const std::vector<Argument>& arguments,
                      const std::vector<Oid>& types = {}) {
    return outcome(send(text, arguments, types, 0).get());
  }

  ResultHandle send(const std::string& text, const std::vector<Argument>& arguments,
                    const std::vector<Oid>& types, int result_format) {
    std::vector<const char*> values;
    std::vector<int> lengths;
    std::vector<int> formats;
    for (const Argument& argument : arguments) {
      values.push_back(argument.null ? nullptr : argument.bytes.data());
      lengths.push_back(static_cast<int>(argument.bytes.size()));
      formats.push_back(argument.binary ? 1 : 0);
    }
    return {PQexecParams(connection(), text.c_str(), static_cast<int>(arguments.size()),
                         types.empty() ? nullptr : types.data(), values.data(), lengths.data(),
                         formats.data(), result_format),
            &PQclear};
  }

  ScratchDirectory directory_;
  ServerProcess server_;
  Connection connection_;
};

TEST_F(Prepared, TakesAParameterInEverySlot) {
  EXPECT_EQ(execute("UPSERT INTO e NAMESPACE $1 VALUES ($2, $3, $4)",
                    {{"m"}, {"z"}, {"[1,2]"}, {R"({"g": "y"})"}}),
            "INSERT 0 1");
  EXPECT_EQ(execute("SELECT * FROM e NAMESPACE $1 WHERE id = $2 LIMIT $3", {{"m"}, {"z"}, {"5"}}),
            R"(z|{1,2}|{"g": "y"}; SELECT 1)");
  EXPECT_EQ(execute("QUERY e NAMESPACE $1 NEAREST $2 WHERE g = $3 TOP $4",
                    {{"m"}, {"{1,2}"}, {"y"}, {"3"}}),
            "z|0; SELECT 1");
  EXPECT_EQ(execute("UPDATE e NAMESPACE $1 SET VALUES = $2, g = $3 WHERE id = ANY($4)",
                    {{"m"}, {"[3,4]"}, {"w"}, {"{z,nobody}"}}),
            "UPDATE 1");
  EXPECT_EQ(execute("QUERY e NAMESPACE m NEAREST ID $1 TOP $2 INCLUDE VALUES, METADATA",
                    {{"z"}, {"1"}}),
            R"(z|0|{3,4}|{"g": "w"}; SELECT 1)");
  EXPECT_EQ(execute("DELETE FROM e NAMESPACE $1 WHERE id LIKE $2", {{"m"}, {"z%"}}), "DELETE 1");
  EXPECT_EQ(execute("SHOW NAMESPACES FROM e LIKE $1 AFTER $2 LIMIT $3", {{"n%"}, {"m"}, {"1"}})
                .substr(0, 4),
            "n|3|");
  EXPECT_EQ(execute("DROP NAMESPACE $1 FROM e", {{"m"}}), "DROP NAMESPACE");
  EXPECT_EQ(execute("SELECT $1::int + 1, $2", {{"41"}, {"text"}}), "42|text; SELECT 1");
}

TEST_F(Prepared, AnUntypedOperandMeansWhatItReadsAs) {
  const auto matching = [this](const std::string& comparison, const std::string& value,
                               Oid type = 0) {
    return execute("SELECT id FROM e NAMESPACE n WHERE " + comparison, {{value}}, {type});
  };
  EXPECT_EQ(matching("n = $1", "5"), "a; SELECT 1");
  EXPECT_EQ(matching("g = $1", "5"), "b; SELECT 1");
  EXPECT_EQ(matching("n > $1", "4"), "a; SELECT 1");
  EXPECT_EQ(matching("n <> $1", "5"), "b; c; SELECT 2");
  EXPECT_EQ(matching("b = $1", "true"), "a; SELECT 1");
  EXPECT_EQ(matching("n IN ($1)", "5"), "a; SELECT 1");
  EXPECT_EQ(matching("n NOT IN ($1)", "5"), "b; c; SELECT 2");
  // A declared type, or a cast, fixes it.
  EXPECT_EQ(matching("n = $1", "5", kText), "SELECT 0");
  EXPECT_EQ(matching("n = $1::text", "5"), "SELECT 0");
  EXPECT_EQ(matching("n = $1::int", "5"), "a; SELECT 1");
  EXPECT_EQ(matching("n = $1", "5", kInt4), "a; SELECT 1");
  EXPECT_EQ(matching("g = $1", "5", kInt4), "SELECT 0");
}

TEST_F(Prepared, DescribesWhatItTakesAndReturns) {
  PQclear(PQprepare(connection(), "q",
                    "QUERY e NAMESPACE $1 NEAREST $2 WHERE g = $3 AND n = $4::int AND h = ANY($5) "
                    "TOP $6 INCLUDE VALUES, METADATA",
                    0, nullptr));
  const ResultHandle described(PQdescribePrepared(connection(), "q"), &PQclear);
  std::vector<Oid> parameters;
  for (int i = 0; i < PQnparams(described.get()); ++i) {
    parameters.push_back(PQparamtype(described.get(), i));
  }
  EXPECT_EQ(parameters, (std::vector<Oid>{kText, kFloat4Array, kText, kInt4, kTextArray, kInt8}));
  std::vector<std::pair<std::string, Oid>> columns;
  for (int i = 0; i < PQnfields(described.get()); ++i) {
    columns.emplace_back(PQfname(described.get(), i), PQftype(described.get(), i));
  }
  EXPECT_EQ(columns, (std::vector<std::pair<std::string, Oid>>{{"id", kText},
                                                               {"score", kFloat4},
                                                               {"values", kFloat4Array},
                                                               {"metadata", kJsonb}}));
}

TEST_F(Prepared, DescribesStatementsWithoutRowsAndThoseThatLookAround) {
  for (const auto& [text, fields] : std::vector<std::pair<std::string, int>>{
           {"UPSERT INTO e NAMESPACE $1 VALUES ($2, $3)", 0},
           {"BEGIN", 0},
           {"SET recall_target = 0.9", 0},
           {"DEALLOCATE ALL", 0},
           {"SHOW INDEXES", 6},
           {"SHOW NAMESPACES FROM e LIKE $1", 3},
           {"SELECT count(*) FROM e NAMESPACE n", 1},
           {"EXPLAIN QUERY e NAMESPACE n NEAREST $1::vector TOP 1", 1},
           {"SHOW recall_target", 1},
           {"SELECT 1, 2", 2}}) {
    if (text.starts_with("EXPLAIN")) continue;  // needs a vector that fits
    PQclear(PQprepare(connection(), "", text.c_str(), 0, nullptr));
    const ResultHandle described(PQdescribePrepared(connection(), ""), &PQclear);
    EXPECT_EQ(PQresultStatus(described.get()), PGRES_COMMAND_OK)
        << text << PQresultErrorMessage(described.get());
    EXPECT_EQ(PQnfields(described.get()), fields) << text;
  }
}

TEST_F(Prepared, TakesVectorsInEveryEncoding) {
  const auto distance = [this](const Argument& vector, Oid type) {
    return execute("QUERY e NAMESPACE n NEAREST $1 TOP 1", {vector}, {type});
  };
  const std::string right = "a|0; SELECT 1";
  EXPECT_EQ(distance({"[0,1]"}, 0), right);
  EXPECT_EQ(distance({"{0,1}"}, 0), right);
  EXPECT_EQ(distance({"[0,1]"}, kText), right);
  EXPECT_EQ(distance({"{0,1}"}, kFloat4Array), right);
  EXPECT_EQ(distance({"{0,1}"}, 1022), right);
  EXPECT_EQ(distance({"{0,1}"}, 1007), right);
  EXPECT_EQ(distance({"[0,1]"}, kVector), right);
  EXPECT_EQ(distance({binary_floats({0, 1}), true}, 0), right);
  EXPECT_EQ(distance({binary_floats({0, 1}), true}, kFloat4Array), right);
  const std::string pgvector = std::string("\0\2\0\0", 4) + std::string(4, '\0') +
                               std::string("\x3f\x80\0\0", 4);
  EXPECT_EQ(distance({pgvector, true}, kVector), right);
  EXPECT_EQ(distance({binary_floats({0, 1, 2}), true}, 0), "22023");
  EXPECT_EQ(distance({binary_floats({0, 1}).substr(0, 30), true}, 0), "08P01");
  EXPECT_EQ(distance({"", false, true}, 0), "22004");
}

TEST_F(Prepared, ReturnsBinary) {
  const ResultHandle result =
      send("QUERY e NAMESPACE n NEAREST $1 TOP 1 INCLUDE VALUES, METADATA", {{"[0,1]"}}, {}, 1);
  ASSERT_EQ(PQntuples(result.get()), 1) << PQresultErrorMessage(result.get());
  const auto bytes = [&](int column) {
    return std::string(PQgetvalue(result.get(), 0, column),
                       static_cast<std::size_t>(PQgetlength(result.get(), 0, column)));
  };
  EXPECT_EQ(bytes(0), "a");
  EXPECT_EQ(bytes(1), std::string(4, '\0'));
  EXPECT_EQ(bytes(2), binary_floats({0, 1}));
  EXPECT_EQ(bytes(3), "\1{\"b\": true, \"g\": \"x\", \"n\": 5}");
  const ResultHandle constants = send("SELECT 1::int8, true, 0.5::float8, now()", {}, {}, 1);
  EXPECT_EQ(PQgetlength(constants.get(), 0, 0), 8);
  EXPECT_EQ(PQgetlength(constants.get(), 0, 1), 1);
  EXPECT_EQ(PQgetlength(constants.get(), 0, 2), 8);
  EXPECT_EQ(PQgetlength(constants.get(), 0, 3), 8);
}

TEST_F(Prepared, IsUsedAgainAndForgotten) {
  PQclear(PQprepare(connection(), "p", "SELECT id FROM e NAMESPACE n WHERE id = $1", 0, nullptr));
  for (int i = 0; i < 7; ++i) {
    const char* value = i % 2 == 0 ? "a" : "b";
    const ResultHandle result(
        PQexecPrepared(connection(), "p", 1, &value, nullptr, nullptr, 0), &PQclear);
    EXPECT_EQ(outcome(result.get()), std::string(value) + "; SELECT 1");
  }
  EXPECT_EQ(outcome(ResultHandle(PQprepare(connection(), "p", "SELECT 1", 0, nullptr), &PQclear)
                        .get()),
            "42P05");
  EXPECT_EQ(run("DEALLOCATE p"), "DEALLOCATE");
  EXPECT_EQ(run("DEALLOCATE p"), "26000");
  const char* value = "a";
  EXPECT_EQ(outcome(ResultHandle(PQexecPrepared(connection(), "p", 1, &value, nullptr, nullptr, 0),
                                 &PQclear)
                        .get()),
            "26000");
  PQclear(PQprepare(connection(), "p", "SELECT 1", 0, nullptr));
  EXPECT_EQ(run("DISCARD ALL"), "DISCARD ALL");
  EXPECT_EQ(outcome(ResultHandle(PQdescribePrepared(connection(), "p"), &PQclear).get()), "26000");
}

TEST_F(Prepared, SaysWhereAndWhatIsWrong) {
  EXPECT_EQ(execute("SELEKT $1", {{"a"}}), "42601");
  EXPECT_EQ(execute("SELECT 1; SELECT 2", {}), "42601");
  EXPECT_EQ(execute("SELECT $2", {{"a"}, {"b"}}), "42P02");
  EXPECT_EQ(execute("QUERY e NAMESPACE n NEAREST $1 TOP 1", {}), "08P01");
  EXPECT_EQ(execute("QUERY e NAMESPACE n NEAREST $1 TOP $2", {{"[0,1]"}, {"many"}}), "22P02");
  EXPECT_EQ(execute("QUERY e NAMESPACE n NEAREST $1 TOP $2", {{"[0,1]"}, {"0"}}), "22023");
  EXPECT_EQ(execute("UPSERT INTO e NAMESPACE $1 VALUES ('a', [1, 2])", {{"", false, true}}), "22004");
  const ResultHandle result = send("QUERY e NAMESPACE n NEAREST $1 TOP 1", {{"[1]"}}, {}, 0);
  EXPECT_STREQ(PQresultErrorField(result.get(), PG_DIAG_STATEMENT_POSITION), "29");
  EXPECT_EQ(execute("", {}), "");  // an empty text
  EXPECT_EQ(execute("SELECT 1", {}), "1; SELECT 1");
}

TEST_F(Prepared, APipelineUpToItsSyncIsOneTransaction) {
  ASSERT_EQ(PQenterPipelineMode(connection()), 1);
  const auto queue = [this](const char* text) {
    ASSERT_EQ(PQsendQueryParams(connection(), text, 0, nullptr, nullptr, nullptr, nullptr, 0), 1);
  };
  queue("UPSERT INTO e NAMESPACE pipe VALUES ('a', [1, 2])");
  queue("SELECT id FROM e NAMESPACE pipe");
  queue("SELECT id FROM nobody NAMESPACE pipe");
  queue("UPSERT INTO e NAMESPACE pipe VALUES ('b', [1, 2])");
  PQpipelineSync(connection());
  queue("UPSERT INTO e NAMESPACE pipe VALUES ('c', [1, 2])");
  queue("UPSERT INTO e NAMESPACE pipe VALUES ('d', [1, 2])");
  PQpipelineSync(connection());
  std::vector<std::string> outcomes;
  for (int syncs = 0; syncs < 2;) {
    PGresult* result = PQgetResult(connection());
    if (result == nullptr) continue;
    switch (PQresultStatus(result)) {
      case PGRES_PIPELINE_SYNC: outcomes.emplace_back("sync"); ++syncs; break;
      case PGRES_PIPELINE_ABORTED: outcomes.emplace_back("aborted"); break;
      default: outcomes.push_back(outcome(result));
    }
    PQclear(result);
  }
  EXPECT_EQ(outcomes, (std::vector<std::string>{"INSERT 0 1", "a; SELECT 1", "42P01", "aborted",
                                                "sync", "INSERT 0 1", "INSERT 0 1", "sync"}));
  ASSERT_EQ(PQexitPipelineMode(connection()), 1);
  EXPECT_EQ(run("SELECT id FROM e NAMESPACE pipe"), "c; d; SELECT 2");
}

TEST_F(Prepared, TransactionsSpanStatements) {
  EXPECT_EQ(execute("BEGIN", {}), "BEGIN");
  EXPECT_EQ(execute("UPSERT INTO e NAMESPACE t VALUES ($1, $2)", {{"a"}, {"[1,2]"}}), "INSERT 0 1");
  EXPECT_EQ(execute("QUERY e NAMESPACE t NEAREST $1 TOP 5", {{"[1,2]"}}), "a|0; SELECT 1");
  EXPECT_EQ(execute("SELECT nonsense", {}), "42703");
  EXPECT_EQ(execute("SELECT 1", {}), "25P02");
  EXPECT_EQ(execute("COMMIT", {}), "ROLLBACK");
  EXPECT_EQ(execute("SELECT count(*) FROM e NAMESPACE t", {}), "0; SELECT 1");
}

TEST_F(Prepared, RowsComeOneByOneInSingleRowMode) {
  PQsendQueryParams(connection(), "SELECT id FROM e NAMESPACE n", 0, nullptr, nullptr, nullptr,
                    nullptr, 0);
  PQsetSingleRowMode(connection());
  int rows = 0;
  while (PGresult* result = PQgetResult(connection())) {
    rows += PQntuples(result);
    PQclear(result);
  }
  EXPECT_EQ(rows, 3);
}

}  // namespace
}  // namespace alcove::tests
