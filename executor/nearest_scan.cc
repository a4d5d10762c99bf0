#include "executor/nearest_scan.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "segments/calibration.h"
#include "segments/distance.h"

namespace alcove::executor {
namespace {

constexpr std::size_t kMemoryRows = 1024;
constexpr std::size_t kIdsPerStep = 64;
// Below this share of passing rows each is computed by itself.
constexpr std::size_t kSparse = 4;
// A step of vectors.
constexpr std::size_t kVectorBytesPerStep = 256 * 1024;
// A step of codes.
constexpr std::uint32_t kRowsPerStep = 1024;
// How far above its estimate a record's value is taken to be, at most, in standard deviations: one in
// 44 is further, or one in 700, of which few are near enough to matter. Of the ten nearest 2 lost one in
// 10,000 and 3 none, on MNIST and on clustered vectors of 768 dimensions; of GloVe's 2 lost five and compared
// half as many vectors.
double deviations_for(double recall) { return recall < 0.995 ? 2 : 3; }
// Clusters are looked at so many at a time.
constexpr int kClustersPerStep = 16;
// So many a query looks at whose like the calibration has not seen: one with a filter, or from far away.
constexpr std::uint32_t kUnusualClustersMin = 64;
// The rows of a step that looks for those that pass a filter.
constexpr std::uint32_t kFilteredRowsPerStep = 4096;
// Where it is known that no more of a segment's rows pass than one of so many, each is compared, if their vectors are no
// more than so many bytes: that takes about as long as to search clusters.
constexpr std::uint64_t kFewPass = 64;
constexpr std::uint64_t kFewPassBytesMax = 4 * 1024 * 1024;
constexpr std::size_t kPassingPerStep = 256;
// Rows that their codes have called near are compared so many together: the last of them could have been spared by what the first
// show to be near. Those that a filter leaves are compared in any case.
constexpr std::size_t kVisitedTogether = 4;
constexpr std::size_t kComparedTogether = segments::VectorBatch::kRowsMax;

}  // namespace

NearestScan::NearestScan(const NamespaceReader& reader, Target target, ScanCounts& counts)
    : reader_(reader),
      target_(target),
      counts_(counts),
      query_norm_(std::sqrt(double{target.query_squared_norm})),
      filtered_(!target.filter->empty()),
      batch_(target.metric) {
  if (filtered_) bounds_ = target_.filter->id_bounds();
}

Result<bool> NearestScan::step() {
  note_worst();  // other scans may have offered
  Result<bool> more = bounds_.has_ids ? step_ids() : step_layer();
  if (!more) return reader_.blame(more.error());
  return more;
}

Result<bool> NearestScan::step_layer() {
  const std::size_t memory_count = reader_.memory().size();
  if (layer_ < memory_count) {
    TRY(step_memory(reader_.memory()[layer_]));
  } else if (layer_ < memory_count + reader_.segments().size()) {
    TRY(step_segment(reader_.segments()[layer_ - memory_count]));
  }
  return layer_ < memory_count + reader_.segments().size();
}

// Whether the row's score may enter, told without it: a cosine takes a root and a division. Says no
// only where the score would not enter: the margin is far above what double rounds away, and above
// half a unit in a float's last place, by which a score is rounded up.
bool NearestScan::may_enter(float sum, float squared_norm) const {
  constexpr double kMargin = 1e-6;
  if (!full_) return true;
  if (target_.metric != Metric::kCosine) return !segments::better(target_.metric, worst_, sum);
  const double least = worst_times_norm_ * std::sqrt(double{squared_norm});
  return double{sum} >= least - std::abs(least) * kMargin;
}

float NearestScan::score_of(float sum, float squared_norm) const {
  return segments::score(target_.metric, sum, target_.query_squared_norm, squared_norm);
}

void NearestScan::offer(float score, std::string_view id) {
  target_.hits->offer(score, id, target_.source);
  note_worst();
}

Status NearestScan::offer_row(const OpenSegment& open, std::uint32_t row, float score) {
  if (!target_.hits->may_enter(score)) return {};
  if (near_rows_) {
    near_rows_->offer(score, row);
    note_worst();
    return {};
  }
  const std::string_view id = TRY(open.segment->id(row));
  if (!TRY(reader_.overruled_in_segment(layer_ - reader_.memory().size(), id))) offer(score, id);
  return {};
}

Status NearestScan::offer_near_rows(const segments::Segment& segment) {
  for (const segments::NearRows::Row& row : near_rows_->rows()) segment.prefetch_id(row.number);
  for (const segments::NearRows::Row& row : near_rows_->rows()) {
    if (target_.hits->may_enter(row.score)) offer(row.score, TRY(segment.id(row.number)));
  }
  near_rows_.reset();
  note_worst();
  return {};
}

void NearestScan::note_worst() {
  const bool rows_full = near_rows_ && near_rows_->full();
  full_ = target_.hits->full() || rows_full;
  threshold_ = -std::numeric_limits<float>::infinity();
  if (!full_) return;
  worst_ = rows_full ? near_rows_->worst_score() : target_.hits->worst_score();
  if (rows_full && target_.hits->full() &&
      segments::better(target_.metric, target_.hits->worst_score(), worst_)) {
    worst_ = target_.hits->worst_score();
  }
  worst_times_norm_ = double{worst_} * query_norm_;
  threshold_ = target_.metric == Metric::kEuclidean ? -worst_ : worst_;
}

void NearestScan::compute(const float* rows, std::size_t count) {
  sums_.resize(count);
  const std::size_t dimension = target_.query->size();
  if (target_.metric == Metric::kEuclidean) {
    segments::squared_l2_rows(target_.query->data(), rows, dimension, count, sums_.data());
  } else {
    segments::dot_rows(target_.query->data(), rows, dimension, count, sums_.data());
  }
  counts_.scanned += count;
  counts_.bytes += count * dimension * sizeof(float);
}

// The filter names the only ids that can match: they are looked up instead of scanned for.
Result<bool> NearestScan::step_ids() {
  const std::size_t end = std::min(bounds_.ids.size(), row_ + kIdsPerStep);
  for (; row_ < end; ++row_) {
    const auto place = TRY(reader_.find(bounds_.ids[row_]));
    if (!place) continue;
    const RecordView record = TRY(reader_.load(*place, Want::kAll));
    if (!target_.filter->matches(record.id, record.metadata)) {
      ++counts_.filtered;
      continue;
    }
    compute(record.values, 1);
    offer(score_of(sums_[0], record.squared_norm), record.id);
  }
  return row_ < bounds_.ids.size();
}

Status NearestScan::step_memory(const NamespaceReader::MemoryLayer& layer) {
  const auto rows = layer.memtable->rows(row_, kMemoryRows);
  if (rows.count == 0) {
    layer.memtable->note_scan();
    ++counts_.segments;
    ++layer_;
    row_ = 0;
    return {};
  }
  row_ += rows.count;
  compute(rows.values, rows.count);
  for (std::size_t i = 0; i < rows.count; ++i) {
    const segments::Memtable::Entry& entry = *rows.entries[i];
    if (!may_enter(sums_[i], rows.squared_norms[i])) continue;
    const float score = score_of(sums_[i], rows.squared_norms[i]);
    if (!target_.hits->may_enter(score) || !entry.visible_at(layer.snapshot_lsn) ||
        TRY(reader_.overruled_in_memory(layer_, entry.id))) {
      continue;
    }
    if (!target_.filter->matches(entry.id, entry.metadata)) {
      ++counts_.filtered;
      continue;
    }
    offer(score, entry.id);
  }
  return {};
}

Status NearestScan::enter_segment(const OpenSegment& open) {
  const segments::Segment& segment = *open.segment;
  row_ = bounds_.first.empty() ? 0 : TRY(segment.lower_bound(bounds_.first));
  row_end_ = bounds_.last.empty() ? segment.rows() : TRY(segment.lower_bound(bounds_.last));
  entered_ = true;
  ++counts_.segments;
  near_rows_.reset();
  if (!reader_.may_be_overruled(layer_ - reader_.memory().size())) {
    near_rows_.emplace(target_.metric, target_.hits->k());
  }
  code_query_.reset();
  probes_.reset();
  vectors_ = {};
  metadata_ = nullptr;
  if (target_.recall < 1 && segment.has_codes() && reader_.count_at_least() >= segments::kCodedRowsMin) {
    if (!filtered_) segment.expect_search();
    const auto origin = TRY(segment.origin());
    code_query_.emplace(target_.metric, *target_.query, target_.query_squared_norm, origin,
                        deviations_for(target_.recall));
    code_scan_ = code_query_->scan_origin();
  }
  // What a filter leaves is found first where terms tell it, or where it tells in which clusters to look.
  finding_ = filtered_ && (segment.has_terms() || (code_query_ && segment.clusters() > 0));
  find_row_ = static_cast<std::uint32_t>(row_);
  untold_end_ = 0;
  passes_ = segments::RowSet(finding_ ? segment.rows() : 0);
  passes_count_ = 0;
  search_.reset();
  ranking_.reset();
  if (!code_query_) return {};
  // Metadata is decoded a block at a time, and with a filter that few records pass all are looked at anyway.
  if (filtered_ && !finding_) {
    search_.emplace(segment, segments::CodeSearch::Order::kByRow);
  } else if (segment.clusters() > 0) {
    search_.emplace(segment, segments::CodeSearch::Order::kByPromise);
  } else {
    ranking_.emplace(segment, target_.hits->k());
  }
  return {};
}

Status NearestScan::step_segment(const OpenSegment& open) {
  const segments::Segment& segment = *open.segment;
  if (!entered_) TRY(enter_segment(open));
  bool done = false;
  if (finding_passing()) {
    TRY(find_passing(segment));
  } else if (finding_ && few_pass(segment)) {
    done = TRY(scan_passing(open));
  } else if (code_query_ && segment.clusters() > 0) {
    done = TRY(step_clusters(open));
  } else if (ranking_) {
    done = TRY(rank_codes(open));
  } else {
    if (row_ < row_end_ && code_query_) {
      TRY(step_codes(open));
    }
    for (std::size_t bytes = 0; bytes < kVectorBytesPerStep && row_ < row_end_ && !code_query_;) {
      const auto begin = static_cast<std::uint32_t>(row_);
      const auto block = TRY(segment.vectors(begin));
      const std::uint32_t end = std::min(row_end_, block.first + block.count);
      TRY(scan_rows(open, block, begin, end));
      bytes += (end - begin) * segment.identity().dimension * sizeof(float);
      row_ = end;
    }
    done = row_ >= row_end_;
  }
  if (done) {
    TRY(compare_batch(open));
    if (near_rows_) TRY(offer_near_rows(segment));
    ++layer_;
    row_ = 0;
    entered_ = false;
  }
  return {};
}

Result<bool> NearestScan::step_clusters(const OpenSegment& open) {
  const segments::Segment& segment = *open.segment;
  if (!probes_) {
    segment.expect_search();
    const segments::Calibration calibration = TRY(segment.calibration());
    double count = static_cast<double>(target_.hits->k());
    if (filtered_) count *= segment.rows() / static_cast<double>(std::max<std::uint64_t>(passes_count_, 1));
    probes_ = TRY(segments::ProbeOrder::create(segment, *code_query_, filtered_ ? &passes_ : nullptr));
    count_weight_ = calibration.count_weight;
    remotest_ = segments::remoteness_for(calibration, target_.recall, count, double{probes_->farness()});
    clusters_ = 0;
    passing_seen_ = 0;
    passing_rows_.clear();
    clusters_min_ = filtered_ || probes_->foreign() ? kUnusualClustersMin : 0;
  }
  for (int i = 0; i < kClustersPerStep; ++i) {
    const bool all_passing = filtered_ && passing_seen_ == passes_count_;
    const bool remote = full_ && clusters_ >= clusters_min_ && probes_->remoteness(threshold_, count_weight_) > remotest_;
    const bool enough = all_passing || remote;
    const auto next = enough ? std::nullopt : TRY(probes_->next());
    if (!next) {
      TRY(compare(open, passing_rows_));
      TRY(finish_codes(open));
      return true;
    }
    ++clusters_;
    ++counts_.clusters;
    if (filtered_) {
      passing_seen_ += next->passing.size();
      if (next->few) {
        TRY(fetch(open, next->passing));
        continue;
      }
    }
    TRY(scan_codes(open, next->scan, next->first, next->first + next->rows));
  }
  return false;
}

Status NearestScan::fetch(const OpenSegment& open, std::span<const std::uint32_t> rows) {
  TRY(compare(open, passing_rows_));
  passing_rows_.clear();
  // What is in the batch has had the time since the last cluster to come.
  if (batch_.size() + rows.size() > kComparedTogether) TRY(compare_batch(open));
  for (const std::uint32_t row : rows) {
    if (open.dead && open.dead->dead(row)) continue;
    const auto vector = open.segment->fetch_vector(row);
    if (vector.values == nullptr) {
      passing_rows_.push_back(row);
      continue;
    }
    ++counts_.scanned;
    TRY(take(open, vector, row, kComparedTogether));
  }
  return {};
}

Status NearestScan::find_passing(const segments::Segment& segment) {
  std::uint32_t end = std::min(row_end_, find_row_ + kFilteredRowsPerStep);
  if (segment.has_terms()) {
    if (find_row_ >= untold_end_) {
      const auto selection = TRY(segment.select(*target_.filter, find_row_));
      untold_end_ = selection.first + selection.count;
      if (selection.rows) {
        const std::uint64_t count = selection.rows->count();
        passes_.insert_part(selection.first, *selection.rows);
        passes_count_ += count;
        counts_.filtered += selection.count - count;
        find_row_ = untold_end_;
        return {};
      }
    }
    end = std::min(end, untold_end_);
  }
  for (; find_row_ < end; ++find_row_) {
    if (!TRY(passes_filter(segment, find_row_))) continue;
    passes_.insert(find_row_);
    ++passes_count_;
  }
  return {};
}

bool NearestScan::few_pass(const segments::Segment& segment) const {
  if (passes_count_ > segment.rows() / kFewPass) return false;
  return !code_query_ || segment.clusters() == 0 ||
         passes_count_ * target_.query->size() * sizeof(float) <= kFewPassBytesMax;
}

Result<bool> NearestScan::scan_passing(const OpenSegment& open) {
  passing_rows_.clear();
  auto next = passes_.next(static_cast<std::uint32_t>(row_));
  for (; passing_rows_.size() < kPassingPerStep && next < row_end_; next = passes_.next(next + 1)) {
    passing_rows_.push_back(next);
  }
  row_ = next;
  constexpr std::size_t kAhead = 6;
  const std::span<const std::uint32_t> rows = passing_rows_;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (i + kAhead < rows.size()) open.segment->fetch_vector(rows[i + kAhead]);
    TRY(compare(open, rows.subspan(i, 1)));
  }
  return next >= row_end_;
}

Status NearestScan::compare(const OpenSegment& open, std::span<const std::uint32_t> rows) {
  for (const std::uint32_t row : rows) {
    if (open.dead && open.dead->dead(row)) continue;
    ++counts_.scanned;
    TRY(rerank(open, row, kComparedTogether));
  }
  return {};
}

Result<bool> NearestScan::rank_codes(const OpenSegment& open) {
  const auto begin = static_cast<std::uint32_t>(row_);
  const std::uint32_t end = std::min(row_end_, begin / kRowsPerStep * kRowsPerStep + kRowsPerStep);
  if (begin < end) {
    counts_.scanned += end - begin;
    counts_.bytes += TRY(ranking_->scan(code_scan_, begin, end));
    row_ = end;
    if (end < row_end_) return false;
  }
  return !TRY(ranking_->visit([this] { return threshold_; },
                              [&](std::uint32_t row) { return visit(open, row); }));
}

Status NearestScan::step_codes(const OpenSegment& open) {
  const auto begin = static_cast<std::uint32_t>(row_);
  const std::uint32_t end = std::min(row_end_, begin / kRowsPerStep * kRowsPerStep + kRowsPerStep);
  TRY(scan_codes(open, code_scan_, begin, end));
  row_ = end;
  if (row_ >= row_end_) TRY(finish_codes(open));
  return {};
}

Status NearestScan::scan_codes(const OpenSegment& open, const segments::CodeScan& scan,
                               std::uint32_t begin, std::uint32_t end) {
  counts_.scanned += end - begin;
  counts_.bytes += TRY(search_->scan(
      scan, begin, end, [this] { return threshold_; },
      [&](std::uint32_t row) { return visit(open, row); }));
  return {};
}

Status NearestScan::finish_codes(const OpenSegment& open) {
  return search_->finish([this] { return threshold_; },
                         [&](std::uint32_t row) { return visit(open, row); });
}

Status NearestScan::visit(const OpenSegment& open, std::uint32_t row) {
  if (open.dead && open.dead->dead(row)) return {};
  if (filtered_) {
    const bool passes = finding_ ? passes_.contains(row) : TRY(passes_filter(*open.segment, row));
    if (!passes) return {};
  }
  return rerank(open, row, kVisitedTogether);
}

Status NearestScan::rerank(const OpenSegment& open, std::uint32_t row, std::size_t together) {
  const segments::Segment& segment = *open.segment;
  if (vectors_.values == nullptr || row < vectors_.first ||
      row >= vectors_.first + vectors_.count) {
    vectors_ = TRY(segment.vectors(row));
  }
  return take(open, vectors_, row, together);
}

Status NearestScan::take(const OpenSegment& open, const segments::Segment::Vectors& vectors, std::uint32_t row,
                         std::size_t together) {
  const std::size_t dimension = target_.query->size();
  batch_.add(vectors, row, dimension);
  ++counts_.reranked;
  counts_.bytes += dimension * sizeof(float);
  return batch_.size() < together ? Status() : compare_batch(open);
}

Status NearestScan::compare_batch(const OpenSegment& open) {
  for (const auto& row : batch_.compare(target_.query->data(), target_.query->size())) {
    if (!may_enter(row.sum, row.squared_norm)) continue;
    TRY(offer_row(open, row.number, score_of(row.sum, row.squared_norm)));
  }
  return {};
}

Result<bool> NearestScan::passes_filter(const segments::Segment& segment, std::uint32_t row) {
  const std::string_view id = TRY(segment.id(row));
  if (target_.filter->needs_metadata() && !segment.without_metadata() &&
      (!metadata_ || row < metadata_->first() || row >= metadata_->first() + metadata_->count())) {
    metadata_ = TRY(segment.metadata(row));
  }
  const bool passes =
      target_.filter->matches(id, metadata_ ? metadata_->at(row) : MetadataView());
  if (!passes) ++counts_.filtered;
  return passes;
}

Status NearestScan::scan_rows(const OpenSegment& open, const segments::Segment::Vectors& block,
                              std::uint32_t begin, std::uint32_t end) {
  const segments::Segment& segment = *open.segment;
  const std::size_t dimension = target_.query->size();
  const std::size_t count = end - begin;
  const float* values = block.values + (begin - block.first) * dimension;
  const float* norms = block.squared_norms + (begin - block.first);
  std::size_t passing_count = count;
  if (finding_) {
    passing_.assign(count, 0);
    passing_count = 0;
    for (std::uint32_t row = passes_.next(begin); row < end; row = passes_.next(row + 1)) {
      passing_[row - begin] = 1;
      ++passing_count;
    }
    if (passing_count == 0) return {};
  } else if (filtered_) {
    passing_.assign(count, 0);
    passing_count = 0;
    std::shared_ptr<const segments::Segment::MetadataBlock> metadata;
    const bool look = target_.filter->needs_metadata() && !segment.without_metadata();
    for (std::uint32_t row = begin; row < end; ++row) {
      if (open.dead && open.dead->dead(row)) continue;
      if (look && (!metadata || row >= metadata->first() + metadata->count())) {
        metadata = TRY(segment.metadata(row));
      }
      const std::string_view id = TRY(segment.id(row));
      if (target_.filter->matches(id, metadata ? metadata->at(row) : MetadataView())) {
        passing_[row - begin] = 1;
        ++passing_count;
      }
    }
    counts_.filtered += count - passing_count;
    if (passing_count == 0) return {};
  }
  const bool sparse = passing_count * kSparse < count;
  if (!sparse) compute(values, count);
  for (std::size_t i = 0; i < count; ++i) {
    if (filtered_ && passing_[i] == 0) continue;
    if (sparse) compute(values + i * dimension, 1);
    const float sum = sums_[sparse ? 0 : i];
    if (!may_enter(sum, norms[i])) continue;
    const float score = score_of(sum, norms[i]);
    const auto row = static_cast<std::uint32_t>(begin + i);
    if (open.dead && open.dead->dead(row)) continue;
    TRY(offer_row(open, row, score));
  }
  return {};
}

}  // namespace alcove::executor
