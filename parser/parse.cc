#include "parser/parse.h"

#include <new>
#include <utility>

#include <fmt/format.h>

#include "base/utf8.h"
#include "parser/grammars.h"
#include "parser/syntax_error.h"
#include "parser/vocabulary.h"

namespace alcove::parser {
namespace {

constexpr auto statement_of(Component<Statement>::Reader reader) {
  return Component<Statement>(reader, "a statement");
}

const auto any_statement = statement_of(read_reading) | statement_of(read_writing) |
                           statement_of(read_session) | statement_of(read_select) |
                           statement_of(read_session_object) |
                           statement_of(read_looking_around) | statement_of(read_definition);

// X3 throws where a grammar expects what does not stand there; here that becomes an error.
Result<Statement> parse_statement(Input& input, const char*& at) {
  const char* const begin = at;
  Statement statement;
  Error error;
  try {
    if (run(any_statement, input, at, statement)) {
      at = input.skip_blanks(at);
      if (!input.failed() && (at == input.end() || *at == ';')) return statement;
      error = unexpected(input, at);
    } else {
      error = unknown_statement(input, begin);
    }
  } catch (const x3::expectation_failure<const char*>& failure) {
    error = expected(input, begin, failure.where(), failure.which());
  }
  // A fault is what went wrong; how the grammar ended after it does not matter.
  return input.fault().value_or(error);
}

Result<std::vector<Statement>> parse_statements(Input& input) {
  std::vector<Statement> statements;
  for (const char* at = input.begin();;) {
    at = input.skip_blanks(at);
    if (input.failed()) return *input.fault();
    if (at == input.end()) return statements;
    if (*at == ';') {
      ++at;
      continue;
    }
    auto statement = TRY(parse_statement(input, at));
    statements.push_back(std::move(statement));
  }
}

}  // namespace

Result<std::vector<Statement>> parse(std::string_view text, const ParseLimits& limits) {
  if (const auto bad = find_bad_utf8(text)) {
    return fail(ErrorCode::kBadEncoding, "invalid byte sequence for encoding \"UTF8\": 0x{:02x}",
                static_cast<unsigned char>(text[*bad]))
        .at(*bad);
  }
  Input input(text, limits);
  try {
    return parse_statements(input);
  } catch (const std::bad_alloc&) {
    return Error(ErrorCode::kOutOfMemory, "not enough memory to parse the statement");
  }
}

}  // namespace alcove::parser
