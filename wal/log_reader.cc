#include "wal/log_reader.h"

#include <algorithm>
#include <utility>

#include "base/bytes.h"

namespace alcove::wal {
namespace {

constexpr std::size_t kSearchBytes = 256 * 1024;

}  // namespace

Status for_each_record(const Frame& frame, const VisitRecord& visit) {
  ByteReader reader(frame.payload);
  for (std::uint32_t i = 0; i < frame.header.record_count; ++i) {
    TRY(visit(frame.header.first_lsn + i, reader.string()));
  }
  return {};
}

Error damage(const std::string& path, std::uint64_t offset, std::string_view what) {
  return fail(ErrorCode::kCorruption, "{}: damage at offset {}: {}", path, offset, what);
}

LogReader::LogReader(std::unique_ptr<File> file, std::uint64_t file_bytes,
                     const FileHeader& header)
    : file_(std::move(file)),
      file_bytes_(file_bytes),
      header_(header),
      identity_(file_identity(header.database_id, header.name)),
      window_(*file_, file_bytes),
      next_lsn_(header.name.first_lsn) {}

Result<std::unique_ptr<LogReader>> LogReader::open(FileSystem& file_system,
                                                   const std::string& path) {
  std::unique_ptr<File> file = TRY(file_system.open(path, OpenMode::kRead));
  const std::uint64_t file_bytes = TRY(file->size());
  std::string bytes(kFileHeaderBytes, '\0');
  const std::size_t held = TRY(file->read(0, bytes.data(), bytes.size()));
  bytes.resize(held);
  const Result<FileHeader> header = decode_file_header(bytes);
  if (!header) {
    const Error error = header.error();
    if (error.code() == ErrorCode::kCorruption) return damage(path, 0, error.message());
    return error.in(path);
  }
  return std::unique_ptr<LogReader>(new LogReader(std::move(file), file_bytes, *header));
}

std::optional<Frame> LogReader::refuse(std::string why) {
  refusal_ = std::move(why);
  return std::nullopt;
}

Result<std::optional<Frame>> LogReader::read_below(Lsn limit) {
  std::string_view bytes = TRY(window_.read(offset_, kFrameHeaderBytes));
  if (bytes.size() < kFrameHeaderBytes) return refuse("the file ends");
  const auto header = decode_frame_header(bytes, identity_, offset_);
  if (!header) {
    return refuse(bytes == std::string(kFrameHeaderBytes, '\0') ? "no frame follows" : "a frame's header fails its checksum");
  }
  if (header->generation != header_.name.generation || header->first_lsn != next_lsn_ ||
      header->synced_lsn >= header->first_lsn ||
      header->record_count > kLsnMax - header->first_lsn) {
    return damage(path(), offset_,
                  fmt::format("a frame of generation {} from LSN {}, synced to {}, stands where "
                              "generation {} goes on with LSN {}",
                              header->generation, header->first_lsn, header->synced_lsn,
                              header_.name.generation, next_lsn_));
  }
  if (header->payload_bytes > file_bytes_ - offset_ - kFrameHeaderBytes) {
    return refuse("a frame reaches past the end of the file");
  }
  if (header->next_lsn() > limit) return refuse("a frame reaches into the next file's LSNs");
  bytes = TRY(window_.read(offset_, static_cast<std::size_t>(header->frame_bytes())));
  if (bytes.size() < header->frame_bytes()) return refuse("the file ends");
  const std::string_view payload = bytes.substr(kFrameHeaderBytes);
  if (!payload_checks(*header, payload, identity_, offset_)) {
    return refuse("a frame's payload fails its checksum");
  }
  if (!payload_parses(payload, header->record_count)) {
    return damage(path(), offset_, "a frame's payload is not the records it claims");
  }
  const Frame frame{.header = *header, .offset = offset_, .payload = payload};
  offset_ += header->frame_bytes();
  next_lsn_ = header->next_lsn();
  return frame;
}

Result<bool> LogReader::read_to(Lsn limit, const std::function<Status(const Frame&)>& visit) {
  while (next_lsn_ < limit) {
    const std::optional<Frame> frame = TRY(read_below(limit));
    if (!frame) return false;
    TRY(visit(*frame));
  }
  return true;
}

Result<LogReader::Traces> LogReader::search_rest() {
  Traces traces;
  std::uint64_t at = offset_;
  while (true) {
    const std::string_view bytes = TRY(window_.read(at, kSearchBytes));
    if (bytes.size() < kFrameHeaderBytes) return traces;
    const std::size_t places = bytes.size() - kFrameHeaderBytes + 1;
    for (std::size_t i = bytes.find(kFrameMagicText); i < places;
         i = bytes.find(kFrameMagicText, i + 1)) {
      const auto header = decode_frame_header(bytes.substr(i), identity_, at + i);
      if (!header || header->generation != header_.name.generation) continue;
      traces.synced_lsn = std::max(traces.synced_lsn, header->synced_lsn);
      if (at + i > offset_ && header->first_lsn == next_lsn_) traces.next_lsn = true;
    }
    at += places;
  }
}

}  // namespace alcove::wal
