#include "segments/segment_writer.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include "base/check.h"
#include "segments/block_writer.h"
#include "segments/code_column.h"
#include "segments/id_column.h"
#include "segments/lsn_column.h"
#include "segments/metadata_column.h"
#include "segments/vector_column.h"

namespace alcove::segments {

namespace {

constexpr std::uint32_t kItemsMax = std::numeric_limits<std::uint32_t>::max();

class FileSegmentWriter final : public SegmentWriter {
 public:
  FileSegmentWriter(BlockWriter out, const SegmentIdentity& identity, Coding coding)
      : out_(std::move(out)), vectors_(identity.dimension) {
    if (coding == Coding::kCodes) codes_.emplace(identity);
  }

  Status add_row(std::string_view id, const float* values, float squared_norm,
                 std::string_view metadata, Lsn lsn) override {
    TRY(begin_item(id, lsn, totals_.rows));
    TRY(ids_.add(id, out_));
    TRY(lsns_.add(lsn, out_));
    TRY(metadata_.add(metadata, out_));
    TRY(vectors_.add(values, squared_norm, out_));
    if (codes_) TRY(codes_->add(values, squared_norm, out_));
    return {};
  }

  Status add_tombstone(std::string_view id, Lsn lsn) override {
    TRY(begin_item(id, lsn, totals_.tombstones));
    TRY(tombstone_ids_.add(id, out_));
    TRY(tombstone_lsns_.add(lsn, out_));
    return {};
  }

  Result<SegmentDescriptor> finish() override {
    CHECK(!last_id_.empty(), "a segment holds something");
    TRY(lsns_.finish(out_));
    TRY(metadata_.finish(out_));
    TRY(vectors_.finish(out_));
    if (codes_) TRY(codes_->finish(out_));
    TRY(tombstone_lsns_.finish(out_));
    TRY(ids_.finish(out_));
    TRY(tombstone_ids_.finish(out_));
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

  BlockWriter out_;
  SegmentDescriptor totals_;
  std::string last_id_;  // of rows and tombstones
  IdColumnWriter ids_{Section::kIds, Section::kIdFences};
  LsnColumnWriter lsns_{Section::kLsns};
  MetadataColumnWriter metadata_;
  VectorColumnWriter vectors_;
  std::optional<CodeColumnWriter> codes_;
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
  return std::make_unique<FileSegmentWriter>(std::move(out), identity, coding);
}

}  // namespace alcove::segments
