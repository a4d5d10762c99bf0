#pragma once

#include <cstdint>
#include <span>

#include "base/result.h"
#include "segments/block_reader.h"
#include "segments/calibration.h"
#include "segments/code.h"
#include "segments/segment.h"

namespace alcove::segments {

// The codes of the rows, in a segment that has enough rows to be worth it. Below 16,384 rows they stand in
// order of row, with one centroid, the origin. From there on rows are clustered (cluster.h): then codes
// stand in order of cluster, and the postings say of which rows they are. The clusters follow each other
// from code 0 on, none without rows, and the postings name each row once.
//
// CENTROIDS, blocks of up to 64 KiB
//   first the origin, the mean of rows: 4D bytes, float32; then of each cluster the offset of its centroid
//   from there (rounded_vector.h): 4 bytes, its unit, float32, and D, its numbers; or, where these would lie too
//   far from it, all centroids themselves in 4D bytes, float32. Under cosine all are of the rows divided by
//   their lengths.
//
// CODES, blocks of about 16 KiB but at least 128 rows, of n rows each
//   ⌈n/32⌉ times the codes of 32 rows (code.h)
//
// CENTROID CODES, blocks of about 64 KiB, of n clusters each
//   as codes: of the clusters' centroids relative to the origin, under cosine as by the product
//
// CLUSTERS, blocks of up to 64 KiB
//   OFFSET SIZE FIELD, of each
//        0    4 the first of its codes
//        4    4 how many it has
//        8    4 squared length of its centroid, float32
//       12    4 mean squared distance of its rows to the centroid, float32
//       16    4 variance of their distance in the direction of a query nearby, float32
//
// POSTINGS, blocks of up to 64 KiB
//   each 4 bytes: the row of a code
//
// How far rows lie from their centroid in the direction of a query, ⟨u,r⟩ with u = (q-c)/|q-c|, is measured:
// for some rows as queries, with rows of clusters that they are near to but not in. What is stored is
// each cluster's mean squared distance times what share of it that makes on average.

// Thread-safe. Outlived by the BlockReader.
class CodeColumn {
 public:
  explicit CodeColumn(const BlockReader& reader);
  bool empty() const { return codes_.blocks().empty(); }
  std::uint32_t clusters() const { return clusters_.items(); }
  // As Segment's. Require: what is asked for exists; likewise below.
  Result<std::span<const float>> origin() const;
  Result<Centroid> centroid(std::uint32_t cluster) const;
  Result<Segment::Codes> run(std::uint32_t at, std::uint32_t count) const;
  Result<Segment::Codes> centroid_codes(std::uint32_t cluster) const;
  Result<Segment::Cluster> cluster(std::uint32_t number) const;
  Result<std::span<const Segment::Cluster>> clusters_from(std::uint32_t number) const;
  // Requires: there are clusters.
  Result<Calibration> calibration() const;
  Result<std::span<const std::uint32_t>> postings(std::uint32_t at) const;
  // These hint as Segment's do.
  bool prefetch_centroid(std::uint32_t cluster) const;
  void prefetch_postings(std::uint32_t at, std::uint32_t count) const;
  void expect_search() const;
  bool expect_cluster(std::uint32_t first, std::uint32_t rows) const;
  std::string_view place_of(std::uint32_t at, std::uint32_t count) const;
  Status verify(std::uint32_t rows) const;

 private:
  // Where a centroid lies among all.
  struct CentroidPlace {
    const Block* block;
    std::size_t offset;
    std::size_t bytes;
  };
  CentroidPlace place_of_centroid(std::uint32_t cluster) const;

  const BlockReader& reader_;
  const BlockList& centroids_;
  const BlockList& codes_;
  const BlockList& centroid_codes_;
  const BlockList& clusters_;
  const BlockList& postings_;
  const BlockList& calibration_;
};

}  // namespace alcove::segments
