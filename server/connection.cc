#include "server/connection.h"

#include <poll.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <span>
#include <utility>

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

#include "base/log.h"
#include "base/waiting.h"
#include "executor/engine.h"
#include "server/worker_pool.h"

namespace alcove::server {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

// So long a statement, or a client that sends without pause, is served before others have a turn.
constexpr std::uint64_t kSliceUs = 5'000;
// So long others wait for a handler; what goes on for longer steps aside for them.
constexpr std::uint64_t kShortUs = 200;
constexpr std::uint64_t kShortMessageBytes = 64 * 1024;
// Of a COPY's data so much is received at a time.
constexpr std::size_t kCopyPieceBytes = 256 * 1024;
// How soon the loss of a client is found out while its statement runs or waits.
constexpr std::uint64_t kClientCheckUs = 100'000;
// An output buffer of at most this stays with an idle connection.
constexpr std::size_t kIdleOutputBytes = 4 * 1024;

Report idle_timeout(executor::TransactionStatus status) {
  if (status == executor::TransactionStatus::kIdle) {
    return {.severity = "FATAL",
            .sqlstate = "57P05",
            .message = "terminating connection due to idle-session timeout"};
  }
  return {.severity = "FATAL",
          .sqlstate = "25P03",
          .message = "terminating connection due to idle-in-transaction timeout"};
}

}  // namespace

// ---- Beginning and end --------------------------------------------------------------------------

void Connection::start(Socket socket, ServerState& state) {
  error_code ignored;
  socket.non_blocking(true, ignored);
  socket.set_option(asio::ip::tcp::no_delay(true), ignored);
  socket.set_option(asio::socket_base::keep_alive(true), ignored);
  const auto connection = std::make_shared<Connection>(std::move(socket), state);
  connection->place_.fill(connection);
  asio::post(connection->stream_.socket().get_executor(), [connection] {
    // Accepted too late for Server::stop() to find it.
    if (connection->state_.abandoned) return connection->close();
    connection->set_timer(connection->state_.options.authentication_timeout_ms * 1000);
    connection->go_on();
  });
}

void Connection::refuse(Socket socket) {
  std::string reply;
  BackendWriter(reply).error_response({.severity = "FATAL",
                                       .sqlstate = "53300",
                                       .message = "sorry, too many clients already"});
  error_code ignored;
  socket.non_blocking(true, ignored);
  ByteStream stream(std::move(socket));
  stream.write(reply);
  stream.close();
}

Connection::Connection(Socket socket, ServerState& state)
    : place_(state.connections),
      state_(state),
      stream_(std::move(socket)),
      timer_(stream_.socket().get_executor()),
      entrance_(std::make_unique<Entrance>(state, stream_, input_, output_)) {}

// Closed by then, but for handlers that could not be queued or run to their end.
Connection::~Connection() { close(); }

void Connection::end_session() {
  asio::post(stream_.socket().get_executor(), [self = shared_from_this()] { self->end_when_idle(); });
}

void Connection::end_when_idle() {
  ending_ = true;
  if (wait_ == Wait::kReadable && phase_ == Phase::kTalking && !receives_copy()) go_on();
}

void Connection::on_signal(SessionSignal signal) {
  on_run_ready();  // its next step finds the session cancelled
  look_at_copy();
  if (signal != SessionSignal::kTerminate) return;
  if (wait_ == Wait::kWritable) return close();  // a client that does not listen cannot be told
  end_when_idle();
}

void Connection::abandon() {
  asio::post(stream_.socket().get_executor(), [self = shared_from_this()] { self->close(); });
}

void Connection::close() {
  if (phase_ == Phase::kClosed) return;
  phase_ = Phase::kClosed;
  wait_ = Wait::kNone;
  conversation_.reset();
  // Invariant 2: no signal may find a session that is being destroyed, and the place must not be
  // free while the session still holds on to the database.
  if (key_) state_.registry.disconnect(key_->process_id);
  session_.reset();
  if (key_) state_.registry.remove(key_->process_id);
  cancel_timer();
  stream_.close();
}

// ---- The loop -----------------------------------------------------------------------------------

void Connection::go_on() {
  wait_ = Wait::kNone;
  WorkerPool::note_client(this);
  try {
    serve_slice();
  } catch (const std::exception& exception) {
    log_error("a connection was closed: {}", exception.what());
    close();
  }
}

void Connection::serve_slice() {
  const std::uint64_t slice_begins_us = now_us();
  while (phase_ != Phase::kClosed) {
    if (output_due() && !send_output()) return;
    if (next_ == Next::kClose) return close();
    if (next_ == Next::kWait) return await_run();
    const std::uint64_t slice_us = now_us() - slice_begins_us;
    if (slice_us >= kSliceUs) return yield();
    if (slice_us >= kShortUs) about_to_wait();
    if (next_ == Next::kStep) {
      next_ = conversation_->step();
    } else if (!receive_next()) {
      return;
    }
  }
}

bool Connection::receive_next() {
  return phase_ == Phase::kEntering ? follow(entrance_->step()) : receive_message();
}

// Replies to messages that came together go together, unless the client is to see them at once.
bool Connection::output_due() {
  if (output_.size() >= state_.options.output_buffer_bytes) return true;
  if (next_ != Next::kMessage) return next_ != Next::kStep;
  return !conversation_ || conversation_->take_flush();
}

void Connection::yield() {
  if (next_ == Next::kStep && client_is_gone()) return close();
  asio::post(stream_.socket().get_executor(), [self = shared_from_this()] {
    if (self->phase_ != Phase::kClosed) self->go_on();
  });
}

// ---- Entering -----------------------------------------------------------------------------------

bool Connection::follow(const Result<Entrance::Step>& step) {
  if (!step) {
    end_with(step.error());
    return true;
  }
  switch (step->next) {
    case Entrance::Next::kStep: return true;
    case Entrance::Next::kReceive: return receive_bytes(step->amount);
    case Entrance::Next::kListen: await_readable(); return false;
    case Entrance::Next::kDelay:
      wait_ = Wait::kDelay;
      set_timer(step->amount);
      return false;
    case Entrance::Next::kEnter: open_session(); return true;
    case Entrance::Next::kEnd: next_ = Next::kClose; return true;
    case Entrance::Next::kClose: close(); return false;
  }
  return true;
}

void Connection::open_session() {
  const std::unique_ptr<Entrance> entrance = std::move(entrance_);
  if (state_.stopping) {
    return end_with(Error(ErrorCode::kNotReady, "the database system is shutting down"));
  }
  const auto key = state_.registry.add(entrance->owner());
  if (!key) return end_with(key.error());
  key_ = *key;
  BackendWriter writer(output_);
  writer.authentication_ok();
  const StartupMessage& message = entrance->message();
  session_ = std::make_unique<executor::Session>(
      *state_.database.load(),
      executor::SessionIdentity{.user = message.user,
                                .database = message.database,
                                .process_id = key_->process_id,
                                .trusted = entrance->trusted()});
  for (const auto& [name, value] : message.settings) {
    const Status set = session_->set_startup_option(name, value);
    if (!set) return end_with(set.error());
  }
  conversation_ = std::make_unique<Conversation>(
      *session_, output_, state_.options, state_.options.on_panic);
  state_.registry.connect(
      key_->process_id,
      [weak = weak_from_this(), session = session_.get()](SessionSignal signal) {
        session->cancel();
        const auto self = weak.lock();
        if (!self) return;
        asio::post(self->stream_.socket().get_executor(), [self, signal] { self->on_signal(signal); });
      });
  for (const auto& [name, value] : session_->reported_settings()) {
    writer.parameter_status(name, value);
  }
  writer.backend_key_data(key_->process_id, key_->secret_key);
  writer.ready_for_query(static_cast<char>(session_->status()));
  phase_ = Phase::kTalking;
  cancel_timer();
}

void Connection::end_with(const Report& report) {
  BackendWriter(output_).error_response(report);
  next_ = Next::kClose;
}

void Connection::end_with(const Error& error) { end_with(report_of(error, "FATAL", {})); }

// ---- Messages -----------------------------------------------------------------------------------

bool Connection::receive_message() {
  input_.consume(message_bytes_);
  message_bytes_ = 0;
  if (ending_ && !receives_copy()) {
    end_with(Error(ErrorCode::kShutdown, "terminating connection due to administrator command"));
    return true;
  }
  if (skip_bytes_ > 0) {
    if (input_.unread().empty()) return receive_bytes(skip_bytes_);
    const std::uint64_t here = std::min<std::uint64_t>(skip_bytes_, input_.unread().size());
    input_.consume(here);
    skip_bytes_ -= here;
    if (skip_bytes_ == 0) next_ = conversation_->receive_oversize(oversize_.type, oversize_.bytes);
    return true;
  }
  if (copy_bytes_ > 0) return receive_copy_piece();
  return receive_frame(frame_message(input_.unread(), state_.options.statement_bytes_max));
}

// The data of a COPY may be longer than any message that is kept whole.
bool Connection::receive_copy_piece() {
  if (input_.unread().empty()) return receive_bytes(copy_bytes_);
  message_bytes_ = std::min<std::uint64_t>(copy_bytes_, input_.unread().size());
  copy_bytes_ -= message_bytes_;
  client_seen_us_ = now_us();
  next_ = conversation_->receive(
      {.type = frontend::kCopyData, .body = input_.unread().substr(0, message_bytes_)});
  return true;
}

bool Connection::receive_frame(const FrontendFrame& frame) {
  const bool is_cut = frame.kind == FrontendFrame::Kind::kOversize ||
                      (frame.kind == FrontendFrame::Kind::kIncomplete &&
                       input_.unread().size() >= kMessageHeaderBytes);
  if (is_cut && frame.type == frontend::kCopyData && receives_copy()) {
    input_.consume(kMessageHeaderBytes);
    copy_bytes_ = frame.bytes - kMessageHeaderBytes;
    return true;
  }
  switch (frame.kind) {
    case FrontendFrame::Kind::kIncomplete:
      if (!output_.empty() && !send_output()) return false;
      return receive_bytes(frame.bytes);
    case FrontendFrame::Kind::kMessage:
      if (frame.type == frontend::kExecute && frame.bytes == input_.unread().size() &&
          more_to_receive_) {
        // Its Sync may have come meanwhile, and makes a difference.
        return receive_bytes(frame.bytes + kMessageHeaderBytes);
      }
      message_bytes_ = frame.bytes;
      if (frame.bytes > kShortMessageBytes) about_to_wait();
      client_seen_us_ = now_us();
      next_ = conversation_->receive(
          {.type = frame.type,
           .body = input_.unread().substr(kMessageHeaderBytes, frame.bytes - kMessageHeaderBytes),
           .sync_follows = input_.unread().substr(frame.bytes).starts_with(frontend::kSync)});
      return true;
    case FrontendFrame::Kind::kOversize:
      oversize_ = frame;
      skip_bytes_ = frame.bytes;
      return true;
    case FrontendFrame::Kind::kUnknownType:
      end_with(fail(ErrorCode::kProtocol, "invalid frontend message type {}",
                    static_cast<unsigned>(static_cast<unsigned char>(frame.type))));
      return true;
    case FrontendFrame::Kind::kBadLength: next_ = Next::kClose; return true;
  }
  return true;
}

// True when something was received. Asks the kernel only when there is reason to believe that it
// has something: after a wait, or when the last answer filled all the room.
bool Connection::receive_bytes(std::uint64_t bytes_wanted) {
  if (!more_to_receive_) {
    await_readable();
    return false;
  }
  if (receives_copy() && input_filled_) input_.widen(kCopyPieceBytes);
  const std::span<char> room = input_.prepare(bytes_wanted);
  const ByteStream::Transfer received = stream_.read(room);
  input_.commit(received.bytes);
  input_filled_ = received.bytes == room.size();
  more_to_receive_ = received.next != ByteStream::Next::kWaitReadable;
  if (received.next == ByteStream::Next::kClosed) close();
  if (received.next == ByteStream::Next::kWaitWritable) await_writable();
  return wait_ == Wait::kNone && phase_ != Phase::kClosed;
}

// True when all has been sent.
bool Connection::send_output() {
  while (sent_ < output_.size()) {
    const auto sent = stream_.write(std::string_view(output_).substr(sent_));
    sent_ += sent.bytes;
    switch (sent.next) {
      case ByteStream::Next::kGoOn: continue;
      case ByteStream::Next::kWaitReadable: await_readable(); break;
      case ByteStream::Next::kWaitWritable: await_writable(); break;
      case ByteStream::Next::kClosed: close(); break;
    }
    return false;
  }
  output_.clear();
  sent_ = 0;
  return true;
}

// ---- Waiting ------------------------------------------------------------------------------------

void Connection::await_readable() {
  if (!receives_copy()) {
    input_.release();
    if (output_.empty() && output_.capacity() > kIdleOutputBytes) output_ = {};
  }
  wait_ = Wait::kReadable;
  if (phase_ == Phase::kTalking) set_idle_timer();
  stream_.socket().async_wait(Socket::wait_read, [self = shared_from_this()](const error_code& error) {
    self->on_readable(error);
  });
}

// How long the client may say nothing.
void Connection::set_idle_timer() {
  if (receives_copy()) {
    const auto deadline_us = session_->deadline_us();
    const std::uint64_t now = now_us();
    if (deadline_us) set_timer(std::max(now, *deadline_us) - now);
    return;
  }
  const executor::Settings& settings = session_->settings();
  const std::uint64_t timeout_ms = session_->status() == executor::TransactionStatus::kIdle
                                       ? settings.idle_session_timeout_ms()
                                       : settings.idle_in_transaction_timeout_ms();
  if (timeout_ms > 0) set_timer(timeout_ms * 1000);
}

void Connection::on_readable(const error_code& error) {
  if (wait_ != Wait::kReadable || error == asio::error::operation_aborted) return;
  if (phase_ == Phase::kTalking) cancel_timer();
  more_to_receive_ = true;
  go_on();
}

void Connection::await_writable() {
  wait_ = Wait::kWritable;
  if (phase_ == Phase::kTalking) set_timer(state_.options.write_stall_timeout_ms * 1000);
  stream_.socket().async_wait(Socket::wait_write, [self = shared_from_this()](const error_code& error) {
    self->on_writable(error);
  });
}

void Connection::on_writable(const error_code& error) {
  if (wait_ != Wait::kWritable || error == asio::error::operation_aborted) return;
  if (phase_ == Phase::kTalking) cancel_timer();
  go_on();
}

// The run may call back when the connection is long gone, so the callback holds it weakly.
void Connection::await_run() {
  wait_ = Wait::kRun;
  next_ = Next::kStep;  // when it is over
  run_wakes_us_ = conversation_->run().wake_at_us();
  set_run_timer();
  conversation_->run().when_ready([weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self) return;
    asio::post(self->stream_.socket().get_executor(), [self] { self->on_run_ready(); });
  });
}

// Data may not come for long: whether the statement is to end is found out without it.
void Connection::look_at_copy() {
  if (wait_ != Wait::kReadable || !receives_copy()) return;
  cancel_timer();
  next_ = Next::kStep;
  go_on();
}

void Connection::set_run_timer() {
  const std::uint64_t now = now_us();
  const std::uint64_t wakes_us = std::max(now, run_wakes_us_.value_or(now + kClientCheckUs));
  set_timer(std::min(wakes_us - now, kClientCheckUs));
}

void Connection::on_run_ready() {
  if (wait_ != Wait::kRun) return;
  cancel_timer();
  go_on();
}

void Connection::set_timer(std::uint64_t us_from_now) {
  timer_set_ = true;
  timer_.expires_after(std::chrono::microseconds(us_from_now));
  timer_.async_wait([self = shared_from_this()](const error_code&) { self->on_timer(); });
}

void Connection::cancel_timer() {
  if (!timer_set_) return;
  timer_set_ = false;
  timer_.cancel();
}

void Connection::on_timer() {
  const bool late = !timer_set_ || timer_.expiry() > asio::steady_timer::clock_type::now();
  if (late) return;  // cancelled, or set again, when this handler was already on its way
  timer_set_ = false;
  if (wait_ == Wait::kDelay) {
    set_timer(state_.options.authentication_timeout_ms * 1000);  // to take the answer
    return go_on();
  }
  if (phase_ != Phase::kTalking) return close();
  switch (wait_) {
    case Wait::kNone:
    case Wait::kDelay: return;
    case Wait::kReadable:
      if (receives_copy()) return look_at_copy();
      end_with(idle_timeout(session_->status()));
      return go_on();
    case Wait::kWritable:
      log_warning("session {} of {}: closed, its client takes no results", key_->process_id,
                  session_->identity().user);
      return close();
    case Wait::kRun:
      if (client_is_gone()) return close();
      if (run_wakes_us_ && *run_wakes_us_ <= now_us()) return go_on();
      return set_run_timer();
  }
}

// A client that has sent all it will is taken for gone, as PostgreSQL's
// client_connection_check_interval does: the two cannot be told apart.
bool Connection::client_is_gone() {
  const std::uint64_t now = now_us();
  if (now - client_seen_us_ < kClientCheckUs) return false;
  client_seen_us_ = now;
  pollfd state{.fd = stream_.socket().native_handle(), .events = POLLRDHUP, .revents = 0};
  return ::poll(&state, 1, 0) > 0 && (state.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

}  // namespace alcove::server
