#include "tests/server/tls_layer.h"

#include <openssl/err.h>
#include <openssl/x509.h>

#include "base/check.h"

namespace alcove::server {

TlsLayer::TlsLayer(int socket, const TlsWishes& wishes)
    : context_(SSL_CTX_new(TLS_client_method())) {
  SSL_CTX_set_security_level(context_.get(), 0);
  SSL_CTX_set_min_proto_version(context_.get(), TLS1_VERSION);
  SSL_CTX_set_max_proto_version(context_.get(), wishes.version_max);
  ssl_.reset(SSL_new(context_.get()));
  CHECK(ssl_ != nullptr, "there is TLS");
  SSL_set_fd(ssl_.get(), socket);
  if (!wishes.protocol.empty()) {
    const std::string list = static_cast<char>(wishes.protocol.size()) + wishes.protocol;
    SSL_set_alpn_protos(ssl_.get(), reinterpret_cast<const unsigned char*>(list.data()),
                        static_cast<unsigned>(list.size()));
  }
  if (SSL_connect(ssl_.get()) == 1) return;
  const char* const reason = ERR_reason_error_string(ERR_peek_last_error());
  error_ = reason == nullptr ? "closed" : reason;
  ERR_clear_error();
}

std::string TlsLayer::subject() const {
  const std::unique_ptr<X509, decltype(&X509_free)> certificate(
      SSL_get1_peer_certificate(ssl_.get()), &X509_free);
  char name[256];
  X509_NAME_oneline(X509_get_subject_name(certificate.get()), name, sizeof(name));
  return name;
}

bool TlsLayer::has_ticket() const { return SSL_SESSION_has_ticket(SSL_get_session(ssl_.get())) != 0; }

bool TlsLayer::send(std::string_view bytes) {
  std::size_t sent = 0;
  return bytes.empty() || SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &sent) == 1;
}

std::size_t TlsLayer::receive(char* to, std::size_t bytes) {
  std::size_t got = 0;
  const int result = SSL_read_ex(ssl_.get(), to, bytes, &got);
  if (result == 1) return got;
  ended_cleanly_ = SSL_get_error(ssl_.get(), result) == SSL_ERROR_ZERO_RETURN;
  ERR_clear_error();
  return 0;
}

}  // namespace alcove::server
