#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/check.h"
#include "base/json_string.h"
#include "base/metadata.h"
#include "base/metadata_encoding.h"
#include "base/number_text.h"
#include "base/utf8.h"

namespace alcove {
namespace {

void append_json_value(std::string& out, std::string_view value) {
  const MetadataField field = decode_metadata_value(value);
  if (const auto* text = std::get_if<std::string_view>(&field)) {
    append_json_string(out, *text);
  } else if (const auto* number = std::get_if<double>(&field)) {
    out += format_json_number(*number);
  } else if (const auto* truth = std::get_if<bool>(&field)) {
    out += *truth ? "true" : "false";
  } else {
    ByteReader strings(std::get<MetadataList>(field).encoded);
    std::string_view separator = "[";
    if (strings.at_end()) out.push_back('[');
    while (strings.remaining() > 0) {
      out += std::exchange(separator, ", ");
      append_json_string(out, strings.string());
    }
    out.push_back(']');
  }
}

// Reads one flat JSON object into an encoding, in one pass and without recursion: what may nest is
// refused where it begins. Of the faults of sound UTF-8 the first from the left is reported.
class ObjectParser {
 public:
  explicit ObjectParser(std::string_view text) : text_(text) {}

  Result<std::string> parse() {
    if (const std::optional<std::size_t> bad = find_bad_utf8(text_)) {
      at_ = *bad;
      return not_json("the text is not valid UTF-8");
    }
    skip_space();
    if (!take('{')) return not_json("a JSON object was expected");
    skip_space();
    if (!take('}')) TRY(members());
    skip_space();
    if (at_ != text_.size()) return not_json("nothing may follow the object");
    return encode();
  }

 private:
  // Where a member's key and encoded value stand in bytes_. A null member has no value.
  struct Member {
    std::size_t key_at;
    std::size_t value_at;
    std::size_t end;
  };

  Status members() {
    do {
      skip_space();
      if (peek() != '"') return not_json("a key was expected");
      Member member{bytes_.size(), 0, 0};
      const std::string key = TRY(string());
      bytes_ += key;
      skip_space();
      if (!take(':')) return not_json("\":\" was expected");
      skip_space();
      member.value_at = bytes_.size();
      TRY(value());
      member.end = bytes_.size();
      members_.push_back(member);
      skip_space();
    } while (take(','));
    if (!take('}')) return not_json("\",\" or \"}\" was expected");
    return {};
  }

  Status value() {
    ByteWriter writer(bytes_);
    const std::size_t begin = at_;
    switch (peek()) {
      case '"': {
        const std::string text = TRY(string());
        writer.u8(kMetadataString);
        writer.string(text);
        return {};
      }
      case '[':
        return list();
      case '{':
        return Error(ErrorCode::kInvalidValue, "metadata cannot hold nested objects").at(begin);
      case 't':
        writer.u8(kMetadataTrue);
        return word("true");
      case 'f':
        writer.u8(kMetadataFalse);
        return word("false");
      case 'n':
        return word("null");
      default:
        return number();
    }
  }

  Status word(std::string_view expected) {
    if (!text_.substr(at_).starts_with(expected)) return not_json("a value was expected");
    at_ += expected.size();
    return {};
  }

  Status number() {
    const std::string_view digits = text_.substr(at_, json_number_length(text_.substr(at_)));
    if (digits.empty()) return not_json("a value was expected");
    const Result<double> number = parse_double(digits);
    if (!number) return number.error().at(at_);
    at_ += digits.size();
    ByteWriter writer(bytes_);
    append_metadata_number(writer, *number);
    return {};
  }

  Status list() {
    take('[');
    std::uint64_t count = 0;
    std::string strings;
    ByteWriter writer(strings);
    skip_space();
    if (!take(']')) {
      do {
        skip_space();
        if (peek() != '"') return not_a_string();
        const std::string item = TRY(string());
        writer.string(item);
        ++count;
        skip_space();
      } while (take(','));
      if (!take(']')) return not_json("\",\" or \"]\" was expected");
    }
    ByteWriter out(bytes_);
    out.u8(kMetadataList);
    out.varint(count);
    out.raw(strings);
    return {};
  }

  // A list item that is another kind of JSON value is well-formed text, but no metadata.
  Error not_a_string() const {
    const std::string_view rest = text_.substr(at_);
    const bool json = rest.starts_with('{') || rest.starts_with('[') ||
                      rest.starts_with("true") || rest.starts_with("false") ||
                      rest.starts_with("null") || json_number_length(rest) > 0;
    if (!json) return not_json("a string was expected");
    return Error(ErrorCode::kInvalidValue, "metadata lists hold nothing but strings").at(at_);
  }

  // The string at the cursor, unescaped. Requires: peek() == '"'.
  Result<std::string> string() {
    auto text = read_json_string(text_, at_);
    if (text) return text;
    if (text.error().code() == ErrorCode::kInvalidText) return not_json(text.error().message());
    return Error(ErrorCode::kInvalidValue, "metadata cannot hold \\u0000").at(at_);
  }

  // The members in order, the last of each key, without the nulls.
  std::string encode() {
    const auto key = [&](const Member& m) { return span(m.key_at, m.value_at); };
    std::stable_sort(members_.begin(), members_.end(), [&](const Member& a, const Member& b) {
      return metadata_key_less(key(a), key(b));
    });
    std::string encoded;
    ByteWriter writer(encoded);
    for (std::size_t i = 0; i < members_.size(); ++i) {
      const Member& member = members_[i];
      const bool replaced = i + 1 < members_.size() && key(members_[i + 1]) == key(member);
      const bool null = member.value_at == member.end;
      if (replaced || null) continue;
      append_metadata_field(writer, {key(member), span(member.value_at, member.end)});
    }
    return encoded;
  }

  std::string_view span(std::size_t begin, std::size_t end) const {
    return std::string_view(bytes_).substr(begin, end - begin);
  }
  // NUL at the end, which no JSON has outside of strings.
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool take(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  void skip_space() {
    at_ = std::min(text_.find_first_not_of(" \t\n\r", at_), text_.size());
  }
  Error not_json(std::string_view why) const {
    return fail(ErrorCode::kInvalidText, "invalid metadata: {}", why).at(at_);
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::string bytes_;
  std::vector<Member> members_;
};

}  // namespace

std::string MetadataView::to_json() const {
  std::string out = "{";
  EncodedFieldReader reader(encoded_);
  while (const std::optional<EncodedField> field = reader.next()) {
    if (out.size() > 1) out += ", ";
    append_json_string(out, field->key);
    out += ": ";
    append_json_value(out, field->value);
  }
  out.push_back('}');
  return out;
}

Result<Metadata> Metadata::parse_json(std::string_view text) {
  Metadata metadata;
  metadata.encoded_ = TRY(ObjectParser(text).parse());
  if (Status fits = check_metadata_size(metadata.encoded_); !fits) return fits.error().at(0);
  return metadata;
}

std::string format_json_number(double value) {
  CHECK(std::isfinite(value), "JSON has no text for NaN and infinity");
  if (value == 0) return "0";
  // Shortest digits as d.ddde±xx: the layout is then only a matter of the point's place.
  std::array<char, 32> buffer;
  const std::to_chars_result printed =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), std::fabs(value),
                    std::chars_format::scientific);
  const std::string_view text(buffer.data(), static_cast<std::size_t>(printed.ptr - buffer.data()));
  const std::size_t exponent_at = text.find('e');
  std::string digits(text.substr(0, 1));
  if (exponent_at > 2) digits += text.substr(2, exponent_at - 2);
  int exponent = 0;
  const bool small = text[exponent_at + 1] == '-';
  std::from_chars(text.data() + exponent_at + 2, text.data() + text.size(), exponent);
  if (small) exponent = -exponent;

  std::string out = value < 0 ? "-" : "";
  const int point = exponent + 1;  // digits before the point
  const auto count = static_cast<int>(digits.size());
  if (point > 21 || point <= -6) {
    out += digits.substr(0, 1);
    if (count > 1) out.append(".").append(digits, 1);
    out.append(small ? "e-" : "e+").append(std::to_string(std::abs(exponent)));
  } else if (point <= 0) {
    out.append("0.").append(static_cast<std::size_t>(-point), '0').append(digits);
  } else if (count <= point) {
    out.append(digits).append(static_cast<std::size_t>(point - count), '0');
  } else {
    digits.insert(static_cast<std::size_t>(point), ".");
    out += digits;
  }
  return out;
}

}  // namespace alcove
