#include "segments/memtable.h"

#include <algorithm>
#include <atomic>
#include <iterator>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "segments/distance.h"

namespace alcove::segments {
namespace {

using testing::ElementsAre;

class MemtableTest : public testing::Test {
 protected:
  void upsert(Lsn lsn, const std::string& id, float value,
              Knowledge knowledge = Knowledge::kBlind) {
    memtable_.upsert(lsn, id, std::vector<float>(3, value).data(), {}, knowledge);
  }
  void erase(Lsn lsn, const std::string& id, Knowledge knowledge = Knowledge::kKnown) {
    memtable_.erase(lsn, id, knowledge);
  }
  // The first value that `snapshot` sees under `id`: "-" for a tombstone, "" for nothing.
  std::string seen(const std::string& id, Lsn snapshot) const {
    return text(memtable_.find(id, snapshot));
  }
  static std::string text(const Memtable::Entry* entry) {
    if (entry == nullptr) return "";
    return entry->tombstone() ? "-" : std::to_string(static_cast<int>(entry->values[0]));
  }

  Memtable memtable_{3};
};

TEST_F(MemtableTest, StartsEmptyAndSmall) {
  EXPECT_TRUE(memtable_.empty());
  EXPECT_EQ(memtable_.row_count(), 0u);
  EXPECT_EQ(memtable_.id_count(), 0u);
  EXPECT_EQ(memtable_.rows(0, 10).count, 0u);
  EXPECT_EQ(seen("a", 100), "");
  Memtable::Cursor cursor(memtable_);
  cursor.seek("");
  EXPECT_FALSE(cursor.valid());
  cursor.seek_to_last();
  EXPECT_FALSE(cursor.valid());
}

TEST_F(MemtableTest, ShowsEachSnapshotItsVersion) {
  upsert(5, "a", 1);
  erase(7, "a");
  upsert(9, "a", 2);
  EXPECT_EQ(seen("a", 4), "");
  EXPECT_EQ(seen("a", 5), "1");
  EXPECT_EQ(seen("a", 6), "1");
  EXPECT_EQ(seen("a", 7), "-");
  EXPECT_EQ(seen("a", 9), "2");
  EXPECT_EQ(seen("a", kLsnMax), "2");
  EXPECT_EQ(memtable_.first_lsn(), 5u);
  EXPECT_EQ(memtable_.last_lsn(), 9u);
}

TEST_F(MemtableTest, LaterWriteOfOneCommitHidesTheEarlierEverywhere) {
  upsert(5, "a", 1);
  upsert(5, "a", 2);
  EXPECT_EQ(seen("a", 5), "2");
  const Memtable::Rows rows = memtable_.rows(0, 10);
  ASSERT_EQ(rows.count, 2u);
  for (const Lsn snapshot : {4u, 5u, 6u, 1000u}) {
    EXPECT_FALSE(rows.entries[0]->visible_at(snapshot));
  }
  EXPECT_FALSE(rows.entries[1]->visible_at(4));
  EXPECT_TRUE(rows.entries[1]->visible_at(5));
}

TEST_F(MemtableTest, KeepsVectorNormAndMetadata) {
  const float values[] = {1, 2, 3};
  Metadata metadata;
  ASSERT_TRUE(metadata.set("genre", MetadataValue("comedy")));
  memtable_.upsert(1, "a", values, metadata.encoded(), Knowledge::kBlind);
  const Memtable::Entry* const entry = memtable_.find("a", 1);
  ASSERT_NE(entry, nullptr);
  EXPECT_EQ(entry->id, "a");
  EXPECT_EQ(entry->values[2], 3);
  EXPECT_EQ(entry->squared_norm, 14);
  EXPECT_EQ(entry->metadata.encoded(), metadata.encoded());
  EXPECT_EQ(memtable_.rows(0, 1).values, entry->values);
  EXPECT_EQ(memtable_.rows(0, 1).squared_norms[0], 14);
}

TEST_F(MemtableTest, WalksIdsBytewiseBothWays) {
  Lsn lsn = 1;
  for (const char* id : {"b", "\xff", "a", "ab", "b"}) upsert(lsn++, id, 0);
  std::vector<std::string> forward;
  Memtable::Cursor cursor(memtable_);
  for (cursor.seek(""); cursor.valid(); cursor.next()) forward.emplace_back(cursor.id());
  EXPECT_THAT(forward, ElementsAre("a", "ab", "b", "\xff"));
  std::vector<std::string> backward;
  for (cursor.seek_to_last(); cursor.valid(); cursor.previous()) backward.emplace_back(cursor.id());
  EXPECT_THAT(backward, ElementsAre("\xff", "b", "ab", "a"));
}

TEST_F(MemtableTest, CountsRecordsByWhatTheFirstWriteKnew) {
  upsert(1, "new", 0, Knowledge::kBlind);
  EXPECT_EQ(memtable_.record_delta(), 1);
  upsert(2, "updated", 0, Knowledge::kKnown);
  EXPECT_EQ(memtable_.record_delta(), 1);
  erase(3, "deleted", Knowledge::kKnown);
  EXPECT_EQ(memtable_.record_delta(), 0);
  erase(4, "never there", Knowledge::kBlind);
  EXPECT_EQ(memtable_.record_delta(), 0);
  erase(5, "new", Knowledge::kKnown);
  EXPECT_EQ(memtable_.record_delta(), -1);
  upsert(6, "deleted", 0, Knowledge::kBlind);
  EXPECT_EQ(memtable_.record_delta(), 0);
  upsert(7, "never there", 0, Knowledge::kBlind);
  EXPECT_EQ(memtable_.record_delta(), 1);
}

TEST(Memtable, OfOneRowTakesLittle) {
  Memtable memtable(8);
  memtable.upsert(1, "A", std::vector<float>(8).data(), {}, Knowledge::kBlind);
  EXPECT_LT(memtable.bytes(), 2048u);
}

TEST(Memtable, CountsItsBytes) {
  for (const std::size_t dimension : {1u, 100u, 1536u, 20000u}) {
    Memtable memtable(static_cast<std::uint32_t>(dimension));
    const std::vector<float> values(dimension);
    std::size_t before = memtable.bytes();
    for (Lsn lsn = 1; lsn <= 100; ++lsn) {
      memtable.upsert(lsn, std::to_string(lsn), values.data(), {}, Knowledge::kBlind);
      ASSERT_GE(memtable.bytes(), before);
      before = memtable.bytes();
      const std::size_t floats = lsn * dimension * sizeof(float);
      ASSERT_GE(memtable.bytes(), floats);
      ASSERT_LT(memtable.bytes(), 16 * 1024 + 4 * floats + lsn * 600);
    }
  }
}

TEST(Memtable, RowsOfAChunkLieTogetherAndAllAreHandedOutOnce) {
  for (const std::size_t dimension : {1u, 8u, 128u, 1000u, 20000u}) {
    Memtable memtable(static_cast<std::uint32_t>(dimension));
    const std::size_t count = dimension > 10000 ? 20 : 3000;
    std::vector<float> values(dimension);
    for (std::size_t row = 0; row < count; ++row) {
      values[0] = static_cast<float>(row);
      memtable.upsert(row + 1, std::to_string(row), values.data(), {}, Knowledge::kBlind);
    }
    ASSERT_EQ(memtable.row_count(), count);
    std::size_t next = 0;
    std::size_t pieces = 0;
    while (true) {
      const Memtable::Rows rows = memtable.rows(next, 1000);
      if (rows.count == 0) break;
      for (std::size_t i = 0; i < rows.count; ++i, ++next) {
        ASSERT_EQ(rows.values[i * dimension], static_cast<float>(next));
        ASSERT_EQ(rows.entries[i]->values, rows.values + i * dimension);
      }
      ++pieces;
    }
    ASSERT_EQ(next, count);
    const std::size_t full_chunks = count * dimension * sizeof(float) / (128 * 1024);
    EXPECT_LE(pieces, 20 + count / 1000 + full_chunks) << "chunks are too small";
  }
}

// ---- against a model: every version of every id, in order of writing ----

struct Version {
  Lsn lsn;
  std::optional<float> value;  // empty: a tombstone
};
using Model = std::map<std::string, std::vector<Version>>;

const Version* seen_in(const std::vector<Version>& versions, Lsn snapshot) {
  for (auto version = versions.rbegin(); version != versions.rend(); ++version) {
    if (version->lsn <= snapshot) return &*version;
  }
  return nullptr;
}

class MemtableModelTest : public testing::TestWithParam<std::uint32_t> {
 protected:
  std::size_t below(std::size_t end) { return random_() % end; }
  std::string make_id() {
    std::string id;
    for (std::size_t i = below(4); i > 0; --i) id.push_back("a\x01\xfez"[below(4)]);
    return id;
  }
  void write_something() {
    if (below(3) != 0) ++lsn_;
    const std::string id = make_id();
    if (below(3) == 0) {
      memtable_.erase(lsn_, id, Knowledge::kKnown);
      model_[id].push_back({lsn_, std::nullopt});
    } else {
      const float value = static_cast<float>(random_() % 1000);
      const float values[] = {value, 1};
      memtable_.upsert(lsn_, id, values, {}, Knowledge::kBlind);
      model_[id].push_back({lsn_, value});
    }
  }
  void expect_same(const Memtable::Entry* entry, const Version* version) {
    ASSERT_EQ(entry == nullptr, version == nullptr);
    if (entry == nullptr) return;
    ASSERT_EQ(entry->lsn, version->lsn);
    ASSERT_EQ(entry->tombstone(), !version->value);
    if (!entry->tombstone()) {
      ASSERT_EQ(entry->values[0], *version->value);
    }
  }
  void expect_walks_as_model(Lsn snapshot) {
    Memtable::Cursor cursor(memtable_);
    cursor.seek("");
    for (const auto& [id, versions] : model_) {
      ASSERT_TRUE(cursor.valid());
      ASSERT_EQ(cursor.id(), id);
      expect_same(cursor.entry(snapshot), seen_in(versions, snapshot));
      cursor.next();
    }
    ASSERT_FALSE(cursor.valid());
    cursor.seek_to_last();
    for (auto entry = model_.rbegin(); entry != model_.rend(); ++entry) {
      ASSERT_TRUE(cursor.valid());
      ASSERT_EQ(cursor.id(), entry->first);
      cursor.previous();
    }
    ASSERT_FALSE(cursor.valid());
  }
  void expect_seeks_as_model(const std::string& id, Lsn snapshot) {
    const auto found = model_.find(id);
    expect_same(memtable_.find(id, snapshot),
                found == model_.end() ? nullptr : seen_in(found->second, snapshot));
    const auto bound = model_.lower_bound(id);
    Memtable::Cursor cursor(memtable_);
    cursor.seek(id);
    ASSERT_EQ(cursor.valid(), bound != model_.end());
    if (cursor.valid()) {
      ASSERT_EQ(cursor.id(), bound->first);
    }
    cursor.seek_below(id);
    ASSERT_EQ(cursor.valid(), bound != model_.begin());
    if (cursor.valid()) {
      ASSERT_EQ(cursor.id(), std::prev(bound)->first);
    }
  }
  void expect_scans_as_model(Lsn snapshot) {
    std::map<std::string, float> live;
    for (const auto& [id, versions] : model_) {
      const Version* const version = seen_in(versions, snapshot);
      if (version != nullptr && version->value) live[id] = *version->value;
    }
    std::map<std::string, float> scanned;
    for (std::size_t first = 0;;) {
      const Memtable::Rows rows = memtable_.rows(first, 1 + below(50));
      if (rows.count == 0) break;
      for (std::size_t i = 0; i < rows.count; ++i) {
        if (!rows.entries[i]->visible_at(snapshot)) continue;
        const bool fresh =
            scanned.emplace(std::string(rows.entries[i]->id), rows.values[i * 2]).second;
        ASSERT_TRUE(fresh) << "two versions of one id are seen";
      }
      first += rows.count;
    }
    ASSERT_EQ(scanned, live);
  }

  std::mt19937 random_{GetParam()};
  Memtable memtable_{2};
  Model model_;
  Lsn lsn_ = 1;
};

TEST_P(MemtableModelTest, SaysWhatTheModelSays) {
  for (int round = 0; round < 40; ++round) {
    for (std::size_t i = below(40); i > 0; --i) write_something();
    for (int look = 0; look < 5; ++look) {
      const Lsn snapshot = below(lsn_ + 2);
      expect_walks_as_model(snapshot);
      expect_scans_as_model(snapshot);
      for (int i = 0; i < 20; ++i) expect_seeks_as_model(make_id(), snapshot);
    }
    ASSERT_EQ(memtable_.id_count(), model_.size());
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, MemtableModelTest, testing::Range(1u, 6u));

// ---- readers beside a writer ----

// Commit `lsn` writes value `lsn` to every one of a few ids, or erases all of them, and adds one
// new id. So at any snapshot all shared ids agree, and the number of ids is known.
class MemtableRace {
 public:
  static constexpr std::size_t kReaders = 2;
  static constexpr std::size_t kShared = 4;
  static constexpr Lsn kCommits = 2000;

  void write_all() {
    for (Lsn lsn = 1; lsn <= kCommits; ++lsn) {
      const std::vector<float> values(kDimension, static_cast<float>(lsn));
      for (std::size_t i = 0; i < kShared; ++i) {
        if (erases(lsn)) {
          memtable_.erase(lsn, shared_id(i), Knowledge::kKnown);
        } else {
          memtable_.upsert(lsn, shared_id(i), values.data(), {}, Knowledge::kBlind);
        }
      }
      memtable_.upsert(lsn, "n" + std::to_string(lsn * 7919 % kCommits), values.data(), {},
                       Knowledge::kBlind);
      visible_.store(lsn, std::memory_order_release);
      if (lsn % 20 == 0 && lsn < kCommits) wait_for_looks();
    }
  }

  // Looks until the writer is done; returns how many looks were wrong.
  int read_all(std::size_t reader) {
    int wrong = 0;
    Lsn snapshot = 0;
    while (snapshot < kCommits) {
      snapshot = visible_.load(std::memory_order_acquire);
      if (!finds_are_right(snapshot)) ++wrong;
      if (!scan_is_right(snapshot)) ++wrong;
      if (!walk_is_right(snapshot)) ++wrong;
      looks_[reader].fetch_add(1, std::memory_order_relaxed);
    }
    return wrong;
  }

 private:
  static constexpr std::uint32_t kDimension = 6;
  static bool erases(Lsn lsn) { return lsn % 5 == 0; }
  static std::string shared_id(std::size_t i) { return "s" + std::to_string(i); }
  static bool whole(const float* values, Lsn lsn) {
    return std::all_of(values, values + kDimension,
                       [lsn](float value) { return value == static_cast<float>(lsn); });
  }

  // So that neither side is done before the other has begun.
  void wait_for_looks() const {
    for (const std::atomic<int>& looks : looks_) {
      const int before = looks.load(std::memory_order_relaxed);
      while (looks.load(std::memory_order_relaxed) == before) std::this_thread::yield();
    }
  }

  bool finds_are_right(Lsn snapshot) const {
    for (std::size_t i = 0; i < kShared; ++i) {
      const Memtable::Entry* const entry = memtable_.find(shared_id(i), snapshot);
      if (snapshot == 0) {
        if (entry != nullptr) return false;
      } else if (entry == nullptr || entry->lsn != snapshot ||
                 entry->tombstone() != erases(snapshot) ||
                 (!entry->tombstone() && !whole(entry->values, snapshot))) {
        return false;
      }
    }
    return true;
  }
  bool scan_is_right(Lsn snapshot) const {
    std::size_t seen = 0;
    for (std::size_t first = 0;;) {
      const Memtable::Rows rows = memtable_.rows(first, 100);
      if (rows.count == 0) break;
      for (std::size_t i = 0; i < rows.count; ++i) {
        const Memtable::Entry& entry = *rows.entries[i];
        if (!whole(rows.values + i * kDimension, entry.lsn)) return false;
        if (entry.visible_at(snapshot)) ++seen;
      }
      first += rows.count;
    }
    const std::size_t shared = snapshot == 0 || erases(snapshot) ? 0 : kShared;
    return seen == snapshot + shared;
  }
  bool walk_is_right(Lsn snapshot) const {
    std::vector<std::string> seen;
    Memtable::Cursor cursor(memtable_);
    for (cursor.seek("n"); cursor.valid() && cursor.id() < "s"; cursor.next()) {
      if (cursor.entry(snapshot) == nullptr) continue;
      if (!seen.empty() && cursor.id() <= seen.back()) return false;
      seen.emplace_back(cursor.id());
    }
    if (seen.size() != snapshot) return false;
    cursor.seek_below("s");
    for (std::size_t i = 0; i < 50 && cursor.valid(); cursor.previous()) {
      if (cursor.entry(snapshot) == nullptr) continue;
      if (i == seen.size() || cursor.id() != seen[seen.size() - ++i]) return false;
    }
    return true;
  }

  Memtable memtable_{kDimension};
  std::atomic<Lsn> visible_{0};
  std::atomic<int> looks_[kReaders] = {};
};

TEST(Memtable, ReadersBesideAWriterSeeWholeCommits) {
  MemtableRace race;
  int wrong[MemtableRace::kReaders] = {};
  std::vector<std::thread> readers;
  for (std::size_t i = 0; i < MemtableRace::kReaders; ++i) {
    readers.emplace_back([&race, &wrong, i] { wrong[i] = race.read_all(i); });
  }
  race.write_all();
  for (std::thread& reader : readers) reader.join();
  for (const int count : wrong) EXPECT_EQ(count, 0);
}

}  // namespace
}  // namespace alcove::segments
