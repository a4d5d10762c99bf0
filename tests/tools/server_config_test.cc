#include "tools/server_config.h"

#include <gtest/gtest.h>

#include <fmt/format.h>

#include "base/posix_file_system.h"

namespace alcove::tools {
namespace {

TEST(ParseListen, ReadsAddressAndPort) {
  const auto loopback = parse_listen("127.0.0.1:7432");
  ASSERT_TRUE(loopback);
  EXPECT_EQ(loopback->host, "127.0.0.1");
  EXPECT_EQ(loopback->port, 7432);
  EXPECT_EQ(parse_listen("[::1]:0")->host, "::1");
  EXPECT_EQ(parse_listen(":1")->host, "localhost");
}

TEST(ParseListen, RefusesEverythingElse) {
  for (const char* text : {"", "7432", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "a:-1",
                           "::1:7432", "a:1x"}) {
    EXPECT_FALSE(parse_listen(text)) << text;
  }
}

TEST(FormatListen, IsReadBack) {
  for (const char* text : {"127.0.0.1:7432", "[::1]:1", "localhost:0"}) {
    EXPECT_EQ(format_listen(*parse_listen(text)), text);
  }
}

TEST(ServerOptions, ReachTheEngineAndTheServer) {
  ServerConfig config;
  OptionTable options = server_options(config);
  ASSERT_TRUE(options.set_from_config(
      "listen = localhost:0\nmemtable_bytes = 8MB\nquery_slots = 3\nconnections_max = 7\n"
      "stop_grace_ms = 2s\n",
      "test"));
  EXPECT_EQ(config.listen, "localhost:0");
  EXPECT_EQ(config.database.memtable_bytes, 8ULL << 20);
  EXPECT_EQ(config.database.query_slots, 3U);
  EXPECT_EQ(config.server.connections_max, 7U);
  EXPECT_EQ(config.server.stop_grace_ms, 2'000U);
}

TEST(ServerOptions, AcceptTheirOwnDefaults) {
  ServerConfig config;
  OptionTable options = server_options(config);
  for (const OptionTable::Row& row : options.rows()) {
    EXPECT_TRUE(options.set(row.name, row.value)) << row.name;
  }
}

// The manual says what the program does.
TEST(ServerOptions, StandInTheManualWithTheirDefaults) {
  PosixFileSystem file_system;
  const auto manual =
      read_file(file_system, std::string(ALCOVE_SOURCE_DIR) + "/docs/operations.md", 1 << 20);
  ASSERT_TRUE(manual);
  ServerConfig config;
  for (const OptionTable::Row& row : server_options(config).rows()) {
    const std::string line =
        fmt::format("| `{}` | {} | {} |", row.name,
                    row.value.empty() ? "" : fmt::format("`{}`", row.value), row.description);
    EXPECT_NE(manual->find(line), std::string::npos) << line;
  }
}

}  // namespace
}  // namespace alcove::tools
