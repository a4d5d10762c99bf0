#include "segments/code_column.h"

#include <algorithm>
#include <cmath>

namespace alcove::segments {

namespace {

// The mean of so many rows is near that of all, unless the order of ids is one of content too.
constexpr std::size_t kSampleRows = 1024;
static_assert(kCodedRowsMin <= kSampleRows);

std::string_view bytes_of(const std::vector<float>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)};
}

std::vector<float> mean_of(Metric metric, const std::vector<float>& values,
                           const std::vector<float>& squared_norms, std::size_t dimension) {
  std::vector<double> sums(dimension);
  for (std::size_t row = 0; row < squared_norms.size(); ++row) {
    const bool scaled = metric == Metric::kCosine && squared_norms[row] > 0;
    const double scale = scaled ? 1 / std::sqrt(double{squared_norms[row]}) : 1;
    for (std::size_t i = 0; i < dimension; ++i) {
      sums[i] += double{values[row * dimension + i]} * scale;
    }
  }
  std::vector<float> mean(dimension);
  const auto count = static_cast<double>(squared_norms.size());
  std::transform(sums.begin(), sums.end(), mean.begin(),
                 [count](double sum) { return static_cast<float>(sum / count); });
  return mean;
}

}  // namespace

CodeColumnWriter::CodeColumnWriter(const SegmentIdentity& identity)
    : metric_(identity.metric), dimension_(identity.dimension) {}

Status CodeColumnWriter::add(const float* values, float squared_norm, BlockWriter& out) {
  if (dimension_ < kCodedDimensionMin || dimension_ > kCodedDimensionMax) return {};
  if (encoder_) return encode(values, squared_norm, out);
  values_.insert(values_.end(), values, values + dimension_);
  squared_norms_.push_back(squared_norm);
  return squared_norms_.size() == kSampleRows ? begin(out) : Status();
}

Status CodeColumnWriter::finish(BlockWriter& out) {
  if (!encoder_ && squared_norms_.size() >= kCodedRowsMin) TRY(begin(out));
  return flush(out);
}

Status CodeColumnWriter::begin(BlockWriter& out) {
  const std::vector<float> centroid = mean_of(metric_, values_, squared_norms_, dimension_);
  const std::string_view bytes = bytes_of(centroid);
  TRY(out.append(Section::kCentroids, Codec::kPlain, 1, {bytes}, bytes.size()));
  encoder_.emplace(metric_, centroid);
  const std::size_t groups_of_rows = kBlockRawBytesMax / encoder_->shape().bytes;
  rows_per_block_ = static_cast<std::uint32_t>(groups_of_rows * kCodedRows);
  for (std::size_t row = 0; row < squared_norms_.size(); ++row) {
    TRY(encode(values_.data() + row * dimension_, squared_norms_[row], out));
  }
  std::vector<float>().swap(values_);
  return {};
}

Status CodeColumnWriter::encode(const float* values, float squared_norm, BlockWriter& out) {
  const std::size_t bytes = encoder_->shape().bytes;
  if (rows_ % kCodedRows == 0) block_.append(bytes, '\0');
  encoder_->encode(values, squared_norm, rows_ % kCodedRows,
                   block_.data() + rows_ / kCodedRows * bytes);
  ++rows_;
  return rows_ == rows_per_block_ ? flush(out) : Status();
}

Status CodeColumnWriter::flush(BlockWriter& out) {
  if (rows_ == 0) return {};
  TRY(out.append(Section::kCodes, Codec::kPlain, rows_, {block_}, block_.size()));
  rows_ = 0;
  block_.clear();
  return {};
}

CodeColumn::CodeColumn(const BlockReader& reader)
    : reader_(reader),
      centroids_(reader.section(Section::kCentroids)),
      codes_(reader.section(Section::kCodes)) {}

Result<std::span<const float>> CodeColumn::centroid() const {
  const std::string_view bytes = TRY(reader_.stored(centroids_.blocks().front()));
  return std::span(reinterpret_cast<const float*>(bytes.data()), bytes.size() / sizeof(float));
}

Result<Segment::Codes> CodeColumn::block(std::uint32_t row) const {
  const Block& block = codes_.even_block(row);
  const std::string_view bytes = TRY(reader_.stored(block));
  return Segment::Codes{bytes.data(), block.first, block.entry.items};
}

Status CodeColumn::verify() const {
  if (empty()) return {};
  TRY(centroid());
  for (const Block& each : codes_.blocks()) TRY(block(each.first));
  return {};
}

}  // namespace alcove::segments
