#include "server/binary_format.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include <boost/endian/conversion.hpp>

#include "base/check.h"
#include "server/text_format.h"
#include "server/type_oid.h"

namespace alcove::server {
namespace {

constexpr char kJsonbVersion = 1;

template <class Unsigned>
void append_big(std::string& out, Unsigned value) {
  boost::endian::native_to_big_inplace(value);
  out.append(reinterpret_cast<const char*>(&value), sizeof(value));
}

void append_array_of_floats(std::string& out, std::span<const float> values) {
  append_big(out, std::uint32_t{values.empty() ? 0U : 1U});  // dimensions
  append_big(out, std::uint32_t{0});                         // no NULLs
  append_big(out, oid::kFloat4);
  if (values.empty()) return;
  append_big(out, static_cast<std::uint32_t>(values.size()));
  append_big(out, std::uint32_t{1});  // the first element's number
  constexpr std::size_t kElementBytes = 4 + sizeof(float);
  std::size_t at = out.size();
  out.resize(at + values.size() * kElementBytes);
  for (const float value : values) {
    auto* const element = reinterpret_cast<unsigned char*>(out.data() + at);
    boost::endian::store_big_u32(element, sizeof(float));
    boost::endian::store_big_u32(element + 4, std::bit_cast<std::uint32_t>(value));
    at += kElementBytes;
  }
}

// Their number, 16 unused bits, and the numbers.
void append_pgvector(std::string& out, std::span<const float> values) {
  append_big(out, static_cast<std::uint16_t>(values.size()));
  append_big(out, std::uint16_t{0});
  for (const float value : values) append_big(out, std::bit_cast<std::uint32_t>(value));
}

// From the text form in UTC, `2026-01-31 12:00:00.5+00`, which is the only one that we write.
std::int64_t microseconds_since_2000(std::string_view text) {
  int year = 0;
  unsigned month = 0;
  unsigned day = 0;
  int hour = 0;
  int minute = 0;
  double second = 0;
  const int read = std::sscanf(std::string(text).c_str(), "%d-%u-%u %d:%d:%lf", &year, &month, &day,
                               &hour, &minute, &second);
  CHECK(read == 6, "a time stamp is written in the one form that there is");
  using namespace std::chrono;
  const sys_days date = std::chrono::year(year) / std::chrono::month(month) / std::chrono::day(day);
  const sys_days epoch = std::chrono::year(2000) / January / 1;
  const auto whole = date - epoch + hours(hour) + minutes(minute);
  return duration_cast<microseconds>(whole).count() + static_cast<std::int64_t>(second * 1e6 + 0.5);
}

// The elements of an array in text form, `{a,"b c",NULL}`, or of an int2vector, `1 2`.
std::vector<std::optional<std::string>> split_array(std::string_view text) {
  std::vector<std::optional<std::string>> elements;
  const bool braces = text.starts_with('{');
  if (braces) text = text.substr(1, text.size() - 2);
  const char separator = braces ? ',' : ' ';
  std::size_t at = 0;
  while (at < text.size()) {
    std::string element;
    const bool quoted = text[at] == '"';
    if (quoted) ++at;
    while (at < text.size() && text[at] != (quoted ? '"' : separator)) {
      if (text[at] == '\\') ++at;
      element += text[at++];
    }
    if (quoted) ++at;
    ++at;  // the separator
    if (!quoted && element == "NULL") {
      elements.emplace_back(std::nullopt);
    } else {
      elements.emplace_back(std::move(element));
    }
  }
  return elements;
}

// The fields of a record in text form, `(a,"b ""c",)`; of another text that is the only one.
std::vector<std::optional<std::string>> split_record(std::string_view text) {
  if (!text.starts_with('(') || !text.ends_with(')') || text.size() < 2) return {std::string(text)};
  std::vector<std::optional<std::string>> fields;
  text = text.substr(1, text.size() - 2);
  for (std::size_t at = 0;; ++at) {
    std::optional<std::string>& field = fields.emplace_back();
    bool quoted = false;
    for (; at < text.size() && (quoted || text[at] != ','); ++at) {
      if (!field) field.emplace();
      const bool doubled = quoted && text.substr(at).starts_with("\"\"");
      if (text[at] == '"' && !doubled) {
        quoted = !quoted;
        continue;
      }
      if (doubled || (text[at] == '\\' && at + 1 < text.size())) ++at;
      *field += text[at];
    }
    if (at >= text.size()) return fields;
  }
}

// All fields are text there.
std::string binary_record(std::string_view text) {
  const auto fields = split_record(text);
  std::string bytes;
  append_big(bytes, static_cast<std::uint32_t>(fields.size()));
  for (const auto& field : fields) {
    append_big(bytes, std::uint32_t{25});
    append_big(bytes, field ? static_cast<std::uint32_t>(field->size()) : std::uint32_t{0xffffffff});
    if (field) bytes += *field;
  }
  return bytes;
}

constexpr std::uint32_t kRecordOid = 2249;

struct ArrayElement {
  std::uint32_t oid = 0;
  std::size_t bytes = 0;  // of a number; 0: text
};

std::optional<ArrayElement> element_of(executor::Type type) {
  using executor::Type;
  switch (type) {
    case Type::kInt2Vector:
    case Type::kInt2Array: return ArrayElement{21, 2};
    case Type::kInt4Array: return ArrayElement{23, 4};
    case Type::kInt8Array: return ArrayElement{20, 8};
    case Type::kOidVector:
    case Type::kOidArray: return ArrayElement{26, 4};
    case Type::kTextArray: return ArrayElement{25, 0};
    case Type::kNameArray: return ArrayElement{19, 0};
    case Type::kCharArray: return ArrayElement{18, 0};
    case Type::kRecordArray: return ArrayElement{kRecordOid, 0};
    default: return std::nullopt;
  }
}

void append_element(std::string& out, const std::string& text, std::size_t bytes) {
  if (bytes == 0) {
    append_big(out, static_cast<std::uint32_t>(text.size()));
    out += text;
    return;
  }
  std::int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  append_big(out, static_cast<std::uint32_t>(bytes));
  if (bytes == 2) append_big(out, static_cast<std::uint16_t>(value));
  if (bytes == 4) append_big(out, static_cast<std::uint32_t>(value));
  if (bytes == 8) append_big(out, static_cast<std::uint64_t>(value));
}

void append_array(std::string& out, std::string_view text, ArrayElement of, bool from_zero) {
  const auto elements = split_array(text);
  const bool nulls = std::any_of(elements.begin(), elements.end(),
                                 [](const auto& element) { return !element.has_value(); });
  append_big(out, std::uint32_t{elements.empty() ? 0U : 1U});  // dimensions
  append_big(out, std::uint32_t{nulls ? 1U : 0U});
  append_big(out, of.oid);
  if (elements.empty()) return;
  append_big(out, static_cast<std::uint32_t>(elements.size()));
  append_big(out, std::uint32_t{from_zero ? 0U : 1U});
  for (const auto& element : elements) {
    if (element) {
      append_element(out, of.oid == kRecordOid ? binary_record(*element) : *element, of.bytes);
    } else {
      append_big(out, std::uint32_t{0xffffffff});
    }
  }
}

void append_text_like(std::string& out, std::string_view text, executor::Type type) {
  if (type == executor::Type::kTimestampTz) {
    append_big(out, static_cast<std::uint64_t>(microseconds_since_2000(text)));
    return;
  }
  if (const auto element = element_of(type)) {
    append_array(out, text, *element,
                 type == executor::Type::kInt2Vector || type == executor::Type::kOidVector);
    return;
  }
  if (type == executor::Type::kJsonb) out.push_back(kJsonbVersion);
  out.append(text);
}

}  // namespace

void append_binary(std::string& out, const executor::Cell& cell, executor::Type type) {
  struct Append {
    std::string& to;
    executor::Type type;
    void operator()(std::monostate) const { CHECK(false, "NULL has no binary form"); }
    void operator()(bool value) const { to.push_back(value ? '\1' : '\0'); }
    void operator()(std::int64_t value) const {
      if (type == executor::Type::kInt8) {
        append_big(to, static_cast<std::uint64_t>(value));
      } else if (type == executor::Type::kInt2) {
        append_big(to, static_cast<std::uint16_t>(value));
      } else {
        append_big(to, static_cast<std::uint32_t>(value));
      }
    }
    void operator()(float value) const { append_big(to, std::bit_cast<std::uint32_t>(value)); }
    void operator()(double value) const { append_big(to, std::bit_cast<std::uint64_t>(value)); }
    void operator()(std::string_view value) const { append_text_like(to, value, type); }
    void operator()(std::span<const float> values) const {
      switch (type) {
        case executor::Type::kVector: return append_pgvector(to, values);
        case executor::Type::kVectorText: return append_vector(to, values);
        default: return append_array_of_floats(to, values);
      }
    }
  };
  std::visit(Append{out, type}, cell);
}

}  // namespace alcove::server
