#include "segments/code_column.h"

#include <algorithm>
#include <cstring>
#include <vector>

namespace alcove::segments {

namespace {

// So many codes are fetched ahead by the processor.
constexpr std::uint32_t kFetchedMax = 1024;

static_assert(sizeof(Segment::Cluster) == 20);

}  // namespace

CodeColumn::CodeColumn(const BlockReader& reader)
    : reader_(reader),
      centroids_(reader.section(Section::kCentroids)),
      codes_(reader.section(Section::kCodes)),
      centroid_codes_(reader.section(Section::kCentroidCodes)),
      clusters_(reader.section(Section::kClusters)),
      postings_(reader.section(Section::kPostings)),
      calibration_(reader.section(Section::kCalibration)) {}

Result<Calibration> CodeColumn::calibration() const {
  const std::string_view bytes = TRY(reader_.stored(calibration_.blocks().front()));
  Calibration calibration;
  std::memcpy(&calibration, bytes.data(), std::min(bytes.size(), sizeof(calibration)));
  if (bytes.size() < kCalibrationBytesBefore6) {
    // Measured before a query's distance counted: most that are nearer than rows are end no earlier than then.
    constexpr float kForNearer = 0.5;
    for (float& remoteness : calibration.near) remoteness += kForNearer;
    calibration.wide = calibration.near;
    calibration.wide_count = kNearest;
  }
  const auto is_wrong = [](float slope) { return !(slope >= 0 && slope <= kStoredPerFarnessMax); };
  if (is_wrong(calibration.near_per_farness) || is_wrong(calibration.wide_per_farness) ||
      !(calibration.count_weight >= 0 && calibration.count_weight <= 1)) {
    return reader_.damaged(calibration_.blocks().front(), "says more than can have been measured");
  }
  return calibration;
}

// The origin has a block of its own, and centroids stand in blocks that have equally many.
CodeColumn::CentroidPlace CodeColumn::place_of_centroid(std::uint32_t cluster) const {
  const std::vector<Block>& blocks = centroids_.blocks();
  const std::uint32_t per_block = blocks[1].entry.items;
  const Block& block = blocks[1 + cluster / per_block];
  const std::size_t bytes = block.entry.raw_bytes / block.entry.items;
  return {&block, cluster % per_block * bytes, bytes};
}

bool CodeColumn::prefetch_centroid(std::uint32_t cluster) const {
  constexpr std::size_t kBytesMax = 1024;
  const CentroidPlace place = place_of_centroid(cluster);
  if (reader_.expect(*place.block)) return true;
  reader_.prefetch(*place.block, place.offset, std::min(place.bytes, kBytesMax));
  return false;
}

Result<std::span<const float>> CodeColumn::origin() const {
  const std::string_view bytes = TRY(reader_.stored(centroids_.blocks().front()));
  return std::span(reinterpret_cast<const float*>(bytes.data()), reader_.identity().dimension);
}

Result<Centroid> CodeColumn::centroid(std::uint32_t cluster) const {
  const CentroidPlace place = place_of_centroid(cluster);
  const char* const bytes = TRY(reader_.stored(*place.block)).data() + place.offset;
  const std::size_t dimension = reader_.identity().dimension;
  if (place.bytes != rounded_bytes(dimension)) {
    return Centroid{{}, {reinterpret_cast<const float*>(bytes), dimension}};
  }
  float unit = 0;
  std::memcpy(&unit, bytes, sizeof(unit));
  return Centroid{{{reinterpret_cast<const std::int8_t*>(bytes + sizeof(unit)), dimension}, unit}, {}};
}

Result<Segment::Codes> CodeColumn::run(std::uint32_t at, std::uint32_t count) const {
  CHECK(count > 0 && at + count <= codes_.items(), "codes of the segment");
  const Block* block = &codes_.even_block(at);
  const std::string_view bytes = TRY(reader_.stored(*block));
  Segment::Codes codes{bytes.data(), block->first, block->entry.items};
  while (codes.first + codes.count < at + count && codes.count % kCodedRows == 0) {
    const Block& next = *(block + 1);
    if (next.offset != block->offset + block->entry.stored_bytes) break;
    TRY(reader_.stored(next));
    codes.count += next.entry.items;
    block = &next;
  }
  return codes;
}

Result<Segment::Codes> CodeColumn::centroid_codes(std::uint32_t cluster) const {
  const Block& block = centroid_codes_.even_block(cluster);
  const std::string_view bytes = TRY(reader_.stored(block));
  return Segment::Codes{bytes.data(), block.first, block.entry.items};
}

Result<std::span<const Segment::Cluster>> CodeColumn::clusters_from(std::uint32_t number) const {
  const Block& block = clusters_.even_block(number);
  const std::string_view bytes = TRY(reader_.stored(block));
  return std::span(reinterpret_cast<const Segment::Cluster*>(bytes.data()), block.entry.items)
      .subspan(number - block.first);
}

Result<Segment::Cluster> CodeColumn::cluster(std::uint32_t number) const {
  const Segment::Cluster cluster = TRY(clusters_from(number)).front();
  if (cluster.rows == 0 || cluster.first > codes_.items() || cluster.rows > codes_.items() - cluster.first) {
    return reader_.damaged(clusters_.even_block(number), "has a cluster without rows or beyond the codes");
  }
  return cluster;
}

Result<std::span<const std::uint32_t>> CodeColumn::postings(std::uint32_t at) const {
  const Block& block = postings_.even_block(at);
  const std::string_view bytes = TRY(reader_.stored(block));
  return std::span(reinterpret_cast<const std::uint32_t*>(bytes.data()), block.entry.items)
      .subspan(at - block.first);
}

void CodeColumn::prefetch_postings(std::uint32_t at, std::uint32_t count) const {
  const Block& block = postings_.even_block(at);
  if (reader_.expect(block)) return;
  const std::uint32_t first = at - block.first;
  reader_.prefetch(block, first * sizeof(std::uint32_t),
                   std::min(count, block.entry.items - first) * sizeof(std::uint32_t));
}

void CodeColumn::expect_search() const {
  reader_.expect(centroids_.blocks().front());
  for (const BlockList* list : {&calibration_, &centroid_codes_, &clusters_}) reader_.expect(*list, 0, list->items());
  if (clusters() == 0) reader_.expect(codes_, 0, codes_.items());
}

bool CodeColumn::expect_cluster(std::uint32_t first, std::uint32_t rows) const {
  if (!reader_.expect(codes_, first, rows)) return false;
  reader_.expect(postings_, first, rows);
  return true;
}

std::string_view CodeColumn::place_of(std::uint32_t at, std::uint32_t count) const {
  constexpr auto kTogether = static_cast<std::uint32_t>(kCodedRows);
  const std::size_t bytes = CodeShape(reader_.identity().dimension).bytes;
  const Block& first = codes_.even_block(at);
  // Of a cluster that has grown large the rest comes while the first is scanned.
  count = std::min(count, kFetchedMax);
  const Block& last = codes_.even_block(at + count - 1);
  const std::size_t before = (at - first.first) / kTogether * bytes;
  const std::size_t behind = last.entry.stored_bytes - ((at + count - 1 - last.first) / kTogether + 1) * bytes;
  std::string_view place = reader_.place_of(first, last);
  place.remove_prefix(before);
  place.remove_suffix(std::min(behind, place.size()));
  return place;
}

Status CodeColumn::verify(std::uint32_t rows) const {
  for (const BlockList* list : {&centroids_, &codes_, &centroid_codes_, &calibration_}) {
    for (const Block& each : list->blocks()) TRY(reader_.stored(each));
  }
  std::uint32_t end = 0;
  for (std::uint32_t i = 0; i < clusters(); ++i) {
    const Segment::Cluster each = TRY(cluster(i));
    if (each.first != end || each.rows == 0) {
      return reader_.damaged(clusters_.even_block(i), "has a cluster out of place");
    }
    end += each.rows;
  }
  if (clusters() > 0 && end != rows) {
    return reader_.damaged(clusters_.blocks().back(), "has clusters that do not add up to the rows");
  }
  std::vector<bool> seen(postings_.items());
  for (std::uint32_t at = 0; at < postings_.items(); ++at) {
    const std::uint32_t row = TRY(postings(at)).front();
    if (row >= rows || seen[row]) {
      return reader_.damaged(postings_.even_block(at), "has a row twice or beyond the rows");
    }
    seen[row] = true;
  }
  return {};
}

}  // namespace alcove::segments
