#include "server/text_encoding.h"

#include <algorithm>
#include <iterator>
#include <string>

#include <fmt/format.h>

#include "base/utf8.h"

namespace alcove::server {
namespace {

// How many bytes the first byte of a character announces.
std::size_t announced_length(unsigned char first) {
  if (first >= 0xf8) return 1;
  if (first >= 0xf0) return 4;
  if (first >= 0xe0) return 3;
  if (first >= 0xc0) return 2;
  return 1;
}

}  // namespace

Status check_text(std::string_view text) {
  const auto bad = find_bad_utf8(text);
  if (!bad) return {};
  const std::size_t length = announced_length(static_cast<unsigned char>(text[*bad]));
  std::string bytes;
  for (const char c : text.substr(*bad, length)) {
    fmt::format_to(std::back_inserter(bytes), " 0x{:02x}", static_cast<unsigned char>(c));
  }
  return fail(ErrorCode::kBadEncoding, "invalid byte sequence for encoding \"UTF8\":{}", bytes);
}

bool names_utf8(std::string_view client_encoding) {
  std::string plain;
  for (const char c : client_encoding) {
    if (c >= 'A' && c <= 'Z') {
      plain.push_back(static_cast<char>(c - 'A' + 'a'));
    } else if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) {
      plain.push_back(c);
    }
  }
  return plain == "utf8" || plain == "unicode" || plain == "sqlascii";
}

std::size_t character_position(std::string_view text, std::size_t offset) {
  const std::string_view before = text.substr(0, std::min(offset, text.size()));
  const auto begins_character = [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  };
  const auto begun = std::count_if(before.begin(), before.end(), begins_character);
  // An offset within a character counts as that character, which `before` has begun already.
  const bool within = offset < text.size() && !begins_character(text[offset]);
  return static_cast<std::size_t>(begun) + (within ? 0 : 1);
}

}  // namespace alcove::server
