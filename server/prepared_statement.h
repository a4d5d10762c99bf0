#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "parser/statement.h"
#include "server/extended_message.h"
#include "server/parameter_value.h"

namespace alcove::server {

// What takes at most so many bytes is bounded well enough by its number.
inline constexpr std::uint64_t kSmallBytes = 4096;

// What Parse made: a statement, parsed once, with the types of its parameters. Immutable.
struct PreparedStatement {
  std::string text;
  std::optional<parser::Statement> statement;  // none: the text was empty
  std::vector<ParameterType> parameters;       // of $1, $2, …
  std::vector<parser::Slot> slots;             // where each stands first

  // Errors: those of parsing; kSyntax for several statements; kUndefinedParameter for a gap in the
  // numbers that nobody declared; kLimitExceeded.
  static Result<PreparedStatement> prepare(const ParseMessage& message);

  // The statement with values in place of its parameters. Errors: those of read_parameter(), and
  // kProtocol where their number is not right.
  Result<parser::Statement> bind(const BindMessage& message) const;
  // The same with the values of an EXECUTE. Errors: those of read_argument(), and kSyntax where their
  // number is not right.
  Result<parser::Statement> bind(const parser::Execute& execute) const;
  // The same with samples: what it returns has the same columns.
  Result<parser::Statement> sample() const;
};

}  // namespace alcove::server
