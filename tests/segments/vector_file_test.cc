#include "segments/vector_file.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <utility>

#include <gmock/gmock.h>

#include "segments/code.h"
#include "segments/merge.h"
#include "tests/segments/segment_sample.h"

namespace alcove::segments {
namespace {

using Call = SimulatedFileSystem::Call;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// Long enough that a handful of vectors is most of a file.
constexpr std::uint32_t kDimension = 2000;

Status go_on() { return {}; }

// Segments of one namespace, and merges of them.
class VectorFileTest : public testing::Test, public SegmentDisk {
 protected:
  std::shared_ptr<const Segment> make(FileNumber file, const Content& content, std::uint64_t replaced = 0,
                                      std::uint32_t dimension = kDimension) {
    auto descriptor = write_segment(file_system, path(file), identity_of(file, dimension), content);
    EXPECT_TRUE(descriptor) << descriptor.error().message();
    descriptor->replaced = replaced;
    return open(*descriptor, dimension);
  }
  std::shared_ptr<const Segment> open(const SegmentDescriptor& descriptor, std::uint32_t dimension = kDimension) {
    auto segment =
        Segment::open(file_system, path(descriptor.file), descriptor, identity_of(descriptor.file, dimension));
    EXPECT_TRUE(segment) << segment.error().message();
    return *segment;
  }
  Result<std::optional<SegmentDescriptor>> try_merge(FileNumber file,
                                                     const std::vector<std::shared_ptr<const Segment>>& segments,
                                                     std::uint64_t bytes_min = 1,
                                                     const std::function<Status()>& pause = go_on) {
    return merge_segments(file_system, path(file), identity_of(file, segments.front()->identity().dimension), segments,
                          Tombstones::kDrop, bytes_min, pause);
  }
  std::shared_ptr<const Segment> merge(FileNumber file, const std::vector<std::shared_ptr<const Segment>>& segments,
                                       std::uint64_t bytes_min = 1) {
    const auto merged = try_merge(file, segments, bytes_min);
    EXPECT_TRUE(merged) << merged.error().message();
    auto segment = open(**merged, segments.front()->identity().dimension);
    const Status verified = segment->verify();
    EXPECT_TRUE(verified) << verified.error().message();
    return segment;
  }
  void unlink(FileNumber file) { EXPECT_TRUE(unlink_segment(file_system, path(file), Links::kMaybe)); }
  std::string link(FileNumber file, std::size_t number) const { return vector_file_path(path(file), number); }

  // Writes the segment's own file once more, of each block with what `change` makes of its bytes; without those of which that is
  // nothing.
  using Change = std::function<std::optional<std::string>(Section, std::string)>;
  SegmentDescriptor rewrite(const SegmentDescriptor& segment, const Change& change) {
    std::map<std::uint64_t, std::pair<BlockEntry, std::string>> blocks;
    const auto reader = *BlockReader::open(file_system, path(segment.file), segment.bytes);
    for (std::size_t i = 1; i <= kSectionCount; ++i) {
      for (const Block& block : reader->section(static_cast<Section>(i)).blocks()) {
        auto bytes = change(block.entry.section, std::string(*reader->stored(block)));
        if (bytes) blocks[block.offset] = {block.entry, *std::move(bytes)};
      }
    }
    EXPECT_TRUE(file_system.unlink(path(segment.file)));
    auto out = BlockWriter::create(file_system, path(segment.file), reader->identity());
    EXPECT_TRUE(out);
    for (const auto& [offset, block] : blocks) {
      const auto& [entry, bytes] = block;
      EXPECT_TRUE(out->append(entry.section, entry.codec, entry.items, {bytes}, entry.raw_bytes));
    }
    return *out->finish(segment);
  }
  SegmentDescriptor without_vector_blocks(const SegmentDescriptor& segment) {
    return rewrite(segment, [](Section section, std::string bytes) {
      return section == Section::kVectorBlocks ? std::nullopt : std::optional(std::move(bytes));
    });
  }

  // Some rows with ids that no other prefix makes.
  Content rows(const std::string& prefix, std::size_t count) {
    Content content;
    for (std::size_t i = 0; i < count; ++i) content[fmt::format("{:03}{}", i * 7 % 1000, prefix)] = sample.row(++lsn_);
    return content;
  }
  static Content together(Content older, const Content& newer) {
    for (const auto& [id, version] : newer) older[id] = version;
    return older;
  }

  Sample sample{1, kDimension};
  Lsn lsn_ = 0;
};

TEST_F(VectorFileTest, AMergeLeavesVectorsWhereTheyAre) {
  const Content older = rows("a", 30);
  const Content newer = rows("b", 20);
  const auto first = make(1, older);
  const auto second = make(2, newer);
  const auto merged = merge(3, {first, second});
  EXPECT_EQ(*read_segment(*merged), together(older, newer));
  EXPECT_EQ(merged->descriptor().linked_bytes, first->descriptor().bytes + second->descriptor().bytes);
  EXPECT_LT(merged->descriptor().bytes, first->descriptor().bytes / 10);
  EXPECT_THAT(file_system.paths(), ElementsAre(path(1), path(2), path(3), link(3, 0), link(3, 1)));
  const std::uint64_t used = file_system.used_bytes();
  EXPECT_EQ(used, first->descriptor().bytes + second->descriptor().bytes + merged->descriptor().bytes);
}

TEST_F(VectorFileTest, VectorsOutliveTheSegmentThatTheyCameIn) {
  const Content older = rows("a", 30);
  const Content newer = rows("b", 20);
  const SegmentDescriptor merged = merge(3, {make(1, older), make(2, newer)})->descriptor();
  unlink(1);
  unlink(2);
  const auto opened = open(merged);
  EXPECT_EQ(*read_segment(*opened), together(older, newer));
  unlink(3);
  EXPECT_THAT(file_system.paths(), IsEmpty());
}

TEST_F(VectorFileTest, AMergeOfMergesLinksToTheFirstFiles) {
  const Content a = rows("a", 30);
  const Content b = rows("b", 20);
  const Content c = rows("c", 10);
  const auto merged = merge(3, {make(1, a), make(2, b)});
  unlink(1);
  unlink(2);
  const auto again = merge(5, {merged, make(4, c)});
  unlink(3);
  unlink(4);
  EXPECT_EQ(*read_segment(*again), together(together(a, b), c));
  ASSERT_EQ(again->vector_files().size(), 4U);
  EXPECT_EQ(again->vector_files()[0]->identity().file, 1U);
  EXPECT_EQ(again->vector_files()[1]->identity().file, 2U);
  EXPECT_EQ(again->vector_files()[2]->identity().file, 4U);
  // Its own file holds no vectors, and is none to leave any in.
  const auto last = merge(6, {again});
  EXPECT_EQ(last->vector_files().size(), 4U);
  EXPECT_EQ(last->descriptor().linked_bytes, again->descriptor().linked_bytes);
}

TEST_F(VectorFileTest, NothingThatWasReplacedStays) {
  const Content older = rows("a", 30);
  Content newer = rows("b", 20);
  newer[older.begin()->first] = sample.row(++lsn_);
  const auto second = make(2, newer, 1);
  const auto merged = merge(3, {make(1, older), second});
  EXPECT_EQ(*read_segment(*merged), together(older, newer));
  EXPECT_EQ(merged->descriptor().linked_bytes, second->descriptor().bytes) << "the newer's are all there";
  EXPECT_THAT(file_system.paths(), ElementsAre(path(1), path(2), path(3), link(3, 0)));
}

TEST_F(VectorFileTest, NothingOfWhatWasDeletedStays) {
  const Content older = rows("a", 30);
  Content newer = rows("b", 20);
  newer[older.begin()->first] = {{}, {}, ++lsn_};
  const auto merged = merge(3, {make(1, older), make(2, newer, 1)});
  Content expected = together(older, newer);
  expected.erase(older.begin()->first);
  EXPECT_EQ(*read_segment(*merged), expected);
  EXPECT_EQ(merged->descriptor().linked_bytes, 0U) << "the id stands in the newer's file";
}

// As where it could not be told what a segment replaces.
TEST_F(VectorFileTest, AFileOfWhichNotAllIsOfUseIsCopied) {
  const Content older = rows("a", 30);
  Content newer = rows("b", 20);
  newer[older.begin()->first] = sample.row(++lsn_);
  const auto first = make(1, older, 5);
  const auto merged = merge(3, {first, make(2, newer, 0)});
  EXPECT_EQ(merged->vector_files().size(), 3U);
  const auto again = merge(4, {merged});
  EXPECT_EQ(*read_segment(*again), together(older, newer));
  EXPECT_EQ(again->descriptor().linked_bytes, 0U);
}

TEST_F(VectorFileTest, UnlinkingFindsLinksBehindOneThatIsMissing) {
  merge(3, {make(1, rows("a", 30)), make(2, rows("b", 20))});
  ASSERT_TRUE(file_system.unlink(link(3, 0)));
  unlink(3);
  EXPECT_THAT(file_system.paths(), ElementsAre(path(1), path(2)));
}

TEST_F(VectorFileTest, SmallFilesAreCopied) {
  const auto large = make(1, rows("a", 30));
  const auto small = make(2, rows("b", 20));
  const auto merged = merge(3, {large, small}, large->descriptor().bytes);
  EXPECT_EQ(merged->descriptor().linked_bytes, large->descriptor().bytes);
  EXPECT_EQ(merge(4, {large, small}, large->descriptor().bytes + 1)->descriptor().linked_bytes, 0U);
}

TEST_F(VectorFileTest, FilesThatHoldMoreThanVectorsAreCopied) {
  Sample short_sample(3, 4);
  const auto merged = merge(2, {make(1, short_sample.content(50), 0, 4)});
  EXPECT_EQ(merged->descriptor().linked_bytes, 0U);
}

TEST_F(VectorFileTest, FilesOfPlanesAreCopied) {
  Sample compressible(3, kDimension, Values::kBytes);
  Content content;
  for (int i = 0; i < 30; ++i) content[fmt::format("{:03}", i)] = compressible.row(++lsn_);
  const Content newer = rows("b", 20);
  const auto plain = make(2, newer);
  const auto merged = merge(3, {make(1, content), plain});
  EXPECT_EQ(merged->descriptor().linked_bytes, plain->descriptor().bytes);
  EXPECT_EQ(*read_segment(*merged), together(content, newer));
}

TEST_F(VectorFileTest, OfManyFilesTheLargestAreLinked) {
  std::vector<std::shared_ptr<const Segment>> segments;
  Content expected;
  for (std::size_t i = 0; i < kVectorFilesMax + 2; ++i) {
    const Content content = rows(fmt::format("s{}", i), i == 2 || i == 5 ? 3 : 4);
    expected = together(expected, content);
    segments.push_back(make(i + 1, content));
  }
  const auto merged = merge(1000, segments);
  EXPECT_EQ(*read_segment(*merged), expected);
  ASSERT_EQ(merged->vector_files().size(), kVectorFilesMax + 1);
  for (const auto& file : merged->vector_files()) {
    EXPECT_NE(file->identity().file, 3U);
    EXPECT_NE(file->identity().file, 6U);
  }
}

TEST_F(VectorFileTest, WithoutLinksVectorsAreCopied) {
  const Content older = rows("a", 30);
  const Content newer = rows("b", 20);
  const auto first = make(1, older);
  const auto second = make(2, newer);
  file_system.set_fault([](Call call, const std::string&) {
    return call == Call::kLink ? std::optional<Error>(Error(ErrorCode::kIo, "no links here")) : std::nullopt;
  });
  const auto merged = merge(3, {first, second});
  EXPECT_EQ(*read_segment(*merged), together(older, newer));
  EXPECT_EQ(merged->descriptor().linked_bytes, 0U);
  EXPECT_THAT(file_system.paths(), ElementsAre(path(1), path(2), path(3)));
}

// As over a network, where a request is sent once more.
TEST_F(VectorFileTest, ALinkThatWasMadeThoughItFailedDoesNotStay) {
  const auto first = make(1, rows("a", 30));
  ASSERT_TRUE(file_system.link(path(1), link(3, 0)));
  const auto merged = merge(3, {first});
  EXPECT_EQ(merged->descriptor().linked_bytes, 0U);
  EXPECT_THAT(file_system.paths(), ElementsAre(path(1), path(3)));
}

TEST_F(VectorFileTest, AMergeThatIsEndedLeavesNoLinks) {
  const auto first = make(1, rows("a", 300));
  const auto ended = try_merge(2, {first}, 1, [] { return Status(Error(ErrorCode::kCancelled, "enough")); });
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code(), ErrorCode::kCancelled);
  EXPECT_THAT(file_system.paths(), ElementsAre(path(1)));
}

TEST_F(VectorFileTest, AMergeOfWhichNothingRemainsLeavesNoLinks) {
  const Content older = rows("a", 3);
  Content none;
  for (const auto& [id, version] : older) none[id] = {{}, {}, ++lsn_};
  // As where it could not be told what the newer one replaces.
  const auto merged = try_merge(3, {make(1, older), make(2, none, 0)});
  ASSERT_FALSE(merged);
  EXPECT_EQ(merged.error().code(), ErrorCode::kCorruption);
  EXPECT_THAT(file_system.paths(), ElementsAre(path(1), path(2)));
}

TEST_F(VectorFileTest, UnlinkingThatBrokeOffIsDoneAgain) {
  merge(3, {make(1, rows("a", 30)), make(2, rows("b", 20))});
  for (int fails = 0; fails < 3; ++fails) {
    const auto disk = file_system.clone();
    disk->set_fault([fails, calls = 0](Call call, const std::string&) mutable {
      if (call != Call::kUnlink || calls++ != fails) return std::optional<Error>();
      return std::optional<Error>(Error(ErrorCode::kIo, "injected"));
    });
    EXPECT_FALSE(unlink_segment(*disk, path(3), Links::kMaybe));
    EXPECT_TRUE(unlink_segment(*disk, path(3), Links::kMaybe));
    EXPECT_THAT(disk->paths(), ElementsAre(path(1), path(2)));
  }
}

TEST_F(VectorFileTest, DamageIsFoundInTheFileThatItIsIn) {
  const auto first = make(1, rows("a", 30));
  const SegmentDescriptor merged = merge(3, {first, make(2, rows("b", 20))})->descriptor();
  std::string bytes = file_system.content(path(1));
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  file_system.set_content(path(1), bytes);
  const auto segment = open(merged);
  const auto found = read_segment(*segment);
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code(), ErrorCode::kCorruption);
  EXPECT_THAT(found.error().message(), HasSubstr(link(3, 0)));
  EXPECT_FALSE(segment->verify());
}

TEST_F(VectorFileTest, AnotherFileInItsPlaceIsRefused) {
  const auto bare_rows = [&](const std::string& prefix) {
    Content content = rows(prefix, 30);
    for (auto& [id, version] : content) version.metadata.clear();
    return content;
  };
  SegmentDescriptor merged = merge(3, {make(1, bare_rows("a")), make(2, rows("b", 20))})->descriptor();
  const auto expect_refused = [&](ErrorCode code) {
    const auto opened = Segment::open(file_system, path(3), merged, identity_of(3, kDimension));
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code(), code) << opened.error().message();
    EXPECT_THAT(opened.error().message(), HasSubstr(link(3, 0)));
  };
  const std::string own = file_system.content(link(3, 0));
  // Of the same size, but with other vectors.
  const auto other = make(9, bare_rows("c"));
  ASSERT_EQ(other->descriptor().bytes, own.size());
  file_system.set_content(link(3, 0), file_system.content(path(9)));
  const auto found = read_segment(*open(merged));
  ASSERT_FALSE(found) << "its checksums are those of another file";
  EXPECT_EQ(found.error().code(), ErrorCode::kCorruption);
  EXPECT_THAT(found.error().message(), HasSubstr(link(3, 0)));
  file_system.set_content(link(3, 0), own + "x");
  expect_refused(ErrorCode::kCorruption);
  ASSERT_TRUE(file_system.unlink(link(3, 0)));
  expect_refused(ErrorCode::kCorruption);
  // As version 8 wrote it.
  merged = without_vector_blocks(merged);
  expect_refused(ErrorCode::kCorruption);
  file_system.set_content(link(3, 0), own + "x");
  expect_refused(ErrorCode::kCorruption);
  file_system.set_content(link(3, 0), file_system.content(path(9)));
  expect_refused(ErrorCode::kCorruption);
}

TEST_F(VectorFileTest, ASegmentOpensWithoutReadingItsVectorFiles) {
  const Content older = rows("a", 30);
  const Content newer = rows("b", 20);
  const SegmentDescriptor merged = merge(3, {make(1, older), make(2, newer)})->descriptor();
  std::string bytes = file_system.content(link(3, 0));
  bytes.replace(0, kSegmentHeaderBytes, kSegmentHeaderBytes, '\0');
  bytes.replace(bytes.size() - kSegmentFooterBytes, kSegmentFooterBytes, kSegmentFooterBytes, '\0');
  file_system.set_content(link(3, 0), bytes);
  EXPECT_EQ(*read_segment(*open(merged)), together(older, newer));
}

TEST_F(VectorFileTest, SegmentsOfBeforeHaveTheirVectorFilesRead) {
  const Content older = rows("a", 30);
  const Content newer = rows("b", 20);
  const SegmentDescriptor merged = merge(3, {make(1, older), make(2, newer)})->descriptor();
  const SegmentDescriptor before = without_vector_blocks(merged);
  ASSERT_LT(before.bytes, merged.bytes);
  const auto segment = open(before);
  EXPECT_EQ(*read_segment(*segment), together(older, newer));
  // The next merge says where their vectors lie.
  const auto again = merge(4, {segment});
  EXPECT_EQ(again->descriptor().bytes, merged.bytes);
  EXPECT_EQ(*read_segment(*again), together(older, newer));
}

TEST_F(VectorFileTest, VectorBlocksThatMakeNoSenseAreRefused) {
  const auto first = make(1, rows("a", 30));
  const SegmentDescriptor merged = merge(3, {first, make(2, rows("b", 20))})->descriptor();
  const std::string sound = file_system.content(path(3));
  const auto try_open = [&](const std::function<void(std::string&)>& forge) {
    file_system.set_content(path(3), sound);
    const SegmentDescriptor forged = rewrite(merged, [&](Section section, std::string bytes) {
      if (section == Section::kVectorBlocks) forge(bytes);
      return std::optional(std::move(bytes));
    });
    return Segment::open(file_system, path(3), forged, identity_of(3, kDimension));
  };
  const auto expect_refused = [&](const std::string& what, const std::function<void(std::string&)>& forge) {
    const auto opened = try_open(forge);
    ASSERT_FALSE(opened) << what;
    EXPECT_EQ(opened.error().code(), ErrorCode::kCorruption) << what;
    EXPECT_THAT(opened.error().message(), HasSubstr("has an entry that makes no sense")) << what;
    ASSERT_TRUE(try_open([](std::string&) {})) << what;
  };
  // Sets a number that stands in an entry.
  const auto set = [](std::size_t entry, std::size_t at, std::size_t size, std::uint64_t value) {
    return [=](std::string& bytes) {
      for (std::size_t i = 0; i < size; ++i) {
        bytes[entry * kVectorBlockEntryBytes + at + i] = static_cast<char>((value >> (8 * i)) & 0xff);
      }
    };
  };
  const auto& blocks = first->vector_files().front()->section(Section::kVectors).blocks();
  ASSERT_GE(blocks.size(), 3U);
  const std::uint64_t file_bytes = first->descriptor().bytes;
  expect_refused("a file that is not there", set(0, 0, 4, 2));
  expect_refused("files out of order", set(0, 0, 4, 1));
  expect_refused("no items", set(0, 4, 4, 0));
  expect_refused("more items than those before", set(1, 4, 4, blocks[0].entry.items + 1));
  expect_refused("fewer items than those behind", set(0, 4, 4, blocks[0].entry.items - 1));
  expect_refused("more items than a block holds", set(0, 4, 4, 0xffffffff));
  expect_refused("an offset within the header", set(0, 8, 8, 0));
  expect_refused("an offset that is no block's", set(0, 8, 8, blocks[0].offset + 1));
  expect_refused("blocks that overlap", set(1, 8, 8, blocks[0].offset));
  expect_refused("an offset beyond the file", set(blocks.size() - 1, 8, 8, file_bytes / kBlockAlignment * kBlockAlignment));
  expect_refused("an offset past any", set(blocks.size() - 1, 8, 8, ~std::uint64_t{kBlockAlignment - 1}));
}

TEST_F(VectorFileTest, AMappingThatFaultsIsToldOf) {
  const auto merged = merge(3, {make(1, rows("a", 30)), make(2, rows("b", 20))});
  EXPECT_TRUE(merged->check_mapping());
  file_system.fault_mapping(link(3, 1));
  EXPECT_FALSE(merged->check_mapping());
}

TEST_F(VectorFileTest, ADescriptorOfOtherLinksIsRefused) {
  SegmentDescriptor merged = merge(3, {make(1, rows("a", 30)), make(2, rows("b", 20))})->descriptor();
  merged.linked_bytes = 0;
  const auto opened = Segment::open(file_system, path(3), merged, identity_of(3, kDimension));
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code(), ErrorCode::kCorruption);
}

// Codes, clusters and when a search ends are those of a merge that copies.
TEST_F(VectorFileTest, AnIndexIsTheSameWhereverVectorsLie) {
  constexpr std::uint32_t kShort = 160;
  Sample short_sample(5, kShort);
  const auto some = [&](const std::string& prefix, std::size_t count) {
    Content content;
    for (std::size_t i = 0; i < count; ++i) {
      content[fmt::format("{:06}{}", i, prefix)] = {short_sample.values(), {}, ++lsn_};
    }
    return content;
  };
  for (const std::size_t count : {std::size_t{1500}, std::size_t{17'000}}) {
    const FileNumber base = count;
    const auto first = make(base + 1, some("a", count), 0, kShort);
    const auto second = make(base + 2, some("b", count / 10), 0, kShort);
    const auto linked = merge(base + 3, {first, second});
    const auto copied = merge(base + 4, {first, second}, std::numeric_limits<std::uint64_t>::max());
    EXPECT_GT(linked->descriptor().linked_bytes, 0U);
    EXPECT_EQ(copied->descriptor().linked_bytes, 0U);
    EXPECT_EQ(*read_segment(*linked), *read_segment(*copied));
    ASSERT_EQ(linked->clusters(), copied->clusters());
    ASSERT_TRUE(linked->has_codes() && copied->has_codes());
    for (std::uint32_t at = 0; at < linked->rows();) {
      const auto x = *linked->codes(at, 1);
      const auto y = *copied->codes(at, 1);
      ASSERT_EQ(x.count, y.count);
      const std::size_t bytes = (x.count + kCodedRows - 1) / kCodedRows * CodeShape(kShort).bytes;
      ASSERT_EQ(std::string_view(x.bytes, bytes), std::string_view(y.bytes, bytes)) << at;
      at = x.first + x.count;
    }
    for (std::uint32_t i = 0; i < linked->clusters(); ++i) {
      const RoundedVector x = linked->centroid(i)->offset;
      const RoundedVector y = copied->centroid(i)->offset;
      ASSERT_EQ(x.unit, y.unit) << i;
      ASSERT_TRUE(std::ranges::equal(x.numbers, y.numbers)) << i;
    }
    for (std::uint32_t at = 0; linked->clusters() > 0 && at < linked->rows(); ++at) {
      ASSERT_EQ(linked->postings(at)->front(), copied->postings(at)->front());
    }
    if (linked->clusters() > 0) {
      EXPECT_EQ(*linked->calibration(), *copied->calibration());
    }
  }
}

}  // namespace
}  // namespace alcove::segments
