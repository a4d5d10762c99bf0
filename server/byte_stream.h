#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/strand.hpp>

#include "server/tls_channel.h"
#include "server/tls_context.h"

namespace alcove::server {

using Strand = boost::asio::strand<boost::asio::io_context::executor_type>;
using Socket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, Strand>;

// A client's bytes in both directions: as they go over the socket, or through TLS. Nothing blocks:
// what cannot go on says what the socket has to be waited for. Externally synchronised.
class ByteStream {
 public:
  using Next = TlsChannel::Next;
  using Transfer = TlsChannel::Transfer;

  explicit ByteStream(Socket socket);

  Socket& socket() { return socket_; }
  const Socket& socket() const { return socket_; }

  // As much as there is room for and has come. Requires: `room` is not empty.
  Transfer read(std::span<char> room);
  // As much as the socket takes.
  Transfer write(std::string_view bytes);
  // Looks at the first byte to come and leaves it there. With TLS: not to be asked.
  Next peek(char& byte);

  // All bytes go through TLS from now on; read() and write() bring the handshake forward.
  // Requires: not yet encrypted, and what was written has gone.
  void start_tls(std::shared_ptr<const TlsContext> context);
  bool encrypted() const { return tls_ != nullptr; }
  // See TlsContext and TlsChannel. Without TLS: "" and false.
  std::string_view tls_server_end_point() const;
  bool agreed_on_protocol() const { return tls_ && tls_->agreed_on_protocol(); }

  // Tells the client that nothing more comes, if it can be told at once, and closes the socket.
  void close();

 private:
  Socket socket_;
  std::unique_ptr<TlsChannel> tls_;
};

}  // namespace alcove::server
