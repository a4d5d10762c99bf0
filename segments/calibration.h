#pragma once

#include <array>
#include <cstddef>
#include <functional>

#include "base/result.h"
#include "segments/segment.h"

namespace alcove::segments {

// When a query has seen enough of a clustered segment. The next cluster's remoteness is
//   z + ln(n)
// where z is by how many deviations the threshold, what a row must have to be among the nearest so far, lies
// above the mean of the cluster's rows (probe_order.h), and n counts the clusters looked at, this one
// included. Neither alone tells as much: z because what is expected is only true on average, n because
// queries differ; their sum makes queries stop about where one cluster more is worth as much to each.
//
// It is measured when the segment is written: rows of it are taken for queries, and for each of their
// ten nearest others is noted at what remoteness the search must not have ended for it to be found. The
// quantiles of that are what recalls ask for.
//
// CALIBRATION, one block
//   OFFSET SIZE FIELD
//        0   32 the remoteness for each of kCalibratedRecalls, float32, rising

inline constexpr std::array<double, 8> kCalibratedRecalls = {0.5,  0.8,  0.9,   0.95,
                                                             0.98, 0.99, 0.995, 0.999};
static_assert(kCalibratedRecalls.size() == std::tuple_size_v<Calibration>);

// The remoteness at which a search for a recall of 0 to 1 ends: between those measured by what is missed, beyond
// them as far again.
float remoteness_for(const Calibration& calibration, double recall);

// The same of clusters that have so many times the rows.
Calibration grown(const Calibration& calibration, double times);

// Requires: the segment has clusters. `pause` is called now and then: an error it returns ends the work.
Result<Calibration> calibrate(const Segment& segment, const std::function<Status()>& pause);

}  // namespace alcove::segments
