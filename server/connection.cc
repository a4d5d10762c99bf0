#include "server/connection.h"

#include <poll.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <span>
#include <utility>
#include <variant>

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

#include "base/log.h"
#include "base/waiting.h"
#include "executor/engine.h"

namespace alcove::server {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

// So long a statement, or a client that sends without pause, is served before others have a turn.
constexpr std::uint64_t kSliceUs = 5'000;
// So long others wait for a handler; what goes on for longer steps aside for them.
constexpr std::uint64_t kShortUs = 200;
constexpr std::uint64_t kShortMessageBytes = 64 * 1024;
// How soon the loss of a client is found out while its statement runs or waits.
constexpr std::uint64_t kClientCheckUs = 100'000;
// An output buffer of at most this stays with an idle connection.
constexpr std::size_t kIdleOutputBytes = 4 * 1024;
// Of what a client has sent and nobody will read, so much is taken before closing: bytes left in
// the socket would make the kernel reset the connection and our last words with it.
constexpr std::size_t kDrainBytesMax = 256 * 1024;

bool is_again(const error_code& error) {
  return error == asio::error::would_block || error == asio::error::try_again;
}

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

void close_socket(Socket& socket) {
  error_code ignored;
  socket.shutdown(Socket::shutdown_send, ignored);
  char drain[4096];
  std::size_t drained = 0;
  error_code error;
  while (!error && drained < kDrainBytesMax) {
    drained += socket.read_some(asio::buffer(drain), error);
  }
  socket.close(ignored);
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
  asio::post(connection->socket_.get_executor(), [connection] {
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
  socket.write_some(asio::buffer(reply), ignored);
  close_socket(socket);
}

Connection::Connection(Socket socket, ServerState& state)
    : place_(state.connections),
      state_(state),
      socket_(std::move(socket)),
      timer_(socket_.get_executor()) {}

// Closed by then, but for handlers that could not be queued or run to their end.
Connection::~Connection() { close(); }

void Connection::end_session() {
  asio::post(socket_.get_executor(), [self = shared_from_this()] { self->end_when_idle(); });
}

void Connection::end_when_idle() {
  ending_ = true;
  if (wait_ == Wait::kReadable && phase_ == Phase::kTalking) go_on();
}

void Connection::on_signal(SessionSignal signal) {
  on_run_ready();  // its next step finds the session cancelled
  if (signal != SessionSignal::kTerminate) return;
  if (wait_ == Wait::kWritable) return close();  // a client that does not listen cannot be told
  end_when_idle();
}

void Connection::abandon() {
  asio::post(socket_.get_executor(), [self = shared_from_this()] { self->close(); });
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
  close_socket(socket_);
}

// ---- The loop -----------------------------------------------------------------------------------

void Connection::go_on() {
  wait_ = Wait::kNone;
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
  if (phase_ == Phase::kStartup) return receive_startup();
  return phase_ == Phase::kLoggingIn ? receive_log_in() : receive_message();
}

// Replies to messages that came together go together, unless the client is to see them at once.
bool Connection::output_due() {
  if (output_.size() >= state_.options.output_buffer_bytes) return true;
  if (next_ != Next::kMessage) return next_ != Next::kStep;
  return !conversation_ || conversation_->take_flush();
}

void Connection::yield() {
  if (next_ == Next::kStep && client_is_gone()) return close();
  asio::post(socket_.get_executor(), [self = shared_from_this()] {
    if (self->phase_ != Phase::kClosed) self->go_on();
  });
}

// ---- Start-up -----------------------------------------------------------------------------------

bool Connection::receive_startup() {
  if (input_.unread().size() < kStartupHeaderBytes) return receive_bytes(kStartupHeaderBytes);
  const auto packet_bytes = startup_packet_bytes(input_.unread());
  if (!packet_bytes) {
    close();
    return false;
  }
  if (input_.unread().size() < *packet_bytes) return receive_bytes(*packet_bytes);
  const auto packet = parse_startup_packet(input_.unread().substr(0, *packet_bytes), encryption_);
  input_.consume(*packet_bytes);
  if (packet) {
    answer_startup(*packet);
  } else {
    end_with(packet.error());
  }
  return true;
}

void Connection::answer_startup(const StartupPacket& packet) {
  if (const auto* message = std::get_if<StartupMessage>(&packet)) return begin_log_in(*message);
  if (const auto* cancel = std::get_if<CancelRequest>(&packet)) {
    state_.registry.cancel({cancel->process_id, cancel->secret_key});
    next_ = Next::kClose;
    return;
  }
  const bool ssl = std::holds_alternative<SslRequest>(packet);
  (ssl ? encryption_.ssl : encryption_.gss) = true;
  output_.push_back('N');
  // Whoever sends before our answer would be heard, once there is TLS, as though it were encrypted.
  if (!input_.unread().empty()) {
    end_with(fail(ErrorCode::kProtocol, "received unencrypted data after {} request",
                  ssl ? "SSL" : "GSSAPI encryption"));
  }
}

void Connection::begin_log_in(const StartupMessage& message) {
  BackendWriter writer(output_);
  if (message.negotiate) writer.negotiate_protocol_version(message.unknown_options);
  executor::Database* const database = state_.database.load();
  if (state_.stopping) {
    return end_with(Error(ErrorCode::kNotReady, "the database system is shutting down"));
  }
  if (database == nullptr) {
    return end_with(Error(ErrorCode::kNotReady, "the database system is starting up"));
  }
  entrance_ = std::make_unique<Entrance>();
  entrance_->message = message;
  auto log_in = LogIn::begin(*database, state_.env.random, message.user,
                             {.from_this_machine = client_address().is_loopback(),
                              .insecure = state_.options.insecure});
  if (!log_in) return end_with(log_in.error());
  entrance_->log_in = *std::move(log_in);
  if (entrance_->log_in == nullptr) return open_session();
  writer.authentication_sasl(entrance_->log_in->mechanisms());
  phase_ = Phase::kLoggingIn;
}

boost::asio::ip::address Connection::client_address() const {
  error_code error;
  const auto endpoint = socket_.remote_endpoint(error);
  return error ? asio::ip::address() : endpoint.address();
}

// ---- Log-in -------------------------------------------------------------------------------------

bool Connection::receive_log_in() {
  const FrontendFrame frame = frame_log_in_message(input_.unread());
  switch (frame.kind) {
    case FrontendFrame::Kind::kIncomplete: return receive_bytes(frame.bytes);
    case FrontendFrame::Kind::kMessage: {
      const std::string body(
          input_.unread().substr(kMessageHeaderBytes, frame.bytes - kMessageHeaderBytes));
      input_.consume(frame.bytes);
      return answer_log_in(body);
    }
    case FrontendFrame::Kind::kUnknownType:
      if (frame.type == frontend::kTerminate) {
        next_ = Next::kClose;
      } else {
        end_with(fail(ErrorCode::kProtocol, "expected SASL response, got message type {}",
                      static_cast<unsigned>(static_cast<unsigned char>(frame.type))));
      }
      return true;
    default: next_ = Next::kClose; return true;
  }
}

// False: what came of it is told later.
bool Connection::answer_log_in(std::string_view body) {
  Entrance& entrance = *entrance_;
  auto answer = entrance.log_in->answer(body);
  if (answer && !answer->logged_in) {
    BackendWriter(output_).authentication_sasl_continue(answer->data);
    return true;
  }
  const std::string address = client_address().to_string();
  if (answer) {
    BackendWriter(entrance.last_words).authentication_sasl_final(answer->data);
  } else {
    state_.failed_logins.note(address, now_us());
    log_warning("log-in of \"{}\" from {} failed: {}",
                entrance.message.user.substr(0, executor::kRoleNameBytesMax), address,
                answer.error().message());
    entrance.refusal = answer.error();
  }
  const std::uint64_t delay_us = state_.failed_logins.delay_us(address, now_us());
  if (delay_us == 0) {
    end_log_in();
    return true;
  }
  wait_ = Wait::kDelay;
  set_timer(delay_us);
  return false;
}

void Connection::end_log_in() {
  if (entrance_->refusal) return end_with(*entrance_->refusal);
  output_ += entrance_->last_words;
  open_session();
}

// A tenant's connections are limited, so that no tenant can keep the others out.
ConnectionRegistry::Owner Connection::owner_of(const Entrance& entrance) const {
  ConnectionRegistry::Owner owner{entrance.message.user};
  if (entrance.log_in == nullptr) return owner;
  const auto role = state_.database.load()->engine().roles.find(owner.user);
  if (role && role->bound_to) {
    const auto& [index, name_space] = *role->bound_to;
    owner.group = fmt::format("tenant {} {} {}", index.size(), index, name_space);
    owner.group_max = state_.options.tenant_connections_max;
  } else if (role && !role->superuser) {
    owner.group = "role " + owner.user;
    owner.group_max = state_.options.role_connections_max;
  }
  return owner;
}

void Connection::open_session() {
  const std::unique_ptr<Entrance> entrance = std::move(entrance_);
  if (state_.stopping) {
    return end_with(Error(ErrorCode::kNotReady, "the database system is shutting down"));
  }
  const auto key = state_.registry.add(owner_of(*entrance));
  if (!key) return end_with(key.error());
  key_ = *key;
  BackendWriter writer(output_);
  writer.authentication_ok();
  const StartupMessage& message = entrance->message;
  session_ = std::make_unique<executor::Session>(
      *state_.database.load(),
      executor::SessionIdentity{.user = message.user,
                                .database = message.database,
                                .process_id = key_->process_id,
                                .trusted = entrance->log_in == nullptr});
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
        asio::post(self->socket_.get_executor(), [self, signal] { self->on_signal(signal); });
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
  if (ending_) {
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
  const FrontendFrame frame =
      frame_message(input_.unread(), state_.options.statement_bytes_max);
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
  const std::span<char> room = input_.prepare(bytes_wanted);
  error_code error;
  const std::size_t received = socket_.read_some(asio::buffer(room.data(), room.size()), error);
  more_to_receive_ = received == room.size();
  input_.commit(received);
  if (!error || is_again(error) || error == asio::error::interrupted) return true;
  close();
  return false;
}

// True when all has been sent.
bool Connection::send_output() {
  while (sent_ < output_.size()) {
    error_code error;
    const auto rest = asio::buffer(output_.data() + sent_, output_.size() - sent_);
    sent_ += socket_.write_some(rest, error);
    if (!error || error == asio::error::interrupted) continue;
    if (is_again(error)) {
      await_writable();
    } else {
      close();
    }
    return false;
  }
  output_.clear();
  sent_ = 0;
  return true;
}

// ---- Waiting ------------------------------------------------------------------------------------

void Connection::await_readable() {
  input_.release();
  if (output_.capacity() > kIdleOutputBytes) output_ = {};
  wait_ = Wait::kReadable;
  if (phase_ == Phase::kTalking) {
    const executor::Settings& settings = session_->settings();
    const std::uint64_t timeout_ms = session_->status() == executor::TransactionStatus::kIdle
                                         ? settings.idle_session_timeout_ms()
                                         : settings.idle_in_transaction_timeout_ms();
    if (timeout_ms > 0) set_timer(timeout_ms * 1000);
  }
  socket_.async_wait(Socket::wait_read, [self = shared_from_this()](const error_code& error) {
    self->on_readable(error);
  });
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
  socket_.async_wait(Socket::wait_write, [self = shared_from_this()](const error_code& error) {
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
    asio::post(self->socket_.get_executor(), [self] { self->on_run_ready(); });
  });
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
    end_log_in();
    return go_on();
  }
  if (phase_ != Phase::kTalking) return close();
  switch (wait_) {
    case Wait::kNone:
    case Wait::kDelay: return;
    case Wait::kReadable:
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
  pollfd state{.fd = socket_.native_handle(), .events = POLLRDHUP, .revents = 0};
  return ::poll(&state, 1, 0) > 0 && (state.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

}  // namespace alcove::server
