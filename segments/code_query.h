#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/record.h"
#include "segments/code.h"
#include "segments/code_scan.h"

namespace alcove::segments {

// A query made ready for scans over codes: rotated, and its products with all levels in a table of
// bytes. Values are on the scale of scores, greater is nearer: the cosine, the product, the negated
// squared distance. Thread-safe once made.
class CodeQuery {
 public:
  // Requires: a dimension up to kCodedDimensionMax; `squared_norm` is the query's.
  CodeQuery(Metric metric, std::span<const float> query, float squared_norm);

  // What a scan of codes with this centroid takes. A row's bound lies below its value for about one in
  // 700 where `deviations` is 3, as of a normal distribution; never where that, with few
  // coordinates, is more than the greatest error there can be. The CodeQuery outlives the scan.
  CodeScan against(std::span<const float> centroid, double deviations) const;

 private:
  Metric metric_;
  CodeShape shape_;
  std::vector<float> query_;  // of length 1 under cosine
  std::vector<std::uint8_t> table_;
  double step_ = 0;  // what one unit of the table is worth
  double bias_ = 0;  // what all its zeros are worth
};

}  // namespace alcove::segments
