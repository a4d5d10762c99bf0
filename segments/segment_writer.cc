#include "segments/segment_writer.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/check.h"
#include "segments/block_writer.h"
#include "segments/calibration.h"
#include "segments/cluster.h"
#include "segments/code_column.h"
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
    TRY(begin_item(id, lsn, totals_.rows));
    TRY(ids_.add(id, out_));
    TRY(lsns_.add(lsn, out_));
    TRY(metadata_.add(metadata, out_));
    TRY(terms_.add(MetadataView(metadata), out_));
    if (model_.segment != nullptr) model_.rows.push_back(CodeModel::kNoRow);
    return vectors_.add(values, squared_norm, out_);
  }

  Status add_tombstone(std::string_view id, Lsn lsn) override {
    TRY(begin_item(id, lsn, totals_.tombstones));
    TRY(tombstone_ids_.add(id, out_));
    TRY(tombstone_lsns_.add(lsn, out_));
    return {};
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
    TRY(tombstone_lsns_.finish(out_));
    TRY(ids_.finish(out_));
    TRY(tombstone_ids_.finish(out_));
    TRY(finish_codes(pause));
    return out_.finish(totals_);
  }

 private:
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
    const Calibration calibration = TRY(measure_calibration(kept ? Effort::kLess : Effort::kWhole, pause));
    const std::string_view bytes(reinterpret_cast<const char*>(&calibration), sizeof(calibration));
    return out_.append(Section::kCalibration, Codec::kPlain, 1, {bytes}, bytes.size());
  }

  // Whether the model's clusters were kept.
  Result<bool> write_codes(const std::function<Status()>& pause) {
    const auto written = TRY(out_.reader(file_system_));
    const VectorColumn vectors(*written);
    const bool kept =
        TRY(segments::write_codes(identity_, vectors, totals_.rows, model_, pause, out_));
    TRY(written->check_mapping());
    return kept;
  }

  Result<Calibration> measure_calibration(Effort effort, const std::function<Status()>& pause) {
    auto written = TRY(out_.reader(file_system_));
    const auto segment = Segment::open_unfinished(std::move(written), totals_.rows);
    const Calibration calibration = TRY(calibrate(*segment, effort, pause));
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
