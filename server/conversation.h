#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "executor/run.h"
#include "executor/session.h"
#include "parser/statement.h"
#include "server/backend_message.h"
#include "server/frontend_message.h"

namespace alcove::server {

// What a session and its client say to each other once it is open: takes the client's messages,
// appends the replies to a buffer. Knows no socket. Externally synchronised.
//
// STATES
//                receive(Query)                     the last statement is done, or one has failed
//   [kMessage] ------------------> [kStep, kWait] -----------------------------> [kMessage]
//       |  extended protocol: ErrorResponse, then every message but Sync and Terminate is dropped
//       +-- Terminate, broken framing, FATAL --> [kClose]
//
// 1. Nothing runs unless the whole text of a Query has been parsed.
// 2. Every Query and every Sync is answered by exactly one ReadyForQuery, after all else.
// 3. The last statement's CommandComplete is written after end_script() has committed: it is true.
class Conversation {
 public:
  enum class Next : unsigned char {
    kMessage,  // receive() the next message, once the buffer has been sent
    kStep,     // step() again; the buffer should be sent first if it is full
    kWait,     // step() when run()->when_ready() or wake_at_us() says so
    kClose,    // send the buffer and close
  };

  // What is borrowed must outlive the conversation. A result stops for the buffer to be sent past
  // `out_bytes_full`. `on_panic` is told when durability is in doubt.
  Conversation(executor::Session& session, std::string& out, std::size_t out_bytes_full,
               const std::function<void(const Error&)>& on_panic);
  ~Conversation();

  // Requires: the last answer was kMessage. The message's body must stay until the next kMessage.
  Next receive(const FrontendMessage& message);
  // A message of `type`, too long to be taken, has been skipped. Requires: as receive().
  Next receive_oversize(char type, std::uint64_t bytes);
  // Requires: the last answer was kStep or kWait.
  Next step();

  // The statement under way. Requires: the last answer was kWait.
  executor::Run& run() { return *run_; }

 private:
  // Writes rows, and before the first of them their description.
  class ResultWriter final : public executor::RowSink {
   public:
    ResultWriter(std::string& out, std::size_t bytes_full) : out_(out), bytes_full_(bytes_full) {}
    void begin(const std::vector<executor::Column>& columns);
    void end();
    void row(std::span<const executor::Cell> cells) override;
    bool full() const override { return out_.size() >= bytes_full_; }

   private:
    void describe();  // if nobody has
    std::string& out_;
    const std::size_t bytes_full_;
    const std::vector<executor::Column>* undescribed_ = nullptr;
  };

  // What `part` does and answers, with every failure of it, thrown ones too, told to the client.
  template <class Part>
  Next guarded(Part part);
  Result<Next> answer(const FrontendMessage& message);
  Result<Next> begin_script(std::string_view body);
  Result<Next> advance();
  Result<Next> finish_statement();
  void end_script();
  Next fail(const Error& error);
  void write_notices();
  void write_ready();

  executor::Session& session_;
  BackendWriter writer_;
  ResultWriter result_;
  const std::function<void(const Error&)>& on_panic_;

  // The text under way, a view into the message, its statements, and the one that runs. The run
  // borrows its statement and so is destroyed first.
  std::string_view text_;
  std::vector<parser::Statement> statements_;
  std::size_t at_ = 0;
  std::unique_ptr<executor::Run> run_;

  // How an error in the message being answered ends: with ReadyForQuery, or by skipping.
  bool error_skips_until_sync_ = false;
  bool skipping_until_sync_ = false;
};

}  // namespace alcove::server
