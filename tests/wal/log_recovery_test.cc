#include <algorithm>

#include "tests/wal/log_fixture.h"

namespace alcove::wal {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

class LogRecovery : public LogFixture {
 protected:
  LogRecovery() { create(); }

  FileHeader header_of(const std::string& path) const {
    const auto header = decode_file_header(disk->content(path));
    EXPECT_TRUE(header);
    return header ? *header : FileHeader{};
  }
};

TEST_F(LogRecovery, CopiesWhatIsNotProvenIntoANewGeneration) {
  append_synced({"a"});
  append_synced({"b"});  // proves a
  append({"c"});         // proves b
  kill();
  EXPECT_THAT(recover_records(), ElementsAre("a", "b", "c"));
  EXPECT_THAT(log_paths(), ElementsAre(path_of(1, 1), path_of(3, 2)));
  const FileHeader header = header_of(path_of(3, 2));
  EXPECT_EQ(header.copied_through_lsn, 3U);
  EXPECT_EQ(header.predecessor, (LogFileName{.generation = 1, .first_lsn = 1}));
}

TEST_F(LogRecovery, CopiesNothingThatIsProven) {
  append_synced({"a"});
  mark();
  kill();
  EXPECT_THAT(recover_records(), ElementsAre("a"));
  EXPECT_THAT(log_paths(), ElementsAre(path_of(1, 1), path_of(2, 2)));
  EXPECT_EQ(header_of(path_of(2, 2)).copied_through_lsn, 1U);
}

TEST_F(LogRecovery, CopiesNothingThatTheManifestProves) {
  append_synced({"a", "b", "c"});
  kill();
  point.durable_lsn = 2;  // inside the frame, which is durable as a whole
  EXPECT_THAT(recover_records(), SizeIs(3));
  EXPECT_THAT(log_paths(), ElementsAre(path_of(1, 1), path_of(4, 2)));
}

TEST_F(LogRecovery, MakesCopiesDurableBeforeItReplays) {
  append({"a", "b"});
  kill();
  bool looked = false;
  const auto recovered =
      Log::recover(*disk, options, point, [&](Lsn lsn, std::string_view) -> Status {
        if (lsn != 1) return {};
        looked = true;
        disk->crash(7);
        return fail(ErrorCode::kIo, "the machine stopped");
      });
  EXPECT_FALSE(recovered);
  EXPECT_TRUE(looked);
  EXPECT_THAT(recover_records(), ElementsAre("a", "b"));
}

TEST_F(LogRecovery, PassesOnWhatReplayRefuses) {
  append_synced({"a"});
  kill();
  const auto recovered = Log::recover(
      *disk, options, point,
      [](Lsn, std::string_view) -> Status { return fail(ErrorCode::kTooNew, "what is this"); });
  ASSERT_FALSE(recovered);
  EXPECT_EQ(recovered.error().code(), ErrorCode::kTooNew);
  EXPECT_THAT(recover_records(), ElementsAre("a"));
}

TEST_F(LogRecovery, CopiesMoreThanAnOrdinaryFileHolds) {
  const std::vector<std::string> records = {record_of(1, 200000), record_of(2, 100)};
  append({records[0]});
  append({records[1]});
  kill();
  EXPECT_EQ(recover_records(), records);
  crash(3);
  EXPECT_EQ(recover_records(), records);
}

TEST_F(LogRecovery, WorksWithFilesOfAnotherSizeThanBefore) {
  append_synced({record_of(1, 1000)});
  kill();
  options.file_bytes = 4 * kFileBytesMin;
  EXPECT_THAT(recover_records(), SizeIs(1));
  append({record_of(2, 3 * kFileBytesMin)});
  kill();
  options.file_bytes = kFileBytesMin;
  EXPECT_THAT(recover_records(), SizeIs(2));
}

TEST_F(LogRecovery, IgnoresWhatANewerGenerationSupersedes) {
  append_synced({"a"});
  append({"lost"});
  append({"left behind"});
  flip(path_of(1, 1), kFileHeaderBytes + frame_bytes({"a"}) + kFrameHeaderBytes);
  kill();
  EXPECT_THAT(recover_records(), ElementsAre("a"));
  append_synced({"b"});
  append_synced({"c"});
  kill();
  // Even if the lost frame came back, it would be the older generation's.
  flip(path_of(1, 1), kFileHeaderBytes + frame_bytes({"a"}) + kFrameHeaderBytes);
  EXPECT_THAT(recover_records(), ElementsAre("a", "b", "c"));
}

TEST_F(LogRecovery, RefusesDamageInCopiesThoughNoMarkProvesThem) {
  append({"a"});
  kill();
  recover_records();
  kill();
  const std::string path = path_of(1, 2);
  // As if the machine had stopped before the mark was written.
  overwrite(path, kFileHeaderBytes + frame_bytes({"a"}), std::string(kFrameHeaderBytes, '\0'));
  flip(path, kFileHeaderBytes + kFrameHeaderBytes);
  expect_damage(path, kFileHeaderBytes);
  flip(path, kFileHeaderBytes + kFrameHeaderBytes);
  EXPECT_THAT(recover_records(), ElementsAre("a"));
}

TEST_F(LogRecovery, ShowsNoCopyOfARecoveryThatDidNotFinish) {
  append_synced({"a"});
  mark();
  const std::uint64_t tail = log->bytes_since(1) + kFileHeaderBytes;
  append({"b"});
  append({"c"});
  kill();
  disk->set_fault([](SimulatedFileSystem::Call call, const std::string&) -> std::optional<Error> {
    if (call != SimulatedFileSystem::Call::kRename) return std::nullopt;
    return Error(ErrorCode::kIo, "the machine stops");
  });
  EXPECT_TRUE(recover().error) << "b and c are copied into a spare";
  disk->set_fault({});
  overwrite(path_of(1, 1), tail, std::string(1000, '\0'));
  EXPECT_THAT(recover_records(), ElementsAre("a")) << "b and c were never synced";
  append_synced({"x"});
  kill();
  EXPECT_THAT(recover_records(), ElementsAre("a", "x"));
}

TEST_F(LogRecovery, AddsNoFileForEachRestartOnceReleased) {
  for (int i = 0; i < 20; ++i) {
    append_synced({"a"});
    crash(static_cast<std::uint64_t>(i));
    recover_records();
    expect(log->release(log->next_lsn()));
    point.redo_lsn = log->next_lsn();
    expect(log->prepare_spare());
  }
  EXPECT_THAT(log_paths(), SizeIs(1));
  EXPECT_LE(disk->paths().size(), 4U);
}

TEST_F(LogRecovery, AddsNoFileForEachRestartBeforeACheckpoint) {
  append_synced({"a"});
  for (int i = 0; i < 5; ++i) {
    kill();
    EXPECT_THAT(recover_records(), ElementsAre("a"));
  }
  EXPECT_THAT(log_paths(), SizeIs(2));
  append_synced({"b"});
  for (int i = 0; i < 5; ++i) {
    crash(static_cast<std::uint64_t>(i));
    EXPECT_THAT(recover_records(), ElementsAre("a", "b"));
  }
  EXPECT_THAT(log_paths(), SizeIs(3));
}

TEST_F(LogRecovery, AddsNoFileForEachReplayThatDoesNotEnd) {
  append_synced({"a"});
  append_synced({"b"});
  kill();
  for (int i = 0; i < 20; ++i) {
    EXPECT_FALSE(Log::recover(*disk, options, point, [](Lsn, std::string_view) -> Status {
      return fail(ErrorCode::kIo, "the process is killed");
    }));
    EXPECT_LE(log_paths().size(), 5U);
  }
  EXPECT_THAT(recover_records(), ElementsAre("a", "b"));
  EXPECT_THAT(log_paths(), SizeIs(3)) << "of a, of b, and the current one";
}

TEST_F(LogRecovery, UnlinksFilesBelowTheRedoLsn) {
  append_synced({"a"});
  rotate();
  append_synced({"b"});
  kill();
  point.redo_lsn = 2;
  EXPECT_THAT(recover_records(), ElementsAre("b"));
  EXPECT_FALSE(*disk->exists(path_of(1, 1)));
}

TEST_F(LogRecovery, DoesNotReadFilesBelowTheRedoLsn) {
  append_synced({"a"});
  rotate();
  append_synced({"b"});
  kill();
  disk->set_content(path_of(1, 1), "rubbish");
  point.redo_lsn = 2;
  EXPECT_THAT(recover_records(), ElementsAre("b"));
}

TEST_F(LogRecovery, TellsItsProgressToTheEnd) {
  for (std::uint64_t i = 0; i < 20; ++i) append_synced({record_of(i, 10000)});
  kill();
  std::vector<std::uint64_t> steps;
  std::uint64_t last_total = 0;
  const auto recovered = Log::recover(
      *disk, options, point, [](Lsn, std::string_view) { return Status(); },
      [&](std::uint64_t read, std::uint64_t total) {
        steps.push_back(read);
        last_total = total;
      });
  ASSERT_TRUE(recovered);
  ASSERT_GT(steps.size(), 3U);
  EXPECT_TRUE(std::is_sorted(steps.begin(), steps.end()));
  EXPECT_EQ(steps.back(), last_total);
}

TEST_F(LogRecovery, FillsTheSparesThatWereLeftAgain) {
  expect(log->prepare_spare());
  kill();
  std::string spare;
  for (const std::string& path : disk->paths()) {
    if (path.find("/spare-") != std::string::npos) spare = path;
  }
  disk->set_content(spare, std::string(options.file_bytes, 'x'));
  recover_records();
  for (std::uint64_t i = 0; i < 30; ++i) append_synced({record_of(i, 9000)});
  kill();
  EXPECT_THAT(recover_records(), SizeIs(30));
}

}  // namespace
}  // namespace alcove::wal
