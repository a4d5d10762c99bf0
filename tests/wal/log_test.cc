#include "wal/log.h"

#include <atomic>
#include <thread>

#include "tests/wal/log_fixture.h"

namespace alcove::wal {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

class LogTest : public LogFixture {
 protected:
  LogTest() { create(); }

  void fail_syncs() {
    disk->set_fault([](SimulatedFileSystem::Call call, const std::string&) -> std::optional<Error> {
      if (call != SimulatedFileSystem::Call::kSync) return std::nullopt;
      return Error(ErrorCode::kIo, "the disk says no");
    });
  }
};

TEST_F(LogTest, NumbersRecordsFromOne) {
  EXPECT_EQ(log->next_lsn(), 1U);
  EXPECT_EQ(append({"a", "b"}), 1U);
  EXPECT_EQ(append({"c"}), 3U);
  EXPECT_EQ(log->next_lsn(), 4U);
}

TEST_F(LogTest, IsDurableOnlyAfterSync) {
  append({"a", "b"});
  EXPECT_EQ(log->durable_lsn(), 0U);
  sync();
  EXPECT_EQ(log->durable_lsn(), 2U);
}

TEST_F(LogTest, ReplaysWhatWasSynced) {
  append_synced({"a", "", std::string("\0b", 2)});
  append_synced({"c"});
  crash(1);
  EXPECT_THAT(recover_records(), ElementsAre("a", "", std::string("\0b", 2), "c"));
}

TEST_F(LogTest, GoesOnWithTheNextLsnAfterRecovery) {
  append_synced({"a", "b"});
  crash(1);
  EXPECT_THAT(recover_records(), SizeIs(2));
  EXPECT_EQ(log->next_lsn(), 3U);
  EXPECT_EQ(log->durable_lsn(), 2U);
  EXPECT_FALSE(log->wants_mark());
  append_synced({"c"});
  crash(2);
  EXPECT_THAT(recover_records(), ElementsAre("a", "b", "c"));
}

TEST_F(LogTest, ReplaysFromTheRedoLsn) {
  append_synced({"a", "b"});
  append_synced({"c", "d"});
  kill();
  point.redo_lsn = 4;
  EXPECT_THAT(recover_records(), ElementsAre("d"));
  point.redo_lsn = 5;
  EXPECT_THAT(recover_records(), ElementsAre());
}

TEST_F(LogTest, RecoversAnEmptyLog) {
  crash(1);
  EXPECT_THAT(recover_records(), ElementsAre());
  EXPECT_EQ(log->next_lsn(), 1U);
}

TEST_F(LogTest, SpreadsOverFiles) {
  std::vector<std::string> records;
  for (std::uint64_t i = 0; i < 40; ++i) {
    records.push_back(record_of(i, 5000));
    append_synced({records.back()});
  }
  EXPECT_THAT(log_paths(), SizeIs(4));
  crash(3);
  EXPECT_EQ(recover_records(), records);
}

TEST_F(LogTest, GivesAFrameLargerThanAFileItsOwn) {
  const std::vector<std::string> records = {"small", record_of(1, 300000), "after",
                                            record_of(2, 70000)};
  for (const std::string& record : records) append_synced({record});
  EXPECT_THAT(log_paths(), SizeIs(4));
  EXPECT_EQ(disk->content(path_of(2, 1)).size(),
            kFileHeaderBytes + frame_bytes({records[1]}) + kFrameHeaderBytes);
  crash(3);
  EXPECT_EQ(recover_records(), records);
}

TEST_F(LogTest, EnlargesAFileThatIsStillEmpty) {
  append_synced({record_of(1, 100000)});
  EXPECT_THAT(log_paths(), ElementsAre(path_of(1, 1)));
}

TEST_F(LogTest, WritesAFrameWithOneWrite) {
  append_synced({"a"});
  const std::uint64_t before = disk->call_count();
  append({record_of(1, 1000), record_of(2, 1000)});
  EXPECT_EQ(disk->call_count(), before + 1);
  sync();
  EXPECT_EQ(disk->call_count(), before + 2);
}

TEST_F(LogTest, KeepsTheSizeOfAFileWhenItAppends) {
  const std::string path = path_of(1, 1);
  const std::size_t size = disk->content(path).size();
  EXPECT_EQ(size, options.file_bytes);
  append_synced({record_of(1, 1000)});
  EXPECT_EQ(disk->content(path).size(), size);
}

TEST_F(LogTest, RefusesARecordOverItsLimitAndGoesOn) {
  options.record_bytes_max = 10;
  EXPECT_THAT(recover_records(), SizeIs(0));
  const auto refused = log->append(std::vector<std::string>{"ok", "far too long"},
                                   LogSpace::kOrdinary);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::kLimitExceeded);
  EXPECT_EQ(append({"fits"}), 1U);
}

TEST_F(LogTest, WantsAMarkUntilTheLastFrameIsProven) {
  EXPECT_FALSE(log->wants_mark());
  append_synced({"a"});
  EXPECT_TRUE(log->wants_mark());
  append_synced({"b"});
  EXPECT_TRUE(log->wants_mark());
  mark();
  EXPECT_FALSE(log->wants_mark());
  const std::uint64_t calls = disk->call_count();
  mark();
  EXPECT_EQ(disk->call_count(), calls) << "nothing is left to prove";
}

TEST_F(LogTest, SyncsWhatAMarkProves) {
  append({"a"});
  mark();
  EXPECT_EQ(log->durable_lsn(), 1U);
  crash(5);
  EXPECT_THAT(recover_records(), ElementsAre("a"));
}

TEST_F(LogTest, NeedsNoLsnForAMark) {
  append_synced({"a"});
  mark();
  EXPECT_EQ(append({"b"}), 2U);
  sync();
  mark();
  crash(6);
  EXPECT_THAT(recover_records(), ElementsAre("a", "b"));
}

TEST_F(LogTest, HasRoomForAMarkInAFullFile) {
  constexpr std::size_t kFitting =
      kFileBytesMin - kFileHeaderBytes - 2 * kFrameHeaderBytes - 3 - (kFrameHeaderBytes + 2);
  for (std::size_t more = 0; more <= 2 * kFrameHeaderBytes; ++more) {
    disk = std::make_unique<SimulatedFileSystem>();
    make_directory();
    create();
    append_synced({"a"});
    append_synced({record_of(1, kFitting + more)});
    mark();
    EXPECT_THAT(log_paths(), SizeIs(more == 0 ? 1 : 2));
    append_synced({"next"});
    kill();
    EXPECT_THAT(recover_records(), SizeIs(3));
  }
}

TEST_F(LogTest, SyncsContentAndNameOfASpareAheadOfNeed) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    disk = std::make_unique<SimulatedFileSystem>();
    make_directory();
    create();
    expect(log->prepare_spare());
    crash(seed);
    int whole = 0;
    for (const std::string& path : disk->paths()) {
      const bool spare = path.find("/spare-") != std::string::npos;
      if (spare && disk->content(path) == std::string(options.file_bytes, '\0')) ++whole;
    }
    EXPECT_EQ(whole, 2) << seed;
  }
}

TEST_F(LogTest, RotatesToANewFileAndProvesTheOld) {
  append({"a"});
  rotate();
  EXPECT_EQ(log->durable_lsn(), 1U);
  EXPECT_FALSE(log->wants_mark());
  EXPECT_THAT(log_paths(), ElementsAre(path_of(1, 1), path_of(2, 1)));
  rotate();
  EXPECT_THAT(log_paths(), SizeIs(2)) << "an empty file is new already";
  append_synced({"b"});
  crash(9);
  EXPECT_THAT(recover_records(), ElementsAre("a", "b"));
}

TEST_F(LogTest, ReleasesFilesBelowTheRedoLsnOnly) {
  for (const char* record : {"a", "b", "c"}) {
    append_synced({record});
    rotate();
  }
  expect(log->release(2));
  EXPECT_THAT(log_paths(), ElementsAre(path_of(2, 1), path_of(3, 1), path_of(4, 1)));
  expect(log->release(3));
  EXPECT_THAT(log_paths(), ElementsAre(path_of(3, 1), path_of(4, 1)));
  kill();
  point.redo_lsn = 3;
  EXPECT_THAT(recover_records(), ElementsAre("c"));
}

TEST_F(LogTest, NeverReleasesTheCurrentFile) {
  append_synced({"a"});
  expect(log->release(2));
  EXPECT_THAT(log_paths(), ElementsAre(path_of(1, 1)));
  append_synced({"b"});
  crash(1);
  point.redo_lsn = 2;
  EXPECT_THAT(recover_records(), ElementsAre("b"));
}

TEST_F(LogTest, ReleasesOlderGenerationsToo) {
  append_synced({"a"});
  append_synced({"b"});
  kill();
  recover_records();
  append_synced({"c"});
  rotate();
  EXPECT_THAT(log_paths(), SizeIs(3));
  expect(log->release(4));
  EXPECT_THAT(log_paths(), ElementsAre(path_of(4, 2)));
}

TEST_F(LogTest, CountsBytesSinceAnLsnByFile) {
  append_synced({"a"});
  EXPECT_EQ(log->bytes_since(1), frame_bytes({"a"}));
  rotate();
  EXPECT_EQ(log->bytes_since(2), 0U);
  append_synced({"bb", "c"});
  EXPECT_EQ(log->bytes_since(1), options.file_bytes + frame_bytes({"bb", "c"}));
  EXPECT_EQ(log->bytes_since(2), frame_bytes({"bb", "c"}));
  EXPECT_EQ(log->bytes_since(3), frame_bytes({"bb", "c"}));
}

TEST_F(LogTest, CountsBytesOnDisk) {
  append_synced({"a"});
  rotate();
  append_synced({record_of(1, 100000)});
  expect(log->prepare_spare());
  EXPECT_EQ(log->bytes_on_disk(), disk->used_bytes());
  kill();
  recover_records();
  EXPECT_EQ(log->bytes_on_disk(), disk->used_bytes());
}

TEST_F(LogTest, PreparesSparesBesideAppends) {
  std::atomic<bool> done = false;
  std::thread background([&] {
    while (!done) {
      if (log->wants_spare()) {
        EXPECT_TRUE(log->prepare_spare());
      }
      const Lsn durable = log->durable_lsn();
      EXPECT_LT(durable, log->next_lsn());
      const std::uint64_t bytes = log->bytes_since(1);
      EXPECT_LE(bytes, log->bytes_on_disk());
    }
  });
  std::vector<std::string> records;
  for (std::uint64_t i = 0; i < 100; ++i) {
    records.push_back(record_of(i, 9000));
    append_synced({records.back()});
  }
  done = true;
  background.join();
  kill();
  EXPECT_EQ(recover_records(), records);
}

TEST_F(LogTest, KeepsEveryFailureFinal) {
  append_synced({"a"});
  append({"b"});
  fail_syncs();
  EXPECT_EQ(log->sync().error().code(), ErrorCode::kPanic);
  disk->set_fault({});
  EXPECT_TRUE(log->failed());
  EXPECT_EQ(log->durable_lsn(), 1U);
  const std::vector<std::string> more = {"c"};
  for (const Status& status :
       {log->sync(), log->mark(), log->rotate(LogSpace::kReserved), log->release(1),
        log->prepare_spare(), Status(log->append(more, LogSpace::kReserved).error())}) {
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code(), ErrorCode::kPanic);
    EXPECT_THAT(status.error().message(), HasSubstr("the disk says no"));
  }
}

TEST_F(LogTest, MakesUnsyncedFramesDurableAfterAFailedSync) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    disk = std::make_unique<SimulatedFileSystem>();
    make_directory();
    create();
    append_synced({"a"});
    append({"b"});
    fail_syncs();
    EXPECT_FALSE(log->sync());
    disk->set_fault({});
    kill();
    // The page cache still shows "b", though no sync will ever write it: a copy must be what lasts.
    EXPECT_THAT(recover_records(), ElementsAre("a", "b"));
    crash(seed);
    EXPECT_THAT(recover_records(), ElementsAre("a", "b")) << seed;
  }
}

TEST_F(LogTest, FailsForGoodWhenAWriteFails) {
  disk->set_fault([](SimulatedFileSystem::Call call, const std::string&) -> std::optional<Error> {
    if (call != SimulatedFileSystem::Call::kWrite) return std::nullopt;
    return Error(ErrorCode::kDiskFull, "half of it is there");
  });
  const auto first = log->append(std::vector<std::string>{"a"}, LogSpace::kOrdinary);
  ASSERT_FALSE(first);
  EXPECT_EQ(first.error().code(), ErrorCode::kPanic);
  EXPECT_TRUE(log->failed());
}

TEST_F(LogTest, IsNotCreatedOverALog) {
  kill();
  const auto again = Log::create(*disk, options);
  ASSERT_FALSE(again);
  EXPECT_THAT(again.error().message(), HasSubstr("holds a log already"));
}

}  // namespace
}  // namespace alcove::wal
