#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "executor/run.h"
#include "executor/session.h"
#include "parser/statement.h"
#include "server/fetch_run.h"
#include "server/portal_set.h"
#include "server/prepared_statement_set.h"
#include "server/server.h"

namespace alcove::server {

// What a client has made in its session and calls by name: prepared statements, and portals, which
// SQL calls cursors. Messages of the protocol and statements of the language work on the same ones.
// Externally synchronised.
class SessionObjects {
 public:
  // What is given must outlive this.
  SessionObjects(executor::Session& session, const ServerOptions& options)
      : session_(session), prepared_(options), portals_(options) {}

  PreparedStatementSet& prepared() { return prepared_; }
  PortalSet& portals() { return portals_; }

  // Starts any statement: those about prepared statements and cursors here, others in the session.
  // The run borrows `statement`. Errors stand in the text that `statement` was parsed from, or have
  // no position.
  Result<std::unique_ptr<executor::Run>> start(const parser::Statement& statement);
  // As Session::describe(), for any statement. What is not there has no columns: running it fails.
  Result<std::vector<executor::Column>> describe(const parser::Statement& statement);
  Result<std::vector<executor::Column>> describe(const Portal& portal);
  // In which formats the rows go out of a statement that came in a Query: text, but for FETCH from a
  // BINARY cursor.
  Formats formats_of(const parser::Statement& statement) const;

  // Makes the run of a portal, if it has none yet. Errors: kPortalFinished after a failure.
  Status begin(Portal& portal, std::string_view name);

  // ---- portals follow their transaction ----
  // After a statement has succeeded with `tag`.
  void on_success(const parser::Statement& statement, std::string_view tag);
  // After a script or a group has ended well.
  void on_end();
  // Before Session::fail_script().
  void on_failure();

 private:
  using Started = Result<std::unique_ptr<executor::Run>>;
  Started start_prepare(const parser::Prepare& prepare);
  Started start_execute(const parser::Execute& execute, const parser::Statement& statement);
  Started start_deallocate(const parser::Deallocate& deallocate);
  Started start_declare(const parser::DeclareCursor& declare, const parser::Statement& statement);
  Started start_fetch(const parser::FetchCursor& fetch);
  Started start_close(const parser::CloseCursor& close);
  Started start_discard(const parser::Statement& statement);

  executor::Session& session_;
  PreparedStatementSet prepared_;
  PortalSet portals_;
};

}  // namespace alcove::server
