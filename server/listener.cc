#include "server/listener.h"

#include <chrono>
#include <exception>
#include <utility>

#include <boost/asio/error.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <fmt/format.h>

#include "base/log.h"

namespace alcove::server {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr std::chrono::milliseconds kAcceptPause{100};
// Sockets beyond connections_max that may say who they are: a CancelRequest must get through, and
// a client is told that there are too many only after its start-up packet.
constexpr std::size_t kUnopenedSocketsMax = 128;

std::string name_of(const asio::ip::tcp::endpoint& endpoint) {
  const std::string address = endpoint.address().to_string();
  return endpoint.address().is_v6() ? fmt::format("[{}]:{}", address, endpoint.port())
                                    : fmt::format("{}:{}", address, endpoint.port());
}

}  // namespace

Result<std::vector<asio::ip::address>> resolve_listen_address(const std::string& text) {
  if (text == "localhost") {
    return std::vector<asio::ip::address>{asio::ip::address_v4::loopback(),
                                          asio::ip::address_v6::loopback()};
  }
  error_code error;
  const asio::ip::address address = asio::ip::make_address(text, error);
  if (error) {
    return fail(ErrorCode::kInvalidValue, "\"{}\" is not an IP address to listen on", text);
  }
  return std::vector<asio::ip::address>{address};
}

Status may_listen(const asio::ip::address& address, bool has_tls, bool has_password_role,
                  bool insecure) {
  if (address.is_loopback() || insecure || (has_tls && has_password_role)) return {};
  const Error refusal =
      fail(ErrorCode::kInvalidValue, "cannot listen on {}: it is not a loopback address and {}",
           address.to_string(), has_tls ? "no superuser has a password" : "there is no TLS");
  if (!has_tls) {
    return refusal.with_hint("Let clients come over an encrypted tunnel, or say --insecure.");
  }
  return refusal.with_hint(
      "Listen on 127.0.0.1, CREATE ROLE name SUPERUSER LOGIN PASSWORD '…' there, then listen here.");
}

Result<std::shared_ptr<Listener>> Listener::listen(const Contexts& contexts, ServerState& state,
                                                   const asio::ip::tcp::endpoint& endpoint) {
  auto listener = std::make_shared<Listener>(contexts, state);
  auto& acceptor = listener->acceptor_;
  error_code error;
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(asio::socket_base::reuse_address(true), error);
  if (!error && endpoint.address().is_v6()) acceptor.set_option(asio::ip::v6_only(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error) {
    return fail(ErrorCode::kIo, "cannot listen on {}: {}", name_of(endpoint), error.message());
  }
  return listener;
}

Listener::Listener(const Contexts& contexts, ServerState& state)
    : contexts_(contexts),
      state_(state),
      acceptor_(asio::make_strand(*contexts.front())),
      pause_(acceptor_.get_executor()) {}

void Listener::start() {
  asio::post(acceptor_.get_executor(), [self = shared_from_this()] { self->accept(); });
}

void Listener::close() {
  asio::post(acceptor_.get_executor(), [self = shared_from_this()] {
    error_code ignored;
    self->acceptor_.close(ignored);
    self->pause_.cancel();
  });
}

std::uint16_t Listener::port() const {
  error_code ignored;
  return acceptor_.local_endpoint(ignored).port();
}

void Listener::accept() {
  if (!acceptor_.is_open()) return;
  asio::io_context& context = *contexts_[next_context_++ % contexts_.size()];
  acceptor_.async_accept(asio::make_strand(context),
                         [self = shared_from_this()](const error_code& error, Socket socket) {
                           self->on_accept(error, std::move(socket));
                         });
}

void Listener::on_accept(const error_code& error, Socket socket) {
  if (!acceptor_.is_open()) return;
  if (!error) {
    paused_ = false;
    take(std::move(socket));
    return accept();
  }
  // The one was gone before we came to it; anything else may last, so that trying again at once
  // would only burn a core.
  if (error == asio::error::connection_aborted) return accept();
  if (!paused_) log_warning("cannot accept connections: {}", error.message());
  paused_ = true;
  pause_.expires_after(kAcceptPause);
  pause_.async_wait([self = shared_from_this()](const error_code&) { self->accept(); });
}

void Listener::take(Socket socket) {
  try {
    if (state_.connections.count() < state_.options.connections_max + kUnopenedSocketsMax) {
      Connection::start(std::move(socket), state_);
    } else {
      Connection::refuse(std::move(socket));
    }
  } catch (const std::exception& exception) {
    log_error("a connection was not taken: {}", exception.what());
  }
}

}  // namespace alcove::server
