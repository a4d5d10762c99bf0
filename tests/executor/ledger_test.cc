#include "executor/ledger.h"

#include <memory>
#include <mutex>
#include <span>

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

}  // namespace
}  // namespace alcove::tests
