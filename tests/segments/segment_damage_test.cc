#include <gmock/gmock.h>

#include "base/bytes.h"
#include "base/checksum.h"
#include "segments/block_codec.h"
#include "segments/block_reader.h"
#include "segments/code.h"
#include "segments/segment.h"
#include "segments/segment_format.h"
#include "segments/term.h"
#include "tests/segments/segment_sample.h"

namespace alcove::segments {
namespace {

// One small segment, and what becomes of it when its bytes are changed.
class SegmentDamage : public testing::TestWithParam<Values>, public SegmentDisk {
 protected:
  void SetUp() override {
    Sample sample(3, 1, GetParam());
    for (int i = 0; i < 260; ++i) content_[fmt::format("{:03}", i)] = {sample.values(), {}, 7};
    for (int i = 0; i < 20; ++i) content_[fmt::format("{:03}", i * 13)] = sample.row(8);
    for (int i = 0; i < 9; ++i) content_[fmt::format("{:03}+", i)] = {{}, {}, 9};
    const auto segment = make(identity_of(1, 1), content_);
    ASSERT_EQ(segment->vectors(0)->owner != nullptr, GetParam() == Values::kBytes);
    descriptor_ = segment->descriptor();
    sound_ = file_system.content(path(1));
  }

  // Requires that the file with these bytes is refused, naming it, by open or verify, and that
  // reading it row by row is refused or gives what was written.
  void expect_refused(const std::string& bytes, std::string_view what) {
    file_system.set_content(path(1), bytes);
    const auto segment = Segment::open(file_system, path(1), descriptor_, identity_of(1, 1));
    Status status = segment ? Status() : Status(segment.error());
    if (segment) {
      const auto read = read_segment(**segment);
      if (read) {
        EXPECT_EQ(*read, content_) << what;
      }
      status = (*segment)->verify();
    }
    ASSERT_FALSE(status) << what;
    EXPECT_EQ(status.error().code(), ErrorCode::kCorruption) << what;
    EXPECT_THAT(status.error().message(), testing::HasSubstr(path(1)));
  }

  Content content_;
  SegmentDescriptor descriptor_;
  std::string sound_;
};

TEST_P(SegmentDamage, IsFoundInEveryByte) {
  for (std::size_t i = 0; i < sound_.size(); ++i) {
    std::string bytes = sound_;
    bytes[i] = static_cast<char>(bytes[i] ^ (1 << i % 8));
    expect_refused(bytes, fmt::format("byte {} of {}", i, bytes.size()));
  }
}

TEST_P(SegmentDamage, IsFoundInEveryZeroedSector) {
  for (std::size_t i = 0; i < sound_.size(); i += 512) {
    std::string bytes = sound_;
    const std::size_t count = std::min<std::size_t>(512, bytes.size() - i);
    bytes.replace(i, count, count, '\0');
    expect_refused(bytes, fmt::format("sector at {}", i));
  }
}

TEST_P(SegmentDamage, IsFoundInEveryTruncation) {
  for (std::size_t size = 0; size < sound_.size(); size += 13) {
    expect_refused(sound_.substr(0, size), fmt::format("cut to {}", size));
  }
  expect_refused(sound_ + '\0', "one byte too many");
}

TEST_P(SegmentDamage, IsFoundInBlocksOfAnotherFile) {
  make(identity_of(2, 1), content_);
  const std::string other = file_system.content(path(2));
  ASSERT_EQ(other.size(), sound_.size());
  expect_refused(other, "another file");
  // The blocks are the same bytes in both: only the checksums in the table tell.
  const std::size_t table = ByteReader(std::string_view(other).substr(other.size() - 64)).u64();
  expect_refused(sound_.substr(0, table) + other.substr(table), "another table");
  expect_refused(other.substr(0, table) + sound_.substr(table), "another header");
}

INSTANTIATE_TEST_SUITE_P(Values, SegmentDamage, testing::Values(Values::kFloats, Values::kBytes),
                         [](const auto& values) {
                           return values.param == Values::kBytes ? "planes" : "plain";
                         });

// A segment with rows enough for codes.
class CodedSegmentDamage : public testing::Test, public SegmentDisk {
 protected:
  // Every byte; instrumented, which takes ten times as long, one in so many.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  static constexpr std::size_t kStep = 29;
#else
  static constexpr std::size_t kStep = 1;
#endif
};

TEST_F(CodedSegmentDamage, OfCodesLeavesTheRest) {
  const auto segment = make(identity_of(1, 16), Sample(5, 16).content(kCodedRowsMin));
  ASSERT_TRUE(segment->has_codes());
  const SegmentDescriptor descriptor = segment->descriptor();
  const std::string sound = file_system.content(path(1));
  const auto blocks = BlockReader::open(file_system, path(1), sound.size());
  ASSERT_TRUE(blocks);
  for (const Section section : {Section::kCentroids, Section::kCodes}) {
    ASSERT_FALSE((*blocks)->section(section).blocks().empty());
    for (const Block& block : (*blocks)->section(section).blocks()) {
      for (std::size_t i = 0; i < padded(block.entry.stored_bytes); i += kStep) {
        std::string bytes = sound;
        char& byte = bytes[block.offset + i];
        byte = static_cast<char>(byte ^ (1 << i % 8));
        file_system.set_content(path(1), bytes);
        const auto damaged = Segment::open(file_system, path(1), descriptor, identity_of(1, 16));
        ASSERT_TRUE(damaged) << i;
        const auto read_block = [&]() -> Status {
          if (section == Section::kCodes) {
            TRY((*damaged)->codes(block.first, 1));
          } else {
            TRY((*damaged)->origin());
          }
          return {};
        };
        const Status read = read_block();
        ASSERT_FALSE(read) << i;
        ASSERT_EQ(read.error().code(), ErrorCode::kCorruption) << i;
        EXPECT_THAT(read.error().message(), testing::HasSubstr(path(1)));
        EXPECT_FALSE((*damaged)->verify());
        EXPECT_TRUE((*damaged)->id(0));
        EXPECT_TRUE((*damaged)->vectors(0));
      }
    }
  }
}

// A file made by hand, sound in its checksums and wrong in what it says.
class SegmentForgery : public testing::Test, public SegmentDisk {
 protected:
  struct Part {
    BlockEntry entry;
    std::string stored;
  };

  static Part part(Section section, std::uint32_t items, std::string stored) {
    Part part;
    part.entry.section = section;
    part.entry.items = items;
    part.entry.stored_bytes = static_cast<std::uint32_t>(stored.size());
    part.entry.raw_bytes = part.entry.stored_bytes;
    part.stored = std::move(stored);
    return part;
  }
  static std::string ids(std::vector<std::string> list) {
    std::string block;
    ByteWriter writer(block);
    auto offset = static_cast<std::uint32_t>((list.size() + 1) * 4);
    writer.u32(offset);
    for (const std::string& id : list) {
      writer.u32(offset += static_cast<std::uint32_t>(id.size()));
    }
    for (const std::string& id : list) writer.raw(id);
    return block;
  }
  // A sound segment of two rows "a" and "b", dimension 1, as parts to be spoilt.
  static std::vector<Part> sound() {
    return {part(Section::kIds, 2, ids({"a", "b"})),
            part(Section::kLsns, 2, std::string("\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16)),
            part(Section::kVectors, 2, std::string(16, '\0'))};
  }

  static Filter has_a() {
    Filter filter;
    filter.field_exists("a", false);
    return filter;
  }
  // Of the stretch that begins at `first` with so many rows, a block of these entries.
  static Part terms(std::uint32_t first, std::uint32_t rows, const std::vector<std::string>& entries) {
    std::string block;
    ByteWriter writer(block);
    writer.u32(first);
    writer.u32(rows);
    writer.u32(static_cast<std::uint32_t>(entries.size()));
    auto offset = static_cast<std::uint32_t>(12 + (entries.size() + 1) * 4);
    for (const std::string& entry : entries) {
      writer.u32(offset);
      offset += static_cast<std::uint32_t>(entry.size());
    }
    writer.u32(offset);
    for (const std::string& entry : entries) writer.raw(entry);
    return part(Section::kTerms, 1, block);
  }
  // A field's presence in these rows, told to be so many.
  static std::string entry(const std::string& field, std::uint32_t count, const std::vector<std::uint16_t>& rows) {
    std::string bytes;
    ByteWriter writer(bytes);
    writer.string(term_of(field, TermKind::kPresent));
    writer.varint(count);
    for (const std::uint16_t row : rows) writer.u16(row);
    return bytes;
  }

  Status check(const std::vector<Part>& parts, std::uint32_t rows = 2) {
    const SegmentIdentity identity = identity_of(1, 1);
    std::string bytes;
    std::string table;
    encode_header(identity, bytes);
    for (const Part& part : parts) {
      BlockEntry entry = part.entry;
      std::string stored = part.stored;
      stored.resize(padded(stored.size()));
      entry.checksum = checksum(stored, segment_seed(identity, bytes.size()));
      bytes += stored;
      encode_entry(entry, table);
    }
    SegmentFooter footer;
    footer.table_offset = bytes.size();
    footer.blocks = static_cast<std::uint32_t>(parts.size());
    footer.rows = rows;
    footer.first_lsn = footer.last_lsn = 1;
    footer.table_checksum = checksum(table, segment_seed(identity, bytes.size()));
    bytes += table;
    encode_footer(identity, bytes.size(), footer, bytes);
    file_system.set_content(path(1), bytes);
    const auto segment = TRY(Segment::open_unlisted(file_system, path(1)));
    static_cast<void>(read_segment(*segment));
    if (segment->has_terms()) {
      for (std::uint32_t row = 0; row < rows; ++row) static_cast<void>(segment->select(has_a(), row));
    }
    return segment->verify();
  }

  void expect_refused(const std::vector<Part>& parts, std::uint32_t rows = 2) {
    const Status status = check(parts, rows);
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code(), ErrorCode::kCorruption);
  }
};

TEST_F(SegmentForgery, PassesWhereNothingIsWrong) { EXPECT_TRUE(check(sound())); }

TEST_F(SegmentForgery, IsRefusedForItsTable) {
  expect_refused(sound(), 3);
  expect_refused({});
  for (std::size_t i = 0; i < 3; ++i) {
    auto parts = sound();
    parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(i));
    expect_refused(parts);
    parts = sound();
    parts.push_back(parts[i]);
    expect_refused(parts);
    for (const std::uint32_t items : {0U, 1U, 3U, 0xffffffffU}) {
      parts = sound();
      parts[i].entry.items = items;
      expect_refused(parts);
    }
    for (const std::uint32_t bytes : {0U, 15U, 17U, 0xffffffffU}) {
      parts = sound();
      parts[i].entry.raw_bytes = bytes;
      expect_refused(parts);
      parts[i].entry.stored_bytes = bytes;
      expect_refused(parts);
    }
    for (const Codec codec : {Codec::kZstd, Codec::kPlanes, static_cast<Codec>(3)}) {
      parts = sound();
      parts[i].entry.codec = codec;
      expect_refused(parts);
    }
    for (const int section : {0, 2, 6, 7, 8, 9, 0xffff}) {
      parts = sound();
      parts[i].entry.section = static_cast<Section>(section);
      expect_refused(parts);
    }
  }
}

TEST_F(SegmentForgery, IsRefusedForItsCodes) {
  const Part centroid = part(Section::kCentroids, 1, std::string(4, '\0'));
  const Part codes = part(Section::kCodes, 2, std::string(CodeShape(1).bytes, '\0'));
  const auto with = [](std::vector<Part> more) {
    auto parts = sound();
    parts.insert(parts.end(), more.begin(), more.end());
    return parts;
  };
  EXPECT_TRUE(check(with({centroid, codes})));
  expect_refused(with({codes}));
  expect_refused(with({centroid}));
  expect_refused(with({centroid, centroid, codes}));
  for (const std::uint32_t rows : {1U, 3U, 33U}) {
    Part other = codes;
    other.entry.items = rows;
    expect_refused(with({centroid, other}));
  }
  Part one = codes;
  one.entry.items = 1;
  expect_refused(with({centroid, one, one}));  // a group that is not full before the last block
  expect_refused(with({part(Section::kCentroids, 1, std::string(8, '\0')), codes}));
  expect_refused(with({part(Section::kCentroids, 1, std::string(5, '\0')), codes}));  // the origin is not rounded
  expect_refused(with({centroid, part(Section::kCodes, 2, std::string(CodeShape(1).bytes - 64, '\0'))}));
}

// Of versions before 8: what searches them is left out.
TEST_F(SegmentForgery, PassesOverOlderCodes) {
  auto parts = sound();
  parts.push_back(part(Section::kCentroids, 1, std::string(4, '\0')));
  parts.push_back(part(Section::kCodes, 2, std::string(CodeShape(1).bytes + kCorrectionBytes, '\0')));
  EXPECT_TRUE(check(parts));
  const auto segment = Segment::open_unlisted(file_system, path(1));
  ASSERT_TRUE(segment);
  EXPECT_FALSE((*segment)->has_codes());
  EXPECT_EQ((*segment)->clusters(), 0U);
  EXPECT_EQ(*(*segment)->id(1), "b");
  parts.back() = part(Section::kCodes, 2, std::string(CodeShape(1).bytes, '\0'));
  EXPECT_TRUE(check(parts));
  EXPECT_TRUE((*Segment::open_unlisted(file_system, path(1)))->has_codes());
}

TEST_F(SegmentForgery, IsRefusedForItsCentroids) {
  const auto bytes = [](std::size_t count) { return std::string(count, '\0'); };
  const auto with = [&](std::vector<Part> centroids) {
    auto parts = sound();
    parts.insert(parts.end(), centroids.begin(), centroids.end());
    const std::vector<Segment::Cluster> clusters{{.first = 0, .rows = 1}, {.first = 1, .rows = 1}};
    const std::vector<std::uint32_t> rows{0, 1};
    parts.push_back(part(Section::kCodes, 2, bytes(CodeShape(1).bytes)));
    parts.push_back(part(Section::kCentroidCodes, 2, bytes(CodeShape(1).centroid_bytes)));
    parts.push_back(part(Section::kClusters, 2, {reinterpret_cast<const char*>(clusters.data()), 2 * sizeof(clusters[0])}));
    parts.push_back(part(Section::kPostings, 2, {reinterpret_cast<const char*>(rows.data()), 2 * sizeof(rows[0])}));
    parts.push_back(part(Section::kCalibration, 1, bytes(sizeof(Calibration))));
    return parts;
  };
  const Part origin = part(Section::kCentroids, 1, bytes(4));
  const Part rounded = part(Section::kCentroids, 1, bytes(5));
  EXPECT_TRUE(check(with({origin, origin, origin})));
  EXPECT_TRUE(check(with({origin, rounded, rounded})));
  expect_refused(with({origin, rounded, origin}));
  expect_refused(with({origin, origin, rounded}));
  expect_refused(with({rounded, rounded, rounded}));
  expect_refused(with({origin, rounded}));
}

TEST_F(SegmentForgery, IsRefusedForItsIds) {
  for (const auto& list : std::vector<std::vector<std::string>>{
           {"b", "a"}, {"a", "a"}, {"", "abc"}, {"a", std::string(513, 'b')}}) {
    expect_refused({part(Section::kIds, 2, ids(list)), sound()[1], sound()[2]});
  }
  for (const std::uint32_t offset : {0U, 11U, 13U, 14U, 15U, 0xffffffffU}) {
    auto parts = sound();
    std::string bytes;
    ByteWriter(bytes).u32(offset);
    parts[0].stored.replace(4, 4, bytes);  // where "a" ends and "b" begins
    if (offset != 13) expect_refused(parts);
  }
}

TEST_F(SegmentForgery, IsRefusedForItsLsns) {
  auto parts = sound();
  parts[1].stored[8] = 1;  // a width for which there are no bytes
  expect_refused(parts);
  parts[1].stored[8] = '\xff';
  expect_refused(parts);
  parts = sound();
  parts[1].stored[0] = 2;  // beyond the last of the footer
  expect_refused(parts);
}

TEST_F(SegmentForgery, IsRefusedForItsMetadata) {
  const std::vector<std::string> bad = {
      std::string("\0", 1) + "x",                   // one row too few
      std::string("\0\0\0", 3),                     // one too many
      std::string("\xff\xff\xff\xff\x0f\0", 6),     // a length beyond the block
      std::string("\x03\x01" "a\x09\0", 5),         // no such type
  };
  for (const std::string& metadata : bad) {
    auto parts = sound();
    parts.push_back(part(Section::kMetadata, 2, metadata));
    expect_refused(parts);
  }
  auto parts = sound();
  parts.push_back(part(Section::kMetadata, 2, std::string("\x03\x01" "a\x04\0", 5)));
  EXPECT_TRUE(check(parts));
}

TEST_F(SegmentForgery, IsRefusedForItsTerms) {
  const std::string sound_entry = entry("a", 1, {1});
  const auto with = [&](std::vector<Part> more) {
    auto parts = sound();
    for (Part& each : more) parts.push_back(std::move(each));
    return parts;
  };
  EXPECT_TRUE(check(with({terms(0, 2, {sound_entry})})));
  EXPECT_TRUE(check(with({terms(0, 2, {sound_entry}), terms(0, 2, {entry("b", 2, {0, 1})})})));
  expect_refused(with({terms(0, 1, {entry("a", 1, {0})})}));    // fewer rows than there are
  expect_refused(with({terms(0, 3, {sound_entry})}));           // more
  expect_refused(with({terms(0, 65'537, {sound_entry})}));
  expect_refused(with({terms(64, 2, {sound_entry})}));
  expect_refused(with({terms(1, 1, {sound_entry})}));
  expect_refused(with({terms(0, 2, {entry("a", 1, {2})})}));    // a row beyond
  expect_refused(with({terms(0, 2, {entry("a", 0, {})})}));
  expect_refused(with({terms(0, 2, {entry("a", 3, {0, 1, 1})})}));
  expect_refused(with({terms(0, 2, {entry("a", 2, {0})})}));    // more rows than are told
  expect_refused(with({terms(0, 2, {entry("a", 1, {0, 1})})}));
  expect_refused(with({terms(0, 2, {entry("a", 5000, {})})}));  // a bitmap that is not there
  expect_refused(with({terms(0, 2, {entry("b", 1, {0}), sound_entry})}));
  expect_refused(with({terms(0, 2, {entry("b", 1, {0})}), terms(0, 2, {sound_entry})}));
  expect_refused(with({terms(0, 2, {sound_entry, sound_entry})}));
  expect_refused(with({terms(0, 2, {sound_entry}), terms(0, 2, {})}));
  expect_refused(with({terms(0, 2, {""})}));
  for (const std::size_t at : {8U, 12U, 16U}) {                 // the count, the first and the last offset
    for (const char value : {'\0', '\1', '\x7f', '\xff'}) {
      Part forged = terms(0, 2, {sound_entry});
      if (forged.stored[at] == value) continue;
      forged.stored[at] = value;
      expect_refused(with({forged}));
    }
  }
  Part two = terms(0, 2, {sound_entry});
  two.entry.items = 2;
  expect_refused(with({two}));
}

// What decodes to more or less than the table says is refused without writing a byte more.
TEST_F(SegmentForgery, IsRefusedForABomb) {
  BlockCompressor compressor;
  const std::string raw(200'000, '\0');
  for (const std::uint32_t claimed : {2U, 199'999U, 200'001U, 262'144U}) {
    auto parts = sound();
    parts.push_back(part(Section::kMetadata, 2, std::string(compressor.zstd(raw))));
    parts.back().entry.codec = Codec::kZstd;
    parts.back().entry.raw_bytes = claimed;
    expect_refused(parts);
  }
  auto parts = sound();
  parts[2].stored = compressor.planes(raw);
  parts[2].entry.codec = Codec::kPlanes;
  parts[2].entry.stored_bytes = 15;
  parts[2].stored.resize(15);
  expect_refused(parts);
}

}  // namespace
}  // namespace alcove::segments
