#include "segments/manifest_format.h"

#include <charconv>

#include <fmt/format.h>

#include "base/bytes.h"
#include "base/checksum.h"

namespace alcove::segments {

namespace {

constexpr std::string_view kHeaderMagic = "ALCOVMAN";
constexpr std::size_t kHeaderCheckedBytes = 56;
constexpr std::size_t kFrameChecksumBytes = 8;
constexpr std::uint64_t kCurrentSeed = 0x746e65727275632e;

static_assert(kHeaderCheckedBytes + sizeof(std::uint64_t) == kManifestHeaderBytes);
static_assert(kFrameMagicOffset == kFrameChecksumBytes);

std::uint64_t seed(const ManifestHeader& header, std::uint64_t offset) {
  return checksum_seed(checksum_seed(header.database_id, header.number), offset);
}

// Reads "<word><number>" off the front of `text`.
std::optional<std::uint64_t> take_number(std::string_view& text, std::string_view word, int base) {
  if (!text.starts_with(word)) return {};
  text.remove_prefix(word.size());
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  if (error != std::errc()) return {};
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

}  // namespace

std::string encode_manifest_header(const ManifestHeader& header) {
  std::string bytes;
  ByteWriter writer(bytes);
  writer.raw(kHeaderMagic);
  writer.u32(kManifestVersion);
  writer.u32(0);
  writer.u64(header.database_id);
  writer.u64(header.number);
  writer.zeros(kHeaderCheckedBytes - bytes.size());
  writer.u64(checksum(bytes, seed(header, 0)));
  return bytes;
}

Result<ManifestHeader> decode_manifest_header(std::string_view bytes) {
  ByteReader reader(bytes);
  if (reader.raw(kHeaderMagic.size()) != kHeaderMagic) {
    return fail(ErrorCode::kCorruption, "damage at offset 0: not a manifest");
  }
  const std::uint32_t version = reader.u32();
  reader.u32();
  ManifestHeader header;
  header.database_id = reader.u64();
  header.number = reader.u64();
  const std::uint64_t expected = checksum(bytes.substr(0, kHeaderCheckedBytes), seed(header, 0));
  if (ByteReader(bytes.substr(kHeaderCheckedBytes)).u64() != expected) {
    return fail(ErrorCode::kCorruption, "damage at offset 0: the header fails its checksum");
  }
  if (version > kManifestVersion) {
    return fail(ErrorCode::kTooNew, "manifest format version {} is newer than {}, the newest known",
                version, kManifestVersion);
  }
  if (version == 0) return fail(ErrorCode::kCorruption, "damage at offset 0: no version");
  return header;
}

std::string encode_frame(const ManifestHeader& header, std::uint64_t offset,
                         const FrameHeader& frame, std::string_view payload) {
  std::string checked;
  checked.reserve(kFrameHeaderBytes + payload.size());
  ByteWriter writer(checked);
  writer.raw(kFrameMagic);
  writer.u32(static_cast<std::uint32_t>(payload.size()));
  writer.u64(frame.number);
  writer.u64(frame.synced_number);
  writer.u32(frame.edits);
  writer.u32(0);
  writer.raw(payload);
  std::string bytes;
  bytes.reserve(kFrameChecksumBytes + checked.size());
  ByteWriter(bytes).u64(checksum(checked, seed(header, offset)));
  return bytes += checked;
}

std::optional<FrameHeader> decode_frame_header(std::string_view bytes) {
  ByteReader reader(bytes.substr(kFrameMagicOffset));
  if (reader.raw(kFrameMagic.size()) != kFrameMagic) return {};
  FrameHeader frame;
  frame.payload_bytes = reader.u32();
  frame.number = reader.u64();
  frame.synced_number = reader.u64();
  frame.edits = reader.u32();
  return reader.u32() == 0 ? std::optional(frame) : std::nullopt;
}

bool frame_checks(const ManifestHeader& header, std::uint64_t offset, std::string_view bytes) {
  return checksum(bytes.substr(kFrameChecksumBytes), seed(header, offset)) ==
         ByteReader(bytes).u64();
}

std::string encode_current(const CurrentManifest& current) {
  const std::string text =
      fmt::format("manifest-{} database {:016x} frames {}", current.number, current.database_id,
                  current.frames);
  return fmt::format("{} checksum {:016x}\n", text, checksum(text, kCurrentSeed));
}

Result<CurrentManifest> decode_current(std::string_view text) {
  std::string_view rest = text;
  const auto number = take_number(rest, "manifest-", 10);
  const auto database_id = take_number(rest, " database ", 16);
  const auto frames = take_number(rest, " frames ", 10);
  if (number && database_id && frames) {
    const CurrentManifest current{*number, *database_id, *frames};
    // The whole text must be what these numbers make: that compares the checksum too.
    if (encode_current(current) == text) return current;
  }
  return fail(ErrorCode::kCorruption, "damage: this is not what names a manifest");
}

std::string manifest_path(const std::string& directory, std::uint64_t number) {
  return fmt::format("{}/manifest-{}", directory, number);
}

std::string current_path(const std::string& directory) { return directory + "/CURRENT"; }

}  // namespace alcove::segments
