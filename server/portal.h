#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "executor/run.h"
#include "parser/statement.h"
#include "server/extended_message.h"
#include "server/prepared_statement.h"
#include "server/row_buffer.h"

namespace alcove::server {

// What Bind or DECLARE made: a statement ready to run, or under way, and how far it has been read.
// The run borrows the statement, and so a portal does not move.
struct Portal {
  std::shared_ptr<const PreparedStatement> prepared;  // what was bound; null: DECLARE made it
  std::optional<parser::Statement> statement;         // none: the text was empty
  Formats formats;
  std::uint64_t bytes = 0;  // of the Bind or the text that made it, and of rows held
  std::size_t savepoints = 0;  // that were open when it was made

  std::unique_ptr<executor::Run> run;  // from the first Execute or FETCH on, or from DECLARE
  RowBuffer kept;                      // rows found and not yet asked for
  std::uint64_t position = 0;          // rows given out or passed over
  bool done = false;                   // the run has nothing more
  bool at_end = false;                 // somebody has asked for more than there was
  bool failed = false;                 // its run has, and is gone

  // WITH HOLD: all rows are in `kept` and there is no run.
  bool holds = false;
  std::vector<executor::Column> held_columns;
  bool committed = false;  // so has the transaction that made it, which it outlives

  const std::vector<executor::Column>& columns() const { return run ? run->columns() : held_columns; }
  // To which offsets in its errors belong; empty where the client has sent none for it.
  std::string_view text() const { return prepared ? std::string_view(prepared->text) : ""; }
};

}  // namespace alcove::server
