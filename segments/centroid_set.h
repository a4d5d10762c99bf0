#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace alcove::segments {

// The kernels of one target: the scores of `count` rows with the 16 centroids of each panel.
struct CentroidKernels {
  const char* target;
  void (*score)(const float* panels, const float* halves, std::size_t count_of_panels, const float* const* rows,
                std::size_t count, std::size_t dimension, float* scores);
};

// Centroids laid out so that many vectors are compared with all of them at the speed of multiplying.
// Thread-safe once made.
class CentroidSet {
 public:
  CentroidSet() = default;
  // Requires: `values` are whole centroids of `dimension` floats, one after the other.
  CentroidSet(std::span<const float> values, std::size_t dimension);

  std::size_t size() const { return size_; }
  // Scores of one vector with all centroids: size() rounded up to a multiple of 16.
  std::size_t stride() const { return panels_ * kPanel; }

  // scores[i * stride() + j] tells how near rows[i] is to centroid j: ⟨x,c⟩ - |c|²/2, the greater the nearer
  // by Euclidean distance, summed in order of coordinate. What is behind size() is the least float.
  void score(const float* const* rows, std::size_t count, float* scores) const;

 private:
  static constexpr std::size_t kPanel = 16;

  std::size_t dimension_ = 0;
  std::size_t size_ = 0;
  std::size_t panels_ = 0;
  std::vector<float> values_;  // of panels of 16 centroids, coordinate after coordinate
  std::vector<float> halves_;  // |c|²/2
};

}  // namespace alcove::segments
