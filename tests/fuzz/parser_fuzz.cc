// Any bytes as a statement text: parse() answers, whatever they are.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "parser/parameter.h"
#include "parser/parse.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace alcove;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  auto parsed = parser::parse(text);
  if (!parsed) {
    const auto offset = parsed.error().offset();
    CHECK(!offset || *offset <= text.size(), "an error stands within its text");
    return 0;
  }
  for (parser::Statement& statement : *parsed) {
    std::size_t count = 0;
    for (const parser::ParameterUse& use : parser::find_parameters(statement)) {
      if (use.number > 1000) return 0;
      count = std::max<std::size_t>(count, use.number);
    }
    (void)parser::substitute_parameters(statement, std::vector<parser::Value>(count));
  }
  return 0;
}
