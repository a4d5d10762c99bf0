#include "segments/manifest_writer.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/bytes.h"
#include "base/check.h"

namespace alcove::segments {

namespace {

constexpr std::size_t kSnapshotFrameBytes = 64 * 1024;
constexpr std::size_t kZerosBytes = 64 * 1024;

void put_edit(const ManifestEdit& edit, std::string& payload) {
  std::string bytes;
  encode_edit(edit, bytes);
  ByteWriter(payload).string(bytes);
}

// What a failed write or sync leaves behind is unknown.
Status or_panic(const Status& status) {
  if (status) return {};
  return status.error().with_code(ErrorCode::kPanic);
}

}  // namespace

Result<ManifestWriter> ManifestWriter::create(FileSystem& file_system, const std::string& path,
                                              const ManifestHeader& header,
                                              std::uint64_t allocation_bytes) {
  CHECK(allocation_bytes > 0, "a file that can grow");
  auto file = TRY(file_system.open(path, OpenMode::kCreate));
  ManifestWriter writer(std::move(file), header, allocation_bytes);
  TRY(writer.allocate(kManifestHeaderBytes));
  TRY(writer.file_->write(0, encode_manifest_header(header)));
  writer.bytes_ = kManifestHeaderBytes;
  return writer;
}

ManifestWriter::ManifestWriter(std::unique_ptr<File> file, const ManifestHeader& header,
                               std::uint64_t allocation_bytes)
    : file_(std::move(file)), header_(header), allocation_bytes_(allocation_bytes) {}

Status ManifestWriter::add(const ManifestEdit& edit) {
  put_edit(edit, payload_);
  ++edits_;
  if (payload_.size() < kSnapshotFrameBytes) return {};
  TRY(allocate(bytes_ + kFrameHeaderBytes + payload_.size()));
  TRY(write_frame(payload_, edits_, 0));
  payload_.clear();
  edits_ = 0;
  return {};
}

Status ManifestWriter::seal() {
  if (edits_ > 0) {
    TRY(allocate(bytes_ + kFrameHeaderBytes + payload_.size()));
    TRY(write_frame(payload_, edits_, 0));
  }
  payload_ = {};
  TRY(allocate(bytes_ + kReserveBytes));
  TRY(write_zeros(bytes_));
  return file_->sync();
}

Status ManifestWriter::append(std::span<const ManifestEdit> edits, Manifest::Reserve reserve) {
  std::string payload;
  for (const ManifestEdit& edit : edits) put_edit(edit, payload);
  CHECK(payload.size() <= std::numeric_limits<std::uint32_t>::max(), "a frame counts in 32 bits");
  TRY(make_room(kFrameHeaderBytes + payload.size(), reserve));
  TRY(or_panic(write_frame(payload, static_cast<std::uint32_t>(edits.size()), frames_)));
  return or_panic(file_->sync());
}

// Allocates up to `end` at least, in whole steps. The first step of a file is its first extent.
Status ManifestWriter::allocate(std::uint64_t end) {
  if (end <= allocated_bytes_) return {};
  const std::uint64_t steps = (end - allocated_bytes_ + allocation_bytes_ - 1) / allocation_bytes_;
  TRY(file_->allocate(allocated_bytes_, steps * allocation_bytes_));
  allocated_bytes_ += steps * allocation_bytes_;
  return {};
}

Status ManifestWriter::write_frame(std::string_view payload, std::uint32_t edits,
                                   std::uint64_t synced_number) {
  FrameHeader frame;
  frame.number = frames_ + 1;
  frame.synced_number = synced_number;
  frame.edits = edits;
  const std::string bytes = encode_frame(header_, bytes_, frame, payload);
  TRY(file_->write(bytes_, bytes));
  bytes_ += bytes.size();
  ++frames_;
  return {};
}

Status ManifestWriter::write_zeros(std::uint64_t begin) {
  const std::string zeros(kZerosBytes, '\0');
  for (std::uint64_t offset = begin; offset < allocated_bytes_; offset += zeros.size()) {
    const std::uint64_t rest = allocated_bytes_ - offset;
    TRY(file_->write(offset, std::string_view(zeros).substr(0, rest)));
  }
  return {};
}

// Appends synced zeros up to `end` at least. Errors: as append().
Status ManifestWriter::grow(std::uint64_t end) {
  const std::uint64_t before = allocated_bytes_;
  Status grown = allocate(end);
  if (grown) grown = write_zeros(before);
  if (!grown) {
    // What may have been written lies behind all that is in use.
    allocated_bytes_ = before;
    return grown.error().code() == ErrorCode::kDiskFull ? grown : or_panic(grown);
  }
  return or_panic(file_->sync());
}

Status ManifestWriter::make_room(std::uint64_t frame_bytes, Manifest::Reserve reserve) {
  const std::uint64_t end = bytes_ + frame_bytes;
  if (end + kReserveBytes <= allocated_bytes_) return {};
  const Status grown = grow(end + kReserveBytes);
  const bool enough = reserve == Manifest::Reserve::kUse && end <= allocated_bytes_;
  if (!grown && grown.error().code() == ErrorCode::kDiskFull && enough) return {};
  return grown;
}

}  // namespace alcove::segments
