#pragma once

#include <cstddef>
#include <span>

#include "segments/rounded_vector.h"

namespace alcove::segments {

// The centroid of a cluster: the origin of the segment's codes and a rounded offset from it; or whole, where to round it
// would move it too far. Outlived by what it was read from.
struct Centroid {
  RoundedVector offset;
  std::span<const float> whole;  // empty where it is rounded

  // Coordinate i of it. `origin` is the segment's.
  float at(std::span<const float> origin, std::size_t i) const {
    return whole.empty() ? static_cast<float>(double{origin[i]} + double{offset[i]}) : whole[i];
  }
  // And of its offset from there.
  float offset_at(std::span<const float> origin, std::size_t i) const {
    return whole.empty() ? offset[i] : static_cast<float>(double{whole[i]} - double{origin[i]});
  }
};

// What a rounded one takes in a file.
inline std::size_t rounded_bytes(std::size_t dimension) { return sizeof(float) + dimension; }

}  // namespace alcove::segments
