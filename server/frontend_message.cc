#include "server/frontend_message.h"

#include <boost/endian/conversion.hpp>

#include "server/text_encoding.h"

namespace alcove::server {
namespace {

bool is_frontend_type(char type) {
  constexpr std::string_view kTypes = "QPBDECHSFdcfX";
  return kTypes.find(type) != std::string_view::npos;
}

bool carries_user_data(char type) {
  constexpr std::string_view kTypes = "QPBFd";
  return kTypes.find(type) != std::string_view::npos;
}

}  // namespace

namespace {

// With kind kMessage or kIncomplete, unless no message is so long as it says.
FrontendFrame frame_any(std::string_view stream) {
  using Kind = FrontendFrame::Kind;
  FrontendFrame frame;
  frame.type = stream.front();
  if (stream.size() < kMessageHeaderBytes) return frame;
  const std::uint32_t length = boost::endian::load_big_u32(
      reinterpret_cast<const unsigned char*>(stream.data() + 1));
  if (length < 4 || length > kMessageBytesMax) {
    frame.kind = Kind::kBadLength;
    return frame;
  }
  frame.bytes = std::uint64_t{length} + 1;
  if (stream.size() >= frame.bytes) frame.kind = Kind::kMessage;
  return frame;
}

std::uint64_t body_bytes(const FrontendFrame& frame) {
  return frame.bytes - kMessageHeaderBytes;
}

}  // namespace

FrontendFrame frame_message(std::string_view stream, std::uint64_t statement_bytes_max) {
  using Kind = FrontendFrame::Kind;
  if (stream.empty()) return {};
  FrontendFrame frame = frame_any(stream);
  if (!is_frontend_type(frame.type)) {
    frame.kind = Kind::kUnknownType;
  } else if (frame.kind == Kind::kBadLength) {
    return frame;
  } else if (!carries_user_data(frame.type) && body_bytes(frame) > kSmallMessageBytesMax) {
    frame.kind = Kind::kBadLength;
  } else if (carries_user_data(frame.type) && body_bytes(frame) > statement_bytes_max) {
    frame.kind = Kind::kOversize;
  }
  return frame;
}

FrontendFrame frame_log_in_message(std::string_view stream) {
  using Kind = FrontendFrame::Kind;
  if (stream.empty()) return {};
  FrontendFrame frame = frame_any(stream);
  if (frame.type != frontend::kPassword) {
    frame.kind = Kind::kUnknownType;
  } else if (body_bytes(frame) > kLogInMessageBytesMax) {
    frame.kind = Kind::kBadLength;
  }
  return frame;
}

Result<std::string_view> parse_query_message(std::string_view body) {
  const std::size_t end = body.find('\0');
  if (end == std::string_view::npos) {
    return Error(ErrorCode::kProtocol, "invalid string in message");
  }
  const std::string_view text = body.substr(0, end);
  TRY(check_text(text));
  if (end + 1 != body.size()) return Error(ErrorCode::kProtocol, "invalid message format");
  return text;
}

}  // namespace alcove::server
