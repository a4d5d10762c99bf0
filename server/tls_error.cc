#include "server/tls_error.h"

#include <openssl/err.h>

namespace alcove::server {

std::string last_tls_error(const char* otherwise) {
  const char* const reason = ERR_reason_error_string(ERR_peek_last_error());
  return reason == nullptr ? otherwise : reason;
}

}  // namespace alcove::server
