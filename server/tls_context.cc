#include "server/tls_context.h"

#include <new>

#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "server/tls_error.h"

namespace alcove::server {
namespace {

constexpr int kSecurityLevel = 2;  // OpenSSL's: 112 bits
// A list of protocols as ALPN writes it: each with its length before it.
constexpr std::string_view kProtocols = "\x0apostgresql";

struct BioFree {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
struct CertificateFree {
  void operator()(X509* certificate) const { X509_free(certificate); }
};
struct KeyFree {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
using Bio = std::unique_ptr<BIO, BioFree>;
using Certificate = std::unique_ptr<X509, CertificateFree>;
using Key = std::unique_ptr<EVP_PKEY, KeyFree>;

Bio over(std::string_view text) {
  Bio bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  if (bio == nullptr) throw std::bad_alloc();
  return bio;
}

int no_passphrase(char*, int, int, void*) { return -1; }

Error invalid(const char* what) {
  return fail(ErrorCode::kInvalidValue, "{}: {}", what, last_tls_error("no reason is given"));
}

int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* length,
                    const unsigned char* offered, unsigned offered_bytes, void*) {
  unsigned char* common = nullptr;
  const int found = SSL_select_next_proto(
      &common, length, reinterpret_cast<const unsigned char*>(kProtocols.data()),
      static_cast<unsigned>(kProtocols.size()), offered, offered_bytes);
  *chosen = common;
  return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

void set_rules(SSL_CTX* context) {
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_security_level(context, kSecurityLevel);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET);
  SSL_CTX_set_num_tickets(context, 0);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  // An idle connection keeps no buffers; one system call takes a whole record.
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_read_ahead(context, 1);
  SSL_CTX_set_alpn_select_cb(context, choose_protocol, nullptr);
}

// Takes the first certificate of the text, and the rest as its chain.
Result<Certificate> use_certificates(SSL_CTX* context, std::string_view text) {
  const Bio bio = over(text);
  Certificate leaf(PEM_read_bio_X509_AUX(bio.get(), nullptr, no_passphrase, nullptr));
  if (leaf == nullptr) return invalid("the TLS certificate cannot be read");
  if (SSL_CTX_use_certificate(context, leaf.get()) != 1) {
    return invalid("the TLS certificate cannot be used");
  }
  while (true) {
    Certificate next(PEM_read_bio_X509(bio.get(), nullptr, no_passphrase, nullptr));
    if (next == nullptr) break;
    if (SSL_CTX_add0_chain_cert(context, next.get()) != 1) {
      return invalid("the TLS certificate's chain cannot be used");
    }
    (void)next.release();  // it is the context's
  }
  if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE) {
    return invalid("the TLS certificate's chain cannot be read");
  }
  ERR_clear_error();
  return leaf;
}

Status use_key(SSL_CTX* context, std::string_view text) {
  const Bio bio = over(text);
  const Key key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr));
  if (key == nullptr) {
    return invalid("the TLS key cannot be read").with_hint("A key with a passphrase is not supported.");
  }
  if (SSL_CTX_use_PrivateKey(context, key.get()) != 1 || SSL_CTX_check_private_key(context) != 1) {
    return invalid("the TLS key does not fit the certificate");
  }
  return {};
}

// MD5 and SHA-1 give way to SHA-256 (RFC 5929, 4.1).
std::string hash_of(X509* certificate) {
  int hash = NID_undef;
  X509_get_signature_info(certificate, &hash, nullptr, nullptr, nullptr);
  const EVP_MD* algorithm = EVP_get_digestbynid(hash);
  if (hash == NID_md5 || hash == NID_sha1) algorithm = EVP_sha256();
  unsigned char bytes[EVP_MAX_MD_SIZE];
  unsigned length = 0;
  if (algorithm == nullptr || X509_digest(certificate, algorithm, bytes, &length) != 1) return {};
  return {reinterpret_cast<const char*>(bytes), length};
}

std::string describe(X509* certificate) {
  const Bio bio(BIO_new(BIO_s_mem()));
  if (bio == nullptr) throw std::bad_alloc();
  X509_NAME_print_ex(bio.get(), X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253);
  BIO_puts(bio.get(), ", valid until ");
  ASN1_TIME_print(bio.get(), X509_get0_notAfter(certificate));
  char* text = nullptr;
  const long length = BIO_get_mem_data(bio.get(), &text);
  return {text, static_cast<std::size_t>(length)};
}

}  // namespace

void TlsContext::Free::operator()(ssl_ctx_st* handle) const { SSL_CTX_free(handle); }

Result<std::shared_ptr<const TlsContext>> TlsContext::load(const TlsCredentials& credentials) {
  ERR_clear_error();
  const auto context = std::make_shared<TlsContext>();
  context->handle_.reset(SSL_CTX_new(TLS_server_method()));
  if (context->handle_ == nullptr) return invalid("there is no TLS");
  set_rules(context->handle());
  const Certificate certificate = TRY(use_certificates(context->handle(), credentials.certificates));
  TRY(use_key(context->handle(), credentials.key));
  context->server_end_point_ = hash_of(certificate.get());
  context->description_ = describe(certificate.get());
  ERR_clear_error();
  return std::shared_ptr<const TlsContext>(context);
}

}  // namespace alcove::server
