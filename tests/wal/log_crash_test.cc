#include <algorithm>

#include "tests/wal/log_fixture.h"

namespace alcove::wal {
namespace {

using Call = SimulatedFileSystem::Call;

// What a user of the log knows: every record it appended, and how many of them it saw durable.
struct Knowledge {
  std::vector<std::string> appended;
  std::size_t durable = 0;
};

class CrashedLog : public LogFixture {
 protected:
  void begin_again() {
    log.reset();
    disk = std::make_unique<SimulatedFileSystem>();
    make_directory();
    known = {};
  }

  // From the call with this number on (the next is 1) every call fails.
  void stop_at(std::uint64_t call) {
    calls_left = call;
    disk->set_fault([this](Call, const std::string&) -> std::optional<Error> {
      if (calls_left > 1) {
        --calls_left;
        return std::nullopt;
      }
      stopped = true;
      return Error(ErrorCode::kIo, "the machine stops");
    });
    stopped = false;
  }
  // Only the call with this number fails.
  void fail_at(std::uint64_t call, ErrorCode code) {
    calls_left = call;
    stopped = false;
    disk->set_fault([this, code](Call, const std::string&) -> std::optional<Error> {
      if (calls_left == 0 || --calls_left > 0) return std::nullopt;
      stopped = true;
      return Error(code, "this once");
    });
  }
  void start_again(std::uint64_t seed) {
    disk->set_fault({});
    crash(seed);
  }

  // Does what a server does to a log, until something fails.
  Status work() {
    log = TRY(Log::create(*disk, options));
    TRY(log->prepare_spare());
    TRY(append_one(10));
    TRY(append_one(700));
    TRY(sync_known());
    TRY(append_one(20000));
    TRY(append_one(30000));
    TRY(append_one(30000));  // begins a file
    TRY(sync_known());
    TRY(log->mark());
    TRY(append_one(100000));  // larger than a file
    TRY(append_one(600));
    TRY(sync_known());
    TRY(log->rotate(LogSpace::kOrdinary));
    TRY(sync_known());
    TRY(append_one(900));
    TRY(sync_known());
    TRY(append_one(1500));
    TRY(append_one(800));
    return {};
  }
  Status append_one(std::size_t bytes) {
    std::vector<std::string> records = {record_of(known.appended.size(), bytes)};
    // From here on it may be on the disk, unless the log says that nothing was written.
    known.appended.push_back(records.front());
    const auto first = log->append(records, LogSpace::kOrdinary);
    if (first) return {};
    if (first.error().code() != ErrorCode::kPanic) known.appended.pop_back();
    return first.error();
  }
  Status sync_known() {
    TRY(log->sync());
    known.durable = known.appended.size();
    return {};
  }

  // Recovers and lets what was replayed count as durable: a user may have seen it.
  void expect_recovery() {
    const Recovered recovered = recover();
    if (recovered.error && log_paths().empty()) {
      EXPECT_TRUE(known.appended.empty());
      create();
      return;
    }
    ASSERT_FALSE(recovered.error) << recovered.error->message();
    learn(recovered);
  }
  void learn(const Recovered& recovered) {
    ASSERT_GE(recovered.records.size(), known.durable);
    ASSERT_LE(recovered.records.size(), known.appended.size());
    for (std::size_t i = 0; i < recovered.records.size(); ++i) {
      ASSERT_EQ(recovered.records[i].first, i + 1);
      ASSERT_EQ(recovered.records[i].second, known.appended[i]);
    }
    known.appended.resize(recovered.records.size());
    known.durable = known.appended.size();
  }
  // What a recovery replayed before it was stopped may have been seen.
  void learn_part(const Recovered& recovered) {
    if (!recovered.error) return learn(recovered);
    known.durable = std::max(known.durable, recovered.records.size());
  }
  void expect_usable() {
    ASSERT_TRUE(log);
    ASSERT_TRUE(append_one(123));
    ASSERT_TRUE(sync_known());
  }

  Knowledge known;
  std::uint64_t calls_left = 0;
  bool stopped = false;
};

TEST_F(CrashedLog, LosesNothingSyncedWhereverTheMachineStops) {
  std::uint64_t call = 1;
  for (bool reached = true; reached; ++call) {
    for (std::uint64_t seed = 0; seed < 4; ++seed) {
      SCOPED_TRACE(fmt::format("stopped at call {}, seed {}", call, seed));
      begin_again();
      stop_at(call);
      const Status done = work();
      reached = stopped;
      EXPECT_EQ(!done, stopped);
      start_again(seed);
      expect_recovery();
      expect_usable();
      start_again(seed + 1);
      expect_recovery();
      if (HasFatalFailure()) return;
    }
  }
  RecordProperty("crash_points", static_cast<int>(call));
  EXPECT_GT(call, 50U);
}

TEST_F(CrashedLog, LosesNothingSyncedWhereverRecoveryStopsTwice) {
  std::uint64_t call = 1;
  for (bool reached = true; reached; ++call) {
    for (std::uint64_t seed = 0; seed < 3; ++seed) {
      SCOPED_TRACE(fmt::format("recovery stopped at call {}, seed {}", call, seed));
      begin_again();
      ASSERT_TRUE(work());
      start_again(seed);
      stop_at(call);
      learn_part(recover());
      reached = stopped;
      start_again(seed + 100);
      stop_at(1 + (call * 7 + seed * 13) % 60);
      learn_part(recover());
      start_again(seed + 200);
      expect_recovery();
      expect_usable();
      start_again(seed + 300);
      expect_recovery();
      if (HasFatalFailure()) return;
    }
  }
  RecordProperty("crash_points", static_cast<int>(call));
  EXPECT_GT(call, 30U);
}

TEST_F(CrashedLog, LosesNothingSyncedWhenOnlyTheProcessEndsDuringRecovery) {
  std::uint64_t call = 1;
  for (bool reached = true; reached; ++call) {
    for (std::uint64_t seed = 0; seed < 2; ++seed) {
      SCOPED_TRACE(fmt::format("recovery failed at call {}, seed {}", call, seed));
      begin_again();
      ASSERT_TRUE(work());
      kill();
      fail_at(call, ErrorCode::kIo);
      learn_part(recover());
      reached = stopped;
      disk->set_fault({});
      expect_recovery();
      start_again(seed);
      expect_recovery();
      if (HasFatalFailure()) return;
    }
  }
  EXPECT_GT(call, 30U);
}

TEST_F(CrashedLog, LosesNothingSyncedWhicheverCallFails) {
  for (const ErrorCode code : {ErrorCode::kIo, ErrorCode::kDiskFull}) {
    std::uint64_t call = 1;
    for (bool reached = true; reached; ++call) {
      for (std::uint64_t seed = 0; seed < 2; ++seed) {
        SCOPED_TRACE(fmt::format("call {} failed with {}, seed {}", call,
                                 static_cast<int>(code), seed));
        begin_again();
        fail_at(call, code);
        const Status done = work();
        reached = stopped;
        disk->set_fault({});
        if (log && !log->failed()) {
          EXPECT_TRUE(done || done.error().code() != ErrorCode::kPanic);
          expect_usable();
        }
        kill();
        start_again(seed);
        expect_recovery();
        expect_usable();
        if (HasFatalFailure()) return;
      }
    }
    EXPECT_GT(call, 50U);
  }
}

TEST_F(CrashedLog, WantsNoMoreSpaceHoweverOftenRecoveryIsStopped) {
  begin_again();
  ASSERT_TRUE(work());
  kill();
  recover();
  const std::uint64_t used = disk->used_bytes();
  for (std::uint64_t i = 0; i < 50; ++i) {
    disk->set_fault({});
    crash(i);
    stop_at(1 + i % 25);
    learn_part(recover());
  }
  start_again(99);
  expect_recovery();
  EXPECT_LT(disk->used_bytes(), used + 6 * options.file_bytes);
}

}  // namespace
}  // namespace alcove::wal
