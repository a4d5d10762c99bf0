#include "base/metadata.h"

#include <cmath>
#include <utility>

#include "base/bytes.h"
#include "base/check.h"
#include "base/metadata_encoding.h"

namespace alcove {
namespace {

Result<std::string> encode_value(const MetadataValue& value) {
  std::string encoded;
  ByteWriter writer(encoded);
  if (const auto* text = std::get_if<std::string>(&value)) {
    writer.u8(kMetadataString);
    writer.string(*text);
  } else if (const auto* number = std::get_if<double>(&value)) {
    if (!std::isfinite(*number)) {
      return Error(ErrorCode::kInvalidValue, "metadata cannot hold NaN or infinity");
    }
    append_metadata_number(writer, *number);
  } else if (const auto* truth = std::get_if<bool>(&value)) {
    writer.u8(*truth ? kMetadataTrue : kMetadataFalse);
  } else {
    const auto& strings = std::get<std::vector<std::string>>(value);
    writer.u8(kMetadataList);
    writer.varint(strings.size());
    for (const std::string& string : strings) writer.string(string);
  }
  return encoded;
}

}  // namespace

std::vector<std::string_view> MetadataList::strings() const {
  std::vector<std::string_view> out;
  out.reserve(static_cast<std::size_t>(count));
  ByteReader reader(encoded);
  for (std::uint64_t i = 0; i < count; ++i) out.push_back(reader.string());
  CHECK(reader.at_end(), "a list holds its strings and nothing else");
  return out;
}

bool MetadataList::contains(std::string_view value) const {
  ByteReader reader(encoded);
  while (reader.remaining() > 0) {
    if (reader.string() == value) return true;
  }
  return false;
}

bool MetadataView::valid(std::string_view encoded) {
  EncodedFieldReader reader(encoded);
  std::optional<std::string_view> previous;
  while (const std::optional<EncodedField> field = reader.next()) {
    if (previous && !metadata_key_less(*previous, field->key)) return false;
    previous = field->key;
  }
  return reader.ok();
}

std::optional<MetadataField> MetadataView::find(std::string_view key) const {
  EncodedFieldReader reader(encoded_);
  while (const std::optional<EncodedField> field = reader.next()) {
    if (field->key == key) return decode_metadata_value(field->value);
    if (metadata_key_less(key, field->key)) return std::nullopt;
  }
  return std::nullopt;
}

std::vector<std::pair<std::string_view, MetadataField>> MetadataView::fields() const {
  std::vector<std::pair<std::string_view, MetadataField>> out;
  EncodedFieldReader reader(encoded_);
  while (const std::optional<EncodedField> field = reader.next()) {
    out.emplace_back(field->key, decode_metadata_value(field->value));
  }
  return out;
}

Metadata Metadata::from_encoded(std::string encoded) {
  Metadata metadata;
  metadata.encoded_ = std::move(encoded);
  return metadata;
}

Status Metadata::set(std::string_view key, const std::optional<MetadataValue>& value) {
  std::string encoded_value;
  if (value) encoded_value = TRY(encode_value(*value));
  std::string encoded;
  ByteWriter writer(encoded);
  bool placed = !value.has_value();
  EncodedFieldReader reader(encoded_);
  while (const std::optional<EncodedField> field = reader.next()) {
    if (!placed && !metadata_key_less(field->key, key)) {
      append_metadata_field(writer, {key, encoded_value});
      placed = true;
    }
    if (field->key != key) append_metadata_field(writer, *field);
  }
  if (!placed) append_metadata_field(writer, {key, encoded_value});
  TRY(check_metadata_size(encoded));
  encoded_ = std::move(encoded);
  return {};
}

}  // namespace alcove
