#include "base/file_system.h"

#include <set>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/simulated_file_system.h"

namespace alcove {
namespace {

using Call = SimulatedFileSystem::Call;
using testing::ElementsAre;

TEST(DirectoryOf, IsThePathBeforeTheLastSlash) {
  EXPECT_EQ(directory_of("data/wal/1"), "data/wal");
  EXPECT_EQ(directory_of("/data/CURRENT"), "/data");
  EXPECT_EQ(directory_of("/data"), "/");
  EXPECT_EQ(directory_of("data"), ".");
}

TEST(ReadFile, GivesTheWholeFileUpToTheLimit) {
  SimulatedFileSystem disk;
  disk.set_content("f", "content");
  const auto whole = read_file(disk, "f", 7);
  ASSERT_TRUE(whole.has_value());
  EXPECT_EQ(*whole, "content");
  const auto beyond = read_file(disk, "f", 6);
  ASSERT_FALSE(beyond.has_value());
  EXPECT_EQ(beyond.error().code(), ErrorCode::kLimitExceeded);
  const auto missing = read_file(disk, "g", 6);
  ASSERT_FALSE(missing.has_value());
  EXPECT_EQ(missing.error().code(), ErrorCode::kIo);
}

TEST(ReplaceFile, MakesAFileAndReplacesItDurably) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    SimulatedFileSystem disk;
    ASSERT_TRUE(replace_file(disk, "f", "first").has_value());
    ASSERT_TRUE(replace_file(disk, "f", "second").has_value());
    disk.crash(seed);
    EXPECT_EQ(disk.content("f"), "second");
    EXPECT_THAT(disk.paths(), ElementsAre("f"));
  }
}

TEST(ReplaceFile, TakesNoNoticeOfWhatACrashLeft) {
  SimulatedFileSystem disk;
  disk.set_content("f.new", "half of somethi");
  ASSERT_TRUE(replace_file(disk, "f", "x").has_value());
  EXPECT_EQ(disk.content("f"), "x");
  EXPECT_THAT(disk.paths(), ElementsAre("f"));
}

TEST(ReplaceFile, LeavesTheOldOrTheNewWholeWhereverItStops) {
  const std::string before(3'000, 'o');
  const std::string after(5'000, 'n');
  std::set<std::string> seen;
  std::uint64_t calls = 0;
  for (std::uint64_t stop = 1; calls == 0 || stop <= calls; ++stop) {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
      SimulatedFileSystem disk;
      disk.set_content("f", before);
      disk.set_fault([&](Call, const std::string&) -> std::optional<Error> {
        if (disk.call_count() != stop) return std::nullopt;
        disk.crash(seed);
        return Error(ErrorCode::kIo, "crash");
      });
      const Status done = replace_file(disk, "f", after);
      if (done) calls = disk.call_count();
      disk.set_fault({});
      disk.crash(seed);
      const std::string content = disk.content("f");
      ASSERT_TRUE(content == before || content == after) << "stop " << stop << " seed " << seed;
      if (done) {
        ASSERT_EQ(content, after);
      }
      seen.insert(content);
    }
  }
  EXPECT_EQ(seen.size(), 2U);
}

TEST(ReplaceFile, GivesTheSpaceBackWhenTheDiskIsFull) {
  SimulatedFileSystem disk;
  disk.set_content("f", std::string(600, 'o'));
  disk.set_capacity_bytes(1'000);
  const Status status = replace_file(disk, "f", std::string(600, 'n'));
  ASSERT_FALSE(status.has_value());
  EXPECT_EQ(status.error().code(), ErrorCode::kDiskFull);
  EXPECT_THAT(disk.paths(), ElementsAre("f"));
  EXPECT_EQ(disk.content("f"), std::string(600, 'o'));
}

}  // namespace
}  // namespace alcove
