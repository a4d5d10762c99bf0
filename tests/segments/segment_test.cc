#include "segments/segment.h"

#include <gmock/gmock.h>

#include "base/bytes.h"
#include "base/checksum.h"
#include "base/posix_file_system.h"
#include "segments/block_reader.h"
#include "segments/segment_format.h"
#include "tests/segments/segment_sample.h"

namespace alcove::segments {
namespace {

using testing::HasSubstr;
using testing::Not;

struct Shape {
  std::uint32_t dimension;
  std::size_t rows;
  std::size_t tombstone_every;
  Values values;
};

class SegmentRoundTrip : public testing::TestWithParam<Shape>, public SegmentDisk {};

TEST_P(SegmentRoundTrip, ReadsWhatWasWritten) {
  const Shape& shape = GetParam();
  Sample sample(shape.rows, shape.dimension, shape.values);
  const Content content = sample.content(shape.rows, shape.tombstone_every);
  const auto segment = make(identity_of(5, shape.dimension), content);
  const auto read = read_segment(*segment);
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(*read, content);
  EXPECT_EQ(segment->rows(), shape.rows);
  EXPECT_EQ(segment->rows() + segment->tombstones(), content.size());
  const Status verified = segment->verify();
  EXPECT_TRUE(verified) << verified.error().message();
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, SegmentRoundTrip,
    testing::Values(Shape{1, 1, 0, Values::kFloats}, Shape{8, 1, 1, Values::kFloats},
                    Shape{8, 255, 0, Values::kFloats}, Shape{8, 256, 3, Values::kFloats},
                    Shape{8, 257, 1, Values::kBytes}, Shape{1, 9000, 2, Values::kFloats},
                    Shape{1, 9000, 0, Values::kBytes}, Shape{100, 4097, 7, Values::kFloats},
                    Shape{100, 4097, 7, Values::kBytes}, Shape{768, 600, 0, Values::kFloats},
                    Shape{768, 600, 9, Values::kBytes}, Shape{20000, 30, 9, Values::kBytes},
                    Shape{20000, 3, 1, Values::kFloats}),
    [](const auto& shape) {
      return fmt::format("dimension{}rows{}{}", shape.param.dimension, shape.param.rows,
                         shape.param.values == Values::kBytes ? "bytes" : "floats");
    });

class SegmentTest : public testing::Test, public SegmentDisk {
 protected:
  // Sets the bytes at `offset` of segment 1 and gives it back.
  void overwrite(std::size_t offset, std::string_view bytes) {
    std::string content = file_system.content(path(1));
    content.replace(offset, bytes.size(), bytes);
    file_system.set_content(path(1), content);
  }
};

TEST_F(SegmentTest, HoldsAHundredThousandRows) {
  Sample sample(1, 8);
  Content content;
  for (int i = 0; i < 100'000; ++i) {
    content.emplace_hint(content.end(), fmt::format("{:06}", i),
                         i % 64 == 0 ? sample.row(1) : Version{sample.values(), {}, 1});
  }
  const auto segment = make(identity_of(1, 8), content);
  EXPECT_EQ(segment->rows(), 100'000U);
  EXPECT_TRUE(segment->verify());
  const auto read = read_segment(*segment);
  ASSERT_TRUE(read);
  EXPECT_TRUE(*read == content);
}

TEST_F(SegmentTest, HoldsTombstonesAlone) {
  const Content content = {{"a", {{}, {}, 4}}, {"b", {{}, {}, 3}}};
  const auto segment = make(identity_of(1, 8), content);
  EXPECT_EQ(segment->rows(), 0U);
  EXPECT_EQ(*read_segment(*segment), content);
  EXPECT_EQ(*segment->lower_bound("a"), 0U);
  EXPECT_EQ(*segment->find("a"), std::nullopt);
  EXPECT_TRUE(segment->verify());
}

TEST_F(SegmentTest, CountsAndBoundsWhatItHolds) {
  const Content content = {{"a", {{1, 2}, {}, 9}}, {"b", {{}, {}, 4}}, {"c", {{1, 0}, {}, 6}}};
  const SegmentDescriptor descriptor = make(identity_of(1, 2), content)->descriptor();
  EXPECT_EQ(descriptor.file, 1U);
  EXPECT_EQ(descriptor.rows, 2U);
  EXPECT_EQ(descriptor.tombstones, 1U);
  EXPECT_EQ(descriptor.replaced, 0U);
  EXPECT_EQ(descriptor.first_lsn, 4U);
  EXPECT_EQ(descriptor.last_lsn, 9U);
  EXPECT_EQ(descriptor.bytes, file_system.content(path(1)).size());
}

TEST_F(SegmentTest, TakesLittleForOneRow) {
  Sample sample(1, 8);
  EXPECT_LT(make(identity_of(1, 8), {{"A", sample.row(1)}})->descriptor().bytes, 1024U);
}

TEST_F(SegmentTest, FindsIdsAsAModelDoes) {
  Sample sample(7, 2);
  const Content content = sample.content(3000, 4);
  const auto segment = make(identity_of(1, 2), content);
  std::vector<std::string> ids;
  for (const auto& [id, version] : content) {
    if (!version.tombstone()) ids.push_back(id);
  }
  std::vector<std::string> probes = {"", "a", "z", std::string(512, '\xff')};
  for (const auto& [id, version] : content) {
    probes.push_back(id);
    probes.push_back(id + '\0');
    probes.push_back(id.substr(0, id.size() - 1));
  }
  for (const std::string& probe : probes) {
    const auto expected = std::lower_bound(ids.begin(), ids.end(), probe) - ids.begin();
    ASSERT_EQ(*segment->lower_bound(probe), expected) << probe;
    const auto version = content.find(probe);
    const bool row = version != content.end() && !version->second.tombstone();
    const bool tombstone = version != content.end() && version->second.tombstone();
    ASSERT_EQ(segment->find(probe)->has_value(), row) << probe;
    ASSERT_EQ(*segment->has_tombstone(probe), tombstone) << probe;
  }
}

TEST_F(SegmentTest, ReadsFloatsInPlace) {
  const auto segment = make(identity_of(1, 100), Sample(1, 100).content(3000));
  const auto vectors = segment->vectors(1000);
  ASSERT_TRUE(vectors);
  EXPECT_EQ(vectors->owner, nullptr);
  EXPECT_EQ(vectors->first % vectors->count, 0U);
  EXPECT_LE(vectors->count * 101 * sizeof(float), kPlainBlockBytes);
  EXPECT_EQ(vectors->count % 4, 0U) << "kernels take four rows side by side";
}

TEST_F(SegmentTest, ABlockIsExpectedUntilItHasBeenRead) {
  const auto segment = make(identity_of(1, 100), Sample(1, 100).content(3000));
  const auto blocks = BlockReader::open(file_system, path(1), segment->descriptor().bytes);
  ASSERT_TRUE(blocks);
  const BlockList& vectors = (*blocks)->section(Section::kVectors);
  ASSERT_GT(vectors.blocks().size(), 3U);
  for (const Block& block : vectors.blocks()) {
    EXPECT_TRUE((*blocks)->expect(block));
    EXPECT_TRUE((*blocks)->expect(block)) << "a hint reads nothing";
    ASSERT_TRUE((*blocks)->stored(block));
    EXPECT_FALSE((*blocks)->expect(block));
  }
}

TEST_F(SegmentTest, AsksTheDiskAtOnceForBlocksSideBySide) {
  const auto segment = make(identity_of(1, 100), Sample(1, 100).content(3000));
  const auto blocks = BlockReader::open(file_system, path(1), segment->descriptor().bytes);
  ASSERT_TRUE(blocks);
  const BlockList& codes = (*blocks)->section(Section::kCodes);
  ASSERT_GT(codes.blocks().size(), 4U);
  const auto asks = [&](std::uint32_t first, std::uint32_t count) {
    const std::uint64_t before = file_system.hint_count(path(1));
    EXPECT_TRUE((*blocks)->expect(codes, first, count));
    return file_system.hint_count(path(1)) - before;
  };
  const std::uint32_t per_block = codes.blocks()[0].entry.items;
  EXPECT_EQ(asks(per_block - 1, 2), 1U) << "of two blocks";
  EXPECT_EQ(asks(0, 2 * per_block), 0U) << "of each once";
  EXPECT_EQ(asks(3 * per_block, 1), 1U);
  EXPECT_EQ(asks(0, codes.items()), 2U) << "of what lies between and behind";
  for (const Block& block : codes.blocks()) {
    EXPECT_TRUE((*blocks)->expect(codes, 0, codes.items()));
    ASSERT_TRUE((*blocks)->stored(block));
  }
  EXPECT_FALSE((*blocks)->expect(codes, 0, codes.items()));
}

TEST_F(SegmentTest, AsksForMoreWhereBlockAfterBlockIsRead) {
  const auto segment = make(identity_of(1, 100), Sample(1, 100).content(3000));
  const auto blocks = BlockReader::open(file_system, path(1), segment->descriptor().bytes);
  ASSERT_TRUE(blocks);
  const std::vector<Block>& vectors = (*blocks)->section(Section::kVectors).blocks();
  ASSERT_GT(vectors.size(), 16U);
  const auto hints_of = [&](const Block& block) {
    const std::uint64_t before = file_system.hint_count(path(1));
    EXPECT_TRUE((*blocks)->stored(block));
    return file_system.hint_count(path(1)) - before;
  };
  std::uint64_t hints = 0;
  for (std::size_t i = 0; i < 16; i += 2) hints += hints_of(vectors[i]);
  EXPECT_EQ(hints, 8U) << "every second one";
  for (std::size_t i = 1; i < 16; i += 2) hints += hints_of(vectors[i]);
  EXPECT_GT(hints, 16U) << "those between, where what was before has been read";
}

TEST_F(SegmentTest, CompressesVectorsThatWereBytes) {
  const auto segment = make(identity_of(1, 100), Sample(1, 100, Values::kBytes).content(3000));
  const auto blocks = BlockReader::open(file_system, path(1), segment->descriptor().bytes);
  ASSERT_TRUE(blocks);
  std::uint64_t term_bytes = 0;
  for (const Block& block : (*blocks)->section(Section::kTerms).blocks()) term_bytes += block.entry.stored_bytes;
  EXPECT_LT(segment->descriptor().bytes - term_bytes, 3000 * 100 * sizeof(float) / 2);
  const auto vectors = segment->vectors(1000);
  ASSERT_TRUE(vectors);
  EXPECT_NE(vectors->owner, nullptr);
}

TEST_F(SegmentTest, KeepsVectorsLongerThanItself) {
  for (const Values values : {Values::kFloats, Values::kBytes}) {
    Content content = Sample(1, 100, values).content(500);
    const FileNumber file = values == Values::kFloats ? 1 : 2;
    auto segment = make(identity_of(file, 100), content);
    const auto vectors = segment->vectors(3);
    if (values == Values::kBytes) segment = nullptr;
    EXPECT_EQ(vectors->values[0], content.begin()->second.values[0]);
  }
}

TEST_F(SegmentTest, SpendsNothingOnRowsWithoutMetadata) {
  Content content = Sample(1, 2).content(5000);
  for (auto& [id, version] : content) version.metadata.clear();
  const auto without = make(identity_of(1, 2), content);
  EXPECT_TRUE(without->without_metadata());
  EXPECT_THAT(without->describe(), Not(HasSubstr("metadata")));
  EXPECT_EQ((*without->metadata(4999))->at(4999).encoded(), "");

  content.rbegin()->second.metadata = Metadata::parse_json(R"({"a": true})")->encoded();
  const auto one = make(identity_of(2, 2), content);
  EXPECT_FALSE(one->without_metadata());
  EXPECT_EQ(*read_segment(*one), content);
  EXPECT_LT(one->descriptor().bytes, without->descriptor().bytes + 256);
}

TEST_F(SegmentTest, HoldsTheLongestIdsAndMetadata) {
  Content content;
  for (int i = 0; i < 300; ++i) {
    const std::string text(i % 2 == 0 ? kMetadataTextBytesMax - 16 : 1, 'x');
    const auto metadata = Metadata::parse_json(fmt::format(R"({{"a": "{}"}})", text));
    ASSERT_TRUE(metadata);
    content[std::string(kIdBytesMax - 3, 'a') + fmt::format("{:03}", i)] = {
        {1.0F}, metadata->encoded(), 1};
  }
  const auto segment = make(identity_of(1, 1), content);
  EXPECT_EQ(*read_segment(*segment), content);
  EXPECT_TRUE(segment->verify());
}

TEST_F(SegmentTest, KeepsTheBitsOfEveryFloat) {
  const std::vector<float> values = {-0.0F, 1e-45F, -1e-40F, 3e18F, 1.0F / 3.0F, 65504.0F};
  const auto segment = make(identity_of(1, 6), {{"a", {values, {}, 1}}});
  const auto vectors = segment->vectors(0);
  EXPECT_EQ(std::memcmp(vectors->values, values.data(), 6 * sizeof(float)), 0);
}

TEST_F(SegmentTest, KeepsLsnsOfEveryWidth) {
  Content content;
  Lsn lsn = 1;
  for (int i = 0; i < 64; ++i, lsn *= 2) {
    content[fmt::format("{:02}", i)] = {{1.0F}, {}, lsn};
    const FileNumber file = static_cast<FileNumber>(i) + 1;
    ASSERT_EQ(*read_segment(*make(identity_of(file, 1), content)), content) << lsn;
  }
}

TEST_F(SegmentTest, RefusesAnotherSegmentsFile) {
  const auto segment = make(identity_of(1, 8), Sample(1, 8).content(10));
  for (int field = 0; field < 5; ++field) {
    SegmentIdentity identity = segment->identity();
    if (field == 0) identity.file = 2;
    if (field == 1) identity.index = 2;
    if (field == 2) identity.name_space = 2;
    if (field == 3) identity.dimension = 2;
    if (field == 4) identity.metric = Metric::kCosine;
    const auto opened = Segment::open(file_system, path(1), segment->descriptor(), identity);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code(), ErrorCode::kCorruption);
    EXPECT_THAT(opened.error().message(), HasSubstr(path(1)));
  }
}

TEST_F(SegmentTest, RefusesAnotherDescriptor) {
  const auto segment = make(identity_of(1, 8), Sample(1, 8).content(10, 2));
  for (int field = 0; field < 7; ++field) {
    SegmentDescriptor descriptor = segment->descriptor();
    if (field == 0) ++descriptor.file;
    if (field == 1) ++descriptor.bytes;
    if (field == 2) ++descriptor.hash;
    if (field == 3) ++descriptor.rows;
    if (field == 4) ++descriptor.tombstones;
    if (field == 5) ++descriptor.first_lsn;
    if (field == 6) ++descriptor.last_lsn;
    const auto opened = Segment::open(file_system, path(1), descriptor, segment->identity());
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code(), ErrorCode::kCorruption);
  }
}

TEST_F(SegmentTest, TakesReplacedFromTheManifest) {
  const auto segment = make(identity_of(1, 8), Sample(1, 8).content(10));
  SegmentDescriptor descriptor = segment->descriptor();
  descriptor.replaced = 7;
  const auto opened = Segment::open(file_system, path(1), descriptor, segment->identity());
  ASSERT_TRUE(opened);
  EXPECT_EQ((*opened)->descriptor(), descriptor);
}

TEST_F(SegmentTest, OpensUnlisted) {
  const auto segment = make(identity_of(1, 8), Sample(1, 8).content(10, 2));
  const auto opened = Segment::open_unlisted(file_system, path(1));
  ASSERT_TRUE(opened);
  EXPECT_EQ((*opened)->descriptor(), segment->descriptor());
  EXPECT_EQ((*opened)->identity().name_space, 17U);
  EXPECT_THAT((*opened)->describe(), HasSubstr("10 rows, 5 tombstones"));
  EXPECT_FALSE(Segment::open_unlisted(file_system, path(2)));
}

TEST_F(SegmentTest, TellsALaterVersionFromDamage) {
  const auto segment = make(identity_of(1, 8), Sample(1, 8).content(10));
  std::string version;
  ByteWriter(version).u32(kSegmentVersion + 1);
  overwrite(8, version);
  const auto damaged = Segment::open_unlisted(file_system, path(1));
  ASSERT_FALSE(damaged);
  EXPECT_EQ(damaged.error().code(), ErrorCode::kCorruption);

  std::string sum;
  const std::string checked = file_system.content(path(1)).substr(0, 56);
  ByteWriter(sum).u64(checksum(checked, segment_seed(segment->identity(), 0)));
  overwrite(56, sum);
  const auto newer = Segment::open_unlisted(file_system, path(1));
  ASSERT_FALSE(newer);
  EXPECT_EQ(newer.error().code(), ErrorCode::kTooNew);
}

TEST_F(SegmentTest, ServesTheRestOfADamagedFile) {
  const Content content = Sample(1, 100).content(3000);
  const auto segment = make(identity_of(1, 100), content);
  const std::size_t size = segment->descriptor().bytes;
  overwrite(size / 2, "damaged");
  const auto opened =
      Segment::open(file_system, path(1), segment->descriptor(), segment->identity());
  ASSERT_TRUE(opened) << "only the envelope is read";
  EXPECT_TRUE((*opened)->vectors(0));
  EXPECT_TRUE((*opened)->vectors(2999));
  const Status verified = (*opened)->verify();
  ASSERT_FALSE(verified);
  EXPECT_EQ(verified.error().code(), ErrorCode::kCorruption);
  EXPECT_THAT(verified.error().message(), HasSubstr(path(1)));
}

TEST_F(SegmentTest, SaysWhenItsMappingFaulted) {
  const auto segment = make(identity_of(1, 8), Sample(1, 8).content(1000));
  ASSERT_TRUE(segment->id(1));
  EXPECT_TRUE(segment->check_mapping());
  file_system.fault_mapping(path(1));
  EXPECT_EQ(segment->check_mapping().error().code(), ErrorCode::kCorruption);
  EXPECT_THAT(segment->check_mapping().error().message(), HasSubstr(path(1)));
  // What was verified before now reads as zeros: an error, or at worst harmless.
  for (std::uint32_t row = 0; row < segment->rows(); ++row) {
    EXPECT_FALSE(segment->id(row));
    EXPECT_FALSE(segment->lsn(row));
  }
  EXPECT_FALSE(segment->find("doc0000010"));
}

TEST_F(SegmentTest, StandsInOneOf256Folders) {
  EXPECT_EQ(segment_path("d", 0x1ff), "d/01/00000000000001ff.segment");
  EXPECT_EQ(segment_path("d", 0x100), "d/01/0000000000000100.segment");
}

TEST_F(SegmentTest, ReadsFromTheMachinesDisk) {
  PosixFileSystem disk;
  const std::string directory = testing::TempDir() + "alcove-segment-test";
  ASSERT_TRUE(create_segment_directories(disk, directory));
  for (const Values values : {Values::kFloats, Values::kBytes}) {
    const std::string file = segment_path(directory, 1);
    ASSERT_TRUE(disk.unlink(file));
    const Content content = Sample(1, 96, values).content(5000, 5);
    const auto descriptor = write_segment(disk, file, identity_of(1, 96), content);
    ASSERT_TRUE(descriptor) << descriptor.error().message();
    const auto segment = Segment::open(disk, file, *descriptor, identity_of(1, 96));
    ASSERT_TRUE(segment) << segment.error().message();
    EXPECT_TRUE(*read_segment(**segment) == content);
    EXPECT_TRUE((*segment)->verify());
    EXPECT_TRUE(disk.unlink(file));
  }
}

}  // namespace
}  // namespace alcove::segments
