#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "base/record.h"
#include "base/result.h"
#include "segments/vector_column.h"

namespace alcove::segments {

// Clusters of the rows of a segment, so that a query need not look at all of them: each row belongs to the
// one whose centroid is nearest by Euclidean distance, under cosine to the row divided by its length.
//
// They are made in two levels: a sample of all rows is divided among √k parents, and a sample of
// the rows of each parent among its share of k. Then all k centroids are moved twice to the mean of those rows of a
// sample that are nearest to them. Each row goes to the best centroid under the three parents nearest to
// it, and so do those of that sample. Deterministic: the same rows make the same clusters.

// So many rows a cluster has on average.
inline constexpr std::uint32_t kRowsPerCluster = 192;
// Of fewer rows all codes are scanned.
inline constexpr std::uint32_t kClusteredRowsMin = 16'384;

struct Clustering {
  std::vector<float> centroids;      // one after the other; none is without rows
  std::vector<std::uint32_t> first;  // of each cluster, and one more: where its rows begin in `rows`
  std::vector<std::uint32_t> rows;   // of one cluster after the other, rising within each
  std::vector<std::uint32_t> given;  // which of the centroids to keep it was; of no use where they are made
};

// Reads rows of a VectorColumn as they are clustered and coded. Externally synchronised; outlived by the
// column.
class RowReader {
 public:
  RowReader(const VectorColumn& vectors, Metric metric, std::uint32_t dimension)
      : vectors_(vectors), metric_(metric), dimension_(dimension) {}
  // In place until the next call; `squared_norm` is as stored.
  struct Row {
    const float* values;
    float squared_norm;
  };
  Result<Row> row(std::uint32_t row);
  // Writes the row to `into`, under cosine divided by its length.
  Status copy(std::uint32_t row, float* into);

 private:
  const VectorColumn& vectors_;
  Metric metric_;
  std::uint32_t dimension_;
  Segment::Vectors block_;
};

// Works on two threads. Takes memory for a few tens of MiB of vectors, four times the centroids and 18 bytes a row. `pause`
// is called now and then: an error it returns ends the work. Requires: rows >= kClusteredRowsMin.
Result<Clustering> cluster_rows(const VectorColumn& vectors, Metric metric, std::uint32_t dimension,
                                std::uint32_t rows, const std::function<Status()>& pause);

inline constexpr std::uint32_t kNoCluster = UINT32_MAX;

// Keeps clusters that there are: `cluster_of` has for each row its cluster, or kNoCluster, and then it goes to
// the best of `centroids`. Otherwise as cluster_rows.
Result<Clustering> keep_clusters(const VectorColumn& vectors, Metric metric, std::uint32_t dimension,
                                 std::vector<float> centroids, std::vector<std::uint32_t> cluster_of,
                                 const std::function<Status()>& pause);

}  // namespace alcove::segments
