#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <boost/asio/steady_timer.hpp>
#include <boost/system/error_code.hpp>

#include "executor/session.h"
#include "server/byte_stream.h"
#include "server/connection_set.h"
#include "server/conversation.h"
#include "server/entrance.h"
#include "server/input_buffer.h"
#include "server/server_state.h"

namespace alcove::server {

// One client's socket: carries bytes between it and, first, an Entrance, then a Conversation.
// The thread that finds the socket readable receives, runs the statement and sends the reply, with
// one system call each; another thread comes in only where something has to be waited for.
//
// All work is done in handlers of one strand, which may block for a commit. A connection owns
// itself through its handlers: as long as it is open, one is outstanding or running.
//
//   go_on() -> waits for the socket to be readable | writable | for the run to be ready -> go_on()
//           -> has had its slice: puts itself at the end of the queue                   -> go_on()
//           -> close()
//
// 1. Between handlers exactly one wait is under way; a handler that finds another one than its own
//    has come late and does nothing.
// 2. The session dies before its place in the registry is free, and after no signal can reach it.
class Connection final : public std::enable_shared_from_this<Connection> {
 public:
  // Takes the connection into service. `state` must outlive it.
  static void start(Socket socket, ServerState& state);
  // Tells the client that there are too many, at once and without having listened, and closes.
  static void refuse(Socket socket);

  Connection(Socket socket, ServerState& state);
  ~Connection();

  // From any thread: the session ends with 57P01 once it is idle or its statement has ended.
  void end_session();
  // From any thread: closes, whatever is under way, as soon as no handler runs.
  void abandon();

 private:
  using Next = Conversation::Next;
  enum class Phase : unsigned char { kEntering, kTalking, kClosed };
  enum class Wait : unsigned char { kNone, kReadable, kWritable, kRun, kDelay };

  // ---- the loop, on the strand ----
  void go_on();  // catches what libraries throw
  void serve_slice();
  bool output_due();
  void yield();
  void end_when_idle();
  void on_signal(SessionSignal signal);
  void close();

  // ---- receiving; false: a wait has begun, or the connection is closed ----
  bool receive_next();
  bool follow(const Result<Entrance::Step>& step);
  bool receive_message();
  bool receive_frame(const FrontendFrame& frame);
  bool receive_copy_piece();
  bool receive_bytes(std::uint64_t bytes_wanted);
  bool send_output();
  void open_session();
  void end_with(const Report& report);  // FATAL
  void end_with(const Error& error);

  // ---- waiting ----
  void await_readable();
  void await_writable();
  void await_run();
  void on_readable(const boost::system::error_code& error);
  void on_writable(const boost::system::error_code& error);
  void on_run_ready();
  void set_run_timer();
  void set_idle_timer();
  void set_timer(std::uint64_t us_from_now);
  void cancel_timer();
  void on_timer();
  bool client_is_gone();
  // Whether the statement under way is a COPY that waits for its data.
  bool receives_copy() const { return conversation_ != nullptr && conversation_->receives_copy(); }
  void look_at_copy();
  std::uint64_t now_us() const { return state_.env.clock.monotonic_us(); }

  ConnectionSet::Place place_;  // first, so that it is given back last
  ServerState& state_;
  ByteStream stream_;
  boost::asio::steady_timer timer_;
  InputBuffer input_;
  std::string output_;
  std::size_t sent_ = 0;  // bytes of output_ that the kernel has taken
  std::unique_ptr<Entrance> entrance_;  // until the session opens

  Phase phase_ = Phase::kEntering;
  Wait wait_ = Wait::kNone;
  Next next_ = Next::kMessage;
  bool timer_set_ = false;
  bool ending_ = false;         // end_session() was called
  bool input_filled_ = false;    // the last bytes received took all the room there was
  bool more_to_receive_ = true;  // the kernel may hold more bytes; found out by asking
  std::uint64_t message_bytes_ = 0;  // of the message being answered, still in input_
  std::uint64_t skip_bytes_ = 0;     // of an oversize message, still to come
  std::uint64_t copy_bytes_ = 0;     // of a CopyData that is taken in pieces, still to come
  FrontendFrame oversize_;
  std::uint64_t client_seen_us_ = 0;  // when the client was last known to be there
  std::optional<std::uint64_t> run_wakes_us_;  // of the run that is waited for

  std::optional<ConnectionRegistry::Key> key_;
  std::unique_ptr<executor::Session> session_;
  std::unique_ptr<Conversation> conversation_;  // after its session, so that it dies before
};

}  // namespace alcove::server
