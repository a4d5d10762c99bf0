#include "tests/segments/segment_sample.h"

#include <gtest/gtest.h>

#include "segments/distance.h"

namespace alcove::segments {

std::string Sample::bytes(std::size_t count) {
  std::string bytes;
  for (std::size_t i = 0; i < count; ++i) bytes += static_cast<char>('a' + below(26));
  return bytes;
}

std::vector<float> Sample::values() {
  std::vector<float> values(dimension_);
  for (float& value : values) {
    value = values_ == Values::kBytes
                ? static_cast<float>(below(256))
                : static_cast<float>(random_() >> 11) / 9007199254740992.0F - 0.5F;
  }
  return values;
}

std::string Sample::metadata() {
  if (one_in(3)) return {};
  Metadata metadata;
  const auto set = [&](std::string_view key, MetadataValue value) {
    EXPECT_TRUE(metadata.set(key, std::move(value)));
  };
  set("genre", bytes(below(12)));
  if (one_in(2)) set("year", static_cast<double>(below(2030)));
  if (one_in(5)) set("new", true);
  if (one_in(5)) set("tags", std::vector<std::string>{bytes(3), bytes(9)});
  return metadata.encoded();
}

Version Sample::row(Lsn lsn) { return {values(), metadata(), lsn}; }

Content Sample::content(std::size_t rows, std::size_t tombstone_every) {
  Content content;
  for (std::size_t i = 0; i < rows; ++i) {
    const std::string id = fmt::format("doc{:07}{}", i * 10, bytes(below(6)));
    content[id] = row(100 + below(1000));
    if (tombstone_every > 0 && i % tombstone_every == 0) {
      content[fmt::format("doc{:07}", i * 10 + 5)] = {{}, {}, 100 + below(1000)};
    }
  }
  return content;
}

SegmentIdentity identity_of(FileNumber file, std::uint32_t dimension) {
  SegmentIdentity identity;
  identity.file = file;
  identity.index = 3;
  identity.name_space = 17;
  identity.dimension = dimension;
  identity.metric = Metric::kDotProduct;
  return identity;
}

Result<SegmentDescriptor> write_segment(FileSystem& file_system, const std::string& path,
                                        const SegmentIdentity& identity, const Content& content) {
  auto writer = TRY(SegmentWriter::create(file_system, path, identity, Coding::kCodes));
  for (const auto& [id, version] : content) {
    if (version.tombstone()) {
      TRY(writer->add_tombstone(id, version.lsn));
    } else {
      const float norm = squared_norm(version.values.data(), version.values.size());
      TRY(writer->add_row(id, version.values.data(), norm, version.metadata, version.lsn));
    }
  }
  return writer->finish([] { return Status(); });
}

Result<Content> read_segment(const Segment& segment) {
  Content content;
  const std::size_t dimension = segment.identity().dimension;
  Segment::Vectors vectors;
  std::shared_ptr<const Segment::MetadataBlock> metadata;
  for (std::uint32_t row = 0; row < segment.rows(); ++row) {
    const std::string_view id = TRY(segment.id(row));
    if (row == vectors.first + vectors.count) vectors = TRY(segment.vectors(row));
    if (metadata == nullptr || row == metadata->first() + metadata->count()) {
      metadata = TRY(segment.metadata(row));
    }
    EXPECT_TRUE(vectors.first <= row && row < vectors.first + vectors.count);
    EXPECT_TRUE(metadata->first() <= row && row < metadata->first() + metadata->count());
    Version& version = content[std::string(id)];
    const float* const values = vectors.values + (row - vectors.first) * dimension;
    version.values.assign(values, values + dimension);
    EXPECT_EQ(vectors.squared_norms[row - vectors.first], squared_norm(values, dimension));
    version.metadata = metadata->at(row).encoded();
    version.lsn = TRY(segment.lsn(row));
  }
  for (std::uint32_t tombstone = 0; tombstone < segment.tombstones(); ++tombstone) {
    const std::string_view id = TRY(segment.tombstone_id(tombstone));
    content[std::string(id)].lsn = TRY(segment.tombstone_lsn(tombstone));
  }
  TRY(segment.check_mapping());
  return content;
}

SegmentDisk::SegmentDisk() {
  EXPECT_TRUE(file_system.create_directory("data"));
  EXPECT_TRUE(create_segment_directories(file_system, "data/segments"));
}

std::shared_ptr<const Segment> SegmentDisk::make(const SegmentIdentity& identity,
                                                 const Content& content) {
  const auto descriptor = write_segment(file_system, path(identity.file), identity, content);
  EXPECT_TRUE(descriptor) << descriptor.error().message();
  auto segment = Segment::open(file_system, path(identity.file), *descriptor, identity);
  EXPECT_TRUE(segment) << segment.error().message();
  return *segment;
}

}  // namespace alcove::segments
