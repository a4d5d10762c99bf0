#include "executor/catalogue.h"

#include <mutex>
#include <shared_mutex>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "executor/engine.h"
#include "tests/support/test_database.h"

namespace alcove::tests {
namespace {

class CatalogueTest : public TestDatabase {
 protected:
  // With a file each, which is open.
  void open_namespaces(int count) {
    run("CREATE INDEX i DIMENSION 2 METRIC cosine");
    for (int i = 0; i < count; ++i) run(fmt::format("UPSERT INTO i NAMESPACE n{} VALUES ('a', [1, 2])", i));
    run("CHECKPOINT");
    for (int i = 0; i < count; ++i) EXPECT_EQ(rows(fmt::format("SELECT id FROM i NAMESPACE n{}", i)), "a");
  }
  void close_idle(std::uint64_t before_us, std::size_t open_max, std::size_t mapped_files_max) {
    executor::Engine& engine = database_->engine();
    executor::Catalogue::Pruned closed;
    const std::lock_guard apply_lock(engine.ledger.apply_mutex());
    const std::unique_lock lock(engine.catalogue.mutex());
    closed = engine.catalogue.close_idle(before_us, open_max, mapped_files_max);
  }
  std::string open_now() {
    executor::Catalogue& catalogue = database_->engine().catalogue;
    const std::shared_lock lock(catalogue.mutex());
    std::string names;
    const executor::Index* const index = catalogue.index_by_name("i");
    for (const auto& entry : index->namespaces) {
      if (entry.open != nullptr) names += (names.empty() ? "" : " ") + entry.name;
    }
    return names;
  }
};

TEST_F(CatalogueTest, PastSoManyNamespacesTheLeastUsedAreClosed) {
  open_namespaces(4);
  close_idle(0, 4, 100);
  EXPECT_EQ(open_now(), "n0 n1 n2 n3");
  close_idle(0, 2, 100);
  EXPECT_EQ(open_now(), "n2 n3");
}

TEST_F(CatalogueTest, PastSoManyMappedFilesTheLeastUsedAreClosed) {
  open_namespaces(4);
  EXPECT_EQ(rows("SELECT id FROM i NAMESPACE n0"), "a");
  close_idle(0, 100, 4);
  EXPECT_EQ(open_now(), "n0 n1 n2 n3");
  close_idle(0, 100, 3);
  EXPECT_EQ(open_now(), "n0 n2 n3");
  close_idle(0, 100, 1);
  EXPECT_EQ(open_now(), "n0");
  EXPECT_EQ(rows("SELECT id FROM i NAMESPACE n3"), "a") << "and opened again by who reads them";
}

// What has come since stands in memory alone.
TEST_F(CatalogueTest, ANamespaceWithWritesInMemoryStaysOpen) {
  open_namespaces(2);
  run("UPSERT INTO i NAMESPACE n0 VALUES ('b', [1, 2])");
  close_idle(0, 0, 0);
  EXPECT_EQ(open_now(), "n0");
}

}  // namespace
}  // namespace alcove::tests
