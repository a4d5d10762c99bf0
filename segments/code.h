#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/record.h"

namespace alcove::segments {

class Rotation;

// Quantised codes of vectors, from which a scan tells without reading the vectors which of them may be
// among the nearest.
//
// What is coded is the vector o: under cosine divided by its length. Its difference r = o - c to a
// centroid c is rotated (rotation.h) to P coordinates r', and each is replaced by one of a few
// levels: with one bit -1 or 1, by its sign; with two bits, in units of s = |r|/√P, the nearest
// of ±0.4528 and ±1.5104, the best four levels of a normal distribution (Max 1960). Vectors of
// kOneBitDimension coordinates and more have one bit a coordinate, shorter ones two.
//
// With the levels l and f = |r|²/⟨r',l⟩, ⟨x,r⟩ is near f⟨x',l⟩ for any x: the estimate is not
// biased, and off by ⟨x',e⟩ with e = r' - f·l, which for a rotation taken at random is about normal
// with deviation |x||e|/√P (RaBitQ, arXiv:2405.12497). A segment has one origin g, to which queries are
// relative, x = q - g, so that one table of x serves all its centroids. With d = c - g:
//   ⟨q,o⟩      ≈ ⟨q,c⟩ + f⟨x',l⟩ + ⟨c,r⟩ - f⟨d',l⟩       deviation |q-c||e|/√P
//   -|q-o|²    ≈ -|q-c|² + 2f⟨x',l⟩ - |r|² - 2f⟨d',l⟩    deviation 2|q-c||e|/√P
// Of each row stand beside its code the factor of ⟨x',l⟩, the addend that is the row's own, and the
// deviation without |q-c|.
//
// CODES of 32 rows
//   OFFSET SIZE FIELD
//        0  16g g groups of 16 bytes; in group i byte j has in its low half the number for row
//               j/2 + 8(j%2), in its high half for the row 16 further
//      16g   64 factors, to the nearest
//   64+16g   64 addends, rounded up
//  128+16g   64 deviations, rounded up
//  192+16g  192 of centroids only: the lower halves of the three
// A number says the levels of one group's coordinates: with one bit of four, bit k set where the
// coordinate 4i+k has the level 1; with two bits of two, the levels from -1.5104 up being 0 … 3 in
// bits 0 and 1 for coordinate 2i, in bits 2 and 3 for the next. Factors, addends and deviations are the
// higher 16 bits of float32; the addend belongs to the factor as it is rounded. Of centroids, which may be far
// from the origin and near each other, they are float32 whole. Rows that are missing are zeros.

inline constexpr std::size_t kCodedRows = 32;
// Shorter vectors are not much longer than their codes.
inline constexpr std::size_t kCodedDimensionMin = 16;
inline constexpr std::size_t kCodedDimensionMax = 4096;
inline constexpr std::size_t kOneBitDimension = 256;

// What follows from a dimension. Requires: dimension <= kCodedDimensionMax.
struct CodeShape {
  explicit CodeShape(std::size_t dimension);
  std::size_t padded_dimension;
  std::size_t coordinates_per_group;  // 4 with one bit, 2 with two
  std::size_t groups;
  std::size_t bytes;           // of 32 rows
  std::size_t centroid_bytes;  // of 32 centroids
};

// Of 32 rows, what stands beside the numbers: factors, addends and deviations, and whether whole or their higher halves.
inline constexpr std::size_t kCorrectionBytes = 3 * kCodedRows * sizeof(std::uint16_t);
enum class Corrections : unsigned char { kHalves, kWhole };

inline constexpr unsigned kGroupNumbers = 16;
inline constexpr std::size_t kGroupCoordinatesMax = 4;
// The greatest level.
float outermost_level(const CodeShape& shape);
// The level of each of a group's coordinates for each number; 0 of coordinates that groups have not.
using GroupLevels = std::array<std::array<float, kGroupNumbers>, kGroupCoordinatesMax>;
const GroupLevels& group_levels(const CodeShape& shape);

// Copies the code of row `from_place` of the 32 at `from` to be that of row `place` of the 32 at `codes`, which
// are zeros there: it says the same wherever the centroid and the origin are the same.
void copy_code(const CodeShape& shape, const char* from, std::size_t from_place, char* codes,
               std::size_t place);

// Makes the codes of the rows of a segment. Externally synchronised.
class Encoder {
 public:
  // `origin` has `dimension` floats. Corrections are whole of centroids alone.
  Encoder(Metric metric, std::span<const float> origin, Corrections corrections = Corrections::kHalves);
  const CodeShape& shape() const { return shape_; }

  // A centroid as encode() takes it, of its offset from the origin.
  struct Centroid {
    std::vector<float> offset;  // to it from the origin, rotated
    double product = 0;         // of the offset and the origin
    double norm = 0;
    double offset_norm = 0;
  };
  Centroid prepare(std::span<const float> offset) const;
  Centroid prepare_origin() const { return prepare(std::vector<float>(origin_.size())); }

  // Writes the code of `values` as that of row `place` of the 32 at `codes`, which are zeros there.
  // Returns the squared length of its difference to the centroid.
  double encode(const float* values, float squared_norm, const Centroid& centroid, std::size_t place,
                char* codes);

 private:
  Metric metric_;
  Corrections corrections_;
  CodeShape shape_;
  const Rotation& rotation_;
  std::vector<float> origin_;
  std::vector<float> residual_;
  std::vector<float> levels_;
};

}  // namespace alcove::segments
