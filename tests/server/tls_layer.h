#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include <openssl/ssl.h>

namespace alcove::server {

// What a client asks of TLS.
struct TlsWishes {
  std::string protocol;  // by ALPN; empty: none
  int version_max = 0;   // such as TLS1_1_VERSION; 0: any
};

// The client's end of TLS over a socket that blocks. The handshake is made at once.
class TlsLayer {
 public:
  TlsLayer(int socket, const TlsWishes& wishes);

  // Why there is no agreement; empty where there is one.
  const std::string& error() const { return error_; }
  std::string subject() const;  // of the server's certificate
  bool has_ticket() const;

  bool send(std::string_view bytes);
  // Up to so many; 0 at the end.
  std::size_t receive(char* to, std::size_t bytes);
  // Whether the end was a close_notify. Requires: there was an end.
  bool ended_cleanly() const { return ended_cleanly_; }

 private:
  struct Free {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };
  std::unique_ptr<SSL_CTX, Free> context_;
  std::unique_ptr<SSL, Free> ssl_;
  bool ended_cleanly_ = false;
  std::string error_;
};

}  // namespace alcove::server
