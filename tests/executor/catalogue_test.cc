#include "executor/catalogue.h"

#include <cmath>
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

class LinkedFilesTest : public CatalogueTest {
 protected:
  executor::DatabaseOptions options() const override {
    executor::DatabaseOptions options = CatalogueTest::options();
    options.linked_bytes_min = 1;
    return options;
  }
  // A segment each, with links to two files.
  void open_linked(int count) {
    constexpr int kLong = 2000;  // such that vectors are most of a file
    run(fmt::format("CREATE INDEX i DIMENSION {} METRIC cosine", kLong));
    for (int i = 0; i < count; ++i) {
      for (const char* id : {"a", "b"}) {
        std::string values;
        for (int at = 0; at < kLong; ++at) {
          // Numbers that do not compress.
          const auto exponent = static_cast<int>(random_.u64() % 40) - 20;
          values += fmt::format("{}{}", at == 0 ? "" : ",",
                                std::ldexp(static_cast<float>(random_.u64() % 16'777'213), exponent));
        }
        run(fmt::format("UPSERT INTO i NAMESPACE n{} VALUES ('{}', [{}])", i, id, values));
        run("CHECKPOINT");
      }
      run(fmt::format("COMPACT NAMESPACE n{} FROM i", i));
    }
    for (int i = 0; i < count; ++i) EXPECT_EQ(rows(fmt::format("SELECT id FROM i NAMESPACE n{}", i)), "a\nb");
  }
};

TEST_F(LinkedFilesTest, CountAsMapped) {
  open_linked(3);
  close_idle(0, 100, 9);
  EXPECT_EQ(open_now(), "n0 n1 n2");
  close_idle(0, 100, 8);
  EXPECT_EQ(open_now(), "n1 n2");
  close_idle(0, 100, 3);
  EXPECT_EQ(open_now(), "n2");
}

class FewFilesTest : public CatalogueTest {
 protected:
  executor::DatabaseOptions options() const override {
    executor::DatabaseOptions options = CatalogueTest::options();
    options.mapped_files_max = 2;
    return options;
  }
};

// Soon, and not only when namespaces are closed for idleness, every ten seconds.
TEST_F(FewFilesTest, AreKeptByTheBackground) {
  open_namespaces(4);
  const std::uint64_t begin_us = clock_.monotonic_us();
  while (disk_.mapping_count() > 2 && clock_.monotonic_us() - begin_us < 5'000'000) {
    ASSERT_TRUE(database_->run_background());
  }
  EXPECT_EQ(disk_.mapping_count(), 2U);
  EXPECT_EQ(rows("SELECT id FROM i NAMESPACE n0"), "a");
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
