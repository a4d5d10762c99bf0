// A large COPY: what has come is written to segments beside what still comes.

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "tests/server/server_fixture.h"
#include "tests/server/wire_client.h"

namespace alcove::server {
namespace {

constexpr int kDimension = 2'000;
// Batches of 1 MiB, so of so many records.
constexpr int kRecordsPerBatch = 131;

// Holds up whoever syncs a segment's file, until it is opened.
class Gate {
 public:
  void pass() {
    std::unique_lock lock(mutex_);
    reached_ = true;
    changed_.notify_all();
    changed_.wait(lock, [this] { return open_; });
  }
  void open() {
    std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  void await_somebody() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return reached_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool reached_ = false;
  bool open_ = false;
};

class CopyStaging : public ServerTest {
 protected:
  void SetUp() override {
    database_options_.large_commit_bytes = 1'000;
    start();
    client_ = std::make_unique<WireClient>(port());
    client().ask("create index i dimension 2000 metric euclidean");
  }
  void TearDown() override {
    gate_.open();
    file_system_.set_fault({});
  }

  WireClient& client() { return *client_; }
  // Records r0000 … as COPY takes them, each vector all `value`.
  static std::string records(int first, int count, int value) {
    std::string numbers;
    for (int i = 0; i < kDimension; ++i) numbers += (i == 0 ? "" : ",") + std::to_string(value);
    std::string lines;
    for (int i = first; i < first + count; ++i) {
      lines += "r" + std::to_string(10'000 + i) + "\t[" + numbers + "]\t\\N\n";
    }
    return lines;
  }
  void begin_copy() { client().send(WireClient::query("copy i namespace n from stdin")); }
  void send(const std::string& lines) { client().send(WireClient::message('d', lines)); }
  std::vector<WireMessage> end_copy() {
    client().send(WireClient::message('c', ""));
    return client().read_reply();
  }
  static bool is_segment_sync(SimulatedFileSystem::Call call, const std::string& path) {
    return call == SimulatedFileSystem::Call::kSync && path.find("/segments/") != std::string::npos;
  }
  void hold_up_staging() {
    file_system_.set_fault([this](SimulatedFileSystem::Call call, const std::string& path) {
      if (is_segment_sync(call, path)) gate_.pass();
      return std::optional<Error>();
    });
  }
  void fail_staging() {
    file_system_.set_fault([](SimulatedFileSystem::Call call, const std::string& path) {
      std::optional<Error> error;
      if (is_segment_sync(call, path)) error = Error(ErrorCode::kDiskFull, "the disk is full");
      return error;
    });
  }
  std::string count() {
    WireClient other(port());
    return column(other.ask("select count(*) from i namespace n")).at(0);
  }
  std::string first_number(const std::string& id) {
    const auto reply = client().ask("select values from i namespace n where id = '" + id + "'");
    const std::string text = column(reply).at(0);
    return text.substr(1, text.find(',') - 1);
  }

  Gate gate_;

 private:
  std::unique_ptr<WireClient> client_;
};

TEST_F(CopyStaging, TakesAllAndOfAnIdGivenTwiceTheLast) {
  begin_copy();
  send(records(0, 5 * kRecordsPerBatch, 1));
  send(records(0, 2 * kRecordsPerBatch, 2));  // other segments than the first of these ids
  EXPECT_EQ(summary(end_copy()), "G C(COPY 917) ZI");
  EXPECT_EQ(count(), "655");
  EXPECT_EQ(first_number("r10000"), "2");
  EXPECT_EQ(first_number("r10654"), "1");
}

TEST_F(CopyStaging, OfATransactionSeesItsOwnWritesInOrder) {
  client().ask("begin");
  begin_copy();
  send(records(0, 1, 1));
  EXPECT_EQ(summary(end_copy()), "G C(COPY 1) ZT");
  begin_copy();
  send(records(0, 3 * kRecordsPerBatch, 2));
  EXPECT_EQ(summary(end_copy()), "G C(COPY 393) ZT");
  EXPECT_EQ(first_number("r10000"), "2");
  EXPECT_EQ(count(), "0");
  client().ask("commit");
  EXPECT_EQ(count(), "393");
  EXPECT_EQ(first_number("r10000"), "2");
}

TEST_F(CopyStaging, GoesOnTakingRecordsMeanwhileAndHoldsNobodyUp) {
  hold_up_staging();
  begin_copy();
  send(records(0, kRecordsPerBatch + 1, 1));
  gate_.await_somebody();
  // Another batch, and more of the next than is asked for: the client is not waited for.
  send(records(kRecordsPerBatch + 1, kRecordsPerBatch + 9, 1));
  for (int i = 0; i < 10; ++i) EXPECT_EQ(count(), "0");
  gate_.open();
  EXPECT_EQ(summary(end_copy()), "G C(COPY 272) ZI");
  EXPECT_EQ(count(), "272");
}

TEST_F(CopyStaging, IsCancelledWhileABatchIsWritten) {
  hold_up_staging();
  begin_copy();
  send(records(0, 2 * kRecordsPerBatch + 10, 1));
  gate_.await_somebody();
  {
    WireClient canceller(port(), WireClient::Greeting::kNone);
    canceller.send(WireClient::cancel_packet(client().process_id(), client().secret_key()));
  }
  const auto reply = client().read_reply();  // before the batch is written
  EXPECT_EQ(report_field(reply, 'C'), "57014");
  gate_.open();
  EXPECT_EQ(count(), "0");
}

TEST_F(CopyStaging, AClientThatGoesLeavesNothing) {
  hold_up_staging();
  {
    WireClient leaving(port());
    leaving.send(WireClient::query("copy i namespace n from stdin") +
                 WireClient::message('d', records(0, 2 * kRecordsPerBatch, 1)));
    gate_.await_somebody();
  }
  EXPECT_TRUE(session_count_becomes(1));
  gate_.open();
  EXPECT_EQ(count(), "0");
}

TEST_F(CopyStaging, AStoppingServerWaitsForIt) {
  hold_up_staging();
  begin_copy();
  send(records(0, 2 * kRecordsPerBatch, 1));
  gate_.await_somebody();
  client().close();
  EXPECT_TRUE(session_count_becomes(0));
  std::thread stopper([this] { server_->stop(); });
  gate_.open();
  stopper.join();
}

TEST_F(CopyStaging, AnErrorOfWritingIsToldAndNothingIsCommitted) {
  fail_staging();
  begin_copy();
  send(records(0, 3 * kRecordsPerBatch, 1));
  const auto reply = end_copy();
  EXPECT_EQ(report_field(reply, 'C'), "53100");
  EXPECT_EQ(report_field(reply, 'M'), "the disk is full");
  file_system_.set_fault({});
  EXPECT_EQ(count(), "0");
  begin_copy();
  send(records(0, 2 * kRecordsPerBatch, 1));
  EXPECT_EQ(summary(end_copy()), "G C(COPY 262) ZI");
}

}  // namespace
}  // namespace alcove::server
