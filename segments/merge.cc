#include "segments/merge.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "segments/vector_file.h"

namespace alcove::segments {

namespace {

// Records between two calls of `pause`.
constexpr std::uint32_t kPauseRecords = 256;
// A segment that has so much of the rows of a merge lends it its clusters.
constexpr std::uint64_t kModelPercent = 80;

// A segment file under way: created when the first record comes, unlinked unless it was finished, with its links.
class Output {
 public:
  // `model` and `files`: as of SegmentWriter; null where there is none, and nothing where there are no links.
  Output(FileSystem& file_system, const std::string& path, const SegmentIdentity& identity,
         std::shared_ptr<const Segment> model, VectorFiles files, const std::function<Status()>& pause)
      : file_system_(file_system), path_(path), identity_(identity), model_(std::move(model)),
        files_(std::move(files)), pause_(pause) {}
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;
  ~Output() {
    if (finished_ || (writer_ == nullptr && files_.empty())) return;
    writer_.reset();
    // The error that brought us here is the one to report; a file left behind has a number that no
    // manifest lists, and is unlinked as a leftover at the next start.
    static_cast<void>(unlink_segment(file_system_, path_, Links::kMaybe));
  }

  Status add_row(std::string_view id, const float* values, float squared_norm,
                 std::string_view metadata, Lsn lsn) {
    TRY(begin_record());
    ++rows_;
    return writer_->add_row(id, values, squared_norm, metadata, lsn);
  }
  Status add_row_in_place(std::string_view id, const VectorPlace& vector, std::string_view metadata, Lsn lsn) {
    TRY(begin_record());
    ++rows_;
    return writer_->add_row_in_place(id, vector, metadata, lsn);
  }
  // Which of its files it is.
  std::optional<std::uint32_t> find_file(const std::shared_ptr<const BlockReader>& file) const {
    const auto found = std::find(files_.begin(), files_.end(), file);
    if (found == files_.end()) return {};
    return static_cast<std::uint32_t>(found - files_.begin());
  }
  // The row added last is `row` of `segment`.
  void copies(const Segment& segment, std::uint32_t row) {
    if (&segment == model_.get()) writer_->copies(row);
  }
  Status add_tombstone(std::string_view id, Lsn lsn) {
    TRY(begin_record());
    return writer_->add_tombstone(id, lsn);
  }

  std::uint64_t rows() const { return rows_; }

  Result<std::optional<SegmentDescriptor>> finish(std::uint64_t replaced) {
    if (writer_ == nullptr) return std::optional<SegmentDescriptor>();
    SegmentDescriptor descriptor = TRY(writer_->finish(pause_));
    descriptor.replaced = replaced;
    writer_.reset();
    finished_ = true;
    return std::optional(descriptor);
  }

 private:
  Status begin_record() {
    if (writer_ == nullptr) {
      writer_ = TRY(SegmentWriter::create(file_system_, path_, identity_, Coding::kCodes));
      if (model_ != nullptr) writer_->set_model(model_);
      writer_->set_vector_files(files_);
    }
    if (++records_ % kPauseRecords == 0) TRY(pause_());
    return {};
  }

  FileSystem& file_system_;
  const std::string& path_;
  const SegmentIdentity& identity_;
  const std::shared_ptr<const Segment> model_;
  const VectorFiles files_;
  const std::function<Status()>& pause_;
  std::unique_ptr<SegmentWriter> writer_;
  bool finished_ = false;
  std::uint64_t records_ = 0;
  std::uint64_t rows_ = 0;  // those of the records that are no tombstones
};

// Walks rows and tombstones of one segment together, in order of id.
class SegmentCursor {
 public:
  SegmentCursor(std::shared_ptr<const Segment> segment, const Output& output) : segment_(std::move(segment)) {
    for (const auto& file : segment_->vector_files()) kept_.push_back(output.find_file(file));
    keeps_ = std::any_of(kept_.begin(), kept_.end(), [](const auto& each) { return each.has_value(); });
  }

  Status begin() {
    TRY(read_row());
    return read_tombstone();
  }

  bool valid() const { return has_row() || has_tombstone(); }
  std::string_view id() const { return at_row() ? row_id_ : tombstone_id_; }

  Status next() {
    if (at_row()) {
      ++row_;
      return read_row();
    }
    ++tombstone_;
    return read_tombstone();
  }

  // Adds the record under the cursor to `output`, as `id`.
  Status copy(std::string_view id, Tombstones tombstones, Output& output) {
    if (at_row()) return copy_row(id, output);
    if (tombstones == Tombstones::kDrop) return {};
    const Lsn lsn = TRY(segment_->tombstone_lsn(tombstone_));
    return output.add_tombstone(id, lsn);
  }

 private:
  bool has_row() const { return row_ < segment_->rows(); }
  bool has_tombstone() const { return tombstone_ < segment_->tombstones(); }
  bool at_row() const { return has_row() && (!has_tombstone() || row_id_ < tombstone_id_); }

  Status read_row() {
    if (has_row()) row_id_ = TRY(segment_->id(row_));
    return {};
  }
  Status read_tombstone() {
    if (has_tombstone()) tombstone_id_ = TRY(segment_->tombstone_id(tombstone_));
    return {};
  }

  Status copy_row(std::string_view id, Output& output) {
    if (metadata_ == nullptr || row_ >= metadata_->first() + metadata_->count()) {
      metadata_ = TRY(segment_->metadata(row_));
    }
    const std::string_view metadata = metadata_->at(row_).encoded();
    const Lsn lsn = TRY(segment_->lsn(row_));
    VectorPlace place;
    if (keeps_) place = TRY(segment_->vector_place(row_));
    if (const auto file = keeps_ ? kept_[place.file] : std::nullopt) {
      TRY(output.add_row_in_place(id, {*file, place.item}, metadata, lsn));
    } else {
      if (row_ >= vectors_.first + vectors_.count) vectors_ = TRY(segment_->vectors(row_));
      const std::size_t i = row_ - vectors_.first;
      TRY(output.add_row(id, vectors_.values + i * segment_->identity().dimension, vectors_.squared_norms[i], metadata,
                         lsn));
    }
    output.copies(*segment_, row_);
    return {};
  }

  std::shared_ptr<const Segment> segment_;
  // Of each of its files, which of the merged segment's it is; nothing where vectors are copied from it.
  std::vector<std::optional<std::uint32_t>> kept_;
  bool keeps_ = false;  // any
  std::uint32_t row_ = 0;
  std::uint32_t tombstone_ = 0;
  std::string_view row_id_;        // in place; of row_, where there is one
  std::string_view tombstone_id_;  // likewise
  Segment::Vectors vectors_;       // the blocks read last
  std::shared_ptr<const Segment::MetadataBlock> metadata_;
};

// The newest of the cursors that stand at the lowest id; nullptr when all are at their end.
SegmentCursor* find_next(std::vector<SegmentCursor>& cursors) {
  SegmentCursor* next = nullptr;
  for (SegmentCursor& cursor : cursors) {
    if (cursor.valid() && (next == nullptr || cursor.id() <= next->id())) next = &cursor;
  }
  return next;
}

Status merge_into(Output& output, std::span<const std::shared_ptr<const Segment>> segments,
                  Tombstones tombstones) {
  std::vector<SegmentCursor> cursors;
  cursors.reserve(segments.size());
  for (const std::shared_ptr<const Segment>& segment : segments) {
    TRY(cursors.emplace_back(segment, output).begin());
  }
  // Ids are read in place and copied before they are compared for good: a mapping that faults
  // changes what a view shows.
  std::string id;
  std::string previous_id;
  while (SegmentCursor* const next = find_next(cursors)) {
    id = next->id();
    if (id <= previous_id) {
      for (const auto& segment : segments) TRY(segment->check_mapping());
      return fail(ErrorCode::kCorruption, "{} or a segment merged with it has ids out of order",
                  segments.front()->path());
    }
    TRY(next->copy(id, tombstones, output));
    for (SegmentCursor& cursor : cursors) {
      if (cursor.valid() && cursor.id() == id) TRY(cursor.next());
    }
    std::swap(previous_id, id);
  }
  for (const auto& segment : segments) TRY(segment->check_mapping());
  return {};
}

// Whose clusters are kept: those of the one that has most of the rows.
std::shared_ptr<const Segment> find_model(std::span<const std::shared_ptr<const Segment>> segments,
                                          std::uint64_t rows) {
  for (const std::shared_ptr<const Segment>& segment : segments) {
    const bool most = std::uint64_t{segment->rows()} * 100 >= rows * kModelPercent;
    if (most && segment->clusters() > 0) return segment;
  }
  return nullptr;
}

}  // namespace

Result<std::optional<SegmentDescriptor>> write_memtable(FileSystem& file_system,
                                                        const std::string& path,
                                                        const SegmentIdentity& identity,
                                                        const Memtable& memtable,
                                                        Tombstones tombstones,
                                                        const std::function<Status()>& pause) {
  Output output(file_system, path, identity, nullptr, {}, pause);
  Memtable::Cursor cursor(memtable);
  for (cursor.seek({}); cursor.valid(); cursor.next()) {
    const Memtable::Entry* const entry = cursor.entry(kLsnMax);
    CHECK(entry != nullptr, "a memtable has a version of each of its ids");
    if (!entry->tombstone()) {
      TRY(output.add_row(entry->id, entry->values, entry->squared_norm, entry->metadata.encoded(),
                         entry->lsn));
    } else if (tombstones == Tombstones::kKeep) {
      TRY(output.add_tombstone(entry->id, entry->lsn));
    }
  }
  return output.finish(0);
}

Result<std::optional<SegmentDescriptor>> merge_segments(
    FileSystem& file_system, const std::string& path, const SegmentIdentity& identity,
    std::span<const std::shared_ptr<const Segment>> segments, Tombstones tombstones, std::uint64_t linked_bytes_min,
    const std::function<Status()>& pause) {
  std::uint64_t rows = 0;
  std::uint64_t replaced = 0;
  for (const std::shared_ptr<const Segment>& segment : segments) {
    CHECK(segment->identity().name_space == identity.name_space &&
              segment->identity().dimension == identity.dimension,
          "segments of one namespace");
    rows += segment->rows();
    replaced += segment->descriptor().replaced;
  }
  VectorFiles files = link_vector_files(file_system, path, segments, linked_bytes_min);
  Output output(file_system, path, identity, find_model(segments, rows), std::move(files), pause);
  TRY(merge_into(output, segments, tombstones));
  if (replaced + output.rows() < rows) {
    return fail(ErrorCode::kCorruption, "{}: a merge left out {} rows, of which {} were replaced",
                segments.front()->path(), rows - output.rows(), replaced);
  }
  return output.finish(replaced + output.rows() - rows);
}

}  // namespace alcove::segments
