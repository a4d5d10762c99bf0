#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "base/metadata.h"
#include "base/result.h"

namespace alcove {

// The parts that read and write Metadata's encoding (base/metadata.h); for base/ alone.

enum MetadataType : std::uint8_t {
  kMetadataString = 1,
  kMetadataNumber = 2,
  kMetadataFalse = 3,
  kMetadataTrue = 4,
  kMetadataList = 5,
};

// jsonb's order of keys: shorter first, then bytewise.
inline bool metadata_key_less(std::string_view a, std::string_view b) {
  return a.size() != b.size() ? a.size() < b.size() : a < b;
}

// A key and its value with the type before it, as an encoding holds them.
struct EncodedField {
  std::string_view key;
  std::string_view value;
};

// Walks the fields of bytes that are not trusted. The views live as long as the bytes.
class EncodedFieldReader {
 public:
  explicit EncodedFieldReader(std::string_view encoded) : encoded_(encoded), reader_(encoded) {}

  // The next field; none at the end, and none at what is no field: ok() is then false.
  std::optional<EncodedField> next();
  bool ok() const { return reader_.ok(); }

 private:
  std::string_view encoded_;
  ByteReader reader_;
};

// Requires: a field's value from a valid encoding.
MetadataField decode_metadata_value(std::string_view value);

void append_metadata_field(ByteWriter& writer, const EncodedField& field);
// The value of a number, with its type. Requires: finite.
void append_metadata_number(ByteWriter& writer, double number);

// Errors: kTooLong if the canonical text is longer than kMetadataTextBytesMax.
Status check_metadata_size(std::string_view encoded);

}  // namespace alcove
