#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "executor/run.h"
#include "executor/session.h"
#include "parser/statement.h"
#include "server/backend_message.h"
#include "server/copy_mode.h"
#include "server/extended_message.h"
#include "server/fetch_run.h"
#include "server/frontend_message.h"
#include "server/server.h"
#include "server/session_objects.h"

namespace alcove::server {

// What a session and its client say to each other once it is open: takes the client's messages,
// appends the replies to a buffer. Knows no socket. Externally synchronised.
//
// STATES
//                receive(Query)                     the last statement is done, or one has failed
//   [kMessage] ------------------> [kStep, kWait] -----------------------------> [kMessage]
//       |        receive(Execute)                     its portal is done, suspended, or failed
//       |          the statement is a COPY … FROM STDIN and has no data left: receives_copy()
//       +<---------------------- [kStep, kWait] <----------------------+
//       |                                     receive(CopyData, CopyDone, CopyFail)
//       +-- Terminate, broken framing, FATAL --> [kClose]
//
// 1. Nothing runs unless the whole text of a Query has been parsed.
// 2. Every Query and every Sync is answered by exactly one ReadyForQuery, after all else.
// 3. The last statement's CommandComplete is written after end_script() has committed: it is true.
// 4. What is executed up to a Sync is one transaction, which the Sync commits. A single Execute with
//    its Sync right behind commits by itself, and so 3 holds for it too.
// 5. A COPY takes its data as it comes; Sync and Flush mean nothing meanwhile, and any other message
//    ends the session. Of one that has failed the rest of the data is dropped.
// 6. After an error in a message of the extended protocol all but Sync and Terminate is dropped.
class Conversation {
 public:
  enum class Next : unsigned char {
    kMessage,  // receive() the next message, once the buffer has been sent
    kStep,     // step() again; the buffer should be sent first if it is full
    kWait,     // step() when run()->when_ready() or wake_at_us() says so
    kClose,    // send the buffer and close
  };

  // What is borrowed must outlive the conversation. A result stops for the buffer to be sent past
  // output_buffer_bytes. `on_panic` is told when durability is in doubt.
  Conversation(executor::Session& session, std::string& out, const ServerOptions& options,
               const std::function<void(const Error&)>& on_panic);
  ~Conversation();

  // Requires: the last answer was kMessage. The message's body must stay until the next kMessage.
  Next receive(const FrontendMessage& message);
  // A message of `type`, too long to be taken, has been skipped. Requires: as receive(), and no
  // CopyData while receives_copy().
  Next receive_oversize(char type, std::uint64_t bytes);
  // Requires: the last answer was kStep or kWait.
  Next step();

  // Whether a statement waits for data from the client: CopyData may then be received in pieces, each
  // as a message of its own, and step() is allowed after kMessage too: it looks whether the
  // statement has been cancelled.
  bool receives_copy() const { return copy_ != nullptr && copy_->receives(); }

  // The statement under way. Requires: the last answer was kWait.
  executor::Run& run() { return fetch_ ? *fetch_ : *run_; }

  // Whether the client is to see now what has been written; asking answers it. The rest may wait
  // until the buffer is full or there is nothing more to receive.
  bool take_flush() { return std::exchange(flush_, false); }

 private:
  // Writes rows, and before the first of a script's statement their description.
  class ResultWriter final : public executor::RowSink {
   public:
    ResultWriter(std::string& out, std::size_t bytes_full) : out_(out), bytes_full_(bytes_full) {}
    // The columns must stay until end() or the next begin.
    void begin(const std::vector<executor::Column>& columns, Formats formats);
    void begin_portal(const std::vector<executor::Column>& columns, Formats formats);
    void end();
    void row(std::span<const executor::Cell> cells) override;
    bool full() const override { return out_.size() >= bytes_full_; }

   private:
    void describe();  // if nobody has
    std::string& out_;
    const std::size_t bytes_full_;
    const std::vector<executor::Column>* columns_ = nullptr;
    Formats formats_;
    bool described_ = false;
  };

  // What `part` does and answers, with every failure of it, thrown ones too, told to the client.
  template <class Part>
  Next guarded(Part part);
  Result<Next> answer(const FrontendMessage& message);
  Result<Next> answer_extended(const FrontendMessage& message);
  Result<Next> begin_script(std::string_view body);
  Result<Next> advance();
  Result<Next> advance_script();
  Result<Next> finish_statement();
  Status begin_copy(const parser::Statement& statement, executor::Run& run);
  void end_copy();
  Next receive_copy(const FrontendMessage& message);

  // ---- the extended protocol ----
  Status prepare(const ParseMessage& message);
  Status bind(const BindMessage& message, std::uint64_t bytes);
  Status describe(const NameMessage& message);
  void close(const NameMessage& message);
  Result<Next> execute(const ExecuteMessage& message, bool sync_follows);
  Result<Next> advance_portal();
  Result<Next> sync();
  Result<std::shared_ptr<Portal>> portal(std::string_view name);

  void end_script();
  Next fail(const Error& error);
  void write_notices();
  void write_ready();

  executor::Session& session_;
  std::string& out_;
  const ServerOptions& options_;
  BackendWriter writer_;
  ResultWriter result_;
  const std::function<void(const Error&)>& on_panic_;

  SessionObjects objects_;

  // The text under way, a view into the message, its statements, and the one that runs. The run
  // borrows its statement and so is destroyed first.
  std::string_view text_;
  std::vector<parser::Statement> statements_;
  std::size_t at_ = 0;
  std::unique_ptr<executor::Run> run_;

  std::shared_ptr<Portal> executing_;  // and what is asked of it:
  std::optional<FetchRun> fetch_;
  // Of the statement under way, if it is a COPY. Borrows its run and so is destroyed first.
  std::unique_ptr<CopyMode> copy_;
  std::string copy_text_;  // the text under way: other messages come before it is done with
  bool in_group_ = false;  // something was executed since the last Sync
  bool flush_ = false;

  // How an error in the message being answered ends: with ReadyForQuery, or by skipping.
  bool error_skips_until_sync_ = false;
  bool skipping_until_sync_ = false;
};

}  // namespace alcove::server
