#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace alcove::segments {

// MANIFEST FILE, format version 2, named manifest-<number>. Numbers are little-endian.
//
//   header | frame | frame | … | zeros
//
// Every checksum is XXH3-64 under checksum_seed(checksum_seed(database id, manifest number), offset
// in the file).
//
// HEADER, 64 bytes at offset 0. Its size, magic, version and checksum stay as they are in every
// version, so that "too new" can be told from "damaged".
//   OFFSET SIZE FIELD
//        0    8 magic "ALCOVMAN"
//        8    4 format version
//       12    4 zero
//       16    8 database id
//       24    8 manifest number
//       32   24 zeros
//       56    8 checksum of bytes 0 to 55
//
// FRAME: edits that become durable together. The first stands at offset 64, each of the others
// directly behind the one before.
//   OFFSET SIZE FIELD
//        0    8 checksum of all the rest of the frame, under the offset of the frame
//        8    4 magic FF 4D 46 FE, which is in no UTF-8 text
//       12    4 size of the payload in bytes
//       16    8 frame number, 1 for the first, then one more each
//       24    8 synced frame number: every frame up to it was durable when this one was written
//       32    4 edits in the payload, 0 for a mark
//       36    4 zero
//       40      payload: each edit a varint length and its bytes (manifest_edit.cc)
//
// A frame is valid if and only if it lies within the file, its magic and checksum hold, its number
// follows that of the frame before and its edits decode. Frames are read up to the first place
// where no checksum holds. If any frame behind that place has the synced number of a frame that
// should stand there, or CURRENT says so, it is damage; else it is the torn tail of a write that
// nobody was told of.
//
// CURRENT is one line of text that names the manifest in force and how many frames its snapshot
// has, all of them synced before CURRENT was written:
//   manifest-<number> database <16 hex digits> frames <number> checksum <16 hex digits>\n
// with the checksum of all before " checksum".

inline constexpr std::uint32_t kManifestVersion = 2;
inline constexpr std::size_t kManifestHeaderBytes = 64;
inline constexpr std::size_t kFrameHeaderBytes = 40;
inline constexpr std::string_view kFrameMagic = "\xff\x4d\x46\xfe";
inline constexpr std::size_t kFrameMagicOffset = 8;

struct ManifestHeader {
  std::uint64_t database_id = 0;
  std::uint64_t number = 0;
};

struct FrameHeader {
  std::uint32_t payload_bytes = 0;
  std::uint64_t number = 0;
  std::uint64_t synced_number = 0;
  std::uint32_t edits = 0;
};

struct CurrentManifest {
  std::uint64_t number = 0;
  std::uint64_t database_id = 0;
  std::uint64_t frames = 0;
};

// Errors of these name no file.
std::string encode_manifest_header(const ManifestHeader& header);
// Errors: kCorruption, kTooNew. Requires: kManifestHeaderBytes bytes.
Result<ManifestHeader> decode_manifest_header(std::string_view bytes);

// The frame with its header; `frame.payload_bytes` is taken from the payload.
std::string encode_frame(const ManifestHeader& header, std::uint64_t offset,
                         const FrameHeader& frame, std::string_view payload);
// What a frame's header claims; empty where no frame begins. Requires: kFrameHeaderBytes bytes.
std::optional<FrameHeader> decode_frame_header(std::string_view bytes);
// Whether `bytes`, a whole frame, check.
bool frame_checks(const ManifestHeader& header, std::uint64_t offset, std::string_view bytes);

std::string encode_current(const CurrentManifest& current);
Result<CurrentManifest> decode_current(std::string_view text);  // kCorruption

std::string manifest_path(const std::string& directory, std::uint64_t number);
std::string current_path(const std::string& directory);

}  // namespace alcove::segments
