#include "base/metadata_encoding.h"

#include <cmath>

namespace alcove {
namespace {

// Reads a varint that must not be longer than it need be: equal objects are equal bytes.
std::uint64_t canonical_varint(ByteReader& reader) {
  const std::size_t before = reader.remaining();
  const std::uint64_t value = reader.varint();
  const std::size_t width = before - reader.remaining();
  if (width > 1 && value >> (7 * (width - 1)) == 0) reader.refuse();
  return value;
}

void skip_value(ByteReader& reader) {
  switch (reader.u8()) {
    case kMetadataString:
      reader.raw(canonical_varint(reader));
      return;
    case kMetadataNumber: {
      const double number = reader.f64();
      if (!std::isfinite(number) || (number == 0 && std::signbit(number))) reader.refuse();
      return;
    }
    case kMetadataFalse:
    case kMetadataTrue:
      return;
    case kMetadataList: {
      // Every string takes a byte at least, so a false count cannot keep this going.
      const std::uint64_t count = canonical_varint(reader);
      for (std::uint64_t i = 0; i < count && reader.ok(); ++i) reader.raw(canonical_varint(reader));
      return;
    }
    default:
      reader.refuse();
  }
}

}  // namespace

std::optional<EncodedField> EncodedFieldReader::next() {
  if (reader_.remaining() == 0) return std::nullopt;
  EncodedField field;
  field.key = reader_.raw(canonical_varint(reader_));
  const std::size_t begin = encoded_.size() - reader_.remaining();
  skip_value(reader_);
  if (!reader_.ok()) return std::nullopt;
  field.value = encoded_.substr(begin, encoded_.size() - reader_.remaining() - begin);
  return field;
}

MetadataField decode_metadata_value(std::string_view value) {
  ByteReader reader(value);
  switch (reader.u8()) {
    case kMetadataString: return reader.string();
    case kMetadataNumber: return reader.f64();
    case kMetadataFalse: return false;
    case kMetadataTrue: return true;
    default: {
      MetadataList list;
      list.count = reader.varint();
      list.encoded = reader.raw(reader.remaining());
      return list;
    }
  }
}

void append_metadata_field(ByteWriter& writer, const EncodedField& field) {
  writer.string(field.key);
  writer.raw(field.value);
}

void append_metadata_number(ByteWriter& writer, double number) {
  writer.u8(kMetadataNumber);
  writer.f64(number == 0 ? 0.0 : number);
}

Status check_metadata_size(std::string_view encoded) {
  // No byte of an encoding stands for more than 7 of text, so that most objects need no printing
  // to be seen as small enough.
  if (encoded.size() < kMetadataTextBytesMax / 8) return {};
  const std::size_t bytes = MetadataView(encoded).to_json().size();
  if (bytes <= kMetadataTextBytesMax) return {};
  return fail(ErrorCode::kTooLong, "metadata takes {} bytes of text, more than the {} allowed",
              bytes, kMetadataTextBytesMax);
}

}  // namespace alcove
