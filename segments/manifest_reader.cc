#include "segments/manifest_reader.h"

#include <algorithm>

#include "base/bytes.h"

namespace alcove::segments {

namespace {

constexpr std::uint64_t kWindowBytes = 256 * 1024;

}  // namespace

Result<ManifestReader> ManifestReader::open(FileSystem& file_system, const std::string& path) {
  auto file = TRY(file_system.open(path, OpenMode::kRead));
  ManifestReader reader(std::move(file));
  reader.file_bytes_ = TRY(reader.file_->size());
  if (reader.file_bytes_ < kManifestHeaderBytes) return reader.damaged("the header is cut off");
  const std::string_view bytes = TRY(reader.read(0, kManifestHeaderBytes));
  const Result<ManifestHeader> header = decode_manifest_header(bytes);
  if (!header) return header.error().in(path);
  reader.header_ = *header;
  return reader;
}

Result<std::optional<ManifestReader::Frame>> ManifestReader::next() {
  std::string_view payload;
  const auto header = TRY(read_frame(offset_, payload));
  if (!header) {
    const auto proof = TRY(find_proof());
    if (!proof) return std::optional<Frame>();
    return damaged(fmt::format("the frame at offset {} proves that one stood here", *proof));
  }
  if (header->number != frames_ + 1) {
    return damaged(fmt::format("frame {} stands where {} should", header->number, frames_ + 1));
  }
  Frame frame;
  frame.offset = offset_;
  frame.number = header->number;
  frame.edits = TRY(decode_edits(*header, payload));
  offset_ += kFrameHeaderBytes + payload.size();
  ++frames_;
  return std::optional(std::move(frame));
}

Result<bool> ManifestReader::ends_in_zeros() {
  for (std::uint64_t offset = offset_; offset < file_bytes_; offset += kWindowBytes) {
    const std::string_view bytes = TRY(read(offset, std::min(kWindowBytes, file_bytes_ - offset)));
    if (bytes.find_first_not_of('\0') != std::string_view::npos) return false;
  }
  return true;
}

// Bytes that lie within the file; valid until the next call.
Result<std::string_view> ManifestReader::read(std::uint64_t offset, std::uint64_t size) {
  if (offset < window_offset_ || offset + size > window_offset_ + window_.size()) {
    window_.resize(std::min(std::max(size, kWindowBytes), file_bytes_ - offset));
    window_offset_ = offset;
    const std::size_t got = TRY(file_->read(offset, window_.data(), window_.size()));
    if (got < size) return fail(ErrorCode::kIo, "{}: it became shorter", file_->path());
    window_.resize(got);
  }
  return std::string_view(window_).substr(offset - window_offset_, size);
}

// The header of a frame at `offset` whose checksum holds, and its payload, valid until the next
// read; nothing where there is none.
Result<std::optional<FrameHeader>> ManifestReader::read_frame(std::uint64_t offset,
                                                              std::string_view& payload) {
  const std::uint64_t rest = file_bytes_ - offset;
  if (rest < kFrameHeaderBytes) return std::optional<FrameHeader>();
  const std::string_view head = TRY(read(offset, kFrameHeaderBytes));
  const std::optional<FrameHeader> header = decode_frame_header(head);
  if (!header || header->payload_bytes > rest - kFrameHeaderBytes) {
    return std::optional<FrameHeader>();
  }
  const std::string_view frame = TRY(read(offset, kFrameHeaderBytes + header->payload_bytes));
  if (!frame_checks(header_, offset, frame)) return std::optional<FrameHeader>();
  payload = frame.substr(kFrameHeaderBytes);
  return header;
}

// Looks behind offset_ for a frame written when the frame that should stand there was durable.
Result<std::optional<std::uint64_t>> ManifestReader::find_proof() {
  std::uint64_t position = offset_ + kFrameMagicOffset + 1;  // of the magic, byte by byte
  while (position + kFrameMagic.size() <= file_bytes_) {
    const std::string_view bytes =
        TRY(read(position, std::min(kWindowBytes, file_bytes_ - position)));
    const std::size_t found = bytes.find(kFrameMagic);
    if (found == std::string_view::npos) {
      position += bytes.size() - (kFrameMagic.size() - 1);
      continue;
    }
    const std::uint64_t candidate = position + found - kFrameMagicOffset;
    std::string_view payload;
    const auto frame = TRY(read_frame(candidate, payload));
    if (frame && frame->synced_number > frames_) return std::optional(candidate);
    position += found + 1;
  }
  return std::optional<std::uint64_t>();
}

Result<std::vector<ManifestEdit>> ManifestReader::decode_edits(const FrameHeader& frame,
                                                               std::string_view payload) const {
  ByteReader reader(payload);
  std::vector<ManifestEdit> edits;
  for (std::uint32_t i = 0; i < frame.edits; ++i) {
    const Result<ManifestEdit> edit = decode_edit(reader.string());
    if (!edit) return damaged(fmt::format("edit {} of frame {} makes no sense", i, frame.number));
    edits.push_back(*edit);
  }
  if (!reader.at_end()) {
    return damaged(fmt::format("frame {} is longer than its edits", frame.number));
  }
  return edits;
}

Error ManifestReader::damaged(std::string_view what) const {
  return fail(ErrorCode::kCorruption, "{}: damage at offset {}: {}", file_->path(), offset_, what);
}

}  // namespace alcove::segments
