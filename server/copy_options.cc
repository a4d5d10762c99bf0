#include "server/copy_options.h"

#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "parser/name.h"
#include "server/text_encoding.h"

namespace alcove::server {
namespace {

Result<CopyFormat> read_format(const std::string& value) {
  const std::string name = parser::lower_case(value);
  if (name == "text") return CopyFormat::kText;
  if (name == "csv") return CopyFormat::kCsv;
  if (name == "ndjson") return CopyFormat::kNdjson;
  if (name == "binary") return CopyFormat::kBinary;
  return fail(ErrorCode::kInvalidValue, "COPY format \"{}\" not recognized", value)
      .with_hint("The formats are text, csv, ndjson and binary.");
}

Result<bool> read_switch(const std::string& option, const std::string& value) {
  const std::string word = parser::lower_case(value);
  if (word == "true" || word == "on" || word == "1") return true;
  if (word == "false" || word == "off" || word == "0") return false;
  return fail(ErrorCode::kSyntax, "{} requires a Boolean value", option);
}

Result<CopyOptions::Header> read_header(const std::string& value) {
  if (parser::lower_case(value) == "match") return CopyOptions::Header::kMatch;
  const bool on = TRY(read_switch("header", value));
  return on ? CopyOptions::Header::kLine : CopyOptions::Header::kNone;
}

Result<char> read_byte(const std::string& option, const std::string& value) {
  if (value.size() == 1 && value[0] != '\n' && value[0] != '\r' && value[0] != '\0') {
    return value[0];
  }
  return fail(ErrorCode::kInvalidValue,
              "COPY {} must be a single one-byte character other than newline and carriage return",
              option);
}

// Whether a format has any use for an option.
bool applies(const std::string& option, CopyFormat format) {
  if (option == "quote" || option == "escape") return format == CopyFormat::kCsv;
  if (option == "delimiter" || option == "null" || option == "header") {
    return format == CopyFormat::kCsv || format == CopyFormat::kText;
  }
  return true;
}

Status read_option(const std::string& option, const std::string& value, CopyOptions& options) {
  if (option == "delimiter") {
    options.delimiter = TRY(read_byte(option, value));
  } else if (option == "null") {
    options.null = value;
  } else if (option == "header") {
    options.header = TRY(read_header(value));
  } else if (option == "quote") {
    options.quote = TRY(read_byte(option, value));
  } else if (option == "escape") {
    options.escape = TRY(read_byte(option, value));
  } else if (option == "freeze") {
    TRY(read_switch(option, value));  // nothing here is ever frozen
  } else if (option == "encoding") {
    if (!names_utf8(value)) {
      return fail(ErrorCode::kInvalidValue, "encoding \"{}\" is not supported: data is UTF-8", value);
    }
  } else if (option != "format") {
    return fail(ErrorCode::kSyntax, "option \"{}\" not recognized", option);
  }
  return {};
}

// Characters that would mean two things at once.
Status check(const CopyOptions& options) {
  if (options.null.find_first_of("\r\n") != std::string::npos) {
    return Error(ErrorCode::kInvalidValue,
                 "COPY null representation cannot use newline or carriage return");
  }
  const bool csv = options.format == CopyFormat::kCsv;
  constexpr std::string_view kEscapable = "\\.abcdefghijklmnopqrstuvwxyz0123456789";
  if (!csv && kEscapable.find(options.delimiter) != std::string_view::npos) {
    return fail(ErrorCode::kInvalidValue, "COPY delimiter cannot be \"{}\"", options.delimiter);
  }
  if (options.null.find(options.delimiter) != std::string::npos) {
    return Error(ErrorCode::kInvalidValue,
                 "COPY delimiter character must not appear in the NULL specification");
  }
  if (!csv) return {};
  if (options.delimiter == options.quote) {
    return Error(ErrorCode::kInvalidValue, "COPY delimiter and quote must be different");
  }
  if (options.null.find(options.quote) != std::string::npos) {
    return Error(ErrorCode::kInvalidValue,
                 "CSV quote character must not appear in the NULL specification");
  }
  return {};
}

}  // namespace

Result<CopyOptions> read_copy_options(const parser::Copy& copy) {
  CopyOptions options;
  std::set<std::string> seen;
  for (const auto& [option, value] : copy.options) {
    if (!seen.insert(option).second) {
      return fail(ErrorCode::kSyntax, "conflicting or redundant options: \"{}\" is given twice",
                  option);
    }
    if (option == "format") options.format = TRY(read_format(value));
  }
  if (options.format == CopyFormat::kCsv) {
    options.delimiter = ',';
    options.null.clear();
  }
  for (const auto& [option, value] : copy.options) {
    TRY(read_option(option, value, options));
    if (!applies(option, options.format)) {
      return fail(ErrorCode::kSyntax, "option \"{}\" is not one of this format", option);
    }
  }
  if (options.format == CopyFormat::kCsv && !seen.contains("escape")) {
    options.escape = options.quote;
  }
  const bool writes = copy.direction == parser::Copy::Direction::kToStdout;
  if (writes && options.header == CopyOptions::Header::kMatch) {
    return Error(ErrorCode::kSyntax, "HEADER MATCH is for COPY FROM");
  }
  TRY(check(options));
  return options;
}

}  // namespace alcove::server
