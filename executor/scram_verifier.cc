#include "executor/scram_verifier.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/base64.h"
#include "base/sha256.h"

namespace alcove::executor {
namespace {

constexpr std::string_view kPrefix = "SCRAM-SHA-256$";

// Takes what stands before `end` off `text`.
std::string_view take_until(std::string_view& text, char end) {
  const std::size_t length = std::min(text.find(end), text.size());
  const std::string_view head = text.substr(0, length);
  text.remove_prefix(std::min(length + 1, text.size()));
  return head;
}

Error no_verifier() {
  return fail(ErrorCode::kInvalidValue,
              "the password begins as a SCRAM-SHA-256 verifier does, but is none")
      .with_detail(fmt::format("Its form is SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:"
                               "<ServerKey> with {} to {} iterations.",
                               ScramVerifier::kIterations, ScramVerifier::kIterationsMax));
}

Result<ScramVerifier> read_verifier(std::string_view text) {
  text.remove_prefix(kPrefix.size());
  ScramVerifier verifier;
  const std::string_view count = take_until(text, ':');
  const auto [end, failure] =
      std::from_chars(count.data(), count.data() + count.size(), verifier.iterations);
  const auto salt = base64_decode(take_until(text, '$'));
  const auto stored_key = base64_decode(take_until(text, ':'));
  const auto server_key = base64_decode(text);
  if (failure != std::errc() || end != count.data() + count.size() ||
      verifier.iterations < ScramVerifier::kIterations ||
      verifier.iterations > ScramVerifier::kIterationsMax || !salt || salt->empty() ||
      salt->size() > ScramVerifier::kSaltBytesMax || !stored_key ||
      stored_key->size() != kSha256Bytes || !server_key || server_key->size() != kSha256Bytes) {
    return no_verifier();
  }
  verifier.salt = *salt;
  verifier.stored_key = *stored_key;
  verifier.server_key = *server_key;
  return verifier;
}

bool is_md5_hash(std::string_view text) {
  constexpr std::size_t kBytes = 35;
  return text.size() == kBytes && text.starts_with("md5") &&
         text.find_first_not_of("0123456789abcdef", 3) == std::string_view::npos;
}

}  // namespace

ScramVerifier ScramVerifier::derive(std::string_view password, std::string salt,
                                    std::uint32_t iterations) {
  const std::string salted = pbkdf2_sha256(password, salt, iterations);
  ScramVerifier verifier;
  verifier.iterations = iterations;
  verifier.salt = std::move(salt);
  verifier.stored_key = sha256(hmac_sha256(salted, "Client Key"));
  verifier.server_key = hmac_sha256(salted, "Server Key");
  return verifier;
}

Result<ScramVerifier> ScramVerifier::from_text(std::string_view text, Random& random) {
  if (text.size() > kPasswordBytesMax) {
    return fail(ErrorCode::kTooLong, "a password of {} bytes is too long: at most {} are allowed",
                text.size(), kPasswordBytesMax);
  }
  if (text.starts_with(kPrefix)) return read_verifier(text);
  if (is_md5_hash(text)) {
    return Error(ErrorCode::kNotSupported, "passwords hashed with MD5 are not supported")
        .with_hint("Give the password itself, or a SCRAM-SHA-256 verifier.");
  }
  return derive(text, random_bytes(random, kSaltBytes));
}

std::string random_bytes(Random& random, std::size_t count) {
  std::string bytes;
  while (bytes.size() < count) {
    const std::uint64_t more = random.u64();
    bytes.append(reinterpret_cast<const char*>(&more), sizeof(more));
  }
  bytes.resize(count);
  return bytes;
}

}  // namespace alcove::executor
