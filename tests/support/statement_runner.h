#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "executor/database.h"
#include "executor/session.h"

namespace alcove::tests {

// Runs statement texts in one session of an open database, as the server does, and collects what
// comes out as text. For databases without background threads, whoever waits runs the background.
class StatementRunner {
 public:
  // By default as somebody who may do everything.
  explicit StatementRunner(executor::Database& database,
                           executor::SessionIdentity identity = {.user = "test",
                                                                 .database = "test",
                                                                 .process_id = 1,
                                                                 .trusted = true});

  struct Outcome {
    std::vector<std::string> columns;
    std::vector<std::vector<std::string>> rows;  // NULL is "NULL"
    std::string tag;
  };
  // What every COPY … FROM STDIN is given from now on; at first nothing.
  struct CopyRow {
    std::optional<std::string> name_space;  // with BY NAMESPACE
    std::string id;
    std::vector<float> values;
    std::string metadata = {};  // in Metadata's encoding
  };
  void set_copy_rows(std::vector<CopyRow> rows) { copy_rows_ = std::move(rows); }

  // All statements of the text; the first error ends it.
  Result<std::vector<Outcome>> run(std::string_view text);
  Result<std::vector<Outcome>> run_parsed(const std::vector<parser::Statement>& statements);
  // Hands the rows of all of them to `sink`, which is never full.
  Status run_into(const std::vector<parser::Statement>& statements, executor::RowSink& sink);
  // The last statement's outcome.
  Result<Outcome> one(std::string_view text);

  executor::Session& session() { return session_; }

 private:
  Result<Outcome> run_statement(const parser::Statement& statement);
  Status finish(executor::Run& run, executor::RowSink& sink);
  Status feed(executor::Run& run, std::size_t& fed) const;
  executor::Database& database_;
  executor::Session session_;
  std::vector<CopyRow> copy_rows_;
};

}  // namespace alcove::tests
