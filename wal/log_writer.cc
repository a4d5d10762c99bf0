#include "wal/log_writer.h"

#include <utility>

#include "base/check.h"

namespace alcove::wal {
namespace {

// One large frame does not keep its memory for ever.
constexpr std::size_t kBufferKeptBytes = 4 * 1024 * 1024;

}  // namespace

LogWriter::LogWriter(std::unique_ptr<File> file, std::uint64_t file_bytes,
                     const FileHeader& header)
    : file_(std::move(file)),
      file_bytes_(file_bytes),
      header_(header),
      identity_(file_identity(header.database_id, header.name)) {}

Result<std::unique_ptr<LogWriter>> LogWriter::begin(std::unique_ptr<File> spare,
                                                    const FileHeader& header) {
  const std::uint64_t file_bytes = TRY(spare->size());
  TRY(spare->write(0, encode_file_header(header)));
  return std::unique_ptr<LogWriter>(new LogWriter(std::move(spare), file_bytes, header));
}

Status LogWriter::publish(FileSystem& file_system, const std::string& directory) {
  const Status synced = file_->sync();
  if (!synced) return synced.error().with_code(ErrorCode::kPanic);
  TRY(file_system.rename(file_->path(), directory + "/" + header_.name.text()));
  const Status named = file_system.sync_directory(directory);
  if (!named) return named.error().with_code(ErrorCode::kPanic);
  return {};
}

bool LogWriter::fits(std::uint64_t payload_bytes) const {
  return offset_ + kFrameHeaderBytes + payload_bytes + kFrameHeaderBytes <= file_bytes_;
}

Status LogWriter::grow(std::uint64_t payload_bytes) {
  const std::uint64_t wanted = offset_ + kFrameHeaderBytes + payload_bytes + kFrameHeaderBytes;
  if (wanted <= file_bytes_) return {};
  TRY(file_->allocate(file_bytes_, wanted - file_bytes_));
  file_bytes_ = wanted;
  return {};
}

Status LogWriter::append(Lsn first_lsn, Lsn synced_lsn, std::span<const std::string> records) {
  frame_.resize(kFrameHeaderBytes);
  frame_.reserve(static_cast<std::size_t>(kFrameHeaderBytes + payload_bytes(records)));
  append_payload(frame_, records);
  return write_frame({.first_lsn = first_lsn,
                      .synced_lsn = synced_lsn,
                      .record_count = static_cast<std::uint32_t>(records.size())});
}

Status LogWriter::append_copy(const FrameHeader& header, Lsn synced_lsn,
                              std::string_view payload) {
  frame_.resize(kFrameHeaderBytes);
  frame_.append(payload);
  return write_frame({.first_lsn = header.first_lsn,
                      .synced_lsn = synced_lsn,
                      .record_count = header.record_count});
}

Status LogWriter::write_frame(FrameHeader header) {
  CHECK(offset_ + frame_.size() <= file_bytes_, "a frame stays within its file");
  header.generation = header_.name.generation;
  seal_frame(frame_, header, identity_, offset_);
  TRY(file_->write(offset_, frame_));
  offset_ += frame_.size();
  if (frame_.capacity() > kBufferKeptBytes) frame_ = {};
  return {};
}

}  // namespace alcove::wal
