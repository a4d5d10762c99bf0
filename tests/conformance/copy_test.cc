// COPY against a real server, through libpq.

#include <random>
#include <string>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <libpq-fe.h>

#include "tests/support/server_process.h"

namespace alcove::tests {
namespace {

class Copy : public testing::Test {
 protected:
  Copy()
      : directory_("copy"), server_(directory_.path() + "/data", {}), connection_(nullptr, &PQfinish) {
    server_.start();
    connection_ = server_.connect();
    run("CREATE INDEX e DIMENSION 2 METRIC euclidean");
    run("CREATE INDEX c DIMENSION 2 METRIC cosine");
  }

  PGconn* connection() { return connection_.get(); }

  // The tag or first value, or SQLSTATE, message, detail and context of an error.
  static std::string outcome(const PGresult* result) {
    const char* state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    if (state == nullptr) {
      return PQntuples(result) > 0 ? PQgetvalue(result, 0, 0)
                                   : PQcmdStatus(const_cast<PGresult*>(result));
    }
    std::string text = state;
    for (const int field : {PG_DIAG_MESSAGE_PRIMARY, PG_DIAG_MESSAGE_DETAIL, PG_DIAG_CONTEXT}) {
      const char* part = PQresultErrorField(result, field);
      if (part != nullptr) text += fmt::format(" | {}", part);
    }
    return text;
  }

  std::string run(const std::string& text) {
    return outcome(ResultHandle(PQexec(connection(), text.c_str()), &PQclear).get());
  }

  bool begin_in(const std::string& statement) {
    const ResultHandle begun(PQexec(connection(), statement.c_str()), &PQclear);
    EXPECT_EQ(PQresultStatus(begun.get()), PGRES_COPY_IN) << PQerrorMessage(connection());
    return PQresultStatus(begun.get()) == PGRES_COPY_IN;
  }
  void put(const std::string& bytes) {
    EXPECT_EQ(PQputCopyData(connection(), bytes.data(), static_cast<int>(bytes.size())), 1);
  }
  std::string end_in(const char* failure = nullptr) {
    PQputCopyEnd(connection(), failure);
    return result();
  }
  std::string result() {
    std::string text;
    while (PGresult* one = PQgetResult(connection())) {
      text += outcome(ResultHandle(one, &PQclear).get());
    }
    return text;
  }
  std::string copy_in(const std::string& statement, const std::string& data) {
    if (!begin_in(statement)) return "";
    put(data);
    return end_in();
  }
  std::string copy_out(const std::string& statement) {
    const ResultHandle begun(PQexec(connection(), statement.c_str()), &PQclear);
    EXPECT_EQ(PQresultStatus(begun.get()), PGRES_COPY_OUT) << PQerrorMessage(connection());
    std::string data;
    char* row = nullptr;
    for (int bytes; (bytes = PQgetCopyData(connection(), &row, 0)) > 0;) {
      data.append(row, static_cast<std::size_t>(bytes));
      PQfreemem(row);
    }
    EXPECT_TRUE(result().starts_with("COPY "));
    return data;
  }
  std::string count(const std::string& name) {
    return run("SELECT count(*) FROM e NAMESPACE " + name);
  }
  static std::string lines(int count, const std::string& before = "") {
    std::string text;
    for (int i = 0; i < count; ++i) text += fmt::format("{}{}\t[{},1]\t\\N\n", before, i, i);
    return text;
  }

  ScratchDirectory directory_;
  ServerProcess server_;
  Connection connection_;
};

TEST_F(Copy, LoadsEveryFormat) {
  EXPECT_EQ(copy_in("COPY e NAMESPACE n FROM STDIN", "t\t[1,2]\t{\"g\": 1}\n"), "COPY 1");
  EXPECT_EQ(copy_in("COPY e NAMESPACE n FROM STDIN CSV HEADER", "id,values,metadata\nc,\"{1,2}\",\n"),
            "COPY 1");
  EXPECT_EQ(copy_in("COPY e NAMESPACE n FROM STDIN (FORMAT ndjson)",
                    "{\"id\": \"j\", \"values\": [1, 2], \"metadata\": {\"g\": \"x\"}}"),
            "COPY 1");
  EXPECT_EQ(copy_out("COPY e NAMESPACE n TO STDOUT"),
            "c\t{1,2}\t\\N\nj\t{1,2}\t{\"g\": \"x\"}\nt\t{1,2}\t{\"g\": 1}\n");
  const std::string binary = copy_out("COPY e NAMESPACE n TO STDOUT BINARY");
  EXPECT_EQ(copy_in("COPY e NAMESPACE b FROM STDIN BINARY", binary), "COPY 3");
  EXPECT_EQ(copy_out("COPY e NAMESPACE b TO STDOUT BINARY"), binary);
}

TEST_F(Copy, TheLastOfAnIdWins) {
  EXPECT_EQ(copy_in("COPY e NAMESPACE n FROM STDIN", lines(3) + "1\t[7,7]\t\\N\n"), "COPY 4");
  EXPECT_EQ(copy_out("COPY e NAMESPACE n (id, values) TO STDOUT"), "0\t{0,1}\n1\t{7,7}\n2\t{2,1}\n");
}

TEST_F(Copy, IsAtomicAndSaysWhichRecordIsAtFault) {
  EXPECT_EQ(copy_in("COPY e NAMESPACE n FROM STDIN", lines(16) + "x\t[1,2,3]\t\\N\n" + lines(9)),
            "22023 | a vector of dimension 3 does not fit index \"e\", which has dimension 2"
            " | COPY e, record 17");
  EXPECT_EQ(count("n"), "0");
  const std::string tail = " | COPY c, record 1";
  const auto refused = [&](const std::string& line) {
    return copy_in("COPY c NAMESPACE n FROM STDIN CSV", line);
  };
  EXPECT_EQ(refused("\"\",[1;2],"), "22P02 | malformed vector: \"[1;2]\"" + tail);
  EXPECT_EQ(refused("A,\"[0,0]\","),
            "22023 | under the metric cosine a vector must not be all zeros" + tail);
  EXPECT_EQ(refused("A,\"[3e37,3e37]\","),
            "22023 | the squared norm of a vector must not exceed 1e37" + tail);
  EXPECT_EQ(refused("\"\",\"[1,2]\","), "22023 | an id must not be empty" + tail);
  EXPECT_EQ(refused(",\"[1,2]\","), "22004 | column \"id\" must not be NULL" + tail);
  EXPECT_EQ(refused("A,,"), "22004 | column \"values\" must not be NULL" + tail);
  EXPECT_EQ(refused(std::string(513, 'i') + ",\"[1,2]\","),
            "22001 | an id of 513 bytes is too long: at most 512 are allowed" + tail);
  EXPECT_EQ(refused("A,\"[1,2]\",\"{\"\"a\"\": {}}\""),
            "22023 | metadata cannot hold nested objects" + tail);
  EXPECT_TRUE(refused("A,\"[1,2]\",\"{\"\"a\"\": \"\"" + std::string(41'000, 'x') + "\"\"}\"")
                  .starts_with("22001 | "));
}

TEST_F(Copy, JoinsATransaction) {
  EXPECT_EQ(run("BEGIN"), "BEGIN");
  EXPECT_EQ(copy_in("COPY e NAMESPACE n FROM STDIN", lines(3)), "COPY 3");
  EXPECT_EQ(count("n"), "3");
  EXPECT_EQ(copy_out("COPY e NAMESPACE n (id) TO STDOUT"), "0\n1\n2\n");
  EXPECT_EQ(run("ROLLBACK"), "ROLLBACK");
  EXPECT_EQ(count("n"), "0");
  run("BEGIN");
  EXPECT_EQ(copy_in("COPY e BY NAMESPACE FROM STDIN", lines(12'000, "n\t")), "COPY 12000");
  EXPECT_EQ(copy_in("COPY e NAMESPACE n FROM STDIN", "A\t[1]\t\\N\n").substr(0, 5), "22023");
  EXPECT_EQ(PQtransactionStatus(connection()), PQTRANS_INERROR);
  EXPECT_EQ(run("COMMIT"), "ROLLBACK");
  EXPECT_EQ(count("n"), "0");
  run("BEGIN ISOLATION LEVEL REPEATABLE READ");
  EXPECT_EQ(copy_in("COPY e NAMESPACE n FROM STDIN", lines(3)), "COPY 3");
  run("COMMIT");
  EXPECT_EQ(count("n"), "3");
}

TEST_F(Copy, ByNamespaceCommitsAsItGoes) {
  ASSERT_TRUE(begin_in("COPY e BY NAMESPACE FROM STDIN"));
  for (int i = 0; i < 25; ++i) put(lines(1000, fmt::format("n{}\tr{}-", i % 3, i)));
  put("n0\tx\t[1]\t\\N\n");
  EXPECT_EQ(end_in(),
            "22023 | a vector of dimension 1 does not fit index \"e\", which has dimension 2"
            " | 20000 records were committed before. | COPY e, record 25001");
  EXPECT_EQ(count("n0"), "7000");
  EXPECT_EQ(count("n1"), "7000");
  EXPECT_EQ(count("n2"), "6000");
  EXPECT_EQ(copy_in("COPY e BY NAMESPACE FROM STDIN", "\\N\tx\t[1,1]\t\\N\n"),
            "22004 | column \"namespace\" must not be NULL | 0 records were committed before."
            " | COPY e, record 1");
}

TEST_F(Copy, EndsWhereTheClientGivesUp) {
  ASSERT_TRUE(begin_in("COPY e NAMESPACE n FROM STDIN"));
  put(lines(5));
  EXPECT_EQ(end_in("no more"), "57014 | COPY from stdin failed: no more | COPY e, record 6");
  EXPECT_EQ(count("n"), "0");
}

TEST_F(Copy, SurvivesKillOnceAcknowledged) {
  EXPECT_EQ(copy_in("COPY e NAMESPACE n FROM STDIN", lines(5000)), "COPY 5000");
  ASSERT_TRUE(begin_in("COPY e NAMESPACE n FROM STDIN"));
  put(lines(100'000, "half"));
  server_.kill();
  server_.start();
  connection_ = server_.connect();
  EXPECT_EQ(count("n"), "5000");
}

TEST_F(Copy, RunsAsAPreparedStatement) {
  const ResultHandle begun(PQexecParams(connection(), "COPY e NAMESPACE n FROM STDIN", 0, nullptr,
                                        nullptr, nullptr, nullptr, 0),
                           &PQclear);
  ASSERT_EQ(PQresultStatus(begun.get()), PGRES_COPY_IN);
  put(lines(4));
  EXPECT_EQ(end_in(), "COPY 4");
  EXPECT_EQ(count("n"), "4");
}

TEST_F(Copy, ALongOneCanBeCancelled) {
  // More than what stands in the buffers between the two.
  std::string data;
  for (int i = 0; i < 20'000; ++i) {
    data += fmt::format("{}\t[1,2]\t{{\"p\": \"{}\"}}\n", i, std::string(2'000, 'x'));
  }
  ASSERT_EQ(copy_in("COPY e NAMESPACE n FROM STDIN", data), "COPY 20000");
  const ResultHandle begun(PQexec(connection(), "COPY e NAMESPACE n TO STDOUT"), &PQclear);
  ASSERT_EQ(PQresultStatus(begun.get()), PGRES_COPY_OUT);
  char* row = nullptr;
  ASSERT_GT(PQgetCopyData(connection(), &row, 0), 0);
  PQfreemem(row);
  PGcancel* const cancel = PQgetCancel(connection());
  char why[256];
  EXPECT_EQ(PQcancel(cancel, why, sizeof(why)), 1) << why;
  PQfreeCancel(cancel);
  while (PQgetCopyData(connection(), &row, 0) > 0) PQfreemem(row);
  EXPECT_EQ(result().substr(0, 5), "57014");
  EXPECT_EQ(count("n"), "20000");
}

// Records with what each format must escape, written out and read in again in every format.
TEST_F(Copy, ReadsWhatItWrites) {
  std::mt19937 random(3);
  const std::vector<std::string> pieces = {"a", "\t", "\n", "\r", "\\", "\\.", "\\N", "\"", ",", "'",
                                           "\x01", "é", "😀", " ", "{", "}"};
  const auto text = [&] {
    std::string made;
    for (std::size_t i = random() % 5 + 1; i > 0; --i) made += pieces[random() % pieces.size()];
    return made;
  };
  const auto json = [](const std::string& plain) {
    std::string quoted = "\"";
    for (const char c : plain) {
      if (static_cast<unsigned char>(c) < 0x20) {
        quoted += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
      } else {
        quoted += c == '"' || c == '\\' ? fmt::format("\\{}", c) : std::string(1, c);
      }
    }
    return quoted + "\"";
  };
  std::string records;
  for (int i = 0; i < 300; ++i) {
    records += fmt::format(
        R"({{"namespace": {}, "id": {}, "values": [{}, {}], "metadata": {{{}: {}, "n": {}, "l": [{}], "b": true}}}})"
        "\n",
        json(text()), json(text() + std::to_string(i)), static_cast<float>(random()) / 7e5F,
        1.0F / static_cast<float>(random() + 1), json(text()), json(text()),
        static_cast<double>(random()) / 3, json(text()));
  }
  ASSERT_EQ(copy_in("COPY e BY NAMESPACE FROM STDIN (FORMAT ndjson)", records), "COPY 300");
  const std::string all = copy_out("COPY e BY NAMESPACE TO STDOUT BINARY");
  for (const char* format : {"TEXT", "CSV, HEADER", "NDJSON", "BINARY"}) {
    const std::string data = copy_out(fmt::format("COPY e BY NAMESPACE TO STDOUT (FORMAT {})", format));
    EXPECT_EQ(run("DROP INDEX e"), "DROP INDEX");
    EXPECT_EQ(run("CREATE INDEX e DIMENSION 2 METRIC euclidean"), "CREATE INDEX");
    EXPECT_EQ(copy_in(fmt::format("COPY e BY NAMESPACE FROM STDIN (FORMAT {})", format), data),
              "COPY 300")
        << format;
    EXPECT_EQ(copy_out("COPY e BY NAMESPACE TO STDOUT BINARY"), all) << format;
  }
}

}  // namespace
}  // namespace alcove::tests
