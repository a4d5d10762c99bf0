#include "parser/object_literal.h"

#include <string_view>

#include <fmt/format.h>

#include "base/metadata.h"

namespace alcove::parser {
namespace {

// Past the JSON string whose opening quote is at `at`; null where it does not end.
const char* json_string_end(const char* at, const char* end) {
  for (++at; at != end; ++at) {
    if (*at == '"') return at + 1;
    if (*at == '\\' && ++at == end) break;
  }
  return nullptr;
}

// Past the object at `at`; null, and a fault, where it does not end.
const char* object_end(Input& input, const char* at) {
  const char* const begin = at;
  std::size_t open = 0;
  while (at != input.end()) {
    const char c = *at;
    if (c == '"') {
      const char* after = json_string_end(at, input.end());
      if (after == nullptr) {
        input.fail(ErrorCode::kSyntax, at, "unterminated string in the object");
        return nullptr;
      }
      at = after;
      continue;
    }
    ++at;
    if (c == '{' || c == '[') {
      if (++open > input.limits().filter_nesting_max) {
        input.fail(ErrorCode::kNestedTooDeep, at - 1,
                   fmt::format("nested deeper than {} levels", input.limits().filter_nesting_max));
        return nullptr;
      }
    } else if ((c == '}' || c == ']') && --open == 0) {
      return at;
    }
  }
  input.fail(ErrorCode::kSyntax, begin, "the object has no end: expected \"}\"");
  return nullptr;
}

}  // namespace

bool read_object(Input& input, const char*& at, Object& object) {
  if (at == input.end() || *at != '{') return false;
  const char* const end = object_end(input, at);
  if (end == nullptr) return false;
  object.json.assign(at, end);
  // What is JSON but no metadata (nested objects, too long) is for whoever binds the value.
  const auto metadata = Metadata::parse_json(object.json);
  if (!metadata && metadata.error().code() == ErrorCode::kInvalidText) {
    return input.fail(ErrorCode::kSyntax, at + metadata.error().offset().value_or(0),
                      "the object is not JSON: " + metadata.error().message());
  }
  at = end;
  return true;
}

}  // namespace alcove::parser
