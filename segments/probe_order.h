#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/result.h"
#include "segments/bound_order.h"
#include "segments/code_query.h"
#include "segments/code_scan.h"
#include "segments/row_set.h"
#include "segments/segment.h"

namespace alcove::segments {

// The clusters of a segment in the order in which a query looks at them, and when it has seen enough.
//
// A row of a cluster with centroid c has, on the scale of scores, a value that is taken to be normal around
//   ⟨q,c⟩          with deviation |q-c|·√v       (cosine, dot product)
//   -|q-c|² - R²   with deviation 2|q-c|·√v      (euclidean)
// where R² is the mean squared distance of the cluster's rows to c, and v its variance in the direction
// of a query nearby, both measured when the segment was written (code_column.h). The order is by what few
// of its rows will be above: the mean and four deviations.
//
// Distances to all centroids are estimated by codes; those of the clusters that come next, and of some more,
// are computed, but for those of which a filter leaves few rows: to read a centroid takes as long as to read one of
// them. Externally synchronised; outlived by segment, query and filter.
class ProbeOrder {
 public:
  // Requires: the segment has clusters, and `query` was made with its origin. Where only the rows in
  // `passing` are wanted, clusters without any are left out.
  static Result<ProbeOrder> create(const Segment& segment, const CodeQuery& query,
                                   const RowSet* passing);

  struct Probe {
    std::uint32_t first = 0;  // of its codes
    std::uint32_t rows = 0;
    std::span<const std::uint32_t> passing;  // those wanted, until the next call; empty where all are
    bool few = false;                        // of them: they are to be compared, whatever their codes say
    CodeScan scan;                           // where there are not few
  };
  // The next cluster, the most promising first; nothing when there are no more.
  Result<std::optional<Probe>> next();

  // Whether the query is so far from all clusters that the calibration, which was made with rows, tells little of
  // it.
  bool foreign() const { return foreign_; }

  // How much further the query is than rows are (calibration.h).
  float farness() const { return farness_; }

  // How unlikely it is that the next cluster holds a row above `threshold`: calibration.h says what to compare
  // that with. Infinity when there are no more, or all its rows are taken to be below. Of clusters left out as many count
  // as looked at as would have been by a filter that chooses rows at random: who searches without one looks at them.
  float remoteness(float threshold, float count_weight) const;

 private:
  struct Spread {
    float mean = 0;
    float deviation = 0;
    float promise() const;
  };
  struct Known {
    Spread spread;
    Probe probe;
    std::vector<std::uint32_t> list;  // that `passing` points to
    std::size_t left_out = 0;         // so many clusters before it, in the order of estimates
  };
  struct Candidate {
    float promise;
    std::uint32_t place;  // in known_
  };
  ProbeOrder(const Segment& segment, const CodeQuery& query, const RowSet* passing);
  Status estimate();
  // Of clusters whose values these are; in their place.
  void put_promises(std::span<const Segment::Cluster> clusters, float* values) const;
  Status find_passing(const Segment::Cluster& cluster, Known& known) const;
  // Finds out more of clusters until enough candidates are known to choose the next from.
  Status know_more();
  // What the rows of the cluster are expected to be, of which the probe tells. Requires: some pass.
  Result<Spread> expect(std::uint32_t number, const Segment::Cluster& cluster, Probe& probe);
  // Of the query to the first centroid of all: about the nearest, of clusters with a row that passes.
  void note_distance(float squared_distance, float squared_radius);
  Spread spread_of(float value, float squared_distance, float squared_radius, float variance) const;

  const Segment* segment_;
  const CodeQuery* query_;
  const RowSet* passing_;              // null: all
  BoundOrder order_;                   // of all clusters, by what codes let expect of their best rows
  std::span<const CodeHit> next_;      // of which these come next
  bool foreign_ = false;
  float farness_ = 0;
  std::size_t expected_ = 0;           // of so many clusters it is known what to expect
  std::size_t left_out_ = 0;           // and of so many that no row of them passes
  float left_out_per_seen_ = 0;
  std::vector<Known> known_;           // of those that are candidates, and of the one given out last
  std::vector<std::uint32_t> free_;    // places of known_
  std::uint32_t given_ = 0;            // the place of the one given out
  std::vector<Candidate> candidates_;  // known and not given out: a heap, the most promising first
  std::vector<float> values_;          // of all centroids, estimated, where rows must pass
};

}  // namespace alcove::segments
