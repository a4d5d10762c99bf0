#include <algorithm>
#include <cstring>

#include "base/checksum.h"
#include "tests/wal/log_fixture.h"

namespace alcove::wal {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

// A log of two generations and several files with a mark at its end, at rest.
class DamagedLog : public LogFixture {
 protected:
  DamagedLog() {
    create();
    append_synced({"a", "bb"});
    append_synced({record_of(3, 300)});
    rotate();
    append_synced({"d"});
    append({"e", "f"});
    kill();
    sound = recover();  // generation 2 begins with copies of e and f
    EXPECT_FALSE(sound.error);
    append_synced({"g"});
    mark();
    append_synced({record_of(8, 200)});
    rotate();
    append_synced({"i"});
    append_synced({"j"});
    mark();
    kill();
    pristine = disk->clone();
    paths = log_paths();
    sound = recover();
    EXPECT_THAT(sound.records, SizeIs(10));
    reset();
  }

  void reset() {
    log.reset();
    disk = pristine->clone();
  }
  // How much of a file frames and header fill.
  std::size_t used_bytes(const std::string& path) const {
    return disk->content(path).find_last_not_of('\0') + 1;
  }
  // Recovery either refuses, naming the file, or replays all.
  void expect_refused_or_whole(const std::string& path, std::uint64_t offset) {
    const Recovered recovered = recover();
    if (recovered.error) {
      ++refused;
      EXPECT_EQ(recovered.error->code(), ErrorCode::kCorruption);
      EXPECT_THAT(recovered.error->message(), HasSubstr(path + ": damage at offset "))
          << "offset " << offset;
    } else {
      ++whole;
      EXPECT_EQ(recovered, sound) << path << " offset " << offset;
      reset();
    }
  }

  std::unique_ptr<SimulatedFileSystem> pristine;
  std::vector<std::string> paths;
  Recovered sound;
  int refused = 0;
  int whole = 0;
};

TEST_F(DamagedLog, ConsistsOfTwoGenerations) {
  EXPECT_THAT(paths, ElementsAre(path_of(1, 1), path_of(4, 1), path_of(5, 2), path_of(9, 2)));
}

TEST_F(DamagedLog, IsRefusedOrWholeWhateverByteIsFlipped) {
  constexpr std::size_t kZerosStride = 151;  // all bytes that are not zero, some of the others
  for (const std::string& path : paths) {
    const std::string content = disk->content(path);
    const std::size_t used = used_bytes(path);
    for (std::size_t at = 0; at < content.size(); ++at) {
      const bool in_zeros = at >= used + 1 || (at >= 64 && at < kFileHeaderBytes);
      if (in_zeros && at % kZerosStride != 0) continue;
      std::string damaged = content;
      damaged[at] = static_cast<char>(damaged[at] ^ (1 << at % 8));
      disk->set_content(path, damaged);
      expect_refused_or_whole(path, at);
      disk->set_content(path, content);
    }
  }
  RecordProperty("refused", refused);
  RecordProperty("whole", whole);
  EXPECT_GT(refused, 1000);
  EXPECT_GT(whole, 1000);
}

TEST_F(DamagedLog, IsRefusedOrWholeWhateverSectorIsLost) {
  for (const std::size_t sector : {std::size_t{512}, std::size_t{4096}}) {
    for (const std::string& path : paths) {
      const std::string content = disk->content(path);
      const std::size_t end = std::min(content.size(), used_bytes(path) + sector);
      for (std::size_t at = 0; at < end; at += sector) {
        for (const char filler : {'\0', '\xa5'}) {
          std::string damaged = content;
          damaged.replace(at, sector, sector, filler);
          // The end of the log with its mark in one sector is all that proves it.
          if (path == paths.back() && at >= kFileHeaderBytes) continue;
          disk->set_content(path, damaged);
          expect_refused_or_whole(path, at);
          disk->set_content(path, content);
        }
      }
    }
  }
  EXPECT_GT(refused, 20);
}

TEST_F(DamagedLog, IsRefusedOrWholeWhereverAFileIsCut) {
  for (const std::string& path : paths) {
    if (path == paths.back()) continue;
    const std::string content = disk->content(path);
    const std::size_t used = used_bytes(path);
    for (std::size_t size = 0; size <= used; size += size < 4000 ? 400 : 1) {
      disk->set_content(path, content.substr(0, size));
      expect_refused_or_whole(path, size);
      disk->set_content(path, content);
    }
  }
}

TEST_F(DamagedLog, IsRefusedWhenTheManifestProvesTheLastRecordWhateverIsCut) {
  point.durable_lsn = 10;
  const std::string& path = paths.back();
  const std::string content = disk->content(path);
  const std::size_t whole_end = used_bytes(path) - kFrameHeaderBytes;
  for (std::size_t size = kFileHeaderBytes; size < whole_end; ++size) {
    disk->set_content(path, content.substr(0, size));
    const Recovered recovered = recover();
    ASSERT_TRUE(recovered.error) << size;
    EXPECT_THAT(recovered.error->message(), HasSubstr(path + ": damage at offset "));
  }
}

TEST_F(DamagedLog, NamesAMissingFile) {
  for (std::size_t i = 1; i + 1 < paths.size(); ++i) {
    reset();
    ASSERT_TRUE(disk->unlink(paths[i]));
    const Recovered recovered = recover();
    ASSERT_TRUE(recovered.error);
    EXPECT_EQ(recovered.error->code(), ErrorCode::kCorruption);
    EXPECT_THAT(recovered.error->message(), HasSubstr(paths[i].substr(4) + ", which is missing"));
  }
}

TEST_F(DamagedLog, MissesItsFirstFile) {
  ASSERT_TRUE(disk->unlink(paths[0]));
  const Recovered recovered = recover();
  ASSERT_TRUE(recovered.error);
  EXPECT_THAT(recovered.error->message(),
              testing::StartsWith(paths[1] + ": damage at offset 0: the log begins with LSN 4"));
  point.redo_lsn = 4;
  EXPECT_THAT(recover_records(), SizeIs(7)) << "nothing before LSN 4 is needed";
}

TEST_F(DamagedLog, MissesItsLastFileOnlyWhenTheManifestKnows) {
  ASSERT_TRUE(disk->unlink(paths.back()));
  point.durable_lsn = 9;
  expect_damage(paths[2], used_bytes(paths[2]));
}

TEST_F(DamagedLog, HasNoFileAtAll) {
  for (const std::string& path : paths) ASSERT_TRUE(disk->unlink(path));
  const Recovered recovered = recover();
  ASSERT_TRUE(recovered.error);
  EXPECT_EQ(recovered.error->code(), ErrorCode::kCorruption);
}

TEST_F(DamagedLog, IsRefusedWhereTwoFilesAreSwapped) {
  const std::string first = disk->content(paths[2]);
  disk->set_content(paths[2], disk->content(paths[3]));
  disk->set_content(paths[3], first);
  expect_damage(paths[2], 0);
}

TEST_F(DamagedLog, IsRefusedWhenItIsChangedByRecoveryInNothing) {
  flip(paths[2], kFileHeaderBytes + 9);
  const std::vector<std::string> before = disk->paths();
  expect_damage(paths[2], kFileHeaderBytes);
  EXPECT_EQ(disk->paths(), before);
}

TEST_F(DamagedLog, OfAnotherDatabaseIsRefused) {
  options.database_id = 78;
  const Recovered recovered = recover();
  ASSERT_TRUE(recovered.error);
  EXPECT_EQ(recovered.error->code(), ErrorCode::kCorruption);
  EXPECT_THAT(recovered.error->message(), HasSubstr("belongs to database"));
}

TEST_F(DamagedLog, OfANewerFormatIsTooNew) {
  std::string content = disk->content(paths[0]);
  content[16] = 2;
  const std::uint64_t sum =
      checksum(std::string_view(content).substr(16, kFileHeaderBytes - 16),
               checksum_seed(kFileMagic, 0));
  std::memcpy(content.data() + 8, &sum, sizeof(sum));
  disk->set_content(paths[0], content);
  const Recovered recovered = recover();
  ASSERT_TRUE(recovered.error);
  EXPECT_EQ(recovered.error->code(), ErrorCode::kTooNew);
  EXPECT_THAT(recovered.error->message(), HasSubstr(paths[0]));
}

TEST_F(DamagedLog, IsNotDisturbedByUnknownFiles) {
  disk->set_content("wal/core", "x");
  disk->set_content("wal/0000000000000001-00000001.log.bak", "x");
  disk->set_content("wal/spare-99", "a spare of another size");
  disk->set_content("wal/spare-98", std::string(100000, 'x'));
  EXPECT_EQ(recover(), sound);
  append_synced({"k"});
  rotate();
  append_synced({"l"});
  kill();
  EXPECT_THAT(recover_records(), SizeIs(12));
}

TEST_F(DamagedLog, IsFoundAtTheSecondReadingToo) {
  int opened = 0;
  disk->set_fault([&](SimulatedFileSystem::Call call, const std::string& path)
                      -> std::optional<Error> {
    if (call == SimulatedFileSystem::Call::kOpen && path == paths[1] && ++opened == 3) {
      flip(path, kFileHeaderBytes + 2);
    }
    return std::nullopt;
  });
  expect_damage(paths[1], kFileHeaderBytes);
}

}  // namespace
}  // namespace alcove::wal
