#include "executor/ledger.h"

#include <algorithm>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "executor/engine.h"
#include "tests/support/test_database.h"

namespace alcove::tests {
namespace {

class LedgerTest : public TestDatabase {};

// The leader has applied a drop, and a snapshot is taken before it has published it.
TEST_F(LedgerTest, AFileStaysUntilWhatMadeItGarbageIsPublished) {
  executor::Engine& engine = database_->engine();
  auto file = engine.ledger.take_file();
  ASSERT_TRUE(file);
  const std::string path = engine.ledger.path_of(file->number());
  ASSERT_TRUE(disk_.open(path, OpenMode::kCreate));
  const Lsn drop_lsn = engine.snapshots.visible_lsn() + 1;
  segments::SegmentDescriptor descriptor;
  descriptor.file = file->number();
  {
    std::lock_guard lock(engine.ledger.apply_mutex());
    engine.ledger.note_garbage(std::span(&descriptor, 1), drop_lsn);
  }
  auto sees_it = std::make_unique<executor::Snapshot>(engine.snapshots.acquire());
  engine.snapshots.publish(drop_lsn);
  EXPECT_EQ(*engine.ledger.unlink_garbage(10), 0U);
  EXPECT_TRUE(disk_.open(path, OpenMode::kReadWrite));
  sees_it.reset();
  EXPECT_EQ(*engine.ledger.unlink_garbage(10), 1U);
  EXPECT_FALSE(disk_.open(path, OpenMode::kReadWrite));
}

TEST_F(LedgerTest, AFileThatCannotBeUnlinkedIsTriedAgain) {
  executor::Engine& engine = database_->engine();
  std::vector<segments::SegmentDescriptor> descriptors(3);
  for (auto& descriptor : descriptors) {
    auto file = engine.ledger.take_file();
    ASSERT_TRUE(file);
    descriptor.file = file->number();
    ASSERT_TRUE(disk_.open(engine.ledger.path_of(descriptor.file), OpenMode::kCreate));
  }
  {
    std::lock_guard lock(engine.ledger.apply_mutex());
    engine.ledger.note_garbage(descriptors, engine.snapshots.visible_lsn());
  }
  const std::string second = engine.ledger.path_of(descriptors[1].file);
  disk_.set_fault([&](SimulatedFileSystem::Call call, const std::string& path) -> std::optional<Error> {
    if (call != SimulatedFileSystem::Call::kUnlink || path != second) return std::nullopt;
    return Error(ErrorCode::kIo, "told to fail");
  });
  EXPECT_FALSE(engine.ledger.unlink_garbage(10));
  EXPECT_EQ(engine.ledger.garbage_count(), 3U);
  disk_.set_fault({});
  EXPECT_EQ(*engine.ledger.unlink_garbage(10), 3U);
  EXPECT_EQ(engine.ledger.garbage_count(), 0U);
  for (const auto& descriptor : descriptors) {
    EXPECT_FALSE(disk_.open(engine.ledger.path_of(descriptor.file), OpenMode::kReadWrite));
  }
}

TEST_F(LedgerTest, OfFilesWithLinksFewerAreUnlinkedAtATime) {
  executor::Engine& engine = database_->engine();
  std::vector<segments::SegmentDescriptor> descriptors(4);
  std::vector<std::string> links;
  for (auto& descriptor : descriptors) {
    auto file = engine.ledger.take_file();
    ASSERT_TRUE(file);
    descriptor.file = file->number();
    const std::string path = engine.ledger.path_of(descriptor.file);
    ASSERT_TRUE(disk_.open(path, OpenMode::kCreate));
    if (&descriptor == &descriptors.back()) continue;
    descriptor.linked_bytes = 1;
    links.push_back(segments::vector_file_path(path, segments::kVectorFilesMax - 1));
    ASSERT_TRUE(disk_.open(links.back(), OpenMode::kCreate));
  }
  {
    std::lock_guard lock(engine.ledger.apply_mutex());
    engine.ledger.note_garbage(descriptors, engine.snapshots.visible_lsn());
  }
  EXPECT_EQ(*engine.ledger.unlink_garbage(1), 1U);
  EXPECT_EQ(*engine.ledger.unlink_garbage(17), 2U);
  EXPECT_EQ(*engine.ledger.unlink_garbage(10), 1U);
  for (const std::string& link : links) EXPECT_FALSE(*disk_.exists(link));
  for (const auto& descriptor : descriptors) EXPECT_FALSE(*disk_.exists(engine.ledger.path_of(descriptor.file)));
}

// The log that the one which found more has released is gone.
TEST_F(LedgerTest, ACheckpointThatFoundLessMovesNothingBack) {
  executor::Engine& engine = database_->engine();
  run("CREATE INDEX i DIMENSION 2 METRIC cosine");
  const Lsn before = engine.ledger.redo_lsn();
  run("UPSERT INTO i NAMESPACE n VALUES ('A', [1, 2])");
  run("CHECKPOINT");
  const Lsn after = engine.ledger.redo_lsn();
  ASSERT_GT(after, before);
  ASSERT_TRUE(engine.pipeline.exclusive([](wal::Log& log) { return log.rotate(wal::LogSpace::kReserved); }));
  run("CHECKPOINT");
  ASSERT_TRUE(engine.ledger.publish_checkpoint(before));
  EXPECT_EQ(engine.ledger.redo_lsn(), after);
  crash();
  EXPECT_EQ(rows("SELECT count(*) FROM i NAMESPACE n"), "1");
}

class DamagedNamespaceTest : public TestDatabase {
 protected:
  executor::DatabaseOptions options() const override {
    executor::DatabaseOptions options = TestDatabase::options();
    options.checkpoint_log_bytes = 1;
    return options;
  }
  // Whether the background comes to an end.
  bool settles() {
    for (int i = 0; i < 200; ++i) {  // a namespace each
      const auto busy = database_->run_background();
      if (busy && !*busy) return true;
    }
    return false;
  }
};

// Its writes stay in the log until a flush succeeds, the others' do not, and no file is left behind.
TEST_F(DamagedNamespaceTest, HoldsBackItsOwnWritesOnly) {
  run("CREATE INDEX i DIMENSION 2 METRIC cosine");
  run("UPSERT INTO i NAMESPACE n VALUES ('A', [1, 2])");
  run("CHECKPOINT");
  const Lsn redo_lsn = database_->engine().ledger.redo_lsn();
  EXPECT_EQ(rows("SELECT count(*) FROM i NAMESPACE n"), "1");
  for (const std::string& path : disk_.paths()) {
    if (path.ends_with(".segment")) disk_.fault_mapping(path);
  }
  for (int i = 0; i < 70; ++i) run(fmt::format("UPSERT INTO i NAMESPACE m{} VALUES ('A', [1, 2])", i));
  run("UPSERT INTO i NAMESPACE n VALUES ('A', [3, 4])");
  EXPECT_TRUE(settles());
  EXPECT_EQ(database_->engine().ledger.redo_lsn(), redo_lsn + 70) << "that of the damaged one";
  const auto paths = disk_.paths();
  EXPECT_EQ(std::count_if(paths.begin(), paths.end(), [](const auto& path) { return path.ends_with(".segment"); }), 71);
  crash();
  EXPECT_EQ(rows("SELECT count(*) FROM i NAMESPACE n"), "1") << "mapped anew it can be read";
  run("CHECKPOINT");
  EXPECT_GT(database_->engine().ledger.redo_lsn(), redo_lsn + 70);
}

}  // namespace
}  // namespace alcove::tests
