#include "segments/vector_column.h"

#include <algorithm>
#include <memory>
#include <string>

namespace alcove::segments {

namespace {

constexpr std::size_t kPlanesBlockBytes = 16 * 1024;
// The kernels of distance.h take so many rows side by side, and what remains one after the other.
constexpr std::size_t kScannedTogether = 4;
constexpr std::size_t kSampleBytes = 1024 * 1024;

std::string_view bytes_of(const float* values, std::size_t count) {
  return {reinterpret_cast<const char*>(values), count * sizeof(float)};
}

}  // namespace

std::size_t VectorColumnWriter::rows_that_fit(std::size_t block_bytes) const {
  const std::size_t row_bytes = (std::size_t{dimension_} + 1) * sizeof(float);
  const std::size_t rows = std::max<std::size_t>(block_bytes / row_bytes, 1);
  return rows < kScannedTogether ? rows : rows / kScannedTogether * kScannedTogether;
}

Status VectorColumnWriter::add(const float* values, float squared_norm, BlockWriter& out) {
  values_.insert(values_.end(), values, values + dimension_);
  norms_.push_back(squared_norm);
  if (!decided() && values_.size() * sizeof(float) >= kSampleBytes) decide();
  if (decided() && norms_.size() >= rows_per_block_) TRY(flush(Extent::kWholeBlocks, out));
  return {};
}

Status VectorColumnWriter::finish(BlockWriter& out) {
  if (norms_.empty()) return {};
  if (!decided()) decide();
  return flush(Extent::kAll, out);
}

void VectorColumnWriter::decide() {
  planes_ = planes_pay();
  rows_per_block_ = rows_that_fit(planes_ ? kPlanesBlockBytes : kPlainBlockBytes);
}

bool VectorColumnWriter::planes_pay() {
  const std::size_t step = rows_that_fit(kPlanesBlockBytes);
  std::size_t raw_bytes = 0;
  std::size_t stored_bytes = 0;
  for (std::size_t first = 0; first < norms_.size(); first += step) {
    const std::string_view raw = assemble(first, std::min(step, norms_.size() - first));
    const std::string_view encoded = compressor_.planes(raw);
    raw_bytes += raw.size();
    stored_bytes += encoded.empty() ? raw.size() : encoded.size();
  }
  return stored_bytes * 5 <= raw_bytes * 4;
}

std::string_view VectorColumnWriter::assemble(std::size_t first, std::size_t count) {
  raw_ = bytes_of(values_.data() + first * dimension_, count * dimension_);
  raw_ += bytes_of(norms_.data() + first, count);
  return raw_;
}

Status VectorColumnWriter::flush(Extent extent, BlockWriter& out) {
  std::size_t first = 0;
  while (first < norms_.size()) {
    const std::size_t count = std::min(rows_per_block_, norms_.size() - first);
    if (count < rows_per_block_ && extent == Extent::kWholeBlocks) break;
    const std::string_view values = bytes_of(values_.data() + first * dimension_, count * dimension_);
    const std::string_view norms = bytes_of(norms_.data() + first, count);
    const std::size_t raw_bytes = values.size() + norms.size();
    const std::string_view encoded =
        planes_ ? compressor_.planes(assemble(first, count)) : std::string_view();
    const auto items = static_cast<std::uint32_t>(count);
    if (encoded.empty()) {
      TRY(out.append(Section::kVectors, Codec::kPlain, items, {values, norms}, raw_bytes));
    } else {
      TRY(out.append(Section::kVectors, Codec::kPlanes, items, {encoded}, raw_bytes));
    }
    first += count;
  }
  const auto written = static_cast<std::ptrdiff_t>(first);
  norms_.erase(norms_.begin(), norms_.begin() + written);
  values_.erase(values_.begin(),
                values_.begin() + written * static_cast<std::ptrdiff_t>(dimension_));
  return {};
}

VectorColumn::VectorColumn(const BlockReader& reader)
    : reader_(reader), list_(reader.section(Section::kVectors)) {}

Result<Segment::Vectors> VectorColumn::block(std::uint32_t row) const {
  const Block& block = list_.even_block(row);
  const std::string_view stored = TRY(reader_.stored(block));
  Segment::Vectors vectors;
  vectors.first = block.first;
  vectors.count = block.entry.items;
  if (block.entry.codec == Codec::kPlain) {
    vectors.values = reinterpret_cast<const float*>(stored.data());
  } else {
    auto decoded =
        std::make_shared_for_overwrite<float[]>(block.entry.raw_bytes / sizeof(float));
    if (!decode_planes(stored, reinterpret_cast<char*>(decoded.get()), block.entry.raw_bytes)) {
      return reader_.damaged(block, "does not decode");
    }
    vectors.values = decoded.get();
    vectors.owner = std::move(decoded);
  }
  vectors.squared_norms =
      vectors.values + std::size_t{vectors.count} * reader_.identity().dimension;
  return vectors;
}

void VectorColumn::prefetch(std::uint32_t row) const {
  // The processor notices that a longer run is read in order.
  constexpr std::size_t kBytesMax = 512;
  const Block& block = list_.even_block(row);
  if (reader_.expect(block) || block.entry.codec != Codec::kPlain) return;
  const std::size_t bytes = std::size_t{reader_.identity().dimension} * sizeof(float);
  reader_.prefetch(block, (row - block.first) * bytes, std::min(bytes, kBytesMax));
  reader_.prefetch(block, block.entry.items * bytes + (row - block.first) * sizeof(float), 1);
}

Status VectorColumn::verify() const {
  for (const Block& each : list_.blocks()) TRY(block(each.first));
  return {};
}

}  // namespace alcove::segments
