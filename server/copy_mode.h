#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "executor/copy_in.h"
#include "executor/run.h"
#include "parser/statement.h"
#include "server/backend_message.h"
#include "server/copy_reader.h"
#include "server/copy_writer.h"
#include "server/frontend_message.h"
#include "server/server.h"

namespace alcove::server {

// A COPY under way, between a client and the run: makes records of the data that comes, or data of
// the rows that the run finds. Externally synchronised.
class CopyMode final : private executor::RowSink {
 public:
  using Progress = executor::Run::Progress;

  // Announces the copy to the client. `run` is the statement's; it, `out` and `options` are borrowed.
  // `vectors` is the type in which the session has vectors sent: in binary they are kFloat4Array or
  // kVector, which can be read again. Errors: those of read_copy_options().
  static Result<std::unique_ptr<CopyMode>> begin(const parser::Copy& copy, executor::Run& run,
                                                 std::string& out, const ServerOptions& options,
                                                 executor::Type vectors);

  // Whether it is the client who sends, until CopyDone has come.
  bool receives() const { return intake_ != nullptr && !done_; }

  // Takes a CopyData, whose body must stay until step() answers kInput; CopyDone or CopyFail, which
  // is an error. Requires: receives().
  Status receive(const FrontendMessage& message);
  // The error of a message that has no place in a copy.
  Error unexpected(char type) const;

  // Goes on with what has come, and with the run: a short while. kInput: more is to be received.
  // Errors say which record is at fault.
  Result<Progress> step(executor::Run& run);
  // After kDone: what the client expects at the end.
  void end();

 private:
  CopyMode(const parser::Copy& copy, executor::RecordIntake* intake, std::string& out,
           std::size_t bytes_full);
  Status read_records();
  Error located(const Error& error) const;
  void send_piece(const std::string& piece);

  void row(std::span<const executor::Cell> cells) override;
  bool full() const override { return out_.size() >= bytes_full_; }

  const std::string index_;
  const bool by_namespace_;
  executor::RecordIntake* const intake_;  // null: TO STDOUT
  std::string& out_;
  const std::size_t bytes_full_;
  BackendWriter backend_;

  std::unique_ptr<CopyReader> reader_;
  std::string_view data_;    // received and not read yet
  bool run_wants_ = false;   // the run's last step answered kInput
  bool done_ = false;        // CopyDone has come
  bool ended_ = false;       // and the intake has been told

  std::unique_ptr<CopyWriter> writer_;
};

}  // namespace alcove::server
