#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"

namespace alcove::server {

// What a client says before its session begins, read from bytes that are not trusted.
//
//   OFFSET SIZE FIELD
//   0      4    length, these 4 bytes counted, big-endian
//   4      4    code: a request (below) or the protocol version, 0x00030000 for 3.0
//   8      …    of a version: pairs of zero-terminated name and value, ended by a zero byte;
//               of a CancelRequest: process id and secret key, 4 bytes each

inline constexpr std::size_t kStartupHeaderBytes = 4;
inline constexpr std::size_t kStartupBytesMax = 10'000;

struct SslRequest {};
struct GssRequest {};
struct CancelRequest {
  std::int32_t process_id = 0;
  std::uint32_t secret_key = 0;
};
struct StartupMessage {
  std::string user;
  std::string database;  // the user's name where none is given
  // Settings, names in lower case, in the order in which they apply: those of `options` first.
  std::vector<std::pair<std::string, std::string>> settings;
  // Whether the client asked for more than 3.0 and must be told, and its options that we do not
  // know: NegotiateProtocolVersion.
  bool negotiate = false;
  std::vector<std::string> unknown_options;
};
using StartupPacket = std::variant<SslRequest, GssRequest, CancelRequest, StartupMessage>;

// The length of the packet that begins with these four bytes. Errors: kProtocol where no packet of
// the protocol is so short or so long; there is no telling then what the client speaks.
Result<std::size_t> startup_packet_bytes(std::string_view header);

// Encryption requests already answered on this connection: each may be made once.
struct EncryptionRequests {
  bool ssl = false;
  bool gss = false;
};

// Requires: a whole packet, of the length that startup_packet_bytes() gave.
// Errors, each ending the connection with FATAL: kNotSupported for another major version or a
// replication connection, kProtocol for a bad layout, kInvalidAuthorization without a user,
// kSyntax for bad `options`, kInvalidValue for a client_encoding other than UTF-8, kBadEncoding.
Result<StartupPacket> parse_startup_packet(std::string_view packet, EncryptionRequests requested);

// The settings in the text of `options`: `-c name=value` and `--name=value`, parted by blanks;
// a backslash keeps the character after it. A `-` in a name is `_`. Errors: kSyntax.
Result<std::vector<std::pair<std::string, std::string>>> parse_command_line_options(
    std::string_view text);

}  // namespace alcove::server
