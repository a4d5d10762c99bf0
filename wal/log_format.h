#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "base/result.h"

namespace alcove::wal {

// THE DIRECTORY
//   <first_lsn>-<generation>.log   16 and 8 lower-case hexadecimal digits: a file of the log
//   spare-<number>                 decimal; no part of the log, whatever is in it
// A file gets its .log name only after its header (and, in the first file of a generation, its
// copies) is synced. All numbers are little-endian.
//
// A FILE: its header, then frames one behind the other, then zeros.
//
// FILE HEADER
//   OFFSET  SIZE  FIELD
//   0       8     magic "AlcovLog"
//   8       8     checksum of bytes 16 to 4095, seeded with the magic
//   16      4     format version, 1
//   20      4     generation
//   24      8     database id
//   32      8     first LSN: of the first frame, or of the next commit while there is none
//   40      8     predecessor's first LSN, 0 if there is none
//   48      4     predecessor's generation, 0 if there is none
//   52      4     zero
//   56      8     copied through LSN: frames up to here are copies, durable before the file had its
//                 name; first LSN - 1 where there are none
//   64      4032  zero
// Magic, checksum and version keep their places in every version.
// Valid if and only if magic and checksum are right; the version is 1; generation and first LSN are
// not 0; a predecessor is older; copied through LSN is not below first LSN - 1; the zeros are zero.
//
// FRAME
//   OFFSET  SIZE  FIELD
//   0       4     magic "frAM"
//   4       4     generation of the file
//   8       8     first LSN: of the first record; in a mark, of the next commit
//   16      8     synced LSN: the highest known durable when this was written
//   24      8     payload size n
//   32      4     record count, 0 in a mark
//   36      4     zero
//   40      8     checksum of the payload
//   48      8     checksum of bytes 0 to 47
//   56      n     payload: each record as varint length and bytes
// Both checksums are seeded with the file's identity (database id, generation, first LSN) and the
// frame's offset. The header has its own so that a torn frame still proves what was synced before
// it, and so that a search for frames reads each byte once, whatever records contain.
// Valid if and only if magic and both checksums are right; the generation is the file's; the first
// LSN is the one behind the previous frame's last (the file's first LSN at first); the synced LSN
// is lower; payload and header end within the file; the payload is exactly record count records.

inline constexpr std::uint64_t kFileHeaderBytes = 4096;
inline constexpr std::uint64_t kFrameHeaderBytes = 56;
inline constexpr std::uint32_t kFormatVersion = 1;
inline constexpr std::uint64_t kFileMagic = 0x676f4c766f636c41;   // "AlcovLog"
inline constexpr std::uint32_t kFrameMagic = 0x4d417266;          // "frAM"
inline constexpr std::string_view kFrameMagicText = "frAM";
inline constexpr std::uint64_t kFileBytesMin = 64 * 1024;

static_assert(kFileHeaderBytes % 4096 == 0, "no frame shares a page with the file's header");
static_assert(kFileBytesMin > kFileHeaderBytes + 2 * kFrameHeaderBytes);

// What a file is called. Ordered as files stand in the log.
struct LogFileName {
  std::uint32_t generation = 0;
  Lsn first_lsn = 0;

  std::string text() const;
  auto operator<=>(const LogFileName&) const = default;
};

// Nothing if `name` is not exactly what text() writes.
std::optional<LogFileName> parse_log_file_name(std::string_view name);

std::string spare_file_name(std::uint64_t number);
std::optional<std::uint64_t> parse_spare_file_name(std::string_view name);

// What the checksums of a file's frames are seeded with, beside the offset.
std::uint64_t file_identity(std::uint64_t database_id, const LogFileName& name);

struct FileHeader {
  std::uint64_t database_id = 0;
  LogFileName name;
  std::optional<LogFileName> predecessor;
  Lsn copied_through_lsn = 0;
};

// kFileHeaderBytes bytes.
std::string encode_file_header(const FileHeader& header);
// Errors: kCorruption, saying what is wrong but not where; kTooNew.
Result<FileHeader> decode_file_header(std::string_view bytes);

struct FrameHeader {
  std::uint32_t generation = 0;
  Lsn first_lsn = 0;
  Lsn synced_lsn = 0;
  std::uint64_t payload_bytes = 0;
  std::uint32_t record_count = 0;
  std::uint64_t payload_checksum = 0;

  Lsn next_lsn() const { return first_lsn + record_count; }
  Lsn last_lsn() const { return next_lsn() - 1; }
  std::uint64_t frame_bytes() const { return kFrameHeaderBytes + payload_bytes; }
};

std::uint64_t payload_bytes(std::span<const std::string> records);
void append_payload(std::string& out, std::span<const std::string> records);

// `frame` is room for a header, then the payload. Sets payload size and checksums and writes the
// header into its room.
void seal_frame(std::string& frame, FrameHeader header, std::uint64_t identity,
                std::uint64_t offset);
// Nothing if magic, checksum or zeros are wrong. Requires: kFrameHeaderBytes bytes.
std::optional<FrameHeader> decode_frame_header(std::string_view bytes, std::uint64_t identity,
                                               std::uint64_t offset);
bool payload_checks(const FrameHeader& header, std::string_view payload, std::uint64_t identity,
                    std::uint64_t offset);
// Whether a payload is exactly `record_count` records.
bool payload_parses(std::string_view payload, std::uint32_t record_count);

}  // namespace alcove::wal
