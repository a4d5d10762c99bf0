#include "server/copy_binary.h"

#include <algorithm>
#include <utility>

#include <boost/endian/conversion.hpp>

#include "server/binary_format.h"

namespace alcove::server {
namespace {

using executor::CopyColumn;

constexpr std::string_view kSignature("PGCOPY\n\377\r\n\0", 11);
constexpr std::size_t kFileHeaderBytes = 19;
constexpr std::uint32_t kOidsFlag = 1U << 16;
constexpr std::uint32_t kCriticalFlags = 0xffff0000;
constexpr std::int16_t kTrailer = -1;
constexpr std::int32_t kNullField = -1;

std::int16_t load_i16(std::string_view bytes) {
  return boost::endian::load_big_s16(reinterpret_cast<const unsigned char*>(bytes.data()));
}
std::int32_t load_i32(std::string_view bytes) {
  return boost::endian::load_big_s32(reinterpret_cast<const unsigned char*>(bytes.data()));
}

template <class Number>
void append_big(std::string& out, Number value) {
  boost::endian::native_to_big_inplace(value);
  out.append(reinterpret_cast<const char*>(&value), sizeof(value));
}

}  // namespace

// ---- Reading ------------------------------------------------------------------------------------

// A tuple has few fields: to walk over those that have come costs less than to remember them. One
// that is not of the form ends where that shows; read() says why.
std::optional<std::size_t> BinaryCopyReader::find_end(std::string_view bytes, std::size_t) {
  switch (part_) {
    case Part::kHeader: {
      // A client that sends another format should hear of it before so many bytes have come.
      const bool wrong = bytes.substr(0, kSignature.size()) != kSignature.substr(0, bytes.size());
      if (wrong) return bytes.size();
      if (bytes.size() < kFileHeaderBytes) return std::nullopt;
      return kFileHeaderBytes;
    }
    case Part::kExtension: return std::min<std::uint64_t>(bytes.size(), extension_bytes_);
    case Part::kEnd: return bytes.size();
    case Part::kTuples: break;
  }
  std::size_t end = sizeof(std::int16_t);
  if (bytes.size() < end) return std::nullopt;
  if (std::cmp_not_equal(load_i16(bytes), columns_.size())) return end;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (bytes.size() < end + sizeof(std::int32_t)) return std::nullopt;
    const std::int32_t length = load_i32(bytes.substr(end));
    end += sizeof(std::int32_t);
    if (length < kNullField) return end;
    if (length > 0) end += static_cast<std::size_t>(length);
  }
  if (bytes.size() < end) return std::nullopt;
  return end;
}

Result<const executor::CopyRecord*> BinaryCopyReader::read(std::string_view unit) {
  switch (part_) {
    case Part::kHeader: TRY(read_header(unit)); return nullptr;
    case Part::kExtension:
      extension_bytes_ -= unit.size();
      if (extension_bytes_ == 0) part_ = Part::kTuples;
      return nullptr;
    case Part::kEnd:
      return Error(ErrorCode::kBadCopyData, "received copy data after EOF marker");
    case Part::kTuples: break;
  }
  const std::int16_t count = load_i16(unit);
  if (count == kTrailer) {
    part_ = Part::kEnd;
    return nullptr;
  }
  if (std::cmp_not_equal(count, columns_.size())) {
    return fail(ErrorCode::kBadCopyData, "row field count is {}, expected {}", count,
                columns_.size());
  }
  std::string_view rest = unit.substr(sizeof(count));
  record_.clear();
  for (const CopyColumn column : columns_) {
    const std::int32_t length = load_i32(rest);
    rest.remove_prefix(sizeof(length));
    if (length == kNullField) continue;
    if (length < 0) return Error(ErrorCode::kBadCopyData, "invalid field size");
    const auto size = static_cast<std::size_t>(length);
    TRY(record_.set_binary(column, rest.substr(0, size)));
    rest.remove_prefix(size);
  }
  return &record_.record();
}

Status BinaryCopyReader::read_header(std::string_view header) {
  if (!header.starts_with(kSignature)) {
    return Error(ErrorCode::kBadCopyData, "COPY file signature not recognized");
  }
  const auto flags = static_cast<std::uint32_t>(load_i32(header.substr(kSignature.size())));
  if ((flags & kOidsFlag) != 0) {
    return Error(ErrorCode::kBadCopyData, "invalid COPY file header (WITH OIDS)");
  }
  if ((flags & kCriticalFlags) != 0) {
    return Error(ErrorCode::kBadCopyData, "unrecognized critical flags in COPY file header");
  }
  const std::int32_t extension = load_i32(header.substr(kSignature.size() + 4));
  if (extension < 0) {
    return Error(ErrorCode::kBadCopyData, "invalid COPY file header (missing length)");
  }
  extension_bytes_ = static_cast<std::uint64_t>(extension);
  part_ = extension == 0 ? Part::kTuples : Part::kExtension;
  return {};
}

Result<const executor::CopyRecord*> BinaryCopyReader::read_rest(std::string_view rest) {
  if (part_ == Part::kHeader) {
    return Error(ErrorCode::kBadCopyData, "COPY file signature not recognized");
  }
  if (part_ == Part::kExtension || !rest.empty()) {
    return Error(ErrorCode::kBadCopyData, "unexpected EOF in COPY data");
  }
  return nullptr;
}

// ---- Writing ------------------------------------------------------------------------------------

void BinaryCopyWriter::begin(std::string& out) {
  if (std::exchange(begun_, true)) return;
  out += kSignature;
  out.append(kFileHeaderBytes - kSignature.size(), '\0');
}

executor::Type BinaryCopyWriter::type_of(CopyColumn column) const {
  switch (column) {
    case CopyColumn::kNamespace:
    case CopyColumn::kId: return executor::Type::kText;
    case CopyColumn::kValues: return vectors_;
    case CopyColumn::kMetadata: return executor::Type::kJsonb;
  }
  return executor::Type::kText;
}

void BinaryCopyWriter::row(std::span<const executor::Cell> cells, std::string& out) {
  begin(out);
  append_big(out, static_cast<std::int16_t>(cells.size()));
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const std::size_t length_at = out.size();
    append_big(out, kNullField);
    if (std::holds_alternative<std::monostate>(cells[i])) continue;
    append_binary(out, cells[i], type_of(columns_[i]));
    const std::size_t length = out.size() - length_at - sizeof(std::int32_t);
    boost::endian::store_big_s32(reinterpret_cast<unsigned char*>(out.data() + length_at),
                                 static_cast<std::int32_t>(length));
  }
}

void BinaryCopyWriter::end(std::string& out) {
  begin(out);
  append_big(out, kTrailer);
}

}  // namespace alcove::server
