#include "tests/wal/log_fixture.h"

namespace alcove::wal {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

// A log whose disk is full, but for what the log has set aside.
class LogOnAFullDisk : public LogFixture {
 protected:
  LogOnAFullDisk() {
    create();
    expect(log->prepare_spare());
    fill_disk();
  }

  void fill_disk() { disk->set_capacity_bytes(disk->used_bytes()); }
  void free_disk() { disk->set_capacity_bytes(~std::uint64_t{0}); }

  // Appends until the log says that the disk is full.
  void append_until_full(LogSpace space) {
    for (std::uint64_t i = 0; i < 1000; ++i) {
      const std::string record = record_of(records.size() + 1, 3000);
      const auto first = log->append(std::vector<std::string>{record}, space);
      if (!first) {
        EXPECT_EQ(first.error().code(), ErrorCode::kDiskFull) << first.error().message();
        return;
      }
      EXPECT_EQ(*first, records.size() + 1);
      records.push_back(record);
    }
    FAIL() << "the disk never filled up";
  }
  void append_reserved(const std::string& record) {
    append({record}, LogSpace::kReserved);
    records.push_back(record);
  }
  bool is_full_for(LogSpace space) {
    const auto first = log->append(std::vector<std::string>{"x"}, space);
    if (first) records.push_back("x");
    return !first && first.error().code() == ErrorCode::kDiskFull;
  }

  void expect_all_recovered() { EXPECT_TRUE(recover_records() == records); }

  std::vector<std::string> records;
};

TEST_F(LogOnAFullDisk, LeavesTheReserveToWhatFreesSpace) {
  append_until_full(LogSpace::kOrdinary);
  EXPECT_THAT(log_paths(), SizeIs(2)) << "one spare is used, one is left";
  EXPECT_FALSE(log->failed());
  append_reserved(record_of(0, 5000));
  EXPECT_THAT(log_paths(), SizeIs(3));
  sync();
  kill();
  free_disk();
  expect_all_recovered();
}

TEST_F(LogOnAFullDisk, WritesNothingWhenItRefuses) {
  append_until_full(LogSpace::kOrdinary);
  sync();
  const Lsn next = log->next_lsn();
  const std::vector<std::string> paths = disk->paths();
  EXPECT_FALSE(log->append(std::vector<std::string>{record_of(0, 4000)}, LogSpace::kOrdinary));
  EXPECT_EQ(log->rotate(LogSpace::kOrdinary).error().code(), ErrorCode::kDiskFull);
  EXPECT_EQ(log->next_lsn(), next);
  EXPECT_EQ(disk->paths(), paths);
}

TEST_F(LogOnAFullDisk, DoesNotLetOrdinaryRecordsFillTheReserve) {
  append_until_full(LogSpace::kOrdinary);
  expect(log->rotate(LogSpace::kReserved));
  EXPECT_TRUE(is_full_for(LogSpace::kOrdinary));
  EXPECT_FALSE(is_full_for(LogSpace::kReserved));
}

TEST_F(LogOnAFullDisk, RefusesEvenReservedUseAtTheVeryEnd) {
  append_until_full(LogSpace::kReserved);
  EXPECT_FALSE(log->failed());
  mark();
  kill();
  EXPECT_EQ(recover().error.value_or(Error()).code(), ErrorCode::kDiskFull);
  free_disk();
  expect_all_recovered();
}

TEST_F(LogOnAFullDisk, GoesOnWhenSpaceReturns) {
  append_until_full(LogSpace::kOrdinary);
  append_reserved(record_of(0, 5000));
  EXPECT_TRUE(is_full_for(LogSpace::kOrdinary));
  EXPECT_EQ(log->prepare_spare().error().code(), ErrorCode::kDiskFull);
  free_disk();
  EXPECT_FALSE(is_full_for(LogSpace::kOrdinary));
  expect(log->prepare_spare());
  EXPECT_FALSE(log->wants_spare());
}

TEST_F(LogOnAFullDisk, GoesOnWithWhatItReleases) {
  append_until_full(LogSpace::kOrdinary);
  append_reserved(record_of(0, 5000));
  sync();
  EXPECT_TRUE(is_full_for(LogSpace::kOrdinary));
  expect(log->release(log->next_lsn()));
  EXPECT_FALSE(is_full_for(LogSpace::kOrdinary));
}

TEST_F(LogOnAFullDisk, RecoversIntoTheReserve) {
  append_until_full(LogSpace::kOrdinary);
  sync();
  crash(3);
  expect_all_recovered();
  append_until_full(LogSpace::kOrdinary);  // what recovery made superfluous
  append_reserved("drop");
  sync();
  expect(log->release(log->next_lsn()));
  EXPECT_FALSE(is_full_for(LogSpace::kOrdinary));
}

TEST_F(LogOnAFullDisk, RecoversIntoTheSpaceOfFilesThatAreNotNeeded) {
  append_until_full(LogSpace::kReserved);
  mark();
  kill();
  point.redo_lsn = records.size() + 1;
  EXPECT_THAT(recover_records(), SizeIs(0));
}

TEST_F(LogOnAFullDisk, KeepsASpareThatTheDirectoryHasNoRoomToRename) {
  append({"a"});
  disk->set_fault([](SimulatedFileSystem::Call call, const std::string&) -> std::optional<Error> {
    if (call != SimulatedFileSystem::Call::kRename) return std::nullopt;
    return Error(ErrorCode::kDiskFull, "no room for a longer name");
  });
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(log->rotate(LogSpace::kReserved).error().code(), ErrorCode::kDiskFull);
  }
  disk->set_fault({});
  EXPECT_EQ(append({"b"}), 2U);
  expect(log->rotate(LogSpace::kOrdinary));
  append({"c"});
  sync();
  crash(1);
  EXPECT_THAT(recover_records(), ElementsAre("a", "b", "c"));
}

TEST_F(LogOnAFullDisk, RefusesAFrameTooLargeForTheDiskAndGoesOn) {
  free_disk();
  append({"a"});
  disk->set_capacity_bytes(disk->used_bytes() + 2 * options.file_bytes);
  const auto refused =
      log->append(std::vector<std::string>{record_of(0, 1000000)}, LogSpace::kOrdinary);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::kDiskFull);
  EXPECT_EQ(append({"b"}), 2U);
  sync();
  kill();
  EXPECT_THAT(recover_records(), ElementsAre("a", "b"));
}

}  // namespace
}  // namespace alcove::wal
