#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "base/result.h"
#include "segments/block_writer.h"
#include "segments/segment.h"
#include "segments/vector_column.h"

namespace alcove::segments {

// Writes what a CodeColumn reads (code_column.h).

// A clustered segment, most of whose rows are among those to be written, and which of them each is.
struct CodeModel {
  static constexpr std::uint32_t kNoRow = UINT32_MAX;
  std::shared_ptr<const Segment> segment;
  std::vector<std::uint32_t> rows;  // of the segment, or kNoRow: one for each row to be written
};

// Writes the codes of all `rows`, which are read from `vectors`. Where there is a model, and its clusters are
// not too many or too few for the rows, they are kept and its codes are copied. `pause` as in
// cluster_rows. The calibration of clusters is left to be made.
// Returns whether the model was taken.
Result<bool> write_codes(const SegmentIdentity& identity, const VectorColumn& vectors,
                         std::uint32_t rows, const CodeModel& model,
                         const std::function<Status()>& pause, BlockWriter& out);

}  // namespace alcove::segments
