#pragma once

#include <cstddef>
#include <span>

#include "segments/rounded_vector.h"

namespace alcove::segments {

// The centroid of a cluster: the origin of the segment's codes and a rounded offset from it. Files of version 7 and
// before have it whole. Outlived by what it was read from.
struct Centroid {
  RoundedVector offset;
  std::span<const float> whole;  // empty, but of such files

  // Coordinate i of it. `origin` is the segment's.
  float at(std::span<const float> origin, std::size_t i) const {
    return whole.empty() ? static_cast<float>(double{origin[i]} + double{offset[i]}) : whole[i];
  }
};

}  // namespace alcove::segments
