#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include "base/result.h"
#include "server/connection.h"
#include "server/server_state.h"

namespace alcove::server {

// Whether `address` may be listened on: loopback always, others if what is said there is encrypted
// and somebody has to say a password first, or if the operator insists. Errors: kInvalidValue,
// with what to do about it.
Status may_listen(const boost::asio::ip::address& address, bool has_tls, bool has_password_role,
                  bool insecure);

// One listening socket: puts every client it accepts into service, on each of the contexts in turn, and goes on
// accepting whatever happens, pausing while the process is out of file descriptors. Owns itself through its handlers,
// as Connection does.
class Listener final : public std::enable_shared_from_this<Listener> {
 public:
  using Contexts = std::vector<boost::asio::io_context*>;
  // Errors: kIo naming the address. Requires: a context. `contexts` and `state` must outlive the listener.
  static Result<std::shared_ptr<Listener>> listen(const Contexts& contexts, ServerState& state,
                                                  const boost::asio::ip::tcp::endpoint& endpoint);

  Listener(const Contexts& contexts, ServerState& state);

  void start();
  void close();  // from any thread
  std::uint16_t port() const;

 private:
  void accept();
  void on_accept(const boost::system::error_code& error, Socket socket);
  void take(Socket socket);

  const Contexts contexts_;
  std::size_t next_context_ = 0;
  ServerState& state_;
  boost::asio::basic_socket_acceptor<boost::asio::ip::tcp, Strand> acceptor_;
  boost::asio::steady_timer pause_;
  bool paused_ = false;  // the last accept failed: logged once, until one succeeds
};

// The addresses that an entry of listen_addresses stands for: of `localhost` the second may be
// missing on a machine without IPv6. Errors: kInvalidValue where it is no address.
Result<std::vector<boost::asio::ip::address>> resolve_listen_address(const std::string& text);

}  // namespace alcove::server
