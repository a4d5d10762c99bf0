#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "executor/run.h"
#include "parser/statement.h"
#include "server/extended_message.h"
#include "server/parameter_value.h"

namespace alcove::server {

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
  // The same with samples: what it returns has the same columns.
  Result<parser::Statement> sample() const;
};

// What Bind made: a statement ready to run, or under way. The run borrows the statement, and so the
// portal does not move.
struct Portal {
  std::shared_ptr<const PreparedStatement> prepared;
  std::optional<parser::Statement> statement;
  std::uint64_t bytes = 0;  // of the Bind that made it
  Formats formats;
  std::unique_ptr<executor::Run> run;  // from the first Execute on
  std::string held;                    // rows found past an Execute's limit, as messages
  bool done = false;                   // the run has nothing more
};

}  // namespace alcove::server
