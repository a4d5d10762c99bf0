#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"

namespace alcove {

// A record's metadata: a flat JSON object of strings, numbers, booleans and lists of strings, kept
// in one canonical encoding: two equal objects are equal bytes.
//
// ENCODING: fields in jsonb's order of keys (shorter first, then bytewise), each
//   varint key length, key, u8 type, value
//   type 1 string: varint length, bytes       2 number: f64 little-endian, never NaN, -0 is 0
//        3 false, 4 true: nothing             5 list of strings: varint count, then as 1 each
// The empty encoding is the empty object, which is the same as no metadata.

inline constexpr std::size_t kMetadataTextBytesMax = 40 * 1024;

struct MetadataList {
  std::string_view encoded;  // `count` strings, each varint length and bytes
  std::uint64_t count = 0;
  std::vector<std::string_view> strings() const;
  bool contains(std::string_view value) const;
};

// One field's value; views into the encoding.
using MetadataField = std::variant<std::string_view, double, bool, MetadataList>;

// A field's value that owns its parts, for building.
using MetadataValue = std::variant<std::string, double, bool, std::vector<std::string>>;

// Reads an encoding it does not own. The encoding must be valid (Metadata's, or valid()).
class MetadataView {
 public:
  MetadataView() = default;
  explicit MetadataView(std::string_view encoded) : encoded_(encoded) {}

  // Whether untrusted bytes are an encoding: every length in range, keys in strict order, numbers
  // finite. All other functions require it.
  static bool valid(std::string_view encoded);

  bool empty() const { return encoded_.empty(); }
  std::string_view encoded() const { return encoded_; }
  std::optional<MetadataField> find(std::string_view key) const;
  std::vector<std::pair<std::string_view, MetadataField>> fields() const;
  // Canonical JSON as PostgreSQL prints jsonb: {"year": 2020, "genre": "comedy"}; strings escape
  // only what JSON must; numbers as format_json_number().
  std::string to_json() const;

 private:
  std::string_view encoded_;
};

// An encoding with its bytes. A value; thread-compatible.
class Metadata {
 public:
  Metadata() = default;

  // From JSON text. Duplicate keys: the last wins; null members are dropped; numbers are the
  // nearest double. Errors: kInvalidText where it is not JSON or not an object's text;
  // kInvalidValue for nested objects, other lists, \u0000, a number beyond double; kTooLong past
  // kMetadataTextBytesMax of canonical text. Each with the byte offset in `text`.
  static Result<Metadata> parse_json(std::string_view text);
  // Requires: MetadataView::valid(encoded).
  static Metadata from_encoded(std::string encoded);

  MetadataView view() const { return MetadataView(encoded_); }
  const std::string& encoded() const { return encoded_; }
  bool empty() const { return encoded_.empty(); }

  // Sets one field, or removes it when `value` is empty. Requires: text without NUL, in UTF-8.
  // Errors: kTooLong, as parse_json; kInvalidValue for a number that is not finite. After an error
  // nothing has changed.
  Status set(std::string_view key, const std::optional<MetadataValue>& value);

  bool operator==(const Metadata&) const = default;

 private:
  std::string encoded_;
};

// The number as ECMAScript's Number::toString prints it (RFC 8785, section 3.2.2.3): shortest
// digits that read back as the same double, no exponent from 1e-7 below to 1e21. Requires: finite.
std::string format_json_number(double value);

}  // namespace alcove
