#include "server/scram.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/base64.h"
#include "base/sha256.h"

namespace alcove::server {
namespace {

constexpr std::string_view kBindingType = "p=tls-server-end-point";

Error malformed(std::string_view what) {
  return Error(ErrorCode::kProtocol, "malformed SCRAM message").with_detail(std::string(what));
}

// Takes the attribute `name=value` that `rest` must begin with, and the comma behind it.
Result<std::string_view> take_attribute(std::string_view& rest, char name) {
  if (rest.size() < 2 || rest[0] != name || rest[1] != '=') {
    return malformed(fmt::format("Expected the attribute \"{}\".", name));
  }
  const std::size_t end = std::min(rest.find(','), rest.size());
  const std::string_view value = rest.substr(2, end - 2);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return value;
}

bool is_printable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '!' && c <= '~'; });
}

}  // namespace

ScramExchange::ScramExchange(Secret secret, std::string server_nonce,
                             std::optional<std::string> channel_binding)
    : secret_(std::move(secret)),
      nonce_(std::move(server_nonce)),
      channel_binding_(std::move(channel_binding)) {}

std::vector<std::string_view> ScramExchange::mechanisms() const {
  if (channel_binding_) return {kScramSha256Plus, kScramSha256};
  return {kScramSha256};
}

// Returns what follows the header.
Result<std::string_view> ScramExchange::read_gs2_header(std::string_view mechanism,
                                                        std::string_view message) {
  const std::size_t flag_end = message.find(',');
  if (flag_end == std::string_view::npos) return malformed("There is no comma.");
  const std::string_view flag = message.substr(0, flag_end);
  const std::string_view rest = message.substr(flag_end + 1);
  if (mechanism == kScramSha256Plus) {
    if (flag != kBindingType) return malformed("The channel binding is not tls-server-end-point.");
  } else if (flag == "y" && channel_binding_) {
    return Error(ErrorCode::kInvalidAuthorization, "SCRAM channel binding negotiation error")
        .with_detail("The client supports channel binding but thinks that the server does not. "
                     "However, this server does.");
  } else if (flag != "n" && flag != "y") {
    return malformed("The channel binding flag is neither n nor y.");
  }
  if (rest.starts_with("a=")) {
    return Error(ErrorCode::kNotSupported,
                 "client uses authorization identity, but it is not supported");
  }
  if (!rest.starts_with(',')) return malformed("The header does not end.");
  expected_binding_ = fmt::format("{},,", flag);
  if (mechanism == kScramSha256Plus) expected_binding_ += *channel_binding_;
  return rest.substr(1);
}

Result<std::string> ScramExchange::first(std::string_view mechanism, std::string_view message) {
  const auto offered = mechanisms();
  if (std::find(offered.begin(), offered.end(), mechanism) == offered.end()) {
    return Error(ErrorCode::kProtocol, "client selected an invalid SASL authentication mechanism");
  }
  std::string_view rest = TRY(read_gs2_header(mechanism, message));
  client_first_bare_ = rest;
  if (rest.starts_with("m=")) {
    return Error(ErrorCode::kNotSupported, "client requires an unsupported SCRAM extension");
  }
  TRY(take_attribute(rest, 'n'));
  const std::string_view client_nonce = TRY(take_attribute(rest, 'r'));
  if (client_nonce.empty() || !is_printable(client_nonce)) {
    return malformed("The nonce is empty or not printable.");
  }
  nonce_ = std::string(client_nonce) + nonce_;
  server_first_ = fmt::format("r={},s={},i={}", nonce_, base64_encode(secret_.verifier.salt),
                              secret_.verifier.iterations);
  return server_first_;
}

Result<std::string> ScramExchange::last(std::string_view message) {
  const std::size_t proof_at = message.rfind(",p=");
  if (proof_at == std::string_view::npos) return malformed("There is no proof.");
  const std::string_view without_proof = message.substr(0, proof_at);
  std::string_view rest = message;
  const auto binding = base64_decode(TRY(take_attribute(rest, 'c')));
  if (!binding || *binding != expected_binding_) {
    return Error(ErrorCode::kProtocol, "SCRAM channel binding check failed");
  }
  if (TRY(take_attribute(rest, 'r')) != nonce_) return malformed("The nonce is another one.");
  const auto proof = base64_decode(message.substr(proof_at + 3));
  if (!proof || proof->size() != kSha256Bytes) return malformed("The proof is no SHA-256.");

  const std::string said = fmt::format("{},{},{}", client_first_bare_, server_first_, without_proof);
  std::string client_key = hmac_sha256(secret_.verifier.stored_key, said);
  for (std::size_t i = 0; i < kSha256Bytes; ++i) {
    client_key[i] = static_cast<char>(client_key[i] ^ (*proof)[i]);
  }
  const bool proven = equal_in_constant_time(sha256(client_key), secret_.verifier.stored_key);
  const std::string signature = hmac_sha256(secret_.verifier.server_key, said);
  if (!proven || !secret_.is_real) {
    return Error(ErrorCode::kWrongPassword, "password authentication failed");
  }
  return "v=" + base64_encode(signature);
}

executor::ScramVerifier pretended_verifier(std::string_view server_secret, std::string_view user) {
  executor::ScramVerifier verifier;
  verifier.salt = hmac_sha256(server_secret, user).substr(0, executor::ScramVerifier::kSaltBytes);
  // Nobody's: is_real says so too.
  verifier.stored_key = hmac_sha256(server_secret, verifier.salt);
  verifier.server_key = hmac_sha256(server_secret, verifier.stored_key);
  return verifier;
}

}  // namespace alcove::server
