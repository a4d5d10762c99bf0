#pragma once

#include <string>

namespace alcove::server {

// What OpenSSL says went wrong on this thread since ERR_clear_error(); `otherwise` where it says
// nothing.
std::string last_tls_error(const char* otherwise);

}  // namespace alcove::server
