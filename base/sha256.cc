#include "base/sha256.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#include "base/check.h"

namespace alcove {
namespace {

const unsigned char* raw(std::string_view bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}
unsigned char* raw(std::string& bytes) { return reinterpret_cast<unsigned char*>(bytes.data()); }

}  // namespace

std::string sha256(std::string_view bytes) {
  std::string digest(kSha256Bytes, '\0');
  SHA256(raw(bytes), bytes.size(), raw(digest));
  return digest;
}

std::string hmac_sha256(std::string_view key, std::string_view bytes) {
  std::string digest(kSha256Bytes, '\0');
  // OpenSSL takes a null key for "the same as before".
  const auto* const key_bytes = key.empty() ? raw(std::string_view("")) : raw(key);
  const auto* const made = HMAC(EVP_sha256(), key_bytes, static_cast<int>(key.size()), raw(bytes),
                                bytes.size(), raw(digest), nullptr);
  CHECK(made != nullptr, "OpenSSL knows SHA-256");
  return digest;
}

std::string pbkdf2_sha256(std::string_view password, std::string_view salt,
                          std::uint32_t iterations) {
  std::string key(kSha256Bytes, '\0');
  const int made = PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()), raw(salt),
                                     static_cast<int>(salt.size()), static_cast<int>(iterations),
                                     EVP_sha256(), static_cast<int>(kSha256Bytes), raw(key));
  CHECK(made == 1, "OpenSSL derives keys");
  return key;
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace alcove
