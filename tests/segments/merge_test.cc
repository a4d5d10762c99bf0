#include "segments/merge.h"

#include <algorithm>
#include <set>

#include <gmock/gmock.h>

#include "segments/dead_rows.h"
#include "tests/segments/segment_sample.h"

namespace alcove::segments {
namespace {

using Segments = std::vector<std::shared_ptr<const Segment>>;

constexpr std::uint32_t kDimension = 4;

Status go_on() { return {}; }

std::uint32_t count_dead(const std::vector<std::shared_ptr<const DeadRows>>& dead) {
  std::uint32_t count = 0;
  for (const auto& each : dead) count += each->count();
  return count;
}

// A namespace that is only memtable and segments, beside a model of it.
class MergeTest : public testing::Test, public SegmentDisk {
 protected:
  void write(Sample& sample, std::size_t writes, std::uint64_t ids) {
    for (std::size_t i = 0; i < writes; ++i) {
      const std::string id = fmt::format("{}", sample.below(ids));
      ++lsn_;
      if (sample.one_in(4)) {
        memtable_->erase(lsn_, id, Knowledge::kBlind);
        model_.erase(id);
      } else {
        const Version version = sample.row(lsn_);
        memtable_->upsert(lsn_, id, version.values.data(), version.metadata, Knowledge::kBlind);
        model_[id] = version;
      }
    }
  }

  Tombstones tombstones_with(std::size_t first) const {
    return first == 0 ? Tombstones::kDrop : Tombstones::kKeep;
  }

  std::shared_ptr<const Segment> open(FileNumber file, const SegmentDescriptor& descriptor) {
    auto segment =
        Segment::open(file_system, path(file), descriptor, identity_of(file, kDimension));
    EXPECT_TRUE(segment) << segment.error().message();
    EXPECT_TRUE((*segment)->verify());
    return *segment;
  }

  // Seals the memtable as the newest segment, counting what it replaces.
  void flush() {
    const FileNumber file = ++last_file_;
    const auto written = write_memtable(file_system, path(file), identity_of(file, kDimension),
                                        *memtable_, tombstones_with(segments_.size()), go_on);
    ASSERT_TRUE(written) << written.error().message();
    memtable_ = std::make_unique<Memtable>(kDimension);
    if (!written->has_value()) return;
    SegmentDescriptor descriptor = **written;
    const std::uint32_t dead_before = count_dead(*find_dead_rows(segments_));
    Segments with = segments_;
    with.push_back(open(file, descriptor));
    descriptor.replaced = count_dead(*find_dead_rows(with)) - dead_before;
    segments_.push_back(open(file, descriptor));
  }

  Result<std::optional<SegmentDescriptor>> merge_files(
      std::size_t first, std::size_t count, const std::function<Status()>& pause = go_on) {
    return merge_segments(file_system, path(last_file_ + 1),
                          identity_of(last_file_ + 1, kDimension),
                          std::span(segments_).subspan(first, count), tombstones_with(first),
                          1, pause);
  }

  void merge(std::size_t first, std::size_t count) {
    const auto merged = merge_files(first, count);
    ASSERT_TRUE(merged) << merged.error().message();
    ++last_file_;
    const auto begin = segments_.begin() + static_cast<std::ptrdiff_t>(first);
    const auto after = segments_.erase(begin, begin + static_cast<std::ptrdiff_t>(count));
    if (merged->has_value()) segments_.insert(after, open(last_file_, **merged));
  }

  // What a reader that knows nothing of dead rows makes of the segments.
  Content newest_versions() const {
    Content content;
    for (const auto& segment : segments_) {
      const auto read = read_segment(*segment);
      EXPECT_TRUE(read);
      for (const auto& [id, version] : *read) content[id] = version;
    }
    std::erase_if(content, [](const auto& each) { return each.second.tombstone(); });
    return content;
  }

  // What is alive by the dead rows.
  std::set<std::string> living_ids() const {
    std::set<std::string> ids;
    const auto dead = find_dead_rows(segments_);
    EXPECT_TRUE(dead);
    for (std::size_t i = 0; i < segments_.size(); ++i) {
      for (std::uint32_t row = 0; row < segments_[i]->rows(); ++row) {
        if (!(*dead)[i]->dead(row)) {
          EXPECT_TRUE(ids.emplace(*segments_[i]->id(row)).second);
        }
      }
    }
    return ids;
  }

  void expect_model() const {
    EXPECT_TRUE(newest_versions() == model_);
    std::set<std::string> ids;
    for (const auto& [id, version] : model_) ids.insert(id);
    EXPECT_EQ(living_ids(), ids);
    std::uint64_t rows = 0;
    std::uint64_t replaced = 0;
    for (const auto& segment : segments_) {
      rows += segment->rows();
      replaced += segment->descriptor().replaced;
    }
    EXPECT_EQ(rows - replaced, model_.size());
  }

  std::size_t file_count() const { return file_system.paths().size(); }

  std::unique_ptr<Memtable> memtable_ = std::make_unique<Memtable>(kDimension);
  Segments segments_;  // oldest first
  Content model_;
  Lsn lsn_ = 0;
  FileNumber last_file_ = 0;
};

TEST_F(MergeTest, KeepsToAModelOverRandomFlushesAndMerges) {
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    Sample sample(seed, kDimension, seed % 2 == 0 ? Values::kFloats : Values::kBytes);
    segments_.clear();
    model_.clear();
    const std::uint64_t ids = 1 + sample.below(400);
    for (int step = 0; step < 12; ++step) {
      if (segments_.empty() || sample.one_in(2)) {
        write(sample, sample.one_in(3) ? 4 : sample.below(600), ids);
        flush();
      } else {
        const std::size_t first = sample.below(segments_.size());
        merge(first, 1 + sample.below(segments_.size() - first));
      }
      ASSERT_NO_FATAL_FAILURE(expect_model()) << "seed " << seed << ", step " << step;
    }
    merge(0, segments_.size());
    expect_model();
    for (const auto& segment : segments_) {
      EXPECT_EQ(segment->tombstones(), 0U);
      EXPECT_EQ(segment->descriptor().replaced, 0U);
      EXPECT_EQ(segment->rows(), model_.size());
    }
  }
}

TEST_F(MergeTest, WritesTheNewestVersionOnly) {
  const std::vector<float> one(kDimension, 1), two(kDimension, 2);
  memtable_->upsert(1, "a", one.data(), {}, Knowledge::kBlind);
  memtable_->upsert(2, "a", two.data(), {}, Knowledge::kBlind);
  memtable_->upsert(3, "b", one.data(), {}, Knowledge::kBlind);
  memtable_->erase(4, "b", Knowledge::kBlind);
  const auto kept = write_memtable(file_system, path(1), identity_of(1, kDimension), *memtable_,
                                   Tombstones::kKeep, go_on);
  EXPECT_EQ(*read_segment(*open(1, **kept)),
            (Content{{"a", {two, {}, 2}}, {"b", {{}, {}, 4}}}));
  const auto dropped = write_memtable(file_system, path(2), identity_of(2, kDimension), *memtable_,
                                      Tombstones::kDrop, go_on);
  EXPECT_EQ(*read_segment(*open(2, **dropped)), (Content{{"a", {two, {}, 2}}}));
}

TEST_F(MergeTest, LeavesNoFileWhereNothingRemains) {
  memtable_->erase(1, "a", Knowledge::kBlind);
  const auto written = write_memtable(file_system, path(1), identity_of(1, kDimension), *memtable_,
                                      Tombstones::kDrop, go_on);
  ASSERT_TRUE(written);
  EXPECT_FALSE(written->has_value());
  const auto one = make(identity_of(2, kDimension), {{"a", {{1, 2, 3, 4}, {}, 2}}});
  auto two = make(identity_of(3, kDimension), {{"a", {{}, {}, 3}}});
  SegmentDescriptor descriptor = two->descriptor();
  descriptor.replaced = 1;
  segments_ = {one, open(3, descriptor)};
  last_file_ = 3;
  const auto merged = merge_files(0, 2);
  ASSERT_TRUE(merged) << merged.error().message();
  EXPECT_FALSE(merged->has_value());
  EXPECT_THAT(file_system.paths(), testing::ElementsAre(path(2), path(3)));
}

TEST_F(MergeTest, MergesRowsReplacedFromOutsideLikeAnyOther) {
  segments_ = {make(identity_of(1, kDimension), {{"a", {{1, 1, 1, 1}, {}, 1}}}),
               make(identity_of(2, kDimension), {{"b", {{2, 2, 2, 2}, {}, 2}}})};
  const auto newest = make(identity_of(3, kDimension), {{"a", {{3, 3, 3, 3}, {}, 3}}});
  last_file_ = 3;
  const auto merged = merge_files(0, 2);
  ASSERT_TRUE(merged);
  EXPECT_EQ((*merged)->rows, 2U);
  EXPECT_EQ((*merged)->replaced, 0U);
}

TEST_F(MergeTest, StopsWhenItsPauseSaysSo) {
  Sample sample(1, kDimension);
  write(sample, 3000, 3000);
  int pauses = 0;
  const auto stop = [&]() -> Status {
    if (++pauses == 3) return fail(ErrorCode::kCancelled, "enough");
    return {};
  };
  const auto written = write_memtable(file_system, path(1), identity_of(1, kDimension), *memtable_,
                                      Tombstones::kKeep, stop);
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code(), ErrorCode::kCancelled);
  EXPECT_EQ(file_count(), 0U);
  flush();
  pauses = 0;
  const auto merged = merge_files(0, 1, stop);
  ASSERT_FALSE(merged);
  EXPECT_EQ(merged.error().code(), ErrorCode::kCancelled);
  EXPECT_EQ(file_count(), 1U);
}

TEST_F(MergeTest, LeavesNoFileOnAFullDisk) {
  Sample sample(1, kDimension);
  write(sample, 2000, 2000);
  flush();
  const std::uint64_t used = file_system.used_bytes();
  const std::uint64_t needed = segments_[0]->descriptor().bytes;
  for (std::uint64_t room = 0; room < needed; room += 1 + room) {
    file_system.set_capacity_bytes(used + room);
    const auto merged = merge_files(0, 1);
    ASSERT_FALSE(merged);
    EXPECT_EQ(merged.error().code(), ErrorCode::kDiskFull);
    EXPECT_EQ(file_system.used_bytes(), used);
  }
  file_system.set_capacity_bytes(used + needed);
  EXPECT_TRUE(merge_files(0, 1)) << "no more is needed than what is written";
}

TEST_F(MergeTest, LeavesNoFileWhicheverCallFails) {
  Sample sample(1, kDimension, Values::kBytes);
  write(sample, 300, 300);
  flush();
  std::uint64_t failing = 0;
  bool failed = true;
  for (; failed; ++failing) {
    failed = false;
    std::uint64_t calls = 0;
    file_system.set_fault([&](SimulatedFileSystem::Call call, const std::string& at)
                              -> std::optional<Error> {
      if (call == SimulatedFileSystem::Call::kUnlink || calls++ != failing) return {};
      failed = true;
      return fail(ErrorCode::kIo, "{}: a fault", at);
    });
    const auto merged = merge_files(0, 1);
    EXPECT_EQ(merged.has_value(), !failed);
    EXPECT_EQ(file_count(), failed ? 1U : 2U);
  }
  EXPECT_GE(failing, 4U) << "create, allocate, write and sync";
}

TEST_F(MergeTest, CopiesNothingOutOfAFaultedMapping) {
  Sample sample(1, kDimension);
  write(sample, 3000, 3000);
  flush();
  int pauses = 0;
  const auto merged = merge_files(0, 1, [&]() -> Status {
    if (++pauses == 4) file_system.fault_mapping(path(1));
    return {};
  });
  ASSERT_FALSE(merged);
  EXPECT_EQ(merged.error().code(), ErrorCode::kCorruption);
  EXPECT_THAT(merged.error().message(), testing::HasSubstr(path(1)));
  EXPECT_EQ(file_count(), 1U);
}

TEST_F(MergeTest, IsDurableOnceTheDirectoryIs) {
  Sample sample(1, kDimension);
  write(sample, 500, 500);
  const auto written = write_memtable(file_system, path(1), identity_of(1, kDimension), *memtable_,
                                      Tombstones::kDrop, go_on);
  ASSERT_TRUE(written);
  ASSERT_TRUE(file_system.sync_directory(directory_of(path(1))));
  file_system.crash(7);
  EXPECT_TRUE(*read_segment(*open(1, **written)) == model_);
}

TEST(DeadRows, CountsEachRowOnce) {
  DeadRows dead(65);
  EXPECT_TRUE(dead.kill(64));
  EXPECT_FALSE(dead.kill(64));
  EXPECT_TRUE(dead.kill(0));
  EXPECT_TRUE(dead.dead(64));
  EXPECT_FALSE(dead.dead(63));
  EXPECT_EQ(dead.count(), 2U);
}

// Few newer ids are looked up one by one, many are walked: both must find the same.
TEST(FindDeadRows, FindsFewAndManyAlike) {
  SegmentDisk disk;
  Sample sample(5, 1);
  const Content older = sample.content(3000);
  const auto old_segment = disk.make(identity_of(1, 1), older);
  FileNumber file = 2;
  for (const std::uint64_t one_in : {1U, 2U, 50U, 1000U}) {
    Content newer = {{"zzz", sample.row(1)}};
    std::set<std::string> killed;
    for (const auto& [id, version] : older) {
      if (sample.one_in(one_in)) {
        newer[id] = sample.one_in(2) ? sample.row(9) : Version{{}, {}, 9};
        killed.insert(id);
      }
      if (sample.one_in(one_in)) newer[id + "+"] = sample.row(9);
    }
    const Segments segments = {old_segment, disk.make(identity_of(file++, 1), newer)};
    const auto dead = find_dead_rows(segments);
    ASSERT_TRUE(dead);
    EXPECT_EQ((*dead)[1]->count(), 0U);
    EXPECT_EQ((*dead)[0]->count(), killed.size());
    for (std::uint32_t row = 0; row < old_segment->rows(); ++row) {
      ASSERT_EQ((*dead)[0]->dead(row), killed.contains(std::string(*old_segment->id(row))));
    }
  }
}

TEST(FindDeadRows, RefusesAFaultedMapping) {
  SegmentDisk disk;
  const Segments segments = {disk.make(identity_of(1, 1), Sample(1, 1).content(10)),
                             disk.make(identity_of(2, 1), Sample(1, 1).content(10))};
  disk.file_system.fault_mapping(disk.path(2));
  const auto dead = find_dead_rows(segments);
  ASSERT_FALSE(dead);
  EXPECT_EQ(dead.error().code(), ErrorCode::kCorruption);
}

}  // namespace
}  // namespace alcove::segments
