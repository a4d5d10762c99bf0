#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

#include "server/tls_context.h"

struct ssl_st;

namespace alcove::server {

// The server's end of one TLS connection over a socket that does not block. Externally synchronised.
class TlsChannel {
 public:
  // How a transfer ended.
  enum class Next : unsigned char {
    kGoOn,          // there may be more to do at once
    kWaitReadable,  // nothing before the socket is readable
    kWaitWritable,  // nothing before it is writable; for a read() too
    kClosed,        // by the client, or by an error
  };
  struct Transfer {
    std::size_t bytes = 0;
    Next next = Next::kGoOn;
  };

  // `socket` must outlive the channel.
  TlsChannel(std::shared_ptr<const TlsContext> context, int socket);
  ~TlsChannel();

  // Both bring the handshake forward, if it is not done. A write() that had to wait must be made
  // again with the same bytes, or more, from where the last one ended.
  Transfer read(std::span<char> room);
  Transfer write(std::string_view bytes);
  // close_notify, if the socket takes it at once.
  void say_goodbye();

  // Whether client and server have agreed on "postgresql" by ALPN. Known once read() has given a byte.
  bool agreed_on_protocol() const;
  const TlsContext& context() const { return *context_; }

 private:
  Next next_after(int result, Next otherwise);
  struct Free {
    void operator()(ssl_st* ssl) const;
  };
  std::shared_ptr<const TlsContext> context_;
  const int socket_;
  std::unique_ptr<ssl_st, Free> ssl_;
  bool broken_ = false;  // nothing may be done with it any more
};

}  // namespace alcove::server
