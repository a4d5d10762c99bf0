#include "server/startup_packet.h"

#include <optional>

#include <boost/endian/conversion.hpp>

#include "server/text_encoding.h"

namespace alcove::server {
namespace {

constexpr std::uint32_t kCancelCode = 80877102;
constexpr std::uint32_t kSslCode = 80877103;
constexpr std::uint32_t kGssCode = 80877104;
constexpr std::uint32_t kMajorVersion = 3;
constexpr std::string_view kProtocolOptionPrefix = "_pq_.";

std::uint32_t load_u32(std::string_view bytes) {
  return boost::endian::load_big_u32(reinterpret_cast<const unsigned char*>(bytes.data()));
}

std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

// Takes a zero-terminated string off the front of `bytes`; none if it does not end.
std::optional<std::string_view> take_string(std::string_view& bytes) {
  const std::size_t end = bytes.find('\0');
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view text = bytes.substr(0, end);
  bytes.remove_prefix(end + 1);
  return text;
}

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

std::vector<std::string> split_command_line(std::string_view text) {
  std::vector<std::string> words;
  bool in_word = false;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (is_blank(text[at])) {
      in_word = false;
      continue;
    }
    if (!in_word) words.emplace_back();
    in_word = true;
    if (text[at] == '\\' && ++at == text.size()) break;
    words.back().push_back(text[at]);
  }
  return words;
}

Status check_replication(std::string_view value) {
  const std::string lower = lower_case(value);
  if (lower == "false" || lower == "off" || lower == "no" || lower == "0") return {};
  return Error(ErrorCode::kNotSupported, "replication connections are not supported");
}

// A client_encoding is settled here, once and for all: the session never converts.
Result<std::pair<std::string, std::string>> startup_setting(std::string_view name,
                                                            std::string_view value) {
  std::pair<std::string, std::string> setting{lower_case(name), std::string(value)};
  if (setting.first != "client_encoding") return setting;
  if (!names_utf8(value)) {
    return fail(ErrorCode::kInvalidValue, "invalid value for parameter \"client_encoding\": \"{}\"",
                value)
        .with_detail("Only UTF8 is supported.");
  }
  setting.second = "UTF8";
  return setting;
}

Result<StartupMessage> parse_parameters(std::string_view bytes) {
  StartupMessage message;
  std::vector<std::pair<std::string, std::string>> settings;
  while (true) {
    const auto name = take_string(bytes);
    if (name && name->empty() && bytes.empty()) break;
    const auto value = name && !name->empty() ? take_string(bytes) : std::nullopt;
    if (!value) {
      return Error(ErrorCode::kProtocol,
                   "invalid startup packet layout: expected terminator as last byte");
    }
    TRY(check_text(*name));
    TRY(check_text(*value));
    if (*name == "user") {
      message.user = *value;
    } else if (*name == "database") {
      message.database = *value;
    } else if (*name == "options") {
      auto options = TRY(parse_command_line_options(*value));
      for (auto& [option, text] : options) {
        auto setting = TRY(startup_setting(option, text));
        message.settings.push_back(std::move(setting));
      }
    } else if (*name == "replication") {
      TRY(check_replication(*value));
    } else if (name->starts_with(kProtocolOptionPrefix)) {
      message.unknown_options.emplace_back(*name);
    } else {
      auto setting = TRY(startup_setting(*name, *value));
      settings.push_back(std::move(setting));
    }
  }
  message.settings.insert(message.settings.end(), settings.begin(), settings.end());
  return message;
}

}  // namespace

Result<std::size_t> startup_packet_bytes(std::string_view header) {
  const std::uint32_t length = load_u32(header);
  if (length < kStartupHeaderBytes + 4 || length > kStartupBytesMax) {
    return Error(ErrorCode::kProtocol, "invalid length of startup packet");
  }
  return std::size_t{length};
}

Result<StartupPacket> parse_startup_packet(std::string_view packet, EncryptionRequests requested) {
  const std::uint32_t code = load_u32(packet.substr(kStartupHeaderBytes));
  const std::string_view body = packet.substr(kStartupHeaderBytes + 4);
  if (code == kCancelCode) {
    // A longer key than ours is none of ours, but may come from a client of another server.
    if (body.size() != 8) return Error(ErrorCode::kProtocol, "invalid length of cancel request");
    return StartupPacket(CancelRequest{static_cast<std::int32_t>(load_u32(body)),
                                       load_u32(body.substr(4))});
  }
  if (code == kSslCode && !requested.ssl && body.empty()) return StartupPacket(SslRequest{});
  if (code == kGssCode && !requested.gss && body.empty()) return StartupPacket(GssRequest{});
  const std::uint32_t major = code >> 16;
  const std::uint32_t minor = code & 0xffff;
  if (major != kMajorVersion) {
    return fail(ErrorCode::kNotSupported,
                "unsupported frontend protocol {}.{}: server supports 3.0 to 3.0", major, minor);
  }
  StartupMessage message = TRY(parse_parameters(body));
  if (message.user.empty()) {
    return Error(ErrorCode::kInvalidAuthorization,
                 "no PostgreSQL user name specified in startup packet");
  }
  if (message.database.empty()) message.database = message.user;
  message.negotiate = minor > 0 || !message.unknown_options.empty();
  return StartupPacket(std::move(message));
}

Result<std::vector<std::pair<std::string, std::string>>> parse_command_line_options(
    std::string_view text) {
  std::vector<std::pair<std::string, std::string>> settings;
  const std::vector<std::string> words = split_command_line(text);
  for (std::size_t at = 0; at < words.size(); ++at) {
    std::string_view assignment = words[at];
    const bool is_short = assignment.starts_with("-c");
    if (!is_short && !assignment.starts_with("--")) {
      return fail(ErrorCode::kSyntax, "invalid command-line argument for server process: {}",
                  words[at])
          .with_hint("Write -c name=value or --name=value.");
    }
    assignment.remove_prefix(2);
    if (is_short && assignment.empty() && at + 1 < words.size()) assignment = words[++at];
    const std::size_t equals = assignment.find('=');
    if (equals == std::string_view::npos || equals == 0) {
      return fail(ErrorCode::kSyntax, "{}{} requires a value", is_short ? "-c " : "--", assignment);
    }
    std::string name(assignment.substr(0, equals));
    for (char& c : name) {
      if (c == '-') c = '_';
    }
    settings.emplace_back(std::move(name), assignment.substr(equals + 1));
  }
  return settings;
}

}  // namespace alcove::server
