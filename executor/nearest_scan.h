#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/record.h"
#include "base/result.h"
#include "executor/namespace_reader.h"
#include "segments/code_query.h"
#include "segments/code_ranking.h"
#include "segments/code_search.h"
#include "segments/filter.h"
#include "segments/near_rows.h"
#include "segments/probe_order.h"
#include "segments/row_set.h"
#include "segments/top_k.h"
#include "segments/vector_batch.h"

namespace alcove::executor {

// What a scan has done so far, for EXPLAIN ANALYZE.
struct ScanCounts {
  std::uint64_t segments = 0;   // segments and memtables read
  std::uint64_t clusters = 0;   // clusters of them that were looked at
  std::uint64_t scanned = 0;    // records of which the vector or its code was looked at
  std::uint64_t reranked = 0;   // vectors compared because their code said that they may be near
  std::uint64_t filtered = 0;   // records that the filter left out
  std::uint64_t bytes = 0;      // of vectors and codes read
};

// Search of one namespace for the nearest records, in steps of some blocks of vectors or some codes. Scores
// are exact. Unless a recall of 1 is asked for or the namespace has fewer than kCodedRowsMin records, a
// record may be missed: where segments have codes, because its code misjudges it; where they have clusters,
// because it lies in one that is not looked at. Those are so many that of the records wanted, on average
// over queries, the share that was asked for is found. Offers hits to a TopK that several scans may share.
// The reader and all else given outlive it.
// Externally synchronised.
class NearestScan {
 public:
  struct Target {
    Metric metric = Metric::kCosine;
    const std::vector<float>* query = nullptr;
    float query_squared_norm = 0;
    const segments::Filter* filter = nullptr;
    segments::TopK* hits = nullptr;
    std::uint32_t source = 0;  // Hit::source of this namespace
    double recall = 1;
  };
  NearestScan(const NamespaceReader& reader, Target target, ScanCounts& counts);

  NearestScan(const NearestScan&) = delete;  // parts of it point to others
  NearestScan& operator=(const NearestScan&) = delete;

  // Scans on. Returns whether there is more to do. Errors: as NamespaceReader.
  Result<bool> step();

 private:
  Result<bool> step_layer();
  Result<bool> step_ids();
  Status step_memory(const NamespaceReader::MemoryLayer& layer);
  Status step_segment(const OpenSegment& open);
  Status enter_segment(const OpenSegment& open);
  // Whether the segment is done.
  Result<bool> step_clusters(const OpenSegment& open);
  bool finding_passing() const { return finding_ && find_row_ < row_end_; }
  Status find_passing(const segments::Segment& segment);
  bool few_pass(const segments::Segment& segment) const;
  // Whether all have been.
  Result<bool> scan_passing(const OpenSegment& open);
  // Begins to fetch those of the rows that are not dead: they are compared when they have come, while the next cluster is looked for.
  Status fetch(const OpenSegment& open, std::span<const std::uint32_t> rows);
  // Takes those of the rows that are not dead to be compared with the query.
  Status compare(const OpenSegment& open, std::span<const std::uint32_t> rows);
  // Whether the segment is done, likewise.
  Result<bool> rank_codes(const OpenSegment& open);
  Status step_codes(const OpenSegment& open);
  Status scan_codes(const OpenSegment& open, const segments::CodeScan& scan, std::uint32_t begin,
                    std::uint32_t end);
  Status finish_codes(const OpenSegment& open);
  Status visit(const OpenSegment& open, std::uint32_t row);
  // Takes a row to be compared, which it is at the latest when so many are there.
  Status rerank(const OpenSegment& open, std::uint32_t row, std::size_t together);
  Status take(const OpenSegment& open, const segments::Segment::Vectors& vectors, std::uint32_t row, std::size_t together);
  Status compare_batch(const OpenSegment& open);
  // Requires: there is a filter.
  Result<bool> passes_filter(const segments::Segment& segment, std::uint32_t row);
  Status scan_rows(const OpenSegment& open, const segments::Segment::Vectors& block,
                   std::uint32_t begin, std::uint32_t end);
  void compute(const float* rows, std::size_t count);
  bool may_enter(float sum, float squared_norm) const;
  float score_of(float sum, float squared_norm) const;
  void offer(float score, std::string_view id);
  // Of a row that is not dead and passes the filter.
  Status offer_row(const OpenSegment& open, std::uint32_t row, float score);
  Status offer_near_rows(const segments::Segment& segment);
  // To be called where what has been found may have changed.
  void note_worst();

  const NamespaceReader& reader_;
  Target target_;
  ScanCounts& counts_;
  segments::Filter::IdBounds bounds_;
  std::size_t layer_ = 0;       // memory layers, then segments
  std::size_t row_ = 0;         // next row of the layer, or next id of bounds_.ids
  std::uint32_t row_end_ = 0;   // of the segment, by bounds_
  bool entered_ = false;        // whether row_ and row_end_ are set for the segment
  double query_norm_;
  bool filtered_;
  // Of what has been found for certain: whether that is as many as are wanted, and then the worst score, what
  // may_enter() makes of it, and the value on CodeQuery's scale that a row must reach; minus infinity before.
  bool full_ = false;
  float worst_ = 0;
  double worst_times_norm_ = 0;
  float threshold_ = 0;
  std::optional<segments::NearRows> near_rows_;    // of the segment at hand, unless some may be overruled
  std::optional<segments::CodeQuery> code_query_;  // for the segment at hand, if by its codes
  segments::CodeScan code_scan_;                   // of rows in their order
  std::optional<segments::ProbeOrder> probes_;     // if by its clusters, once it is known what passes
  float remotest_ = 0;                             // where that ends
  float count_weight_ = 1;                         // and on which scale (segments/calibration.h)
  std::uint32_t clusters_ = 0;                     // looked at, of the segment at hand
  std::uint32_t clusters_min_ = 0;
  bool finding_ = false;           // whether it is first found out what passes the filter: then passes_ tells
  std::uint32_t find_row_ = 0;     // the next row of that
  std::uint32_t untold_end_ = 0;   // up to which row terms do not tell
  segments::RowSet passes_;        // rows of the segment that pass
  std::uint64_t passes_count_ = 0;
  std::uint64_t passing_seen_ = 0;  // of those, in the clusters that have been looked at
  std::vector<std::uint32_t> passing_rows_;  // to be compared: of a cluster those that fetch_vector() did not tell of
  std::optional<segments::CodeSearch> search_;     // of its codes, in clusters or by row, …
  std::optional<segments::CodeRanking> ranking_;   // … or of all before any row is visited
  segments::Segment::Vectors vectors_;  // the block that a row was read from last
  std::shared_ptr<const segments::Segment::MetadataBlock> metadata_;  // likewise
  segments::VectorBatch batch_;         // rows of the segment that are still to be compared
  std::vector<float> sums_;
  std::vector<std::uint8_t> passing_;
};

}  // namespace alcove::executor
