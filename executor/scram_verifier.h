#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/random.h"
#include "base/result.h"

namespace alcove::executor {

// What is kept of a password (RFC 5802, SCRAM-SHA-256): enough to check who says it, not enough to
// say it. A plain value.
struct ScramVerifier {
  static constexpr std::size_t kSaltBytes = 16;
  static constexpr std::size_t kSaltBytesMax = 64;
  static constexpr std::uint32_t kIterations = 4096;
  // What is taken from elsewhere: drivers refuse to compute more.
  static constexpr std::uint32_t kIterationsMax = 100'000;
  static constexpr std::size_t kPasswordBytesMax = 1024;

  std::uint32_t iterations = kIterations;
  std::string salt;
  std::string stored_key;  // kSha256Bytes each
  std::string server_key;

  // Of a password under a salt. Takes some milliseconds. The password's bytes are taken as they
  // are: see docs/decisions/0006.
  static ScramVerifier derive(std::string_view password, std::string salt,
                              std::uint32_t iterations = kIterations);
  // What stands behind PASSWORD: a verifier in PostgreSQL's form,
  // `SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>` with base64, as it is; anything else
  // is a password, and gets a salt of its own. No error repeats any of it.
  // Errors: kInvalidValue for a verifier that is none, kTooLong, kNotSupported for an MD5 hash.
  static Result<ScramVerifier> from_text(std::string_view text, Random& random);

  bool operator==(const ScramVerifier&) const = default;
};

// `count` unpredictable bytes.
std::string random_bytes(Random& random, std::size_t count);

}  // namespace alcove::executor
