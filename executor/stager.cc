#include "executor/stager.h"

#include <algorithm>
#include <cstring>
#include <shared_mutex>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/waiting.h"
#include "executor/commit_record.h"
#include "segments/distance.h"
#include "segments/segment_writer.h"

namespace alcove::executor {
namespace {

// The newest version of each id, in order of id.
std::vector<Row> newest_rows(std::string_view encoded, std::uint32_t dimension) {
  std::vector<Row> rows;
  rows.reserve(encoded.size() / (dimension * sizeof(float)));  // but for tombstones
  bool rising = true;
  RowReader reader(WriteChange{0, dimension, 0, encoded});
  while (!reader.at_end()) {
    auto row = reader.next();
    CHECK(row.has_value(), "a transaction cannot read its own rows");
    rising = rising && (rows.empty() || rows.back().id < row->id);
    rows.push_back(*row);
  }
  if (rising) return rows;
  const auto before = [](const Row& x, const Row& y) { return x.id < y.id; };
  std::stable_sort(rows.begin(), rows.end(), before);
  // Of equals std::unique keeps the first, and the newest is the last.
  const auto kept = std::unique(rows.rbegin(), rows.rend(),
                                [](const Row& x, const Row& y) { return x.id == y.id; });
  rows.erase(rows.begin(), kept.base());
  return rows;
}

Result<segments::SegmentDescriptor> write_segment(FileSystem& file_system,
                                                  const std::string& path,
                                                  const segments::SegmentIdentity& identity,
                                                  std::string_view encoded) {
  // Codes are made by a merge, which is not waited for.
  const auto writer = TRY(segments::SegmentWriter::create(file_system, path, identity,
                                                          segments::Coding::kNone));
  std::vector<float> values(identity.dimension);
  for (const Row& row : newest_rows(encoded, identity.dimension)) {
    if (row.tombstone) {
      TRY(writer->add_tombstone(row.id, segments::kStagedLsn));
      continue;
    }
    std::memcpy(values.data(), row.values.data(), row.values.size());
    TRY(writer->add_row(row.id, values.data(),
                        segments::squared_norm(values.data(), values.size()), row.metadata,
                        segments::kStagedLsn));
  }
  return writer->finish([] { return Status(); });
}

}  // namespace

Result<std::shared_ptr<StagedSegment>> Stager::stage(const IndexDefinition& index,
                                                     std::string_view name,
                                                     std::string_view rows) {
  about_to_wait();
  NamespaceNumber number = live_number(index.number, name);
  std::shared_ptr<const NextNumbers::Promise> promise;
  if (number == 0) {
    promise = numbers_.promise(index.number, name);
    number = promise->number;
  }
  NewFile file = TRY(ledger_.take_file());
  segments::SegmentIdentity identity = catalogue_.identity(index, number);
  identity.file = file.number();
  const std::string path = ledger_.path_of(identity.file);
  const auto written = write_segment(env_.file_system, path, identity, rows);
  if (!written) {
    // The error that brought us here is the one to report.
    static_cast<void>(env_.file_system.unlink(path));
    return written.error();
  }
  auto segment = TRY(segments::Segment::open(env_.file_system, path, *written, identity));
  return std::make_shared<StagedSegment>(ledger_, std::move(file), std::move(segment),
                                         std::move(promise));
}

Result<std::shared_ptr<StagedSegment>> Stager::stage_again(const IndexDefinition& index,
                                                           std::string_view name,
                                                           const segments::Segment& segment) {
  std::string rows;
  for (std::uint32_t i = 0; i < segment.rows(); ++i) TRY(encode_row_of(segment, i, rows));
  for (std::uint32_t i = 0; i < segment.tombstones(); ++i) {
    encode_tombstone(TRY(segment.tombstone_id(i)), segments::Knowledge::kBlind, rows);
  }
  TRY(segment.check_mapping());
  return stage(index, name, rows);
}

bool Stager::is_current(const StagedSegment& staged, IndexNumber index,
                        std::string_view name) const {
  const NamespaceNumber live = live_number(index, name);
  return live == staged.name_space() || (live == 0 && staged.may_make());
}

NamespaceNumber Stager::live_number(IndexNumber index, std::string_view name) const {
  std::shared_lock lock(catalogue_.mutex());
  Index* live = catalogue_.index_by_number(index);
  const Namespace* name_space =
      live == nullptr ? nullptr : catalogue_.namespace_by_name(*live, name);
  return name_space == nullptr ? 0 : name_space->number;
}

}  // namespace alcove::executor
