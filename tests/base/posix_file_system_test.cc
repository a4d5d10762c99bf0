#include "base/posix_file_system.h"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace alcove {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class PosixFileSystemTest : public testing::Test {
 protected:
  PosixFileSystemTest() {
    std::string pattern = testing::TempDir() + "alcove_base_XXXXXX";
    directory_ = ::mkdtemp(pattern.data());
  }
  ~PosixFileSystemTest() override {
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }

  std::string path(const std::string& name) const { return directory_ + "/" + name; }
  std::unique_ptr<File> make(const std::string& name, std::string_view bytes = "") {
    auto file = disk_.open(path(name), OpenMode::kCreate);
    EXPECT_TRUE(file.has_value());
    EXPECT_TRUE((*file)->write(0, bytes).has_value());
    return std::move(*file);
  }
  std::unique_ptr<Mapping> map(const std::string& name, std::uint64_t bytes) {
    auto mapping = disk_.map(path(name), bytes);
    EXPECT_TRUE(mapping.has_value());
    return std::move(*mapping);
  }
  std::string content(const std::string& name) {
    const auto bytes = read_file(disk_, path(name), 1 << 20);
    return bytes ? *bytes : "(missing)";
  }
  std::vector<std::string> names() {
    const auto found = disk_.list(directory_);
    EXPECT_TRUE(found.has_value());
    return found ? *found : std::vector<std::string>();
  }

  std::string directory_;
  PosixFileSystem disk_;
};

TEST_F(PosixFileSystemTest, ReadsWhatWasWritten) {
  const auto file = make("f", "hello");
  ASSERT_TRUE(file->write(8, "world").has_value());
  ASSERT_TRUE(file->sync().has_value());
  std::string bytes(20, 'x');
  const auto got = file->read(0, bytes.data(), bytes.size());
  ASSERT_TRUE(got.has_value());
  EXPECT_EQ(bytes.substr(0, *got), std::string("hello\0\0\0world", 13));
  EXPECT_EQ(*file->read(5, bytes.data(), 3), 3U);
  EXPECT_EQ(*file->read(13, bytes.data(), 3), 0U);
  EXPECT_EQ(*file->read(100, bytes.data(), 3), 0U);
  EXPECT_EQ(*file->size(), 13U);
  EXPECT_EQ(file->path(), path("f"));
}

TEST_F(PosixFileSystemTest, OpensAsTheModeSays) {
  EXPECT_FALSE(disk_.open(path("f"), OpenMode::kRead).has_value());
  EXPECT_FALSE(disk_.open(path("f"), OpenMode::kReadWrite).has_value());
  make("f", "x");
  const auto again = disk_.open(path("f"), OpenMode::kCreate);
  ASSERT_FALSE(again.has_value());
  EXPECT_EQ(again.error().code(), ErrorCode::kIo);
  EXPECT_THAT(again.error().message(), HasSubstr(path("f") + ": open: "));
  const auto reader = disk_.open(path("f"), OpenMode::kRead);
  ASSERT_TRUE(reader.has_value());
  EXPECT_FALSE((*reader)->write(0, "y").has_value());
  const auto writer = disk_.open(path("f"), OpenMode::kReadWrite);
  ASSERT_TRUE(writer.has_value());
  EXPECT_TRUE((*writer)->write(0, "y").has_value());
  EXPECT_EQ(content("f"), "y");
}

TEST_F(PosixFileSystemTest, AHintOfWhatWillBeReadChangesNothing) {
  std::string bytes(300'000, 'a');
  bytes[5000] = 'b';
  make("f", bytes);
  make("empty");
  const auto mapping = map("f", bytes.size());
  for (const std::uint64_t offset : {0U, 1U, 4095U, 4096U, 12'345U, 19'999U}) {
    mapping->will_read(offset, bytes.size() - offset);
    mapping->will_read(offset, 1);
    mapping->will_read(offset, 0);
  }
  map("empty", 0)->will_read(0, 0);
  EXPECT_EQ(mapping->bytes(), bytes);
}

TEST_F(PosixFileSystemTest, AllocateExtendsWithZerosAndKeepsWhatIsThere) {
  const auto file = make("f", "abc");
  ASSERT_TRUE(file->allocate(1, 5).has_value());
  EXPECT_EQ(content("f"), std::string("abc\0\0\0", 6));
  ASSERT_TRUE(file->allocate(0, 2).has_value());
  ASSERT_TRUE(file->allocate(100, 0).has_value());
  EXPECT_EQ(*file->size(), 6U);
  ASSERT_TRUE(file->truncate(2).has_value());
  EXPECT_EQ(content("f"), "ab");
}

TEST_F(PosixFileSystemTest, ToBeginWithWritingChangesNothing) {
  const auto file = make("f", "hello");
  file->start_writeback(0, 5);
  file->start_writeback(100, 5);
  EXPECT_EQ(content("f"), "hello");
  EXPECT_EQ(*file->size(), 5U);
  EXPECT_TRUE(file->sync().has_value());
}

TEST_F(PosixFileSystemTest, SaysThatTheDiskIsFull) {
  const auto full = disk_.open("/dev/full", OpenMode::kReadWrite);
  ASSERT_TRUE(full.has_value());
  const Status status = (*full)->write(0, "x");
  ASSERT_FALSE(status.has_value());
  EXPECT_EQ(status.error().code(), ErrorCode::kDiskFull);
  EXPECT_THAT(status.error().message(), HasSubstr("/dev/full: pwrite: "));
}

TEST_F(PosixFileSystemTest, RenamesUnlinksAndLists) {
  make("b", "1");
  make("a", "2");
  EXPECT_THAT(names(), ElementsAre("a", "b"));
  ASSERT_TRUE(disk_.rename(path("b"), path("a")).has_value());
  EXPECT_THAT(names(), ElementsAre("a"));
  EXPECT_EQ(content("a"), "1");
  EXPECT_FALSE(disk_.rename(path("b"), path("c")).has_value());
  EXPECT_TRUE(*disk_.exists(path("a")));
  ASSERT_TRUE(disk_.unlink(path("a")).has_value());
  ASSERT_TRUE(disk_.unlink(path("a")).has_value()) << "a missing file is success";
  EXPECT_FALSE(*disk_.exists(path("a")));
  EXPECT_FALSE(*disk_.exists(path("a") + "/below"));
  EXPECT_THAT(names(), IsEmpty());
  EXPECT_FALSE(disk_.list(path("nowhere")).has_value());
}

TEST_F(PosixFileSystemTest, AFileIsThereUntilTheLastOfItsNamesGoes) {
  make("a", "abc");
  ASSERT_TRUE(disk_.link(path("a"), path("b")));
  EXPECT_FALSE(disk_.link(path("a"), path("b"))) << "the name is taken";
  EXPECT_FALSE(disk_.link(path("none"), path("c")));
  ASSERT_TRUE(disk_.unlink(path("a")));
  EXPECT_EQ(content("b"), "abc");
}

TEST_F(PosixFileSystemTest, MakesDirectoriesOnce) {
  ASSERT_TRUE(disk_.create_directory(path("d")).has_value());
  ASSERT_TRUE(disk_.create_directory(path("d")).has_value()) << "an existing one is success";
  EXPECT_TRUE(disk_.sync_directory(path("d")).has_value());
  make("f");
  EXPECT_FALSE(disk_.create_directory(path("f")).has_value()) << "a file is in the way";
  EXPECT_FALSE(disk_.create_directory(path("no/where")).has_value());
  EXPECT_FALSE(disk_.sync_directory(path("f")).has_value());
  EXPECT_FALSE(disk_.sync_directory(path("nowhere")).has_value());
}

TEST_F(PosixFileSystemTest, FilesBelongToTheirOwnerAlone) {
  make("f");
  ASSERT_TRUE(disk_.create_directory(path("d")).has_value());
  using std::filesystem::perms;
  const perms others = perms::group_all | perms::others_all;
  EXPECT_EQ(std::filesystem::status(path("f")).permissions() & others, perms::none);
  EXPECT_EQ(std::filesystem::status(path("d")).permissions() & others, perms::none);
}

TEST_F(PosixFileSystemTest, ReplaceFileWorksOnARealDisk) {
  ASSERT_TRUE(replace_file(disk_, path("f"), "old").has_value());
  ASSERT_TRUE(replace_file(disk_, path("f"), "new").has_value());
  EXPECT_EQ(content("f"), "new");
  EXPECT_THAT(names(), ElementsAre("f"));
}

TEST_F(PosixFileSystemTest, ALockHasOneHolder) {
  auto lock = disk_.lock(path("LOCK"));
  ASSERT_TRUE(lock.has_value());
  const auto second = disk_.lock(path("LOCK"));
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code(), ErrorCode::kIo);
  lock->reset();
  EXPECT_TRUE(disk_.lock(path("LOCK")).has_value());
}

TEST_F(PosixFileSystemTest, ALockHoldsAgainstOtherProcessesUntilItsOwnerDies) {
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const auto lock = PosixFileSystem().lock(path("LOCK"));
    const char told = lock.has_value() ? 'y' : 'n';
    if (::write(ready[1], &told, 1) != 1) ::_exit(1);
    while (true) ::pause();
  }
  char told = 0;
  ASSERT_EQ(::read(ready[0], &told, 1), 1);
  EXPECT_EQ(told, 'y');
  EXPECT_FALSE(disk_.lock(path("LOCK")).has_value());
  ::kill(child, SIGKILL);
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  EXPECT_TRUE(disk_.lock(path("LOCK")).has_value());
  ::close(ready[0]);
  ::close(ready[1]);
}

TEST_F(PosixFileSystemTest, AMappingShowsTheFileEvenOnceUnlinked) {
  make("f", "mapped");
  const auto mapping = map("f", 6);
  ASSERT_TRUE(disk_.unlink(path("f")).has_value());
  EXPECT_EQ(mapping->bytes(), "mapped");
  mapping->release_pages();
  EXPECT_EQ(mapping->bytes(), "mapped") << "released pages come back";
  EXPECT_FALSE(mapping->faulted());
}

TEST_F(PosixFileSystemTest, CountsItsMappings) {
  make("f", "mapped");
  const std::size_t before = disk_.mapping_count();
  {
    const auto mapping = map("f", 6);
    const auto other = map("f", 6);
    EXPECT_EQ(disk_.mapping_count(), before + 2);
  }
  EXPECT_EQ(disk_.mapping_count(), before);
}

TEST_F(PosixFileSystemTest, MapsNothingButAFileOfTheRightSize) {
  make("f", "mapped");
  for (const std::uint64_t size : {0U, 5U, 7U}) {
    const auto mapping = disk_.map(path("f"), size);
    ASSERT_FALSE(mapping.has_value());
    EXPECT_EQ(mapping.error().code(), ErrorCode::kCorruption);
  }
  EXPECT_EQ(disk_.map(path("nowhere"), 1).error().code(), ErrorCode::kIo);
  make("empty");
  const auto empty = map("empty", 0);
  EXPECT_EQ(empty->bytes(), "");
  EXPECT_FALSE(empty->faulted());
}

constexpr std::size_t kMappedBytes = 1 << 18;

bool all_zero(std::string_view bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](char c) { return c == '\0'; });
}

TEST_F(PosixFileSystemTest, AFaultReadsAsZerosAndIsMarked) {
  const auto file = make("f", std::string(kMappedBytes, 'x'));
  make("other", std::string(kMappedBytes, 'y'));
  const auto before = map("other", kMappedBytes);
  const auto mapping = map("f", kMappedBytes);
  const auto after = map("other", kMappedBytes);
  EXPECT_EQ(mapping->bytes().front(), 'x');
  ASSERT_TRUE(file->truncate(0).has_value());
  EXPECT_TRUE(all_zero(mapping->bytes()));
  EXPECT_TRUE(mapping->faulted());
  EXPECT_TRUE(disk_.mappings_faulted());
  for (const auto* other : {before.get(), after.get()}) {
    EXPECT_EQ(other->bytes(), std::string(kMappedBytes, 'y'));
    EXPECT_FALSE(other->faulted());
  }
}

TEST_F(PosixFileSystemTest, AFaultInTheLastPageIsMarkedToo) {
  const std::size_t size = kMappedBytes - 7;
  const auto file = make("f", std::string(size, 'x'));
  const auto mapping = map("f", size);
  ASSERT_TRUE(file->truncate(kMappedBytes / 2).has_value());
  EXPECT_EQ(mapping->bytes().back(), '\0');
  EXPECT_TRUE(mapping->faulted());
}

TEST_F(PosixFileSystemTest, AMappingMadeAfterAFaultIsSound) {
  const auto file = make("f", std::string(kMappedBytes, 'x'));
  for (int round = 0; round < 50; ++round) {
    ASSERT_TRUE(file->write(0, std::string(kMappedBytes, 'x')).has_value());
    const auto mapping = map("f", kMappedBytes);
    EXPECT_EQ(mapping->bytes().back(), 'x');
    EXPECT_FALSE(mapping->faulted());
    ASSERT_TRUE(file->truncate(0).has_value());
    EXPECT_EQ(mapping->bytes().back(), '\0');
    EXPECT_TRUE(mapping->faulted());
  }
}

TEST_F(PosixFileSystemTest, FaultsOfManyThreadsAreEachAnswered) {
  // Every thread has a file of its own to fault in, while mappings of others come and go.
  std::vector<std::thread> threads;
  std::vector<int> sound(4, 0);
  for (std::size_t number = 0; number < sound.size(); ++number) {
    threads.emplace_back([&, number] {
      const std::string name = "f" + std::to_string(number);
      const auto file = make(name);
      for (int round = 0; round < 50; ++round) {
        if (!file->write(0, std::string(kMappedBytes, 'x'))) return;
        const auto mapping = map(name, kMappedBytes);
        if (mapping->faulted() || !file->truncate(0)) return;
        if (!all_zero(mapping->bytes()) || !mapping->faulted()) return;
        ++sound[number];
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(sound, testing::Each(50));
}

// Tests of a death run in a process of their own.
using PosixFileSystemDeathTest = PosixFileSystemTest;

TEST_F(PosixFileSystemDeathTest, AFaultElsewhereIsTheDefaultDeath) {
  make("f", "x");
  EXPECT_EXIT(
      {
        const auto mapping = map("f", 1);
        ::raise(SIGBUS);
      },
      testing::KilledBySignal(SIGBUS), "");
}

}  // namespace
}  // namespace alcove
