#include "wal/log_dump.h"

#include "tests/wal/log_fixture.h"

namespace alcove::wal {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class LogDump : public LogFixture {
 protected:
  Result<std::string> dump(const std::string& path) {
    lines.clear();
    return dump_log_file(
        *disk, path,
        [&](const LogFileHeader& header) {
          lines.push_back(fmt::format("database {} generation {} first {} after '{}' copied {}",
                                      header.database_id, header.generation, header.first_lsn,
                                      header.predecessor, header.copied_through_lsn));
        },
        [&](const LogFrame& frame) {
          lines.push_back(fmt::format("{}+{} first {} count {} synced {}", frame.offset,
                                      frame.bytes, frame.first_lsn, frame.record_count,
                                      frame.synced_lsn));
        },
        [&](Lsn lsn, std::string_view record) {
          lines.push_back(fmt::format("{} {}", lsn, record));
        });
  }

  std::vector<std::string> lines;
};

TEST_F(LogDump, ShowsHeaderFramesAndRecords) {
  create();
  append_synced({"a", "bb"});
  mark();
  const auto why = dump(path_of(1, 1));
  ASSERT_TRUE(why);
  EXPECT_EQ(*why, "offset 4213: no frame follows");
  EXPECT_THAT(lines, ElementsAre("database 77 generation 1 first 1 after '' copied 0",
                                 "4096+61 first 1 count 2 synced 0", "1 a", "2 bb",
                                 "4157+56 first 3 count 0 synced 2"));
}

TEST_F(LogDump, ShowsCopies) {
  create();
  append({"a"});
  kill();
  recover_records();
  ASSERT_TRUE(dump(path_of(1, 2)));
  EXPECT_THAT(lines,
              ElementsAre("database 77 generation 2 first 1 after "
                          "'0000000000000001-00000001.log' copied 1",
                          "4096+58 first 1 count 1 synced 0", "1 a",
                          "4154+56 first 2 count 0 synced 1"));
}

TEST_F(LogDump, SaysWhyItStopped) {
  create();
  append_synced({"a"});
  append_synced({"b"});
  flip(path_of(1, 1), 4096 + 58 + 57);
  EXPECT_EQ(*dump(path_of(1, 1)), "offset 4154: a frame's payload fails its checksum");
  EXPECT_THAT(lines, testing::SizeIs(3));
  flip(path_of(1, 1), 4096);
  EXPECT_EQ(*dump(path_of(1, 1)), "offset 4096: a frame's header fails its checksum");
}

TEST_F(LogDump, RefusesAFileWithoutAHeader) {
  disk->set_content("wal/x", std::string(10000, '\0'));
  EXPECT_EQ(dump("wal/x").error().code(), ErrorCode::kCorruption);
  EXPECT_EQ(dump("wal/missing").error().code(), ErrorCode::kIo);
}

}  // namespace
}  // namespace alcove::wal
