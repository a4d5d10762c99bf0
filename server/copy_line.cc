#include "server/copy_line.h"

namespace alcove::server {
namespace {

constexpr std::string_view kEndMark = "\\.";

}  // namespace

std::optional<std::size_t> LineCopyReader::find_end(std::string_view bytes, std::size_t looked) {
  if (ended_) return bytes.size();
  const auto newline = find_newline(bytes, looked);
  if (!newline) return std::nullopt;
  return *newline + 1;
}

Result<const executor::CopyRecord*> LineCopyReader::read(std::string_view unit) {
  if (ended_) return nullptr;
  std::string_view line = unit;
  if (line.ends_with('\n')) line.remove_suffix(1);
  if (line.ends_with('\r') && ends_with_cr(line)) line.remove_suffix(1);
  if (line == kEndMark) {
    ended_ = true;
    return nullptr;
  }
  const bool is_header = !header_seen_ && options_.header != CopyOptions::Header::kNone;
  header_seen_ = true;
  if (is_header && options_.header == CopyOptions::Header::kLine) return nullptr;
  fields_.clear();
  TRY(split(line, columns_.size() + 1, fields_));
  if (fields_.size() > columns_.size()) {
    return Error(ErrorCode::kBadCopyData, "extra data after last expected column");
  }
  if (fields_.size() < columns_.size()) {
    return fail(ErrorCode::kBadCopyData, "missing data for column \"{}\"",
                name_of(columns_[fields_.size()]));
  }
  if (is_header) {
    TRY(check_names());
    return nullptr;
  }
  record_.clear();
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (fields_[i]) TRY(record_.set_text(columns_[i], *fields_[i]));
  }
  return &record_.record();
}

Result<const executor::CopyRecord*> LineCopyReader::read_rest(std::string_view rest) {
  if (rest.empty()) return nullptr;
  return read(rest);
}

Status LineCopyReader::check_names() const {
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (fields_[i] == name_of(columns_[i])) continue;
    return fail(ErrorCode::kBadCopyData,
                "column name mismatch in header line field {}: expected \"{}\"", i + 1,
                name_of(columns_[i]));
  }
  return {};
}

}  // namespace alcove::server
