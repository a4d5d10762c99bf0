#include "segments/segment_writer.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include "base/check.h"
#include "segments/block_writer.h"
#include "segments/calibration.h"
#include "segments/cluster.h"
#include "segments/code.h"
#include "segments/code_writer.h"
#include "segments/id_column.h"
#include "segments/lsn_column.h"
#include "segments/metadata_column.h"
#include "segments/term_column.h"
#include "segments/vector_column.h"

namespace alcove::segments {

namespace {

constexpr std::uint32_t kItemsMax = std::numeric_limits<std::uint32_t>::max();

class FileSegmentWriter final : public SegmentWriter {
 public:
  FileSegmentWriter(FileSystem& file_system, BlockWriter out, const SegmentIdentity& identity,
                    Coding coding)
      : file_system_(file_system),
        out_(std::move(out)),
        identity_(identity),
        coding_(coding),
        vectors_(identity.dimension) {}

  Status add_row(std::string_view id, const float* values, float squared_norm,
                 std::string_view metadata, Lsn lsn) override {
    TRY(begin_row(id, metadata, lsn));
    if (!files_.empty()) TRY(places_.add(linked_vectors_ + own_vectors_++, out_));
    return vectors_.add(values, squared_norm, out_);
  }

  Status add_row_in_place(std::string_view id, const VectorPlace& vector, std::string_view metadata,
                          Lsn lsn) override {
    CHECK(vector.file < files_.size(), "one of the vector files");
    TRY(begin_row(id, metadata, lsn));
    return places_.add(first_vectors_[vector.file] + vector.item, out_);
  }

  Status add_tombstone(std::string_view id, Lsn lsn) override {
    TRY(begin_item(id, lsn, totals_.tombstones));
    TRY(tombstone_ids_.add(id, out_));
    TRY(tombstone_lsns_.add(lsn, out_));
    return {};
  }

  void set_vector_files(VectorFiles files) override {
    CHECK(totals_.rows == 0, "vector files of all rows");
    files_ = std::move(files);
    if (!files_.empty()) vectors_.stay_plain();
    for (const auto& file : files_) {
      first_vectors_.push_back(linked_vectors_);
      linked_vectors_ += file->section(Section::kVectors).items();
      totals_.linked_bytes += file->descriptor().bytes;
    }
  }

  void set_model(std::shared_ptr<const Segment> model) override {
    CHECK(totals_.rows == 0 && model->clusters() > 0, "a model for all rows");
    model_.segment = std::move(model);
  }
  void copies(std::uint32_t row) override { model_.rows.back() = row; }

  Result<SegmentDescriptor> finish(const std::function<Status()>& pause) override {
    CHECK(!last_id_.empty(), "a segment holds something");
    TRY(lsns_.finish(out_));
    TRY(metadata_.finish(out_));
    TRY(terms_.finish(out_));
    TRY(vectors_.finish(out_));
    TRY(places_.finish(out_));
    TRY(write_vector_files(files_, out_));
    TRY(tombstone_lsns_.finish(out_));
    TRY(ids_.finish(out_));
    TRY(tombstone_ids_.finish(out_));
    TRY(finish_codes(pause));
    return out_.finish(totals_);
  }

 private:
  Status begin_row(std::string_view id, std::string_view metadata, Lsn lsn) {
    TRY(begin_item(id, lsn, totals_.rows));
    TRY(ids_.add(id, out_));
    TRY(lsns_.add(lsn, out_));
    TRY(metadata_.add(metadata, out_));
    TRY(terms_.add(MetadataView(metadata), out_));
    if (model_.segment != nullptr) model_.rows.push_back(CodeModel::kNoRow);
    return {};
  }

  // Counts a row or tombstone in.
  Status begin_item(std::string_view id, Lsn lsn, std::uint32_t& count) {
    CHECK(id > last_id_, "ids rise");
    if (count == kItemsMax) {
      return fail(ErrorCode::kLimitExceeded, "a segment cannot hold more than {} rows", kItemsMax);
    }
    totals_.first_lsn = last_id_.empty() ? lsn : std::min(totals_.first_lsn, lsn);
    totals_.last_lsn = std::max(totals_.last_lsn, lsn);
    last_id_ = id;
    ++count;
    return {};
  }

  Status finish_codes(const std::function<Status()>& pause) {
    if (coding_ == Coding::kNone || totals_.rows < kCodedRowsMin ||
        identity_.dimension < kCodedDimensionMin || identity_.dimension > kCodedDimensionMax) {
      return {};
    }
    const bool kept = TRY(write_codes(pause));
    if (totals_.rows < kClusteredRowsMin) return {};
    std::optional<Calibration> before;
    // Of damage to what is only a help another merge need not hear.
    if (kept) {
      const auto found = model_.segment->calibration();
      if (found) before = *found;
    }
    const Calibration calibration = TRY(measure_calibration(before, pause));
    const std::string_view bytes(reinterpret_cast<const char*>(&calibration), sizeof(calibration));
    return out_.append(Section::kCalibration, Codec::kPlain, 1, {bytes}, bytes.size());
  }

  // Those that vectors lie in, with what has been written.
  Result<VectorFiles> written_files() {
    VectorFiles files = files_;
    std::shared_ptr<const BlockReader> written = TRY(out_.reader(file_system_));
    files.push_back(std::move(written));
    return files;
  }

  // Whether the model's clusters were kept.
  Result<bool> write_codes(const std::function<Status()>& pause) {
    const VectorFiles files = TRY(written_files());
    const VectorColumn vectors(files);
    const bool kept =
        TRY(segments::write_codes(identity_, vectors, totals_.rows, model_, pause, out_));
    for (const auto& file : files) TRY(file->check_mapping());
    return kept;
  }

  Result<Calibration> measure_calibration(const std::optional<Calibration>& before, const std::function<Status()>& pause) {
    VectorFiles files = TRY(written_files());
    const auto segment = Segment::open_unfinished(std::move(files), totals_.rows);
    const Calibration calibration = TRY(calibrate(*segment, before, pause));
    TRY(segment->check_mapping());
    return calibration;
  }

  FileSystem& file_system_;
  BlockWriter out_;
  SegmentIdentity identity_;
  Coding coding_;
  CodeModel model_;
  SegmentDescriptor totals_;
  std::string last_id_;  // of rows and tombstones
  IdColumnWriter ids_{Section::kIds, Section::kIdFences};
  LsnColumnWriter lsns_{Section::kLsns};
  MetadataColumnWriter metadata_;
  TermColumnWriter terms_;
  VectorColumnWriter vectors_;
  VectorFiles files_;
  std::vector<std::uint32_t> first_vectors_;  // of each of them: how many vectors those before it have
  std::uint32_t linked_vectors_ = 0;          // all of them
  std::uint32_t own_vectors_ = 0;
  PlaceColumnWriter places_;
  IdColumnWriter tombstone_ids_{Section::kTombstoneIds, Section::kTombstoneIdFences};
  LsnColumnWriter tombstone_lsns_{Section::kTombstoneLsns};
};

}  // namespace

Result<std::unique_ptr<SegmentWriter>> SegmentWriter::create(FileSystem& file_system,
                                                             std::string path,
                                                             const SegmentIdentity& identity,
                                                             Coding coding) {
  CHECK(identity.dimension > 0 && identity.dimension <= kDimensionMax, "a valid dimension");
  BlockWriter out = TRY(BlockWriter::create(file_system, path, identity));
  return std::make_unique<FileSegmentWriter>(file_system, std::move(out), identity, coding);
}

}  // namespace alcove::segments
