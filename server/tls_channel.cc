#include "server/tls_channel.h"

#include <sys/socket.h>
#include <sys/types.h>

#include <cerrno>
#include <new>
#include <utility>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "base/log.h"
#include "base/waiting.h"
#include "server/tls_error.h"

namespace alcove::server {
namespace {

// ---- The socket as OpenSSL sees it --------------------------------------------------------------
// Its own way of writing to one would raise SIGPIPE.

int socket_of(BIO* bio) { return *static_cast<const int*>(BIO_get_data(bio)); }

bool is_again() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

int read_socket(BIO* bio, char* to, int bytes) {
  const ssize_t received = ::recv(socket_of(bio), to, static_cast<std::size_t>(bytes), 0);
  BIO_clear_retry_flags(bio);
  if (received < 0 && is_again()) BIO_set_retry_read(bio);
  return static_cast<int>(received);
}

int write_socket(BIO* bio, const char* from, int bytes) {
  const ssize_t sent =
      ::send(socket_of(bio), from, static_cast<std::size_t>(bytes), MSG_NOSIGNAL);
  BIO_clear_retry_flags(bio);
  if (sent < 0 && is_again()) BIO_set_retry_write(bio);
  return static_cast<int>(sent);
}

long control_socket(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

// For as long as the process.
const BIO_METHOD* socket_method() {
  static const BIO_METHOD* const method = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket");
    if (made == nullptr) throw std::bad_alloc();
    BIO_meth_set_read(made, read_socket);
    BIO_meth_set_write(made, write_socket);
    BIO_meth_set_ctrl(made, control_socket);
    return made;
  }();
  return method;
}

}  // namespace

void TlsChannel::Free::operator()(ssl_st* ssl) const { SSL_free(ssl); }

TlsChannel::TlsChannel(std::shared_ptr<const TlsContext> context, int socket)
    : context_(std::move(context)), socket_(socket), ssl_(SSL_new(context_->handle())) {
  BIO* const bio = BIO_new(socket_method());
  if (ssl_ == nullptr || bio == nullptr) {
    BIO_free(bio);
    throw std::bad_alloc();
  }
  BIO_set_data(bio, const_cast<int*>(&socket_));
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_.get(), bio, bio);  // which is the channel's from here on
  SSL_set_accept_state(ssl_.get());
}

TlsChannel::~TlsChannel() = default;

TlsChannel::Next TlsChannel::next_after(int result, Next otherwise) {
  if (result > 0) return otherwise;
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ: return Next::kWaitReadable;
    case SSL_ERROR_WANT_WRITE: return Next::kWaitWritable;
    case SSL_ERROR_ZERO_RETURN: return Next::kClosed;
    default: break;
  }
  if (SSL_is_init_finished(ssl_.get()) == 0) {
    log_info("a TLS handshake failed: {}", last_tls_error("the client has gone"));
  }
  broken_ = true;
  return Next::kClosed;
}

TlsChannel::Transfer TlsChannel::read(std::span<char> room) {
  if (broken_) return {0, Next::kClosed};
  // A signature takes as long as some short statements.
  if (SSL_is_init_finished(ssl_.get()) == 0) about_to_wait();
  ERR_clear_error();
  std::size_t bytes = 0;
  const int result = SSL_read_ex(ssl_.get(), room.data(), room.size(), &bytes);
  const bool more = bytes == room.size() || SSL_has_pending(ssl_.get()) == 1;
  return {bytes, next_after(result, more ? Next::kGoOn : Next::kWaitReadable)};
}

TlsChannel::Transfer TlsChannel::write(std::string_view bytes) {
  if (broken_) return {0, Next::kClosed};
  ERR_clear_error();
  std::size_t written = 0;
  const int result = SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &written);
  return {written, next_after(result, Next::kGoOn)};
}

void TlsChannel::say_goodbye() {
  if (broken_ || SSL_is_init_finished(ssl_.get()) == 0) return;
  ERR_clear_error();
  SSL_shutdown(ssl_.get());
  broken_ = true;
}

bool TlsChannel::agreed_on_protocol() const {
  const unsigned char* name = nullptr;
  unsigned length = 0;
  SSL_get0_alpn_selected(ssl_.get(), &name, &length);
  return length > 0;
}

}  // namespace alcove::server
