#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/metadata.h"

namespace alcove {

inline constexpr std::size_t kIdBytesMax = 512;
inline constexpr std::size_t kNamespaceNameBytesMax = 512;
inline constexpr std::size_t kIndexNameBytesMax = 128;
inline constexpr unsigned kDimensionMax = 20000;

enum class Metric : unsigned char { kCosine = 1, kDotProduct = 2, kEuclidean = 3 };

struct Record {
  std::string id;
  std::vector<float> values;
  Metadata metadata;
};

}  // namespace alcove
