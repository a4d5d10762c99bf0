#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "executor/scram_verifier.h"

namespace alcove::server {

inline constexpr std::string_view kScramSha256 = "SCRAM-SHA-256";
inline constexpr std::string_view kScramSha256Plus = "SCRAM-SHA-256-PLUS";

// The server's side of one log-in by SCRAM-SHA-256 (RFC 5802, RFC 7677). Knows no socket: it is
// given the client's messages, which are not trusted, and gives the answers. Externally synchronised.
//
//   client  n,,n=*,r=<client nonce>
//   server  r=<client nonce><server nonce>,s=<salt>,i=<iterations>
//   client  c=<channel binding>,r=<nonces>,p=<proof>
//   server  v=<server signature>
//
// The user name in the client's message is ignored: the start-up packet's counts.
class ScramExchange {
 public:
  // Whose password it is.
  struct Secret {
    executor::ScramVerifier verifier;
    // False: there is no such password. The conversation goes as with any other, and fails.
    bool is_real = true;
  };

  // `server_nonce`: printable ASCII without commas, never used before. `channel_binding`: the
  // tls-server-end-point of the connection (RFC 5929), if it is encrypted; then -PLUS is offered.
  ScramExchange(Secret secret, std::string server_nonce,
                std::optional<std::string> channel_binding = std::nullopt);

  // In the order in which they are to be offered.
  std::vector<std::string_view> mechanisms() const;

  // The answer to the client's first message. Errors: kProtocol, kNotSupported for an authorization
  // identity or a mandatory extension, kInvalidAuthorization for a client that was talked out of
  // channel binding.
  Result<std::string> first(std::string_view mechanism, std::string_view message);
  // The answer to its last message: it is logged in. Requires: first() has answered.
  // Errors: kProtocol, kWrongPassword.
  Result<std::string> last(std::string_view message);

 private:
  Result<std::string_view> read_gs2_header(std::string_view mechanism, std::string_view message);

  Secret secret_;
  std::string nonce_;  // the server's, from first() on both
  std::optional<std::string> channel_binding_;
  std::string expected_binding_;  // what c= must say, decoded
  std::string client_first_bare_;
  std::string server_first_;
};

// What a user who has no password is asked with: the same each time for the same name, so that the
// salt does not tell that there is none. `server_secret`: known to nobody else.
executor::ScramVerifier pretended_verifier(std::string_view server_secret, std::string_view user);

}  // namespace alcove::server
