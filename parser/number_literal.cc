#include "parser/number_literal.h"

#include <charconv>
#include <string_view>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "base/number_text.h"
#include "parser/name.h"

namespace alcove::parser {
namespace {

constexpr std::uint32_t kParameterMax = 65'535;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool begins_malformed_number(std::string_view text) {
  const std::size_t sign = !text.empty() && (text[0] == '-' || text[0] == '+') ? 1 : 0;
  if (text.size() > sign && is_digit(text[sign])) return true;
  return text.size() > sign + 1 && text[sign] == '.' && is_digit(text[sign + 1]);
}

}  // namespace

bool fail_number(Input& input, const char* at) {
  std::string_view found = input.from(at);
  std::size_t length = found.empty() || is_digit(found.front()) ? 0 : 1;
  while (length < found.size() && length < 32 &&
         (bare_name_length(found.substr(length, 1)) == 1 || found[length] == '.')) {
    ++length;
  }
  return input.fail(ErrorCode::kSyntax, at,
                    fmt::format("\"{}\" is not a number", found.substr(0, length)),
                    "Numbers are written as in JSON: 0.5 and not .5, 1 and not +1, 01 or 1.");
}

bool read_number(Input& input, const char*& at, Number& number) {
  const std::string_view rest = input.from(at);
  const std::size_t length = json_number_length(rest);
  if (length == 0) return begins_malformed_number(rest) && fail_number(input, at);
  const std::string_view after = rest.substr(length);
  if (!after.empty() && (after.front() == '.' || bare_name_length(after.substr(0, 1)) != 0)) {
    return fail_number(input, at);
  }
  const std::string_view text = rest.substr(0, length);
  auto value = parse_double(text);
  if (!value) return input.fail(value.error().code(), at, value.error().message());
  number.value = *value;
  number.text = text;
  at += length;
  return true;
}

bool read_unsigned_number(Input& input, const char*& at, Number& number) {
  if (at == input.end() || *at == '-' || *at == '+') return false;
  return read_number(input, at, number);
}

bool read_parameter(Input& input, const char*& at, Parameter& parameter) {
  if (input.end() - at < 2 || *at != '$' || !is_digit(at[1])) return false;
  const char* const begin = at;
  const auto read = std::from_chars(begin + 1, input.end(), parameter.number);
  if (read.ec != std::errc() || parameter.number > kParameterMax) {
    return input.fail(ErrorCode::kLimitExceeded, begin,
                      fmt::format("parameters are numbered up to ${}", kParameterMax));
  }
  if (parameter.number == 0) {
    return input.fail(ErrorCode::kUndefinedParameter, begin, "there is no parameter $0");
  }
  if (bare_name_length({read.ptr, read.ptr == input.end() ? 0U : 1U}) != 0) {
    return input.fail(ErrorCode::kSyntax, begin, "trailing junk after a parameter");
  }
  at = read.ptr;
  return true;
}

}  // namespace alcove::parser
