#include "segments/segment.h"

#include <algorithm>
#include <utility>

#include "segments/block_reader.h"
#include "segments/code_column.h"
#include "segments/id_column.h"
#include "segments/lsn_column.h"
#include "segments/metadata_column.h"
#include "segments/term_column.h"
#include "segments/vector_column.h"

namespace alcove::segments {

namespace {

constexpr unsigned kDirectories = 256;

class MappedSegment final : public Segment {
 public:
  MappedSegment(VectorFiles files, const SegmentDescriptor& descriptor)
      : files_(std::move(files)), descriptor_(descriptor) {}

  const SegmentDescriptor& descriptor() const override { return descriptor_; }
  const SegmentIdentity& identity() const override { return reader_->identity(); }
  const std::string& path() const override { return reader_->path(); }
  Status check_mapping() const override {
    for (const auto& file : files_) TRY(file->check_mapping());
    return {};
  }

  Result<std::string_view> id(std::uint32_t row) const override { return ids_.at(row); }
  Result<std::uint32_t> lower_bound(std::string_view id) const override {
    return ids_.lower_bound(id);
  }
  Result<std::optional<std::uint32_t>> find(std::string_view id) const override {
    return find_in(ids_, rows(), id);
  }

  Result<std::string_view> tombstone_id(std::uint32_t tombstone) const override {
    return tombstone_ids_.at(tombstone);
  }
  Result<bool> has_tombstone(std::string_view id) const override {
    const auto found = TRY(find_in(tombstone_ids_, tombstones(), id));
    return found.has_value();
  }
  Result<Lsn> tombstone_lsn(std::uint32_t tombstone) const override {
    return given(tombstone_lsns_.at(tombstone));
  }

  Result<Lsn> lsn(std::uint32_t row) const override { return given(lsns_.at(row)); }
  Result<Vectors> vectors(std::uint32_t row) const override { return vectors_.block(row); }
  const VectorFiles& vector_files() const override { return files_; }
  Result<VectorPlace> vector_place(std::uint32_t row) const override { return vectors_.place(row); }
  Result<std::shared_ptr<const MetadataBlock>> metadata(std::uint32_t row) const override {
    return metadata_.block(row);
  }
  bool has_codes() const override { return !codes_.empty(); }
  std::uint32_t clusters() const override { return codes_.clusters(); }
  Result<std::span<const float>> origin() const override { return codes_.origin(); }
  Result<Centroid> centroid(std::uint32_t cluster) const override {
    return codes_.centroid(cluster);
  }
  Result<Codes> codes(std::uint32_t at, std::uint32_t count) const override { return codes_.run(at, count); }
  Result<Codes> centroid_codes(std::uint32_t cluster) const override {
    return codes_.centroid_codes(cluster);
  }
  Result<Cluster> cluster(std::uint32_t number) const override { return codes_.cluster(number); }
  Result<Calibration> calibration() const override { return codes_.calibration(); }
  Result<std::span<const Cluster>> clusters_from(std::uint32_t number) const override {
    return codes_.clusters_from(number);
  }
  Result<std::span<const std::uint32_t>> postings(std::uint32_t at) const override {
    return codes_.postings(at);
  }
  void prefetch_id(std::uint32_t row) const override { ids_.prefetch(row); }
  void prefetch_place(std::uint32_t row) const override { vectors_.prefetch_place(row); }
  Vectors fetch_vector(std::uint32_t row) const override { return vectors_.fetch(row); }
  bool prefetch_centroid(std::uint32_t number) const override { return codes_.prefetch_centroid(number); }
  void prefetch_postings(std::uint32_t at, std::uint32_t count) const override {
    codes_.prefetch_postings(at, count);
  }
  void expect_search() const override {
    codes_.expect_search();
    vectors_.expect_places();
  }
  bool expect_cluster(std::uint32_t first, std::uint32_t rows) const override {
    return codes_.expect_cluster(first, rows);
  }
  std::string_view place_of_codes(std::uint32_t at, std::uint32_t count) const override {
    return codes_.place_of(at, count);
  }
  bool without_metadata() const override { return metadata_.empty(); }
  bool has_terms() const override { return !terms_.empty(); }
  Result<Selection> select(const Filter& filter, std::uint32_t row) const override;

  Status verify() const override;
  std::string describe() const override;

 private:
  class StretchRows;
  static Result<std::optional<std::uint32_t>> find_in(const IdColumn& column, std::uint32_t items,
                                                      std::string_view id) {
    const std::uint32_t item = TRY(column.lower_bound(id));
    if (item == items) return std::optional<std::uint32_t>();
    const std::string_view found = TRY(column.at(item));
    return found == id ? std::optional(item) : std::nullopt;
  }

  Result<Lsn> given(Result<Lsn> stored) const {
    if (stored && *stored == kStagedLsn) return descriptor_.last_lsn;
    return stored;
  }

  VectorFiles files_;
  const BlockReader* reader_ = files_.back().get();  // of its own file: the columns read through it
  SegmentDescriptor descriptor_;
  IdColumn ids_{*reader_, Section::kIds, Section::kIdFences};
  LsnColumn lsns_{*reader_, Section::kLsns};
  VectorColumn vectors_{files_};
  CodeColumn codes_{*reader_};
  MetadataColumn metadata_{*reader_};
  TermColumn terms_{*reader_};
  IdColumn tombstone_ids_{*reader_, Section::kTombstoneIds, Section::kTombstoneIdFences};
  LsnColumn tombstone_lsns_{*reader_, Section::kTombstoneLsns};
};

// The rows of a stretch, as a filter asks of them.
class MappedSegment::StretchRows final : public Filter::Rows {
 public:
  StretchRows(const MappedSegment& segment, const TermColumn::Stretch& stretch)
      : segment_(segment), stretch_(stretch) {}
  std::uint32_t count() const override { return stretch_.rows; }
  Result<std::uint32_t> lower_bound(std::string_view id) override {
    const std::uint32_t row = TRY(segment_.lower_bound(id));
    return std::clamp(row, stretch_.first, stretch_.first + stretch_.rows) - stretch_.first;
  }
  Result<std::string_view> id(std::uint32_t row) override { return segment_.id(stretch_.first + row); }
  Result<bool> has(const std::string& term) override { return segment_.terms_.has(stretch_, term); }
  Status collect(const TermRange& range, RowSet& rows) override {
    return segment_.terms_.collect(stretch_, range, rows);
  }

 private:
  const MappedSegment& segment_;
  const TermColumn::Stretch& stretch_;
};

Result<Segment::Selection> MappedSegment::select(const Filter& filter, std::uint32_t row) const {
  const TermColumn::Stretch stretch = TRY(terms_.stretch(row));
  StretchRows rows(*this, stretch);
  auto selected = TRY(filter.select(rows));
  return Selection{stretch.first, stretch.rows, std::move(selected)};
}

Status MappedSegment::verify() const {
  TRY(ids_.verify());
  TRY(lsns_.verify());
  TRY(vectors_.verify(rows()));
  TRY(codes_.verify(rows()));
  TRY(metadata_.verify());
  TRY(terms_.verify(rows()));
  TRY(tombstone_ids_.verify());
  TRY(tombstone_lsns_.verify());
  for (std::uint32_t tombstone = 0; tombstone < tombstones(); ++tombstone) {
    const std::string_view id = TRY(tombstone_id(tombstone));
    const auto row = TRY(find(id));
    if (row) return reader_->damaged(fmt::format("row {} has a tombstone beside it", *row));
  }
  return check_mapping();
}

std::string MappedSegment::describe() const {
  const SegmentIdentity& identity = reader_->identity();
  std::string text = fmt::format(
      "segment {:016x} of namespace {} in index {}, dimension {}: {} rows, {} tombstones, "
      "LSNs {} to {}, {} bytes, hash {:016x}\n",
      identity.file, identity.name_space, identity.index, identity.dimension, rows(), tombstones(),
      descriptor_.first_lsn, descriptor_.last_lsn, descriptor_.bytes, descriptor_.hash);
  for (std::size_t i = 1; i <= kSectionCount; ++i) {
    const auto section = static_cast<Section>(i);
    const BlockList& list = reader_->section(section);
    if (list.blocks().empty()) continue;
    std::uint64_t raw_bytes = 0;
    std::uint64_t stored_bytes = 0;
    std::size_t plain = 0;
    for (const Block& block : list.blocks()) {
      raw_bytes += block.entry.raw_bytes;
      stored_bytes += block.entry.stored_bytes;
      plain += block.entry.codec == Codec::kPlain;
    }
    text += fmt::format("  {}: {} items in {} blocks, {} of them plain, {} bytes stored as {}\n",
                        section_name(section), list.items(), list.blocks().size(), plain,
                        raw_bytes, stored_bytes);
  }
  for (const auto& file : std::span(files_).first(files_.size() - 1)) {
    text += fmt::format("  vectors of {:016x}, {} bytes, as {}\n", file->identity().file, file->descriptor().bytes,
                        file->path());
  }
  return text;
}

}  // namespace

Result<std::shared_ptr<const Segment>> Segment::open(FileSystem& file_system,
                                                     const std::string& path,
                                                     const SegmentDescriptor& descriptor,
                                                     const SegmentIdentity& identity) {
  std::shared_ptr<const BlockReader> reader = TRY(BlockReader::open(file_system, path, descriptor.bytes));
  if (!(reader->identity() == identity)) {
    return reader->damaged(fmt::format("is segment {:016x} of namespace {}, not {:016x} of {}",
                                       reader->identity().file, reader->identity().name_space,
                                       identity.file, identity.name_space));
  }
  VectorFiles files = TRY(open_vector_files(file_system, reader));
  SegmentDescriptor found = reader->descriptor();
  found.linked_bytes = linked_bytes(files);
  found.replaced = descriptor.replaced;  // only the manifest knows
  if (found.last_lsn == kStagedLsn) {
    found.first_lsn = descriptor.first_lsn;
    found.last_lsn = descriptor.last_lsn;
  }
  if (found != descriptor) {
    return reader->damaged("is not the file that the manifest describes");
  }
  return std::make_shared<MappedSegment>(std::move(files), descriptor);
}

Result<std::shared_ptr<const Segment>> Segment::open_unlisted(FileSystem& file_system,
                                                              const std::string& path) {
  const auto file = TRY(file_system.open(path, OpenMode::kRead));
  const std::uint64_t bytes = TRY(file->size());
  std::shared_ptr<const BlockReader> reader = TRY(BlockReader::open(file_system, path, bytes));
  VectorFiles files = TRY(open_vector_files(file_system, std::move(reader)));
  SegmentDescriptor descriptor = files.back()->descriptor();
  descriptor.linked_bytes = linked_bytes(files);
  return std::make_shared<MappedSegment>(std::move(files), descriptor);
}

std::shared_ptr<const Segment> Segment::open_unfinished(VectorFiles files, std::uint32_t rows) {
  SegmentDescriptor descriptor;
  descriptor.rows = rows;
  return std::make_shared<MappedSegment>(std::move(files), descriptor);
}

std::string segment_path(const std::string& directory, FileNumber file) {
  return fmt::format("{}/{:02x}/{:016x}.segment", directory, file / kDirectories % kDirectories,
                     file);
}

Status create_segment_directories(FileSystem& file_system, const std::string& directory) {
  TRY(file_system.create_directory(directory));
  for (unsigned i = 0; i < kDirectories; ++i) {
    TRY(file_system.create_directory(fmt::format("{}/{:02x}", directory, i)));
  }
  TRY(file_system.sync_directory(directory));
  return file_system.sync_directory(directory_of(directory));
}

}  // namespace alcove::segments
