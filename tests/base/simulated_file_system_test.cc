#include "base/simulated_file_system.h"

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace alcove {
namespace {

using Call = SimulatedFileSystem::Call;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::uint64_t kSeeds = 200;
constexpr std::size_t kSector = 512;

std::unique_ptr<File> open(SimulatedFileSystem& disk, const std::string& path, OpenMode mode) {
  auto file = disk.open(path, mode);
  EXPECT_TRUE(file.has_value()) << path;
  return std::move(*file);
}

std::unique_ptr<File> create(SimulatedFileSystem& disk, const std::string& path) {
  return open(disk, path, OpenMode::kCreate);
}

void must(const Status& status) {
  ASSERT_TRUE(status.has_value()) << status.error().message();
}

void expect_failure(const Status& status, ErrorCode code) {
  ASSERT_FALSE(status.has_value());
  EXPECT_EQ(status.error().code(), code);
}

// Fails the next call of one kind, once.
void fail_once(SimulatedFileSystem& disk, Call call) {
  disk.set_fault([call, done = false](Call made, const std::string&) mutable {
    if (made != call || std::exchange(done, true)) return std::optional<Error>();
    return std::optional<Error>(Error(ErrorCode::kIo, "injected"));
  });
}

// What a crash leaves of one disk, over many seeds.
std::set<std::string> outcomes(const std::function<void(SimulatedFileSystem&)>& prepare,
                               const std::string& path) {
  std::set<std::string> seen;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    SimulatedFileSystem disk;
    prepare(disk);
    disk.crash(seed);
    seen.insert(disk.content(path));
  }
  return seen;
}

TEST(SimulatedFileSystem, ReadsWhatWasWritten) {
  SimulatedFileSystem disk;
  const auto file = create(disk, "f");
  must(file->write(3, "abc"));
  must(file->allocate(0, 8));
  std::string bytes(20, 'x');
  EXPECT_EQ(*file->read(0, bytes.data(), bytes.size()), 8U);
  EXPECT_EQ(bytes.substr(0, 8), std::string("\0\0\0abc\0\0", 8));
  EXPECT_EQ(*file->read(8, bytes.data(), 5), 0U);
  EXPECT_EQ(*file->read(100, bytes.data(), 5), 0U);
  must(file->truncate(4));
  must(file->truncate(6));
  EXPECT_EQ(disk.content("f"), std::string("\0\0\0a\0\0", 6)) << "what was cut off is gone";
  EXPECT_EQ(*file->size(), 6U);
}

TEST(SimulatedFileSystem, ToBeginWithWritingMakesNothingDurable) {
  const auto seen = outcomes(
      [](SimulatedFileSystem& disk) {
        const auto file = create(disk, "f");
        must(disk.sync_directory("."));
        must(file->write(0, "abc"));
        file->start_writeback(0, 3);
      },
      "f");
  EXPECT_THAT(seen, Contains(""));
  EXPECT_THAT(seen, Contains("abc"));
}

TEST(SimulatedFileSystem, KeepsToTheRulesOfNames) {
  SimulatedFileSystem disk;
  EXPECT_FALSE(disk.open("f", OpenMode::kRead).has_value());
  EXPECT_FALSE(disk.open("d/f", OpenMode::kCreate).has_value()) << "no such directory";
  must(disk.create_directory("d"));
  must(disk.create_directory("d"));
  create(disk, "d/f");
  EXPECT_FALSE(disk.open("d/f", OpenMode::kCreate).has_value());
  EXPECT_FALSE(disk.create_directory("d/f").has_value());
  EXPECT_FALSE(disk.open("d", OpenMode::kRead).has_value());
  expect_failure(open(disk, "d/f", OpenMode::kRead)->write(0, "x"), ErrorCode::kIo);
  create(disk, "d/a");
  create(disk, "da");
  EXPECT_THAT(*disk.list("d"), ElementsAre("a", "f"));
  EXPECT_THAT(*disk.list("."), ElementsAre("d", "da"));
  EXPECT_THAT(disk.paths(), ElementsAre("d/a", "d/f", "da"));
  must(disk.rename("d/a", "d/f"));
  EXPECT_FALSE(disk.rename("d/a", "d/f").has_value());
  EXPECT_THAT(*disk.list("d"), ElementsAre("f"));
  must(disk.unlink("d/f"));
  must(disk.unlink("d/f"));
  EXPECT_FALSE(*disk.exists("d/f"));
  EXPECT_TRUE(*disk.exists("d"));
  EXPECT_FALSE(disk.sync_directory("nowhere").has_value());
}

TEST(SimulatedFileSystem, AnOpenFileOutlivesItsName) {
  SimulatedFileSystem disk;
  disk.set_content("f", "abc");
  const auto file = open(disk, "f", OpenMode::kRead);
  auto mapping = disk.map("f", 3);
  ASSERT_TRUE(mapping.has_value());
  must(disk.unlink("f"));
  std::string bytes(3, ' ');
  EXPECT_EQ(*file->read(0, bytes.data(), 3), 3U);
  EXPECT_EQ(bytes, "abc");
  EXPECT_EQ((*mapping)->bytes(), "abc");
}

TEST(SimulatedFileSystem, ACrashNeverTakesWhatWasSynced) {
  const std::string synced(5 * kSector + 17, 's');
  const auto seen = outcomes(
      [&](SimulatedFileSystem& disk) {
        const auto file = create(disk, "f");
        must(file->write(0, synced));
        must(file->sync());
        must(disk.sync_directory("."));
      },
      "f");
  EXPECT_THAT(seen, ElementsAre(synced));
}

TEST(SimulatedFileSystem, ACrashMayTakeWhatWasNotSyncedInAnyPart) {
  const std::string before(4 * kSector, 'o');
  const std::string after(4 * kSector, 'n');
  const auto seen = outcomes(
      [&](SimulatedFileSystem& disk) {
        disk.set_content("f", before);
        const auto file = open(disk, "f", OpenMode::kReadWrite);
        for (std::size_t i = 0; i < 4; ++i) {
          must(file->write(i * kSector, std::string(kSector, 'n')));
        }
      },
      "f");
  EXPECT_THAT(seen, Contains(before));
  EXPECT_THAT(seen, Contains(after));
  const std::string o(kSector, 'o');
  const std::string n(kSector, 'n');
  EXPECT_THAT(seen, Contains(o + n + o + n)) << "a later write may last and an earlier be lost";
  EXPECT_THAT(seen, Contains(n + o + o + n));
  for (const std::string& content : seen) {
    EXPECT_EQ(content.size(), 4 * kSector);
    // Only the last write may be torn.
    for (std::size_t i = 0; i < 3; ++i) {
      const std::string sector = content.substr(i * kSector, kSector);
      EXPECT_TRUE(sector == o || sector == n);
    }
  }
}

TEST(SimulatedFileSystem, TheLastWriteMayBeTornWithinASector) {
  const auto seen = outcomes(
      [&](SimulatedFileSystem& disk) {
        disk.set_content("f", std::string(kSector, 'o'));
        must(open(disk, "f", OpenMode::kReadWrite)->write(0, std::string(kSector, 'n')));
      },
      "f");
  const auto torn = std::count_if(seen.begin(), seen.end(), [](const std::string& content) {
    const std::size_t cut = content.find('o');
    return cut != 0 && cut != std::string::npos && content.find('n', cut) == std::string::npos;
  });
  EXPECT_GT(torn, 10);
  EXPECT_EQ(static_cast<std::size_t>(torn), seen.size() - 2) << "and otherwise it is whole or lost";
}

TEST(SimulatedFileSystem, AnUnsyncedSizeMayBeAnySinceTheLastSync) {
  const auto seen = outcomes(
      [](SimulatedFileSystem& disk) {
        disk.set_content("f", "");
        const auto file = open(disk, "f", OpenMode::kReadWrite);
        for (std::uint64_t i = 1; i <= 3; ++i) {
          must(file->write((i - 1) * kSector, std::string(kSector, 'x')));
        }
        must(file->truncate(kSector + 1));
      },
      "f");
  std::set<std::size_t> sizes;
  for (const std::string& content : seen) sizes.insert(content.size());
  EXPECT_THAT(sizes, ElementsAre(0, kSector, kSector + 1, 2 * kSector, 3 * kSector));
  EXPECT_THAT(seen, Contains(std::string(kSector, '\0'))) << "the size may last and its bytes not";
}

TEST(SimulatedFileSystem, ATruncationMayBeUndone) {
  const std::string before(3 * kSector, 'o');
  const auto seen = outcomes(
      [&](SimulatedFileSystem& disk) {
        disk.set_content("f", before);
        must(open(disk, "f", OpenMode::kReadWrite)->truncate(10));
      },
      "f");
  EXPECT_THAT(seen, Contains(before));
  EXPECT_THAT(seen, Contains(before.substr(0, 10)));
}

TEST(SimulatedFileSystem, AllocatedSpaceIsZerosWhateverTheCrash) {
  const auto seen = outcomes(
      [](SimulatedFileSystem& disk) {
        disk.set_content("f", "abc");
        const auto file = open(disk, "f", OpenMode::kReadWrite);
        must(file->allocate(0, 6));
        must(file->sync());
      },
      "f");
  EXPECT_THAT(seen, ElementsAre(std::string("abc\0\0\0", 6)));
}

TEST(SimulatedFileSystem, ANameIsVolatileUntilItsDirectoryIsSynced) {
  std::set<std::vector<std::string>> seen;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    SimulatedFileSystem disk;
    must(disk.create_directory("d"));
    must(disk.sync_directory("."));
    must(create(disk, "d/a")->sync());
    must(disk.sync_directory("d"));
    must(create(disk, "d/b")->sync());
    must(disk.rename("d/a", "d/c"));
    must(disk.unlink("d/b"));
    disk.crash(seed);
    seen.insert(*disk.list("d"));
  }
  // Each is kept or undone, in their order.
  EXPECT_THAT(seen, testing::UnorderedElementsAre(
                        ElementsAre("a"), ElementsAre("a", "b"), ElementsAre("b", "c"),
                        ElementsAre("c")));
}

TEST(SimulatedFileSystem, AFileIsThereUntilTheLastOfItsNamesGoes) {
  SimulatedFileSystem disk;
  disk.set_content("f", "abc");
  must(disk.link("f", "g"));
  EXPECT_EQ(disk.used_bytes(), 3U);
  EXPECT_FALSE(disk.link("f", "g").has_value()) << "the name is taken";
  EXPECT_FALSE(disk.link("none", "h").has_value());
  must(open(disk, "g", OpenMode::kReadWrite)->write(0, "x"));
  EXPECT_EQ(disk.content("f"), "xbc");
  const auto copy = disk.clone();
  must(disk.unlink("f"));
  EXPECT_EQ(disk.content("g"), "xbc");
  must(disk.unlink("g"));
  EXPECT_EQ(disk.used_bytes(), 0U);
  must(open(*copy, "f", OpenMode::kReadWrite)->write(0, "y"));
  EXPECT_EQ(copy->content("g"), "ybc");
}

TEST(SimulatedFileSystem, ALinkIsVolatileUntilItsDirectoryIsSynced) {
  std::set<std::vector<std::string>> seen;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    SimulatedFileSystem disk;
    disk.set_content("d/a", "abc");
    must(disk.link("d/a", "d/b"));
    must(disk.unlink("d/a"));
    disk.crash(seed);
    seen.insert(*disk.list("d"));
    EXPECT_EQ(disk.content("d/" + disk.list("d")->back()), "abc");
  }
  EXPECT_THAT(seen, testing::UnorderedElementsAre(ElementsAre("a"), ElementsAre("a", "b"), ElementsAre("b")));
}

TEST(SimulatedFileSystem, DirectoriesAreSyncedEachOnItsOwn) {
  bool first_lost = false;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    SimulatedFileSystem disk;
    must(disk.create_directory("d"));
    must(disk.create_directory("e"));
    must(disk.sync_directory("."));
    create(disk, "d/f");
    create(disk, "e/f");
    must(disk.sync_directory("e"));
    disk.crash(seed);
    EXPECT_TRUE(*disk.exists("e/f"));
    first_lost = first_lost || !*disk.exists("d/f");
  }
  EXPECT_TRUE(first_lost);
}

TEST(SimulatedFileSystem, WhatStandsInALostDirectoryIsLost) {
  std::set<std::vector<std::string>> seen;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    SimulatedFileSystem disk;
    must(disk.create_directory("d"));
    must(create(disk, "d/f")->sync());
    must(disk.sync_directory("d"));
    disk.crash(seed);
    seen.insert(disk.paths());
  }
  EXPECT_THAT(seen, ElementsAre(IsEmpty(), ElementsAre("d/f")));
}

TEST(SimulatedFileSystem, ARenameOverAFileIsUndoneWhole) {
  const auto seen = outcomes(
      [](SimulatedFileSystem& disk) {
        disk.set_content("f", "old");
        const auto file = create(disk, "g");
        must(file->write(0, "new"));
        must(file->sync());
        must(disk.rename("g", "f"));
      },
      "f");
  EXPECT_THAT(seen, ElementsAre("new", "old"));
}

TEST(SimulatedFileSystem, AFailedSyncMakesNothingDurable) {
  const auto seen = outcomes(
      [](SimulatedFileSystem& disk) {
        disk.set_content("f", "old");
        const auto file = open(disk, "f", OpenMode::kReadWrite);
        must(file->write(0, "new"));
        fail_once(disk, Call::kSync);
        expect_failure(file->sync(), ErrorCode::kIo);
        EXPECT_EQ(disk.content("f"), "new") << "and yet it is seen";
      },
      "f");
  EXPECT_THAT(seen, Contains("old"));
}

TEST(SimulatedFileSystem, ASyncAfterAFailedOneSucceedsWithoutTheLostBytes) {
  const auto twice = [](SimulatedFileSystem& disk) {
    disk.set_content("f", std::string(2 * kSector, 'o'));
    const auto file = open(disk, "f", OpenMode::kReadWrite);
    must(file->write(0, std::string(kSector, 'n')));
    fail_once(disk, Call::kSync);
    expect_failure(file->sync(), ErrorCode::kIo);
    must(file->write(kSector, std::string(kSector, 'm')));
    must(file->sync());
    must(file->sync());
  };
  const auto seen = outcomes(twice, "f");
  const std::string later(kSector, 'm');
  EXPECT_THAT(seen, Contains(std::string(kSector, 'o') + later));
  for (const std::string& content : seen) EXPECT_EQ(content.substr(kSector), later);
}

TEST(SimulatedFileSystem, BytesLostByAFailedSyncAreDurableOnceWrittenAgain) {
  const auto seen = outcomes(
      [](SimulatedFileSystem& disk) {
        disk.set_content("f", "old");
        const auto file = open(disk, "f", OpenMode::kReadWrite);
        must(file->write(0, "new"));
        fail_once(disk, Call::kSync);
        expect_failure(file->sync(), ErrorCode::kIo);
        must(file->write(0, "new"));
        must(file->sync());
      },
      "f");
  EXPECT_THAT(seen, ElementsAre("new"));
}

TEST(SimulatedFileSystem, WhatACrashLeftIsDurable) {
  SimulatedFileSystem disk;
  must(create(disk, "f")->write(0, std::string(3'000, 'x')));
  disk.crash(1);
  const std::string left = disk.content("f");
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    disk.crash(seed);
    EXPECT_EQ(disk.content("f"), left);
  }
}

TEST(SimulatedFileSystem, HandlesDieWithTheMachine) {
  SimulatedFileSystem disk;
  disk.set_content("f", "abc");
  for (const bool crash : {true, false}) {
    const auto file = open(disk, "f", OpenMode::kReadWrite);
    const auto mapping = disk.map("f", 3);
    const auto lock = disk.lock("LOCK");
    ASSERT_TRUE(mapping.has_value());
    ASSERT_TRUE(lock.has_value());
    EXPECT_FALSE((*mapping)->faulted());
    if (crash) {
      disk.crash(1);
    } else {
      disk.stop();
    }
    char byte = 0;
    EXPECT_FALSE(file->read(0, &byte, 1).has_value());
    EXPECT_FALSE(file->size().has_value());
    expect_failure(file->write(0, "x"), ErrorCode::kIo);
    expect_failure(file->allocate(0, 1), ErrorCode::kIo);
    expect_failure(file->truncate(0), ErrorCode::kIo);
    expect_failure(file->sync(), ErrorCode::kIo);
    EXPECT_TRUE((*mapping)->faulted());
    EXPECT_TRUE(disk.lock("LOCK").has_value()) << "the dead hold no lock";
    EXPECT_EQ(disk.content("f"), "abc");
  }
}

TEST(SimulatedFileSystem, ACleanStopKeepsEverything) {
  SimulatedFileSystem disk;
  must(create(disk, "f")->write(0, "unsynced"));
  disk.stop();
  disk.crash(1);
  EXPECT_EQ(disk.content("f"), "unsynced");
}

TEST(SimulatedFileSystem, ALockHasOneHolder) {
  SimulatedFileSystem disk;
  auto lock = disk.lock("LOCK");
  ASSERT_TRUE(lock.has_value());
  EXPECT_FALSE(disk.lock("LOCK").has_value());
  lock->reset();
  EXPECT_TRUE(disk.lock("LOCK").has_value());
}

TEST(SimulatedFileSystem, EveryKindOfCallAsksTheHook) {
  SimulatedFileSystem disk;
  disk.set_content("f", "abc");
  const auto file = open(disk, "f", OpenMode::kReadWrite);
  std::vector<Call> asked;
  disk.set_fault([&](Call call, const std::string&) {
    asked.push_back(call);
    return std::optional<Error>(Error(ErrorCode::kDiskFull, "injected"));
  });
  const std::uint64_t calls_before = disk.call_count();
  char byte = 0;
  const auto check = [](const auto& result) {
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().message(), "injected");
  };
  check(disk.open("g", OpenMode::kCreate));
  check(file->read(0, &byte, 1));
  check(file->write(0, "wxyz"));
  check(file->allocate(0, 100));
  check(file->sync());
  check(file->truncate(0));
  check(file->size());
  check(disk.map("f", 3));
  check(disk.rename("f", "h"));
  check(disk.link("f", "h"));
  check(disk.unlink("f"));
  check(disk.create_directory("d"));
  check(disk.sync_directory("."));
  check(disk.exists("f"));
  check(disk.list("."));
  check(disk.lock("LOCK"));
  EXPECT_THAT(asked, ElementsAre(Call::kOpen, Call::kRead, Call::kWrite, Call::kAllocate,
                                 Call::kSync, Call::kTruncate, Call::kSize, Call::kMap,
                                 Call::kRename, Call::kLink, Call::kUnlink,
                                 Call::kCreateDirectory, Call::kSyncDirectory, Call::kExists, Call::kList, Call::kLock));
  EXPECT_EQ(disk.call_count(), calls_before + asked.size());
  EXPECT_EQ(disk.content("f"), "wxc") << "half of the failed write, and nothing else, was done";
  EXPECT_THAT(disk.paths(), ElementsAre("f"));
}

TEST(SimulatedFileSystem, TheHookMayCrashTheDisk) {
  SimulatedFileSystem disk;
  disk.set_content("f", "abc");
  const auto file = open(disk, "f", OpenMode::kReadWrite);
  disk.set_fault([&](Call call, const std::string&) {
    if (call == Call::kWrite) disk.crash(1);
    return std::optional<Error>();
  });
  expect_failure(file->write(0, "x"), ErrorCode::kIo);
  EXPECT_EQ(disk.content("f"), "abc") << "the call does not come after the crash";
}

TEST(SimulatedFileSystem, HoldsNoMoreThanItsCapacity) {
  SimulatedFileSystem disk;
  disk.set_content("f", std::string(60, 'f'));
  disk.set_capacity_bytes(100);
  const auto file = create(disk, "g");
  must(file->allocate(0, 30));
  expect_failure(file->allocate(0, 41), ErrorCode::kDiskFull);
  EXPECT_EQ(*file->size(), 30U);
  must(file->write(0, std::string(30, 'g')));
  expect_failure(file->write(30, std::string(20, 'g')), ErrorCode::kDiskFull);
  EXPECT_EQ(disk.content("g"), std::string(40, 'g')) << "what is left is filled";
  EXPECT_EQ(disk.used_bytes(), 100U);
  must(file->write(0, std::string(40, 'h')));
  expect_failure(file->truncate(41), ErrorCode::kDiskFull);
  must(disk.unlink("f"));
  EXPECT_EQ(disk.used_bytes(), 40U);
  must(file->write(40, std::string(60, 'g')));
}

TEST(SimulatedFileSystem, MapsNothingButAFileOfTheRightSize) {
  SimulatedFileSystem disk;
  disk.set_content("f", "abc");
  EXPECT_EQ(disk.map("f", 2).error().code(), ErrorCode::kCorruption);
  EXPECT_EQ(disk.map("g", 0).error().code(), ErrorCode::kIo);
}

TEST(SimulatedFileSystem, FaultsTheMappingsOfOnePath) {
  SimulatedFileSystem disk;
  disk.set_content("f", "abc");
  disk.set_content("g", "abc");
  const auto first = disk.map("f", 3);
  const auto second = disk.map("f", 3);
  const auto other = disk.map("g", 3);
  disk.fault_mapping("f");
  for (const auto* mapping : {&first, &second}) {
    EXPECT_EQ((**mapping)->bytes(), std::string(3, '\0'));
    EXPECT_TRUE((**mapping)->faulted());
  }
  EXPECT_EQ((*other)->bytes(), "abc");
  EXPECT_FALSE((*other)->faulted());
  EXPECT_FALSE((*disk.map("f", 3))->faulted()) << "a new mapping is sound";
}

TEST(SimulatedFileSystem, ContentThatATestSetsIsDurableAndSeenByOpenFiles) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    SimulatedFileSystem disk;
    const auto file = create(disk, "f");
    must(file->write(0, "sound"));
    disk.set_content("f", "spoilt");
    EXPECT_EQ(*file->size(), 6U);
    disk.set_content("deep/down/g", "x");
    disk.crash(seed);
    EXPECT_EQ(disk.content("f"), "spoilt");
    EXPECT_EQ(disk.content("deep/down/g"), "x");
    EXPECT_TRUE(*disk.exists("deep/down"));
  }
}

TEST(SimulatedFileSystem, ACloneIsADiskOfItsOwn) {
  SimulatedFileSystem disk;
  must(disk.create_directory("d"));
  const auto file = create(disk, "d/f");
  must(file->write(0, "abc"));
  const auto copy = disk.clone();
  must(file->write(0, "xyz"));
  copy->crash(1);
  EXPECT_EQ(copy->content("d/f"), "abc") << "all of it durable";
  EXPECT_EQ(disk.content("d/f"), "xyz");
}

// A random run of calls, always the same for the same seed.
void run(SimulatedFileSystem& disk, std::uint64_t seed) {
  std::mt19937_64 chance(seed);
  must(disk.create_directory("d"));
  for (int step = 0; step < 60; ++step) {
    const std::string path = "d/" + std::to_string(chance() % 5);
    if (chance() % 8 == 0) {
      must(disk.unlink(path));
    } else if (chance() % 8 == 0) {
      must(disk.sync_directory("d"));
    } else {
      const bool there = *disk.exists(path);
      const auto file = open(disk, path, there ? OpenMode::kReadWrite : OpenMode::kCreate);
      must(file->write(chance() % 3'000, std::string(chance() % 2'000, static_cast<char>(step))));
      if (chance() % 3 == 0) must(file->sync());
    }
  }
}

TEST(SimulatedFileSystem, TheSameCallsAndSeedGiveTheSameDisk) {
  const auto whole = [](std::uint64_t run_seed, std::uint64_t crash_seed) {
    SimulatedFileSystem disk;
    run(disk, run_seed);
    disk.crash(crash_seed);
    std::vector<std::string> all;
    for (const std::string& path : disk.paths()) all.push_back(path + disk.content(path));
    return all;
  };
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    EXPECT_EQ(whole(seed, seed), whole(seed, seed));
  }
  EXPECT_NE(whole(1, 2), whole(1, 3));
}

// INVARIANT of the fault model, against a plain model of one synced file: whatever was synced last
// is there in every byte that no later write touched.
TEST(SimulatedFileSystem, SyncedBytesStandUnlessWrittenSince) {
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    std::mt19937_64 chance(seed);
    SimulatedFileSystem disk;
    disk.set_content("f", "");
    const auto file = open(disk, "f", OpenMode::kReadWrite);
    std::string now;
    std::string synced;
    std::vector<bool> touched;
    for (std::uint64_t step = 0; step < 3 + chance() % 20; ++step) {
      const std::uint64_t offset = chance() % 3'000;
      const std::string bytes(1 + chance() % 1'500, static_cast<char>('a' + step % 26));
      must(file->write(offset, bytes));
      now.resize(std::max<std::size_t>(now.size(), offset + bytes.size()), '\0');
      now.replace(offset, bytes.size(), bytes);
      touched.resize(now.size(), true);
      std::fill_n(touched.begin() + static_cast<std::ptrdiff_t>(offset), bytes.size(), true);
      ASSERT_EQ(disk.content("f"), now);
      if (chance() % 3 == 0) {
        must(file->sync());
        synced = now;
        touched.assign(now.size(), false);
      }
    }
    disk.crash(seed);
    const std::string left = disk.content("f");
    ASSERT_GE(left.size(), synced.size());
    for (std::size_t i = 0; i < synced.size(); ++i) {
      if (!touched[i]) {
        ASSERT_EQ(left[i], synced[i]) << "seed " << seed << " byte " << i;
      }
    }
  }
}

}  // namespace
}  // namespace alcove
