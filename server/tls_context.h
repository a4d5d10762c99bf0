#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

struct ssl_ctx_st;

namespace alcove::server {

// Texts in PEM: the server's certificate, then those that lead to its authority, and its key.
struct TlsCredentials {
  std::string certificates;
  std::string key;
};

// How the server speaks TLS: with which certificate, and by which rules (1.2 or later, no
// renegotiation, no session tickets, ALPN "postgresql"). Immutable, thread-safe.
class TlsContext {
 public:
  // Errors: kInvalidValue for what is no certificate or key, or a key that is another's or has a
  // passphrase.
  static Result<std::shared_ptr<const TlsContext>> load(const TlsCredentials& credentials);

  // The certificate's hash as RFC 5929 has it for tls-server-end-point, which SCRAM-SHA-256-PLUS
  // binds to; empty where the signature's algorithm has no hash of its own (Ed25519).
  const std::string& server_end_point() const { return server_end_point_; }
  // Whose the certificate is and until when, for operators.
  const std::string& description() const { return description_; }

  ssl_ctx_st* handle() const { return handle_.get(); }

 private:
  struct Free {
    void operator()(ssl_ctx_st* handle) const;
  };
  std::unique_ptr<ssl_ctx_st, Free> handle_;
  std::string server_end_point_;
  std::string description_;
};

// The context of new connections, which may change while older ones keep theirs. Thread-safe.
class TlsContextSlot {
 public:
  void set(std::shared_ptr<const TlsContext> context) {
    const std::lock_guard lock(mutex_);
    context_ = std::move(context);
  }
  std::shared_ptr<const TlsContext> get() const {  // null: no TLS
    const std::lock_guard lock(mutex_);
    return context_;
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const TlsContext> context_;
};

}  // namespace alcove::server
