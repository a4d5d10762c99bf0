#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <optional>

#include "base/result.h"
#include "segments/segment.h"

namespace alcove::segments {

// When a query has seen enough of a clustered segment. The next cluster's remoteness is
//   z + w·ln(n)
// where z is by how many deviations the threshold, what a row must have to be among the nearest so far, lies
// above the mean of the cluster's rows (probe_order.h), and n counts the clusters looked at, this one
// included (and with a filter some of those without a row that passes, as probe_order.h says); w is kCountWeight. Neither alone tells as much: z because what is expected is only true on average, n because
// queries differ; their sum makes queries stop about where one cluster more is worth as much to each.
//
// Queries that are unlike the rows have their nearest in more clusters. How unlike one is its farness tells,
//   f = ln(d²/R²)
// where d is how far it is from the centroid that it looks at first and R² the mean squared distance of that one's
// rows; under the dot product, where a query's length means nothing, f is 0. A search ends at a
// remoteness of r + s·f.
//
// Both are measured when the segment is written: rows of it are taken for queries, and for each of their
// ten nearest others is noted at what remoteness the search must not have ended for it to be found. By s
// the half of these queries with the greater f needs more for a recall of kSlopeRecall than the other half, for each f
// that they differ by; and r for a recall is that quantile of what all need, less s·f. So they are for one nearest for
// each 256 rows, up to 1,000: where a row's own lie in a few clusters, those of a query for more, or with a filter that
// lets few pass, lie among other clusters than were measured with ten.
//
// CALIBRATION, one block
//   OFFSET SIZE FIELD
//        0   32 the remoteness for each of kCalibratedRecalls of a search for ten, float32, rising
//       32   32 the same of a search for more
//       64    4 for how many
//       68    4 s of a search for ten, float32
//       72    4 s of a search for more; both from 0 to 4, and measured are at most 1
//       76    4 w, float32, from 0 to 1
// Before version 7 it ends after 76 bytes, and w is 1. Before version 6 it ends after 68 bytes, and s is 1.2. Before version 5 it ends after the first field,
// which serves for any number, and was measured with an s of 0.

inline constexpr std::array<double, 8> kCalibratedRecalls = {0.5,  0.8,  0.9,   0.95,
                                                             0.98, 0.99, 0.995, 0.999};
static_assert(kCalibratedRecalls.size() == std::tuple_size_v<decltype(Calibration::near)>);
static_assert(sizeof(Calibration) == 80);
inline constexpr std::size_t kCalibrationBytesBefore7 = 76;
inline constexpr std::size_t kCalibrationBytesBefore6 = 68;
inline constexpr float kCountWeight = 0.6F;
// What is believed at most of s, at least 0: where it is more, to find as much of every query's nearest would take many times as
// long as to find as much on average (docs/decisions/0012). And what may stand in a file.
inline constexpr float kPerFarnessMax = 1;
inline constexpr float kStoredPerFarnessMax = 4;

// Whose remoteness is measured first.
inline constexpr std::uint32_t kNearest = 10;

// The remoteness at which a search ends for a recall of 0 to 1 of so many nearest rows of all those of the segment, by a
// query of that farness: between those measured by what is missed and by the logarithm of the number, beyond them as at the ends, but that for
// more rows than were measured with it goes on to rise by that logarithm as it has risen at 0.95 and a farness of 0, if it has. Where a filter
// lets a share pass, the number is that of rows among which as many pass as are wanted.
float remoteness_for(const Calibration& calibration, double recall, double count, double farness);

// `before`: what was measured for a segment that has most of the rows, and whose clusters are kept. Then it is done with a
// quarter of the queries where they are more than 512, a quarter of which looks a good deal further than before and the others as
// far as serves 0.99, and s stays as it was: a merge that keeps clusters has little else to do.
// Requires: the segment has clusters. `pause` is called now and then: an error it returns ends the work.
Result<Calibration> calibrate(const Segment& segment, const std::optional<Calibration>& before,
                              const std::function<Status()>& pause);

}  // namespace alcove::segments
