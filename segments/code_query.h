#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/record.h"
#include "segments/code.h"
#include "segments/code_scan.h"

namespace alcove::segments {

// A query made ready for a scan over codes with one centroid: its difference to the centroid rotated,
// and the products of that with all levels in a table of bytes. Values are on the scale of scores,
// greater is nearer: the cosine, the product, the negated squared distance. Thread-safe once made.
class CodeQuery {
 public:
  // Requires: a dimension up to kCodedDimensionMax; `squared_norm` is the query's. A row's bound will lie
  // below its value for about one in 700 where `deviations` is 3, as of a normal distribution; never,
  // but for what the table's bytes are rounded by, where that is more than the greatest error that there
  // can be in so few coordinates.
  CodeQuery(Metric metric, std::span<const float> query, float squared_norm,
            std::span<const float> centroid, double deviations);

  // What a scan takes. The CodeQuery outlives it.
  const CodeScan& scan() const { return scan_; }

 private:
  // Fills in the table and what its entries are worth.
  void tabulate(const CodeShape& shape, std::vector<float> rotated, double deviations);

  std::vector<std::uint8_t> table_;
  CodeScan scan_;
};

}  // namespace alcove::segments
