#include "server/log_in.h"

#include <utility>

#include <boost/endian/conversion.hpp>

#include "base/base64.h"
#include "base/sha256.h"
#include "executor/engine.h"

namespace alcove::server {
namespace {

constexpr std::size_t kNonceBytes = 18;

// Stays the same when the server is started again: else a salt that changes would tell of a role
// that does not exist.
std::string server_secret(executor::Engine& engine) {
  const std::uint64_t database_id = engine.ledger.database_id();
  return hmac_sha256({reinterpret_cast<const char*>(&database_id), sizeof(database_id)}, "log-in");
}

Error invalid_response() { return Error(ErrorCode::kProtocol, "malformed SASL response"); }

}  // namespace

Result<std::unique_ptr<LogIn>> LogIn::begin(executor::Database& database, Random& random,
                                            const std::string& user,
                                            Circumstances circumstances) {
  executor::Engine& engine = database.engine();
  const std::optional<executor::Role> role = engine.roles.find(user);
  const bool has_password = role && role->verifier;
  if (!has_password && engine.roles.password_superusers() == 0) {
    if (circumstances.from_this_machine || circumstances.insecure) {
      return std::unique_ptr<LogIn>();
    }
    return Error(ErrorCode::kInvalidAuthorization,
                 "only roles with a password may connect from another machine")
        .with_hint("CREATE ROLE … SUPERUSER LOGIN PASSWORD '…' on the server's own machine.");
  }
  ScramExchange::Secret secret{
      has_password ? *role->verifier : pretended_verifier(server_secret(engine), user),
      has_password};
  ScramExchange exchange(std::move(secret),
                         base64_encode(executor::random_bytes(random, kNonceBytes)),
                         std::move(circumstances.channel_binding));
  return std::unique_ptr<LogIn>(
      new LogIn(user, has_password && role->login, std::move(exchange)));
}

LogIn::LogIn(std::string user, bool may_log_in, ScramExchange exchange)
    : user_(std::move(user)), may_log_in_(may_log_in), exchange_(std::move(exchange)) {}

//   first   mechanism, zero-terminated; 4 bytes length; the client's first message
//   then    the client's last message
Result<LogIn::Answer> LogIn::answer(std::string_view body) {
  if (!has_begun_) {
    has_begun_ = true;
    const std::size_t end = body.find('\0');
    if (end == std::string_view::npos || body.size() - end < 5) return invalid_response();
    const std::uint32_t length = boost::endian::load_big_u32(
        reinterpret_cast<const unsigned char*>(body.data() + end + 1));
    const std::string_view message = body.substr(end + 5);
    if (message.size() != length) return invalid_response();
    Answer answer;
    answer.data = TRY(exchange_.first(body.substr(0, end), message));
    return answer;
  }
  Result<std::string> signature = exchange_.last(body);
  if (!signature && signature.error().code() == ErrorCode::kWrongPassword) {
    return fail(ErrorCode::kWrongPassword, "password authentication failed for user \"{}\"", user_);
  }
  if (!signature) return signature.error();
  if (!may_log_in_) {
    return fail(ErrorCode::kInvalidAuthorization, "role \"{}\" is not permitted to log in", user_);
  }
  return Answer{*std::move(signature), true};
}

}  // namespace alcove::server
