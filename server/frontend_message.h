#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/result.h"

namespace alcove::server {

// Messages from the client after start-up, read from bytes that are not trusted.
//
//   OFFSET SIZE FIELD
//   0      1    type, a letter
//   1      4    length of what follows with these 4 bytes, big-endian
//   5      …    body
namespace frontend {
inline constexpr char kQuery = 'Q';
inline constexpr char kParse = 'P';
inline constexpr char kBind = 'B';
inline constexpr char kDescribe = 'D';
inline constexpr char kExecute = 'E';
inline constexpr char kClose = 'C';
inline constexpr char kFlush = 'H';
inline constexpr char kSync = 'S';
inline constexpr char kFunctionCall = 'F';
inline constexpr char kCopyData = 'd';
inline constexpr char kCopyDone = 'c';
inline constexpr char kCopyFail = 'f';
inline constexpr char kTerminate = 'X';
inline constexpr char kPassword = 'p';  // and each other word of a log-in
}  // namespace frontend

inline constexpr std::size_t kMessageHeaderBytes = 5;
// No message of PostgreSQL's protocol is longer; a longer one is no message.
inline constexpr std::uint64_t kMessageBytesMax = 1ULL << 30;
// Of a message that carries no text or data of the user's.
inline constexpr std::uint64_t kSmallMessageBytesMax = 10'000;
// Of a message by which a client logs in.
inline constexpr std::uint64_t kLogInMessageBytesMax = 1'024;

struct FrontendMessage {
  char type = 0;
  std::string_view body;
  bool sync_follows = false;  // the next message is here already, and it is Sync
};

// What stands at the beginning of a stream of messages.
struct FrontendFrame {
  enum class Kind : unsigned char {
    kIncomplete,   // `bytes` are needed; only the header's own while the length is not known
    kMessage,      // a whole message of `bytes`, header and all
    kOversize,     // `bytes`, to be skipped: over the limit, but a message may be so long
    kUnknownType,  // the stream makes no sense from here
    kBadLength,    // the same
  };
  Kind kind = Kind::kIncomplete;
  char type = 0;
  std::uint64_t bytes = kMessageHeaderBytes;
};

// Looks at no byte past the first message, and judges its length before the body has come.
// `statement_bytes_max` bounds the body of those messages that carry statements or data.
FrontendFrame frame_message(std::string_view stream, std::uint64_t statement_bytes_max);

// The same while a client logs in: kUnknownType for any other message than kPassword.
FrontendFrame frame_log_in_message(std::string_view stream);

// The text of a Query's body, checked: one zero-terminated string of valid UTF-8.
// Errors: kProtocol, kBadEncoding, worded as PostgreSQL's.
Result<std::string_view> parse_query_message(std::string_view body);

}  // namespace alcove::server
