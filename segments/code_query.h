#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/record.h"
#include "segments/centroid.h"
#include "segments/code.h"
#include "segments/code_scan.h"

namespace alcove::segments {

// A query made ready for scans over the codes of a segment: its difference to the segment's origin rotated,
// and the products of that with all levels in a table of bytes. Values are on the scale of scores,
// greater is nearer: the cosine, the product, the negated squared distance. Thread-safe once made.
class CodeQuery {
 public:
  // Requires: a dimension up to kCodedDimensionMax; `squared_norm` is the query's. A row's bound will lie
  // below its value for about one in 700 where `deviations` is 3, as of a normal distribution; never,
  // but for what the table's bytes and a row's factor are rounded by, where that is more than the greatest
  // error that there can be in so few coordinates.
  CodeQuery(Metric metric, std::span<const float> query, float squared_norm,
            std::span<const float> origin, double deviations);

  // A centroid as the query sees it.
  struct Place {
    float value = 0;             // the centroid's own
    float squared_distance = 0;  // between the two
    float base = 0;              // of scans over codes with it
    float reach = 0;
  };
  // `squared_norm` is the centroid's.
  Place place(const Centroid& centroid, float squared_norm) const;
  // Of a centroid that has this value. Requires: as place().
  float squared_distance(float value, float squared_norm) const {
    const float square = metric_ == Metric::kEuclidean ? -value : squared_norm_ + squared_norm - 2 * value;
    return square > 0 ? square : 0;
  }

  // What a scan takes over codes with a centroid at a place. The CodeQuery outlives it.
  CodeScan scan(float base, float reach) const {
    CodeScan scan = scan_;
    scan.base = base;
    scan.reach = reach;
    return scan;
  }
  // Over codes whose centroid is the origin.
  CodeScan scan_origin() const;
  // The same to estimate instead of bounding, and of centroids coded by their products with the query or
  // by their negated squared distance to it (code_column.h).
  CodeScan estimate() const;

  Metric metric() const { return metric_; }

 private:
  // `by_way`: to_origin_, where codes or the value are by way of the origin.
  Place place_of(float value, float squared_norm, double by_way) const;
  // Fills in the table and what its entries are worth.
  void tabulate(const CodeShape& shape, const std::vector<float>& rotated);

  Metric metric_;
  double deviations_;
  std::vector<float> query_;  // under cosine divided by its length
  float squared_norm_ = 0;
  std::vector<float> origin_;
  float origin_value_ = 0;          // of cosine and product
  std::vector<float> from_origin_;  // to the query, under euclidean
  double to_origin_ = 0;            // its length, under euclidean; else twice that of the origin
  std::vector<std::uint8_t> table_;
  CodeScan scan_;             // without what differs by centroid
  double rounded_away_ = 0;   // of scan_.bias: what the table's rounding may take
};

}  // namespace alcove::segments
