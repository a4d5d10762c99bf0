#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace alcove::server {

// The bodies of the extended query protocol's messages, as PostgreSQL's manual lays them out. Views
// into the body. What is read is checked: strings are valid UTF-8, counts fit what came, nothing is
// left over. Errors: kProtocol, kBadEncoding.

struct ParseMessage {
  std::string_view name;  // empty: unnamed, in all of these
  std::string_view text;
  std::vector<std::uint32_t> parameter_oids;  // 0, or left out: to be inferred
};
Result<ParseMessage> parse_parse_message(std::string_view body);

// In which form values are written: one code for each, one for all, or none for all in text.
enum class Format : unsigned char { kText = 0, kBinary = 1 };
using Formats = std::vector<Format>;
inline Format format_of(const Formats& formats, std::size_t column) {
  if (formats.empty()) return Format::kText;
  return formats.size() == 1 ? formats.front() : formats[column];
}

struct BindMessage {
  std::string_view portal;
  std::string_view statement;
  Formats parameter_formats;
  std::vector<std::optional<std::string_view>> parameters;  // nothing: NULL
  Formats result_formats;
};
// Errors, besides: kInvalidValue for a format code that is none.
Result<BindMessage> parse_bind_message(std::string_view body);

// Of Describe and Close.
struct NameMessage {
  bool is_portal = false;  // else a statement
  std::string_view name;
};
Result<NameMessage> parse_name_message(std::string_view body);

struct ExecuteMessage {
  std::string_view portal;
  std::uint32_t rows_max = 0;  // 0: all
};
Result<ExecuteMessage> parse_execute_message(std::string_view body);

}  // namespace alcove::server
