#include <algorithm>

#include "tests/wal/log_fixture.h"

namespace alcove::wal {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

constexpr std::uint32_t kGeneration = 1;

// One file that holds "a", synced and proven by nothing, and behind it what the test puts there.
class LogTail : public LogFixture {
 protected:
  LogTail() {
    create();
    append_synced({"a"});
    tail = kFileHeaderBytes + frame_bytes({"a"});
  }

  // A frame of this file at `offset`, with right checksums.
  std::string frame_at(std::uint64_t offset, FrameHeader header,
                       const std::vector<std::string>& records) const {
    return frame_of_file({.generation = kGeneration, .first_lsn = 1}, offset, header, records);
  }
  std::string frame_of_file(const LogFileName& name, std::uint64_t offset, FrameHeader header,
                            const std::vector<std::string>& records) const {
    std::string frame(kFrameHeaderBytes, '\0');
    append_payload(frame, records);
    header.generation = name.generation;
    header.record_count = static_cast<std::uint32_t>(records.size());
    seal_frame(frame, header, file_identity(options.database_id, name), offset);
    return frame;
  }
  void put_tail(std::string_view bytes) { overwrite(path, tail, bytes); }
  // The log must end behind "a", go on there, and never show again what stood in its tail.
  void expect_torn() {
    kill();
    EXPECT_THAT(recover_records(), ElementsAre("a"));
    EXPECT_EQ(append({"new"}), 2U);
    sync();
    kill();
    EXPECT_THAT(recover_records(), ElementsAre("a", "new"));
  }
  void expect_damaged(std::uint64_t offset) {
    kill();
    expect_damage(path, offset);
  }

  const std::string path = path_of(1, kGeneration);
  std::uint64_t tail = 0;
};

TEST_F(LogTail, EndsAtZeros) { expect_torn(); }

TEST_F(LogTail, EndsAtATornFrameOfEveryLength) {
  const std::string frame = frame_at(tail, {.first_lsn = 2, .synced_lsn = 1}, {"b", "cc"});
  kill();
  const auto sound = disk->clone();
  for (std::size_t length = 0; length < frame.size(); ++length) {
    for (const char filler : {'\0', '\xff'}) {
      disk = sound->clone();
      std::string torn = frame;
      std::fill(torn.begin() + static_cast<std::ptrdiff_t>(length), torn.end(), filler);
      put_tail(torn);
      // All but a filler that happens to be what was there.
      if (torn != frame) expect_torn();
    }
  }
}

TEST_F(LogTail, EndsAtATornFrameWhoseFirstHalfIsMissing) {
  std::string frame = frame_at(tail, {.first_lsn = 2, .synced_lsn = 1}, {record_of(1, 3000)});
  std::fill_n(frame.begin(), 1024, '\0');
  put_tail(frame);
  expect_torn();
}

TEST_F(LogTail, KeepsAWholeFrameThatWasNotSynced) {
  append({"b", "c"});
  kill();
  EXPECT_THAT(recover_records(), ElementsAre("a", "b", "c"));
  crash(1);
  EXPECT_THAT(recover_records(), ElementsAre("a", "b", "c"));
}

TEST_F(LogTail, EndsBeforeALaterFrameThatProvesNothing) {
  append({"b"});
  append({"c"});
  flip(path, tail + kFrameHeaderBytes);
  expect_torn();
}

TEST_F(LogTail, IsDamagedWhereALaterFrameProvesIt) {
  append_synced({"b"});
  append({"c"});
  flip(path, tail + kFrameHeaderBytes);
  expect_damaged(tail);
}

TEST_F(LogTail, IsDamagedWhereEvenATornLaterFrameProvesIt) {
  append_synced({"b"});
  append({"c"});
  flip(path, tail + kFrameHeaderBytes);
  flip(path, tail + frame_bytes({"b"}) + kFrameHeaderBytes);
  expect_damaged(tail);
}

TEST_F(LogTail, IsDamagedWhereAMarkProvesIt) {
  append_synced({"b"});
  mark();
  kill();
  const auto sound = disk->clone();
  for (std::uint64_t i = 0; i < frame_bytes({"b"}); ++i) {
    disk = sound->clone();
    flip(path, tail + i);
    expect_damage(path, tail);
  }
}

TEST_F(LogTail, IsDamagedWhereALaterFileProvesIt) {
  append_synced({"b"});
  rotate();
  flip(path, tail + 3);
  expect_damaged(tail);
}

TEST_F(LogTail, IsDamagedWhereTheManifestProvesIt) {
  append_synced({"b", "c"});
  flip(path, tail + 3);
  kill();
  point.durable_lsn = 2;
  expect_damage(path, tail);
  point = {.redo_lsn = 3};
  expect_damage(path, tail);
  point = {.redo_lsn = 2, .durable_lsn = 1};
  EXPECT_THAT(recover_records(), SizeIs(0)) << "nothing proves LSN 2";
}

TEST_F(LogTail, IsDamagedWhereWhatTheManifestProvesIsMissing) {
  kill();
  point.durable_lsn = 1;
  EXPECT_THAT(recover_records(), ElementsAre("a"));
  kill();
  point.durable_lsn = 2;
  expect_damage(path_of(2, 2), kFileHeaderBytes);
}

TEST_F(LogTail, IsDamagedWhereAMarkIsMissingBeforeTheNextFrame) {
  mark();
  append_synced({"b"});
  flip(path, tail);
  expect_damaged(tail);
}

TEST_F(LogTail, EndsAtADamagedMark) {
  mark();
  flip(path, tail);
  expect_torn();
}

TEST_F(LogTail, EndsAtAFrameOfAnotherPlaceFileOrGeneration) {
  const FrameHeader header{.first_lsn = 2, .synced_lsn = 1};
  put_tail(frame_at(tail + 1, header, {"stale"}));
  expect_torn();
}

TEST_F(LogTail, EndsAtAFrameOfAnotherFile) {
  put_tail(frame_of_file({.generation = kGeneration, .first_lsn = 2}, tail,
                         {.first_lsn = 2, .synced_lsn = 1}, {"stale"}));
  expect_torn();
}

TEST_F(LogTail, EndsAtAFrameOfAnotherGeneration) {
  put_tail(frame_of_file({.generation = 2, .first_lsn = 1}, tail,
                         {.first_lsn = 2, .synced_lsn = 1}, {"stale"}));
  expect_torn();
}

TEST_F(LogTail, EndsAtALengthBeyondTheFile) {
  std::string frame = frame_at(tail, {.first_lsn = 2, .synced_lsn = 1}, {std::string(70000, 'x')});
  frame.resize(1000);
  put_tail(frame);
  expect_torn();
}

TEST_F(LogTail, EndsAtALengthThatLies) {
  std::string frame = frame_at(tail, {.first_lsn = 2, .synced_lsn = 1}, {"b"});
  frame.replace(24, 8, "\xff\xff\xff\xff\xff\xff\xff\x7f");
  put_tail(frame);
  expect_torn();
}

TEST_F(LogTail, EndsWhereTheFileIsCutInsideItsLastFrame) {
  append_synced({"bcd"});
  kill();
  const auto sound = disk->clone();
  for (std::uint64_t size = tail; size < tail + frame_bytes({"bcd"}); ++size) {
    disk = sound->clone();
    disk->set_content(path, disk->content(path).substr(0, size));
    expect_torn();
  }
}

TEST_F(LogTail, RefusesSoundFramesThatNoCrashExplains) {
  kill();
  const auto sound = disk->clone();
  const std::vector<std::pair<FrameHeader, const char*>> cases = {
      {{.first_lsn = 3, .synced_lsn = 1}, "LSN 2 left out"},
      {{.first_lsn = 1, .synced_lsn = 0}, "LSN 1 twice"},
      {{.first_lsn = 2, .synced_lsn = 2}, "synced before it was written"},
  };
  for (const auto& [header, why] : cases) {
    SCOPED_TRACE(why);
    disk = sound->clone();
    put_tail(frame_at(tail, header, {"b"}));
    expect_damage(path, tail);
  }
}

TEST_F(LogTail, RefusesASoundFrameWhosePayloadIsNotItsRecords) {
  std::string frame(kFrameHeaderBytes, '\0');
  frame += std::string("\1b\1", 3);
  seal_frame(frame,
             {.generation = 1, .first_lsn = 2, .synced_lsn = 1, .record_count = 2},
             file_identity(options.database_id, {.generation = 1, .first_lsn = 1}), tail);
  put_tail(frame);
  expect_damaged(tail);
}

TEST_F(LogTail, IsNotMisledByFrameMagicInsideRecords) {
  std::string bait;
  for (int i = 0; i < 500; ++i) bait += "frAM" + std::string(10, '\1');
  append_synced({bait});
  const std::uint64_t offset = tail;
  tail += frame_bytes({bait});
  append({bait});
  flip(path, tail + kFrameHeaderBytes + 5);
  kill();
  EXPECT_THAT(recover_records(), ElementsAre("a", bait));
  kill();
  flip(path_of(1, 1), offset + 70);
  expect_damage(path_of(1, 1), offset);
}

TEST_F(LogTail, IsSearchedAcrossTheReadersBuffers) {
  options.file_bytes = 1024 * 1024;
  // The proof stands at every distance around a multiple of 256 KiB behind the damage.
  for (std::size_t distance = 0; distance < 130; distance += 3) {
    disk = std::make_unique<SimulatedFileSystem>();
    make_directory();
    create();
    append_synced({record_of(1, 256 * 1024 - 130 + distance)});
    append({"proof"});
    kill();
    flip(path_of(1, 1), kFileHeaderBytes);
    expect_damage(path_of(1, 1), kFileHeaderBytes);
  }
}

}  // namespace
}  // namespace alcove::wal
