#include "server/extended_message.h"

#include <boost/endian/conversion.hpp>

#include "server/text_encoding.h"

namespace alcove::server {
namespace {

constexpr std::uint32_t kNullLength = 0xffffffff;

// Reads a body from its beginning. Past its end, or where a string has none, everything reads as
// zeros and finish() fails.
class BodyReader {
 public:
  explicit BodyReader(std::string_view body) : rest_(body) {}

  char byte() {
    const std::string_view one = bytes(1);
    return one.empty() ? '\0' : one.front();
  }
  std::uint16_t u16() {
    const std::string_view two = bytes(2);
    return two.empty() ? std::uint16_t{0} : boost::endian::load_big_u16(unsigned_bytes(two));
  }
  std::uint32_t u32() {
    const std::string_view four = bytes(4);
    return four.empty() ? std::uint32_t{0} : boost::endian::load_big_u32(unsigned_bytes(four));
  }
  std::string_view string() {
    const std::size_t end = rest_.find('\0');
    if (end == std::string_view::npos) {
      sound_ = false;
      return {};
    }
    const std::string_view text = rest_.substr(0, end);
    rest_.remove_prefix(end + 1);
    return text;
  }
  std::string_view bytes(std::size_t count) {
    if (count > rest_.size()) {
      sound_ = false;
      rest_ = {};
      return {};
    }
    const std::string_view taken = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return taken;
  }
  bool sound() const { return sound_; }
  Status finish() const {
    if (sound_ && rest_.empty()) return {};
    return Error(ErrorCode::kProtocol, "invalid message format");
  }

 private:
  static const unsigned char* unsigned_bytes(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
  }
  std::string_view rest_;
  bool sound_ = true;
};

Result<Formats> read_formats(BodyReader& reader) {
  Formats formats;
  for (std::uint16_t i = reader.u16(); i > 0 && reader.sound(); --i) {
    const std::uint16_t code = reader.u16();
    if (code > 1) return fail(ErrorCode::kInvalidValue, "unsupported format code: {}", code);
    formats.push_back(static_cast<Format>(code));
  }
  return formats;
}

}  // namespace

Result<ParseMessage> parse_parse_message(std::string_view body) {
  BodyReader reader(body);
  ParseMessage message;
  message.name = reader.string();
  message.text = reader.string();
  for (std::uint16_t i = reader.u16(); i > 0 && reader.sound(); --i) {
    message.parameter_oids.push_back(reader.u32());
  }
  TRY(reader.finish());
  TRY(check_text(message.name));
  TRY(check_text(message.text));
  return message;
}

Result<BindMessage> parse_bind_message(std::string_view body) {
  BodyReader reader(body);
  BindMessage message;
  message.portal = reader.string();
  message.statement = reader.string();
  message.parameter_formats = TRY(read_formats(reader));
  for (std::uint16_t i = reader.u16(); i > 0 && reader.sound(); --i) {
    const std::uint32_t length = reader.u32();
    message.parameters.emplace_back();
    if (length != kNullLength) message.parameters.back() = reader.bytes(length);
  }
  message.result_formats = TRY(read_formats(reader));
  TRY(reader.finish());
  TRY(check_text(message.portal));
  TRY(check_text(message.statement));
  return message;
}

Result<NameMessage> parse_name_message(std::string_view body) {
  BodyReader reader(body);
  NameMessage message;
  const char kind = reader.byte();
  message.name = reader.string();
  TRY(reader.finish());
  TRY(check_text(message.name));
  if (kind != 'S' && kind != 'P') {
    return fail(ErrorCode::kProtocol, "invalid subtype {} of a message that names a statement",
                static_cast<unsigned>(static_cast<unsigned char>(kind)));
  }
  message.is_portal = kind == 'P';
  return message;
}

Result<ExecuteMessage> parse_execute_message(std::string_view body) {
  BodyReader reader(body);
  ExecuteMessage message;
  message.portal = reader.string();
  message.rows_max = reader.u32();
  TRY(reader.finish());
  TRY(check_text(message.portal));
  // A negative number means all, as PostgreSQL reads it.
  if (message.rows_max > 0x7fffffff) message.rows_max = 0;
  return message;
}

}  // namespace alcove::server
