#include <map>
#include <random>

#include "tests/wal/log_fixture.h"

namespace alcove::wal {
namespace {

// Random appends, syncs, marks, rotations, releases, spares, crashes and kills against a map from
// LSN to record.
class RandomLog : public LogFixture {
 protected:
  void run(std::uint64_t seed, int steps) {
    chance.seed(seed);
    log.reset();
    disk = std::make_unique<SimulatedFileSystem>();
    make_directory();
    point = {};
    records.clear();
    durable = 0;
    create();
    for (int i = 0; i < steps && !HasFailure(); ++i) step();
    restart();
  }

 private:
  std::uint64_t below(std::uint64_t bound) { return chance() % bound; }

  void step() {
    const std::uint64_t choice = below(100);
    if (choice < 50) {
      append_group();
    } else if (choice < 70) {
      sync();
      durable = log->next_lsn() - 1;
    } else if (choice < 76) {
      mark();
      durable = log->next_lsn() - 1;
    } else if (choice < 80) {
      rotate();
      durable = log->next_lsn() - 1;
    } else if (choice < 84) {
      release();
    } else if (choice < 90) {
      expect(log->prepare_spare());
    } else if (choice < 93) {
      point.durable_lsn = below(durable + 1);
    } else {
      restart();
    }
    if (log) {
      EXPECT_GE(log->durable_lsn(), durable);
    }
  }

  void append_group() {
    std::vector<std::string> group;
    const std::uint64_t count = 1 + below(4);
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::uint64_t bytes = below(20) == 0 ? below(90000) : below(3000);
      group.push_back(record_of(chance(), bytes));
    }
    Lsn lsn = append(group);
    for (const std::string& record : group) records[lsn++] = record;
  }

  // As a checkpoint does: the manifest knows the redo LSN before the log forgets what is below.
  void release() {
    point.redo_lsn += below(durable + 2 - point.redo_lsn);
    expect(log->release(point.redo_lsn));
    records.erase(records.begin(), records.lower_bound(point.redo_lsn));
  }

  void restart() {
    if (below(3) == 0) {
      kill();
    } else {
      crash(chance());
    }
    const Recovered recovered = recover();
    ASSERT_FALSE(recovered.error) << recovered.error->message();
    auto expected = records.begin();
    for (const auto& [lsn, record] : recovered.records) {
      ASSERT_NE(expected, records.end());
      ASSERT_EQ(lsn, expected->first);
      ASSERT_EQ(record, expected->second);
      ++expected;
    }
    if (expected != records.end()) {
      ASSERT_GT(expected->first, durable) << "a synced record is lost";
    }
    records.erase(expected, records.end());
    durable = log->next_lsn() - 1;
    EXPECT_EQ(durable, point.redo_lsn + recovered.records.size() - 1);
  }

  std::mt19937_64 chance;
  std::map<Lsn, std::string> records;  // from the redo LSN on
  Lsn durable = 0;
};

TEST_F(RandomLog, AgreesWithAMap) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    run(seed, 120);
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace alcove::wal
