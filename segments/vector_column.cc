#include "segments/vector_column.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <memory>
#include <string>

#include "base/check.h"

namespace alcove::segments {

namespace {

constexpr std::size_t kPlanesBlockBytes = 16 * 1024;
// The kernels of distance.h take so many rows side by side, and what remains one after the other.
constexpr std::size_t kScannedTogether = 4;
constexpr std::size_t kSampleBytes = 1024 * 1024;
constexpr std::size_t kPlacesPerBlock = 16 * 1024 / sizeof(std::uint32_t);
// More are not asked of the disk before it is known which of them are of use.
constexpr std::uint32_t kPlacesAskedMax = 2'000'000;

std::string_view bytes_of(const float* values, std::size_t count) {
  return {reinterpret_cast<const char*>(values), count * sizeof(float)};
}

}  // namespace

std::size_t VectorColumnWriter::rows_that_fit(std::size_t block_bytes) const {
  const std::size_t row_bytes = (std::size_t{dimension_} + 1) * sizeof(float);
  const std::size_t rows = std::max<std::size_t>(block_bytes / row_bytes, 1);
  return rows < kScannedTogether ? rows : rows / kScannedTogether * kScannedTogether;
}

void VectorColumnWriter::stay_plain() { rows_per_block_ = rows_that_fit(kPlainBlockBytes); }

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

Status PlaceColumnWriter::add(std::uint32_t place, BlockWriter& out) {
  places_.push_back(place);
  return places_.size() == kPlacesPerBlock ? finish(out) : Status();
}

Status PlaceColumnWriter::finish(BlockWriter& out) {
  if (places_.empty()) return {};
  const std::string_view bytes(reinterpret_cast<const char*>(places_.data()), places_.size() * sizeof(std::uint32_t));
  TRY(out.append(Section::kPlaces, Codec::kPlain, static_cast<std::uint32_t>(places_.size()), {bytes}, bytes.size()));
  places_.clear();
  return {};
}

VectorColumn::VectorColumn(const VectorFiles& files)
    : own_(*files.back()), places_(own_.section(Section::kPlaces)) {
  for (const auto& file : files) {
    const BlockList& list = file->section(Section::kVectors);
    Part& part = parts_.emplace_back(
        Part{file.get(), &list, static_cast<std::uint32_t>(vectors_), 0, {}});
    first_vectors_.push_back(part.first);
    vectors_ += list.items();
    if (!list.blocks().empty()) part.per_block = list.blocks().front().entry.items;
    part.spots.reserve(list.blocks().size());
    for (const Block& block : list.blocks()) {
      const std::uint64_t offset = block.offset / kBlockAlignment;
      if (block.entry.codec != Codec::kPlain || offset > std::numeric_limits<std::uint32_t>::max()) {
        part.spots = {};
        break;
      }
      part.spots.push_back({static_cast<std::uint32_t>(offset), block.number});
    }
  }
}

VectorColumn::Vector VectorColumn::find_plain(const Part& part, std::uint32_t item) const {
  CHECK(item < part.list->items(), "a vector of the file");
  if (part.spots.empty()) return {};
  const std::size_t block = item / part.per_block;
  const Spot& spot = part.spots[block];
  if (!part.file->verified(spot.number)) return {};
  const auto first = static_cast<std::uint32_t>(block * part.per_block);
  const std::uint32_t items = std::min(part.list->items() - first, part.per_block);
  const auto* const values = reinterpret_cast<const float*>(part.file->at(std::uint64_t{spot.offset} * kBlockAlignment));
  const std::size_t dimension = own_.identity().dimension;
  const std::uint32_t at = item - first;
  return {values + at * dimension, values + items * dimension + at, items - at};
}

Result<std::span<const std::uint32_t>> VectorColumn::numbers(std::uint32_t row) const {
  const Block& block = places_.even_block(row);
  const std::string_view stored = TRY(own_.stored(block));
  return std::span(reinterpret_cast<const std::uint32_t*>(stored.data()), block.entry.items).subspan(row - block.first);
}

Result<VectorPlace> VectorColumn::place_of(std::uint32_t row, std::uint32_t number) const {
  if (number >= vectors_) return own_.damaged(places_.even_block(row), "has a vector beyond the vectors");
  // Without a branch: which part it is cannot be foretold.
  std::size_t file = 0;
  for (std::size_t step = std::bit_floor(first_vectors_.size()); step > 0; step /= 2) {
    const std::size_t next = std::min(file + step, first_vectors_.size() - 1);
    file = first_vectors_[next] <= number ? next : file;
  }
  return VectorPlace{static_cast<std::uint32_t>(file), number - parts_[file].first};
}

Result<VectorPlace> VectorColumn::place(std::uint32_t row) const {
  if (everything_own()) return VectorPlace{0, row};
  const auto numbers = TRY(this->numbers(row));
  return place_of(row, numbers.front());
}

Result<Segment::Vectors> VectorColumn::block(std::uint32_t row) const {
  std::span<const std::uint32_t> numbers;
  VectorPlace place{0, row};
  if (!everything_own()) {
    numbers = TRY(this->numbers(row));
    place = TRY(place_of(row, numbers.front()));
  }
  const Part& part = parts_[place.file];
  if (const Vector found = find_plain(part, place.item); found.values != nullptr) {
    const std::size_t most = everything_own() ? 1 : std::min<std::size_t>(numbers.size(), found.behind);
    std::uint32_t count = everything_own() ? found.behind : 1;
    while (count < most && numbers[count] == numbers.front() + count) ++count;
    return Segment::Vectors{found.values, found.squared_norm, row, count, nullptr};
  }
  const Block& block = part.list->even_block(place.item);
  const std::string_view stored = TRY(part.file->stored(block));
  Segment::Vectors vectors;
  vectors.first = block.first;
  vectors.count = block.entry.items;
  if (block.entry.codec == Codec::kPlain) {
    vectors.values = reinterpret_cast<const float*>(stored.data());
  } else {
    auto decoded =
        std::make_shared_for_overwrite<float[]>(block.entry.raw_bytes / sizeof(float));
    if (!decode_planes(stored, reinterpret_cast<char*>(decoded.get()), block.entry.raw_bytes)) {
      return part.file->damaged(block, "does not decode");
    }
    vectors.values = decoded.get();
    vectors.owner = std::move(decoded);
  }
  const std::size_t dimension = own_.identity().dimension;
  vectors.squared_norms = vectors.values + std::size_t{vectors.count} * dimension;
  if (everything_own()) return vectors;
  const std::uint32_t at = place.item - block.first;
  const std::size_t most = std::min<std::size_t>(numbers.size(), vectors.count - at);
  std::size_t count = 1;
  while (count < most && numbers[count] == numbers.front() + count) ++count;
  vectors.first = row;
  vectors.count = static_cast<std::uint32_t>(count);
  vectors.values += at * dimension;
  vectors.squared_norms += at;
  return vectors;
}

void VectorColumn::prefetch_place(std::uint32_t row) const {
  if (everything_own()) return;
  const Block& block = places_.even_block(row);
  if (!own_.expect(block)) own_.prefetch(block, (row - block.first) * sizeof(std::uint32_t), 1);
}

Segment::Vectors VectorColumn::fetch(std::uint32_t row) const {
  // The processor notices that a longer run is read in order.
  constexpr std::size_t kBytesMax = 512;
  constexpr std::size_t kLineBytes = 64;
  // From a disk too it is better to wait for what says where the vector lies, which expect_places() has asked for, than to ask
  // for the vector only when it is needed.
  const auto place = this->place(row);
  if (!place) return {};  // whoever reads it is told
  const Part& part = parts_[place->file];
  const Vector found = find_plain(part, place->item);
  if (found.values == nullptr) {
    part.file->expect(part.list->even_block(place->item));
    return {};
  }
  const std::size_t bytes = std::min(own_.identity().dimension * sizeof(float), kBytesMax);
  const auto* const begin = reinterpret_cast<const char*>(found.values);
  for (std::size_t i = 0; i < bytes; i += kLineBytes) __builtin_prefetch(begin + i);
  __builtin_prefetch(found.squared_norm);
  return {found.values, found.squared_norm, row, 1, nullptr};
}

void VectorColumn::expect_places() const {
  if (places_.items() <= kPlacesAskedMax) own_.expect(places_, 0, places_.items());
}

Status VectorColumn::verify(std::uint32_t rows) const {
  for (const Part& part : parts_) {
    for (const Block& each : part.list->blocks()) {
      const std::string_view stored = TRY(part.file->stored(each));
      if (each.entry.codec == Codec::kPlain) continue;
      std::string decoded(each.entry.raw_bytes, '\0');
      if (!decode_planes(stored, decoded.data(), decoded.size())) {
        return part.file->damaged(each, "does not decode");
      }
    }
  }
  if (everything_own()) return {};
  std::vector<bool> seen(vectors_);
  for (std::uint32_t row = 0; row < rows; ++row) {
    const std::uint32_t number = TRY(numbers(row)).front();
    TRY(place_of(row, number));
    if (seen[number]) return own_.damaged(places_.even_block(row), "has a vector twice");
    seen[number] = true;
  }
  return {};
}

}  // namespace alcove::segments
