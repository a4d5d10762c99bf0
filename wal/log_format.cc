#include "wal/log_format.h"

#include <charconv>
#include <cstring>

#include <fmt/core.h>

#include "base/bytes.h"
#include "base/check.h"
#include "base/checksum.h"

namespace alcove::wal {
namespace {

constexpr std::string_view kLogSuffix = ".log";
constexpr std::string_view kSparePrefix = "spare-";
constexpr std::size_t kChecksumOffset = 8;
constexpr std::size_t kCheckedOffset = 16;
constexpr std::size_t kFrameCheckedBytes = 48;

std::uint64_t file_header_seed() { return checksum_seed(kFileMagic, 0); }

template <class Number>
std::optional<Number> parse_number(std::string_view digits, int base) {
  Number number = 0;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), number, base);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return number;
}

std::size_t varint_bytes(std::uint64_t value) {
  std::size_t bytes = 1;
  for (; value >= 0x80; value >>= 7) ++bytes;
  return bytes;
}

void put_u64(std::string& bytes, std::size_t offset, std::uint64_t value) {
  std::memcpy(bytes.data() + offset, &value, sizeof(value));
}

Error malformed(std::string_view what) {
  return fail(ErrorCode::kCorruption, "the file header {}", what);
}

}  // namespace

std::string LogFileName::text() const {
  return fmt::format("{:016x}-{:08x}{}", first_lsn, generation, kLogSuffix);
}

std::optional<LogFileName> parse_log_file_name(std::string_view name) {
  constexpr std::size_t kLsnDigits = 16;
  constexpr std::size_t kGenerationDigits = 8;
  if (name.size() != kLsnDigits + 1 + kGenerationDigits + kLogSuffix.size()) return std::nullopt;
  const auto first_lsn = parse_number<Lsn>(name.substr(0, kLsnDigits), 16);
  const auto generation =
      parse_number<std::uint32_t>(name.substr(kLsnDigits + 1, kGenerationDigits), 16);
  if (!first_lsn || !generation) return std::nullopt;
  const LogFileName parsed{.generation = *generation, .first_lsn = *first_lsn};
  if (parsed.text() != name) return std::nullopt;
  return parsed;
}

std::string spare_file_name(std::uint64_t number) {
  return fmt::format("{}{}", kSparePrefix, number);
}

std::optional<std::uint64_t> parse_spare_file_name(std::string_view name) {
  if (!name.starts_with(kSparePrefix)) return std::nullopt;
  const auto number = parse_number<std::uint64_t>(name.substr(kSparePrefix.size()), 10);
  if (!number || spare_file_name(*number) != name) return std::nullopt;
  return number;
}

std::uint64_t file_identity(std::uint64_t database_id, const LogFileName& name) {
  std::string bytes;
  ByteWriter writer(bytes);
  writer.u64(name.first_lsn);
  writer.u32(name.generation);
  return checksum(bytes, checksum_seed(database_id, kFileMagic));
}

std::string encode_file_header(const FileHeader& header) {
  const LogFileName predecessor = header.predecessor.value_or(LogFileName{});
  std::string bytes;
  bytes.reserve(kFileHeaderBytes);
  ByteWriter writer(bytes);
  writer.u64(kFileMagic);
  writer.u64(0);
  writer.u32(kFormatVersion);
  writer.u32(header.name.generation);
  writer.u64(header.database_id);
  writer.u64(header.name.first_lsn);
  writer.u64(predecessor.first_lsn);
  writer.u32(predecessor.generation);
  writer.u32(0);
  writer.u64(header.copied_through_lsn);
  writer.zeros(kFileHeaderBytes - bytes.size());
  put_u64(bytes, kChecksumOffset,
          checksum(std::string_view(bytes).substr(kCheckedOffset), file_header_seed()));
  return bytes;
}

Result<FileHeader> decode_file_header(std::string_view bytes) {
  if (bytes.size() < kFileHeaderBytes) return malformed("is cut short");
  bytes = bytes.substr(0, kFileHeaderBytes);
  ByteReader reader(bytes);
  if (reader.u64() != kFileMagic) return malformed("has no magic");
  if (reader.u64() != checksum(bytes.substr(kCheckedOffset), file_header_seed())) {
    return malformed("fails its checksum");
  }
  const std::uint32_t version = reader.u32();
  if (version > kFormatVersion) {
    return fail(ErrorCode::kTooNew, "format version {} is newer than this program's {}", version,
                kFormatVersion);
  }
  FileHeader header;
  header.name.generation = reader.u32();
  header.database_id = reader.u64();
  header.name.first_lsn = reader.u64();
  LogFileName predecessor;
  predecessor.first_lsn = reader.u64();
  predecessor.generation = reader.u32();
  const std::uint32_t zero = reader.u32();
  header.copied_through_lsn = reader.u64();
  const std::string_view rest = reader.raw(reader.remaining());
  if (predecessor != LogFileName{}) header.predecessor = predecessor;

  if (version == 0 || header.name.generation == 0 || header.name.first_lsn == 0 || zero != 0 ||
      predecessor >= header.name || header.copied_through_lsn < header.name.first_lsn - 1 ||
      rest != std::string(rest.size(), '\0')) {
    return malformed("makes no sense");
  }
  return header;
}

std::uint64_t payload_bytes(std::span<const std::string> records) {
  std::uint64_t bytes = 0;
  for (const std::string& record : records) bytes += varint_bytes(record.size()) + record.size();
  return bytes;
}

void append_payload(std::string& out, std::span<const std::string> records) {
  ByteWriter writer(out);
  for (const std::string& record : records) writer.string(record);
}

void seal_frame(std::string& frame, FrameHeader header, std::uint64_t identity,
                std::uint64_t offset) {
  CHECK(frame.size() >= kFrameHeaderBytes, "a frame has room for its header");
  const std::uint64_t seed = checksum_seed(identity, offset);
  const std::string_view payload = std::string_view(frame).substr(kFrameHeaderBytes);
  std::string bytes;
  bytes.reserve(kFrameHeaderBytes);
  ByteWriter writer(bytes);
  writer.u32(kFrameMagic);
  writer.u32(header.generation);
  writer.u64(header.first_lsn);
  writer.u64(header.synced_lsn);
  writer.u64(payload.size());
  writer.u32(header.record_count);
  writer.u32(0);
  writer.u64(checksum(payload, seed));
  writer.u64(checksum(bytes, seed));
  CHECK(bytes.size() == kFrameHeaderBytes, "the header is as long as its table says");
  frame.replace(0, kFrameHeaderBytes, bytes);
}

std::optional<FrameHeader> decode_frame_header(std::string_view bytes, std::uint64_t identity,
                                               std::uint64_t offset) {
  CHECK(bytes.size() >= kFrameHeaderBytes, "a whole header is given");
  bytes = bytes.substr(0, kFrameHeaderBytes);
  ByteReader reader(bytes);
  if (reader.u32() != kFrameMagic) return std::nullopt;
  FrameHeader header;
  header.generation = reader.u32();
  header.first_lsn = reader.u64();
  header.synced_lsn = reader.u64();
  header.payload_bytes = reader.u64();
  header.record_count = reader.u32();
  const std::uint32_t zero = reader.u32();
  header.payload_checksum = reader.u64();
  const std::uint64_t seed = checksum_seed(identity, offset);
  if (reader.u64() != checksum(bytes.substr(0, kFrameCheckedBytes), seed) || zero != 0) {
    return std::nullopt;
  }
  return header;
}

bool payload_checks(const FrameHeader& header, std::string_view payload, std::uint64_t identity,
                    std::uint64_t offset) {
  return checksum(payload, checksum_seed(identity, offset)) == header.payload_checksum;
}

bool payload_parses(std::string_view payload, std::uint32_t record_count) {
  ByteReader reader(payload);
  for (std::uint32_t i = 0; i < record_count && reader.ok(); ++i) reader.string();
  return reader.at_end();
}

}  // namespace alcove::wal
