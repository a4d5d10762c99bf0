#include "segments/segment_format.h"

#include <array>

#include "base/bytes.h"
#include "base/checksum.h"
#include "segments/calibration.h"
#include "segments/code.h"
#include "segments/segment.h"
#include "segments/vector_file.h"

namespace alcove::segments {

namespace {

constexpr std::string_view kHeaderMagic = "ALCOVSEG";
constexpr std::string_view kFooterMagic = "GESVOCLA";
constexpr std::size_t kCheckedBytes = 56;  // of header and footer: what their checksum covers

static_assert(kCheckedBytes + sizeof(std::uint64_t) == kSegmentHeaderBytes);
static_assert(kCheckedBytes + sizeof(std::uint64_t) == kSegmentFooterBytes);

Error corrupt(std::string message) { return Error(ErrorCode::kCorruption, std::move(message)); }

std::size_t position(Section section) { return static_cast<std::size_t>(section) - 1; }

bool codec_fits(const BlockEntry& entry) {
  switch (entry.section) {
    case Section::kVectors:
      return entry.codec == Codec::kPlain || entry.codec == Codec::kPlanes;
    case Section::kMetadata:
      return entry.codec == Codec::kPlain || entry.codec == Codec::kZstd;
    default:
      return entry.codec == Codec::kPlain;
  }
}

}  // namespace

bool has_older_codes(const BlockEntry& entry, std::uint32_t dimension) {
  if (entry.section != Section::kCodes || dimension > kCodedDimensionMax) return false;
  // Factors, addends and deviations were float32.
  const std::size_t bytes = CodeShape(dimension).bytes + kCorrectionBytes;
  return entry.raw_bytes == (std::uint64_t{entry.items} + kCodedRows - 1) / kCodedRows * bytes;
}

namespace {

// Whether a block of so many items can decode to so many bytes.
bool raw_bytes_fit(const BlockEntry& entry, std::uint32_t dimension) {
  const std::uint64_t raw = entry.raw_bytes;
  const std::uint64_t items = entry.items;
  switch (entry.section) {
    case Section::kIds:
    case Section::kIdFences:
    case Section::kTombstoneIds:
    case Section::kTombstoneIdFences:
      return raw >= (items + 1) * 4 + items;
    case Section::kLsns:
    case Section::kTombstoneLsns:
      return raw >= 16 && raw <= 16 + items * 8;
    case Section::kVectors:
      return raw == items * (std::uint64_t{dimension} + 1) * 4;
    case Section::kMetadata:
      return raw == 0 || raw >= items;
    case Section::kCentroids:
      return dimension <= kCodedDimensionMax &&
             (raw == items * dimension * 4 || raw == items * (std::uint64_t{dimension} + 4));
    case Section::kClusters:
      return raw == items * sizeof(Segment::Cluster);
    case Section::kPostings:
      return raw == items * sizeof(std::uint32_t);
    case Section::kCalibration:
      return items == 1 && (raw == sizeof(Calibration) || raw == kCalibrationBytesBefore7 || raw == kCalibrationBytesBefore6 ||
                            raw == sizeof(Calibration::near));
    case Section::kTerms:
      return items == 1 && raw >= 16;
    case Section::kPlaces:
      return raw == items * sizeof(std::uint32_t);
    case Section::kVectorFiles:
      return items <= kVectorFilesMax && raw == items * kVectorFileEntryBytes;
    case Section::kVectorBlocks:
      return raw == items * kVectorBlockEntryBytes;
    case Section::kCodes:
      return dimension <= kCodedDimensionMax &&
             (raw == (items + kCodedRows - 1) / kCodedRows * CodeShape(dimension).bytes || has_older_codes(entry, dimension));
    case Section::kCentroidCodes:
      return dimension <= kCodedDimensionMax &&
             raw == (items + kCodedRows - 1) / kCodedRows * CodeShape(dimension).centroid_bytes;
  }
  return false;
}

bool plausible(const BlockEntry& entry, std::uint32_t dimension) {
  const auto section = static_cast<std::size_t>(entry.section);
  if (section < 1 || section > kSectionCount) return false;
  if (entry.items == 0 || entry.raw_bytes > kBlockRawBytesMax || !codec_fits(entry)) return false;
  const bool stored_fits = entry.codec == Codec::kPlain ? entry.stored_bytes == entry.raw_bytes
                                                        : entry.stored_bytes < entry.raw_bytes;
  return stored_fits && raw_bytes_fit(entry, dimension);
}

// What the entries of one section add up to.
struct Tally {
  std::uint64_t blocks = 0;
  std::uint64_t items = 0;
  std::uint32_t items_first = 0;  // of the first block
  std::uint32_t items_last = 0;

  // False where a block before the last had another number of items than the first. The first of centroids
  // stands for itself.
  bool add(const BlockEntry& entry) {
    const std::uint64_t begin = entry.section == Section::kCentroids ? 1 : 0;
    const bool even =
        blocks <= begin || (items_last == items_first && entry.items <= items_first);
    if (blocks <= begin) items_first = entry.items;
    if (blocks < begin && entry.items != 1) return false;
    items_last = entry.items;
    items += entry.items;
    ++blocks;
    return even;
  }
};

using Tallies = std::array<Tally, kSectionCount>;

bool fences_fit(const Tally& ids, const Tally& fences) {
  return fences.items == (ids.blocks > 1 ? ids.blocks : 0);
}

// Only the last block of codes may end within what stands together.
bool whole_groups(const Tally& codes) { return codes.blocks <= 1 || codes.items_first % kCodedRows == 0; }

bool codes_fit(const Tallies& tallies, std::uint32_t rows) {
  const auto items = [&](Section section) { return tallies[position(section)].items; };
  const std::uint64_t clusters = items(Section::kClusters);
  const bool coded = items(Section::kCodes) > 0;
  return items(Section::kCodes) == (coded ? rows : 0) && items(Section::kCentroidCodes) == clusters &&
         items(Section::kCentroids) == (coded ? clusters + 1 : 0) && (coded || clusters == 0) &&
         items(Section::kPostings) == (clusters > 0 ? rows : 0) &&
         items(Section::kCalibration) == (clusters > 0 ? 1 : 0) && whole_groups(tallies[position(Section::kCodes)]) &&
         whole_groups(tallies[position(Section::kCentroidCodes)]);
}

bool vectors_fit(const Tallies& tallies, std::uint32_t rows) {
  const auto of = [&](Section section) -> const Tally& { return tallies[position(section)]; };
  const std::uint64_t vectors = of(Section::kVectors).items;
  if (of(Section::kVectorFiles).blocks == 0) {
    return vectors == rows && of(Section::kPlaces).items == 0 && of(Section::kVectorBlocks).items == 0;
  }
  return of(Section::kVectorFiles).blocks == 1 && vectors <= rows && of(Section::kPlaces).items == rows;
}

bool totals_fit(const Tallies& tallies, const SegmentFooter& footer) {
  const auto of = [&](Section section) -> const Tally& { return tallies[position(section)]; };
  const std::uint64_t metadata = of(Section::kMetadata).items;
  return of(Section::kIds).items == footer.rows && of(Section::kLsns).items == footer.rows &&
         vectors_fit(tallies, footer.rows) && (metadata == footer.rows || metadata == 0) &&
         of(Section::kTombstoneIds).items == footer.tombstones &&
         of(Section::kTombstoneLsns).items == footer.tombstones &&
         codes_fit(tallies, footer.rows) &&
         fences_fit(of(Section::kIds), of(Section::kIdFences)) &&
         fences_fit(of(Section::kTombstoneIds), of(Section::kTombstoneIdFences));
}

BlockEntry read_entry(ByteReader& reader) {
  BlockEntry entry;
  entry.section = static_cast<Section>(reader.u16());
  entry.codec = static_cast<Codec>(reader.u8());
  if (reader.u8() != 0) reader.refuse();
  entry.items = reader.u32();
  entry.stored_bytes = reader.u32();
  entry.raw_bytes = reader.u32();
  entry.checksum = reader.u64();
  return entry;
}

}  // namespace

std::uint64_t segment_seed(const SegmentIdentity& identity, std::uint64_t offset) {
  return checksum_seed(checksum_seed(identity.file, identity.name_space), offset);
}

const char* section_name(Section section) {
  switch (section) {
    case Section::kIds: return "ids";
    case Section::kIdFences: return "id fences";
    case Section::kLsns: return "LSNs";
    case Section::kVectors: return "vectors";
    case Section::kMetadata: return "metadata";
    case Section::kTombstoneIds: return "tombstone ids";
    case Section::kTombstoneIdFences: return "tombstone id fences";
    case Section::kTombstoneLsns: return "tombstone LSNs";
    case Section::kCentroids: return "centroids";
    case Section::kCodes: return "codes";
    case Section::kCentroidCodes: return "centroid codes";
    case Section::kClusters: return "clusters";
    case Section::kPostings: return "postings";
    case Section::kCalibration: return "calibration";
    case Section::kTerms: return "terms";
    case Section::kPlaces: return "places";
    case Section::kVectorFiles: return "vector files";
    case Section::kVectorBlocks: return "vector blocks";
  }
  return "unknown";
}

const char* codec_name(Codec codec) {
  switch (codec) {
    case Codec::kPlain: return "plain";
    case Codec::kZstd: return "zstd";
    case Codec::kPlanes: return "planes";
  }
  return "unknown";
}

void encode_header(const SegmentIdentity& identity, std::string& out) {
  std::string bytes;
  ByteWriter writer(bytes);
  writer.raw(kHeaderMagic);
  writer.u32(kSegmentVersion);
  writer.u32(identity.index);
  writer.u64(identity.file);
  writer.u64(identity.name_space);
  writer.u32(identity.dimension);
  writer.u8(static_cast<std::uint8_t>(identity.metric));
  writer.zeros(kCheckedBytes - bytes.size());
  writer.u64(checksum(bytes, segment_seed(identity, 0)));
  out += bytes;
}

void encode_entry(const BlockEntry& entry, std::string& out) {
  ByteWriter writer(out);
  writer.u16(static_cast<std::uint16_t>(entry.section));
  writer.u8(static_cast<std::uint8_t>(entry.codec));
  writer.u8(0);
  writer.u32(entry.items);
  writer.u32(entry.stored_bytes);
  writer.u32(entry.raw_bytes);
  writer.u64(entry.checksum);
}

void encode_footer(const SegmentIdentity& identity, std::uint64_t offset, SegmentFooter& footer,
                   std::string& out) {
  std::string bytes;
  ByteWriter writer(bytes);
  writer.u64(footer.table_offset);
  writer.u32(footer.blocks);
  writer.u32(footer.rows);
  writer.u32(footer.tombstones);
  writer.u32(0);
  writer.u64(footer.first_lsn);
  writer.u64(footer.last_lsn);
  writer.u64(footer.table_checksum);
  writer.raw(kFooterMagic);
  footer.checksum = checksum(bytes, segment_seed(identity, offset));
  writer.u64(footer.checksum);
  out += bytes;
}

Result<SegmentIdentity> decode_header(std::string_view bytes) {
  ByteReader reader(bytes);
  if (reader.raw(kHeaderMagic.size()) != kHeaderMagic) return corrupt("not a segment file");
  SegmentIdentity identity;
  const std::uint32_t version = reader.u32();
  identity.index = reader.u32();
  identity.file = reader.u64();
  identity.name_space = reader.u64();
  identity.dimension = reader.u32();
  const std::uint8_t metric = reader.u8();
  const std::uint64_t expected =
      checksum(bytes.substr(0, kCheckedBytes), segment_seed(identity, 0));
  if (ByteReader(bytes.substr(kCheckedBytes)).u64() != expected) {
    return corrupt("the header fails its checksum");
  }
  if (version > kSegmentVersion) {
    return fail(ErrorCode::kTooNew, "segment format version {} is newer than {}, the newest known",
                version, kSegmentVersion);
  }
  if (version == 0 || identity.dimension == 0 || identity.dimension > kDimensionMax ||
      metric < static_cast<std::uint8_t>(Metric::kCosine) ||
      metric > static_cast<std::uint8_t>(Metric::kEuclidean)) {
    return corrupt("the header makes no sense");
  }
  identity.metric = static_cast<Metric>(metric);
  return identity;
}

Result<SegmentFooter> decode_footer(const SegmentIdentity& identity, std::uint64_t offset,
                                    std::string_view bytes) {
  ByteReader reader(bytes);
  SegmentFooter footer;
  footer.table_offset = reader.u64();
  footer.blocks = reader.u32();
  footer.rows = reader.u32();
  footer.tombstones = reader.u32();
  const std::uint32_t zero = reader.u32();
  footer.first_lsn = reader.u64();
  footer.last_lsn = reader.u64();
  footer.table_checksum = reader.u64();
  const std::string_view magic = reader.raw(kFooterMagic.size());
  footer.checksum = reader.u64();
  const std::uint64_t expected =
      checksum(bytes.substr(0, kCheckedBytes), segment_seed(identity, offset));
  if (magic != kFooterMagic || footer.checksum != expected) {
    return corrupt("the footer fails its checksum");
  }
  if (zero != 0 || footer.table_offset > offset ||
      offset - footer.table_offset != std::uint64_t{footer.blocks} * kBlockEntryBytes) {
    return corrupt("the footer makes no sense");
  }
  return footer;
}

Result<std::vector<BlockEntry>> decode_table(const SegmentIdentity& identity,
                                             const SegmentFooter& footer,
                                             std::string_view bytes) {
  if (checksum(bytes, segment_seed(identity, footer.table_offset)) != footer.table_checksum) {
    return corrupt("the block table fails its checksum");
  }
  ByteReader reader(bytes);
  std::vector<BlockEntry> entries;
  entries.reserve(footer.blocks);
  Tallies tallies;
  std::uint32_t centroid_bytes = 0;
  std::uint64_t end = kSegmentHeaderBytes;
  for (std::uint32_t i = 0; i < footer.blocks; ++i) {
    const BlockEntry entry = read_entry(reader);
    if (!reader.ok() || !plausible(entry, identity.dimension)) {
      return fail(ErrorCode::kCorruption, "entry {} of the block table makes no sense", i);
    }
    Tally& tally = tallies[position(entry.section)];
    if (entry.section == Section::kCentroids) {
      // First the origin, then all alike.
      if (tally.blocks == 0 && entry.raw_bytes != std::uint64_t{identity.dimension} * 4) {
        return fail(ErrorCode::kCorruption, "block {} is not that of the origin", i);
      }
      if (tally.blocks == 1) centroid_bytes = entry.raw_bytes / entry.items;
      if (tally.blocks > 1 && entry.raw_bytes / entry.items != centroid_bytes) {
        return fail(ErrorCode::kCorruption, "block {} has centroids unlike those before", i);
      }
    }
    const bool even = tally.add(entry);
    if (!even && entry.section != Section::kMetadata) {
      return fail(ErrorCode::kCorruption, "block {} ({}) has a wrong number of items", i,
                  section_name(entry.section));
    }
    end += padded(entry.stored_bytes);
    entries.push_back(entry);
  }
  if (end != footer.table_offset) return corrupt("the blocks do not end at the block table");
  if (!totals_fit(tallies, footer)) return corrupt("the blocks do not add up to the rows");
  return entries;
}

}  // namespace alcove::segments
