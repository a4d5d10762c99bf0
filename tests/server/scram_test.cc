#include "server/scram.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/base64.h"
#include "base/sha256.h"

namespace alcove::server {
namespace {

using executor::ScramVerifier;
using testing::ElementsAre;
using testing::StartsWith;

// RFC 7677, section 3.
constexpr const char* kServerNonce = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
constexpr const char* kClientFirst = "n,,n=user,r=rOprNGfwEbeRWgbNEkqO";
constexpr const char* kServerFirst =
    "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
constexpr const char* kClientLast =
    "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
    "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
constexpr const char* kServerLast = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";

ScramVerifier pencil() {
  return ScramVerifier::derive("pencil", *base64_decode("W22ZaJ0SNY7soEsUEjb6gQ=="));
}

ScramExchange exchange_of(ScramVerifier verifier, bool is_real = true,
                          std::optional<std::string> binding = std::nullopt) {
  return ScramExchange({std::move(verifier), is_real}, kServerNonce, std::move(binding));
}

// What was answered; of an error its message.
std::string said(const Result<std::string>& answer) {
  return answer ? *answer : "error: " + answer.error().message();
}

ErrorCode first_error(const std::string& message, std::string_view mechanism = kScramSha256,
                      std::optional<std::string> binding = std::nullopt) {
  auto answer = exchange_of(pencil(), true, std::move(binding)).first(mechanism, message);
  EXPECT_FALSE(answer) << message;
  return answer ? ErrorCode::kInternal : answer.error().code();
}

// What a client with the password says last.
std::string client_last(const std::string& password, const std::string& first_bare,
                        const std::string& server_first, const std::string& binding) {
  const std::size_t salt_at = server_first.find(",s=") + 3;
  const std::string salt = *base64_decode(
      server_first.substr(salt_at, server_first.find(',', salt_at) - salt_at));
  const std::string salted = pbkdf2_sha256(password, salt, 4096);
  const std::string client_key = hmac_sha256(salted, "Client Key");
  const std::string without_proof =
      "c=" + base64_encode(binding) + "," + server_first.substr(0, server_first.find(','));
  std::string proof =
      hmac_sha256(sha256(client_key), first_bare + "," + server_first + "," + without_proof);
  for (std::size_t i = 0; i < proof.size(); ++i) {
    proof[i] = static_cast<char>(proof[i] ^ client_key[i]);
  }
  return without_proof + ",p=" + base64_encode(proof);
}

TEST(Scram, SpeaksAsTheStandardShows) {
  auto exchange = exchange_of(pencil());
  EXPECT_THAT(exchange.mechanisms(), ElementsAre(kScramSha256));
  EXPECT_EQ(said(exchange.first(kScramSha256, kClientFirst)), kServerFirst);
  EXPECT_EQ(said(exchange.last(kClientLast)), kServerLast);
}

TEST(Scram, RefusesAnotherPassword) {
  auto exchange = exchange_of(ScramVerifier::derive("crayon", pencil().salt));
  EXPECT_EQ(said(exchange.first(kScramSha256, kClientFirst)), kServerFirst);
  const auto answer = exchange.last(kClientLast);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code(), ErrorCode::kWrongPassword);
}

TEST(Scram, RefusesWhoIsNotReal) {
  auto exchange = exchange_of(pencil(), false);
  EXPECT_EQ(said(exchange.first(kScramSha256, kClientFirst)), kServerFirst);
  const auto answer = exchange.last(kClientLast);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code(), ErrorCode::kWrongPassword);
}

TEST(Scram, PretendsTheSameSaltForTheSameName) {
  const ScramVerifier nobody = pretended_verifier("secret", "nobody");
  EXPECT_EQ(nobody, pretended_verifier("secret", "nobody"));
  EXPECT_NE(nobody.salt, pretended_verifier("secret", "anybody").salt);
  EXPECT_NE(nobody.salt, pretended_verifier("another", "nobody").salt);
  EXPECT_EQ(nobody.salt.size(), ScramVerifier::kSaltBytes);
  EXPECT_EQ(nobody.iterations, ScramVerifier::kIterations);
}

TEST(Scram, IgnoresTheUserName) {
  for (const std::string first : {"n,,n=,r=abc", "n,,n=*,r=abc", "y,,n=somebody,r=abc",
                                  "n,,n=a,r=abc,x=later"}) {
    auto exchange = exchange_of(pencil());
    const auto server_first = exchange.first(kScramSha256, first);
    ASSERT_TRUE(server_first) << first;
    const std::string header = first.substr(0, 3);
    EXPECT_THAT(
        said(exchange.last(client_last("pencil", first.substr(3), *server_first, header))),
        StartsWith("v="));
  }
}

TEST(Scram, RefusesFirstMessagesThatMakeNoSense) {
  for (const char* message :
       {"", ",", "n", "n,", "n,,", "n,,r=abc", "n,,n=a", "n,,n=a,r=", "n,,n=a,r=a b", "x,,n=a,r=b",
        "p=tls-unique,,n=a,r=b", "n,,n=a,s=b", "n,,n=a,r=\x01"}) {
    EXPECT_EQ(first_error(message), ErrorCode::kProtocol) << message;
  }
  EXPECT_EQ(first_error("n,a=other,n=a,r=b"), ErrorCode::kNotSupported);
  EXPECT_EQ(first_error("n,,m=x,n=a,r=b"), ErrorCode::kNotSupported);
  EXPECT_EQ(first_error(kClientFirst, "SCRAM-SHA-1"), ErrorCode::kProtocol);
  EXPECT_EQ(first_error("p=tls-server-end-point,,n=a,r=b", kScramSha256Plus), ErrorCode::kProtocol);
}

TEST(Scram, RefusesLastMessagesThatMakeNoSense) {
  const std::string nonce = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
  const std::string proof = ",p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
  for (const std::string& message :
       {std::string(), "c=biws," + nonce, "c=biws" + proof, "c=eSws," + nonce + proof,
        "c=biws,r=other" + proof, nonce + proof, "c=biws," + nonce + ",p=", "c=biws," + nonce + ",p=AAAA",
        "c=*," + nonce + proof, std::string(",p=")}) {
    auto exchange = exchange_of(pencil());
    ASSERT_TRUE(exchange.first(kScramSha256, kClientFirst));
    const auto answer = exchange.last(message);
    ASSERT_FALSE(answer) << message;
    EXPECT_EQ(answer.error().code(), ErrorCode::kProtocol) << message;
  }
}

TEST(Scram, BindsTheChannelWhereThereIsOne) {
  const std::string binding = "the certificate's hash";
  auto exchange = exchange_of(pencil(), true, binding);
  EXPECT_THAT(exchange.mechanisms(), ElementsAre(kScramSha256Plus, kScramSha256));
  const std::string header = "p=tls-server-end-point,,";
  const auto server_first = exchange.first(kScramSha256Plus, header + "n=,r=abc");
  ASSERT_TRUE(server_first);
  EXPECT_THAT(
      said(exchange.last(client_last("pencil", "n=,r=abc", *server_first, header + binding))),
      StartsWith("v="));
}

TEST(Scram, RefusesAnotherChannelAndADowngrade) {
  const std::string header = "p=tls-server-end-point,,";
  auto exchange = exchange_of(pencil(), true, "mine");
  const auto server_first = exchange.first(kScramSha256Plus, header + "n=,r=abc");
  ASSERT_TRUE(server_first);
  EXPECT_FALSE(exchange.last(client_last("pencil", "n=,r=abc", *server_first, header + "another")));
  EXPECT_EQ(first_error("y,,n=,r=abc", kScramSha256, "mine"), ErrorCode::kInvalidAuthorization);
  EXPECT_EQ(first_error("n,,n=,r=abc", kScramSha256Plus, "mine"), ErrorCode::kProtocol);
}

}  // namespace
}  // namespace alcove::server
