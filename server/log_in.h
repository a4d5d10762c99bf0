#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/random.h"
#include "base/result.h"
#include "executor/role.h"
#include "server/scram.h"

namespace alcove::executor {
class Database;
}

namespace alcove::server {

// How one client says who it is: by the password of a role, and SCRAM. Knows no socket.
// Externally synchronised.
//
// Who has a password always needs it. Who has none is let in, and may do anything, while no
// superuser with a password exists, from this machine only; with `insecure` from everywhere.
class LogIn {
 public:
  struct Circumstances {
    bool from_this_machine = false;
    bool insecure = false;
    std::optional<std::string> channel_binding = {};  // of an encrypted connection
  };
  // Null: let in without a password. Errors: kInvalidAuthorization.
  static Result<std::unique_ptr<LogIn>> begin(executor::Database& database, Random& random,
                                              const std::string& user,
                                              Circumstances circumstances);

  // What the client is asked first, to be sent as AuthenticationSASL.
  std::vector<std::string_view> mechanisms() const { return exchange_.mechanisms(); }

  struct Answer {
    std::string data;
    bool logged_in = false;  // then `data` is AuthenticationSASLFinal's, else …Continue's
  };
  // Answers the body of a `p` message. After an error it is over.
  // Errors: kWrongPassword, kInvalidAuthorization for a role that may not log in, kProtocol and the
  // other errors of ScramExchange.
  Result<Answer> answer(std::string_view body);

 private:
  LogIn(std::string user, bool may_log_in, ScramExchange exchange);

  std::string user_;
  bool may_log_in_;
  bool has_begun_ = false;
  ScramExchange exchange_;
};

}  // namespace alcove::server
