#include "server/entrance.h"

#include <utility>
#include <variant>

#include <boost/asio/ip/address_v4.hpp>
#include <boost/system/error_code.hpp>

#include "base/log.h"
#include "executor/engine.h"
#include "server/backend_message.h"
#include "server/frontend_message.h"

namespace alcove::server {
namespace {

namespace asio = boost::asio;

// With this a client begins that speaks TLS at once: the type of a handshake's record.
constexpr char kTlsHandshake = 0x16;

}  // namespace

Result<Entrance::Step> Entrance::step() {
  if (delayed_) return end_log_in();
  return log_in_ == nullptr ? take_startup() : take_log_in();
}

// ---- Start-up -----------------------------------------------------------------------------------

Result<Entrance::Step> Entrance::take_startup() {
  if (tls_start_ <= TlsStart::kPromised) {
    if (const auto first = begin_tls()) return *first;
  }
  if (input_.unread().size() < kStartupHeaderBytes) return Step{Next::kReceive, kStartupHeaderBytes};
  const auto packet_bytes = startup_packet_bytes(input_.unread());
  if (!packet_bytes) return Step{Next::kClose};
  if (input_.unread().size() < *packet_bytes) return Step{Next::kReceive, *packet_bytes};
  if (tls_start_ == TlsStart::kDirect && !stream_.agreed_on_protocol()) {
    return Error(ErrorCode::kProtocol,
                 "received direct SSL connection request without ALPN protocol negotiation "
                 "extension");
  }
  const auto packet = parse_startup_packet(input_.unread().substr(0, *packet_bytes), encryption_);
  input_.consume(*packet_bytes);
  if (!packet) return packet.error();
  return answer_startup(*packet);
}

// TLS begins with the first byte, or after our answer to a request, or not. Returns what has to happen before.
std::optional<Entrance::Step> Entrance::begin_tls() {
  auto context = state_.tls.get();
  if (tls_start_ == TlsStart::kPossible) {
    char first = 0;
    const auto next = context ? stream_.peek(first) : ByteStream::Next::kGoOn;
    if (next == ByteStream::Next::kWaitReadable) return Step{Next::kListen};
    if (next != ByteStream::Next::kGoOn) return Step{Next::kClose};
    tls_start_ = first == kTlsHandshake ? TlsStart::kDirect : TlsStart::kSettled;
    if (tls_start_ == TlsStart::kSettled) return std::nullopt;
  } else {
    tls_start_ = TlsStart::kSettled;
  }
  stream_.start_tls(std::move(context));
  encryption_ = {.ssl = true, .gss = true};  // inside TLS none is asked for
  return std::nullopt;
}

Result<Entrance::Step> Entrance::answer_startup(const StartupPacket& packet) {
  if (const auto* message = std::get_if<StartupMessage>(&packet)) {
    message_ = *message;
    return begin_log_in();
  }
  if (const auto* cancel = std::get_if<CancelRequest>(&packet)) {
    state_.registry.cancel({cancel->process_id, cancel->secret_key});
    return Step{Next::kEnd};
  }
  const bool ssl = std::holds_alternative<SslRequest>(packet);
  (ssl ? encryption_.ssl : encryption_.gss) = true;
  const bool accepts = ssl && state_.tls.get() != nullptr;
  // Whoever sends before our answer would be heard, once there is TLS, as though it were encrypted.
  if (!input_.unread().empty()) {
    if (!accepts) output_.push_back('N');
    return fail(ErrorCode::kProtocol, "received unencrypted data after {} request",
                ssl ? "SSL" : "GSSAPI encryption");
  }
  output_.push_back(accepts ? 'S' : 'N');
  if (accepts) tls_start_ = TlsStart::kPromised;
  return Step{};
}

Result<Entrance::Step> Entrance::begin_log_in() {
  const bool from_this_machine = client_address().is_loopback();
  const bool needs_tls =
      state_.options.tls_required || (!from_this_machine && !state_.options.insecure);
  if (needs_tls && !stream_.encrypted()) {
    return Error(ErrorCode::kInvalidAuthorization, "a connection without TLS is refused")
        .with_hint("Connect with sslmode=require.");
  }
  BackendWriter writer(output_);
  if (message_.negotiate) writer.negotiate_protocol_version(message_.unknown_options);
  executor::Database* const database = state_.database.load();
  if (state_.stopping) return Error(ErrorCode::kNotReady, "the database system is shutting down");
  if (database == nullptr) return Error(ErrorCode::kNotReady, "the database system is starting up");
  std::optional<std::string> binding;
  if (!stream_.tls_server_end_point().empty()) binding = stream_.tls_server_end_point();
  log_in_ = TRY(LogIn::begin(*database, state_.env.random, message_.user,
                             {.from_this_machine = from_this_machine,
                              .insecure = state_.options.insecure,
                              .channel_binding = std::move(binding)}));
  if (log_in_ == nullptr) return Step{Next::kEnter};
  writer.authentication_sasl(log_in_->mechanisms());
  return Step{};
}

asio::ip::address Entrance::client_address() const {
  boost::system::error_code error;
  const auto endpoint = stream_.socket().remote_endpoint(error);
  if (error) return {};
  const auto address = endpoint.address();
  // A listener for both families hears version 4 in version 6's clothes.
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
  }
  return address;
}

// ---- Log-in -------------------------------------------------------------------------------------

Result<Entrance::Step> Entrance::take_log_in() {
  const FrontendFrame frame = frame_log_in_message(input_.unread());
  switch (frame.kind) {
    case FrontendFrame::Kind::kIncomplete: return Step{Next::kReceive, frame.bytes};
    case FrontendFrame::Kind::kMessage: {
      const std::string body(
          input_.unread().substr(kMessageHeaderBytes, frame.bytes - kMessageHeaderBytes));
      input_.consume(frame.bytes);
      return answer_log_in(body);
    }
    case FrontendFrame::Kind::kUnknownType:
      if (frame.type == frontend::kTerminate) return Step{Next::kEnd};
      return fail(ErrorCode::kProtocol, "expected SASL response, got message type {}",
                  static_cast<unsigned>(static_cast<unsigned char>(frame.type)));
    default: return Step{Next::kEnd};
  }
}

Result<Entrance::Step> Entrance::answer_log_in(std::string_view body) {
  auto answer = log_in_->answer(body);
  if (answer && !answer->logged_in) {
    BackendWriter(output_).authentication_sasl_continue(answer->data);
    return Step{};
  }
  const std::string address = client_address().to_string();
  if (answer) {
    BackendWriter(last_words_).authentication_sasl_final(answer->data);
  } else {
    state_.failed_logins.note(address, now_us());
    log_warning("log-in of \"{}\" from {} failed: {}", message_.user.substr(0, executor::kRoleNameBytesMax),
                address, answer.error().message());
    refusal_ = answer.error();
  }
  const std::uint64_t delay_us = state_.failed_logins.delay_us(address, now_us());
  if (delay_us == 0) return end_log_in();
  delayed_ = true;
  return Step{Next::kDelay, delay_us};
}

Result<Entrance::Step> Entrance::end_log_in() {
  if (refusal_) return *refusal_;
  output_ += last_words_;
  return Step{Next::kEnter};
}

ConnectionRegistry::Owner Entrance::owner() const {
  ConnectionRegistry::Owner owner{message_.user};
  if (trusted()) return owner;
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

}  // namespace alcove::server
