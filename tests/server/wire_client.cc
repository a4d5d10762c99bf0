#include "tests/server/wire_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cstring>

#include "base/check.h"

namespace alcove::server {
namespace {

constexpr char kEnd = '$';

std::uint32_t load(std::string_view bytes) {
  std::uint32_t value = 0;
  for (const char c : bytes.substr(0, 4)) value = value << 8 | static_cast<unsigned char>(c);
  return value;
}

std::vector<std::string> strings_of(std::string_view body) {
  std::vector<std::string> strings;
  while (!body.empty()) {
    const std::size_t end = body.find('\0');
    strings.emplace_back(body.substr(0, end));
    body.remove_prefix(end == std::string_view::npos ? body.size() : end + 1);
  }
  return strings;
}

}  // namespace

WireClient::WireClient(std::uint16_t port, Greeting greeting)
    : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int connected =
      ::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof(address));
  CHECK(connected == 0, "the server under test listens");
  const timeval timeout{.tv_sec = 60, .tv_usec = 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
  if (greeting == Greeting::kStartup) send_startup({{"user", "me"}});
}

WireClient::WireClient(std::uint16_t port, const Parameters& parameters)
    : WireClient(port, Greeting::kNone) {
  send_startup(parameters);
}

WireClient::~WireClient() { close(); }

std::string WireClient::big_endian(std::uint32_t value) {
  std::string bytes;
  for (const int shift : {24, 16, 8, 0}) bytes.push_back(static_cast<char>(value >> shift));
  return bytes;
}

std::string WireClient::startup_packet(const Parameters& parameters, std::uint32_t version) {
  std::string body = big_endian(version);
  for (const auto& [name, value] : parameters) body += name + '\0' + value + '\0';
  body += '\0';
  return big_endian(static_cast<std::uint32_t>(body.size() + 4)) + body;
}

std::string WireClient::cancel_packet(std::int32_t process_id, std::uint32_t secret_key) {
  return big_endian(16) + big_endian(80877102) +
         big_endian(static_cast<std::uint32_t>(process_id)) + big_endian(secret_key);
}

std::string WireClient::message(char type, std::string_view body) {
  return type + big_endian(static_cast<std::uint32_t>(body.size() + 4)) + std::string(body);
}

std::string WireClient::query(std::string_view text) {
  return message('Q', std::string(text) + '\0');
}

// A server that has closed makes the rest of it fail, which is for the next read to tell.
void WireClient::send(std::string_view bytes) {
  if (tls_) {
    tls_->send(bytes);
    return;
  }
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

void WireClient::send_startup(const Parameters& parameters) {
  send(startup_packet(parameters));
  greeting_ = read_reply();
}

bool WireClient::read_exactly(char* to, std::size_t bytes) {
  while (bytes > 0) {
    const ssize_t got =
        tls_ ? static_cast<ssize_t>(tls_->receive(to, bytes)) : ::recv(socket_, to, bytes, 0);
    if (got <= 0) return false;
    to += got;
    bytes -= static_cast<std::size_t>(got);
  }
  return true;
}

char WireClient::read_byte() {
  char byte = kEnd;
  read_exactly(&byte, 1);
  return byte;
}

WireMessage WireClient::read() {
  char header[5];
  if (!read_exactly(header, sizeof(header))) return {.type = kEnd, .body = {}};
  WireMessage message{.type = header[0], .body = {}};
  message.body.resize(load(std::string_view(header + 1, 4)) - 4);
  if (!read_exactly(message.body.data(), message.body.size())) message.type = kEnd;
  return message;
}

std::vector<WireMessage> WireClient::read_reply() {
  std::vector<WireMessage> messages;
  do {
    messages.push_back(read());
  } while (messages.back().type != 'Z' && messages.back().type != kEnd);
  return messages;
}

std::vector<WireMessage> WireClient::ask(std::string_view text) {
  send(query(text));
  return read_reply();
}

const TlsLayer& WireClient::start_tls(const TlsWishes& wishes) {
  tls_ = std::make_unique<TlsLayer>(socket_, wishes);
  return *tls_;
}

void WireClient::half_close() { ::shutdown(socket_, SHUT_WR); }

void WireClient::close() {
  if (socket_ >= 0) ::close(socket_);
  socket_ = -1;
}

std::map<std::string, std::string> WireClient::parameters() const {
  std::map<std::string, std::string> parameters;
  for (const WireMessage& message : greeting_) {
    if (message.type != 'S') continue;
    const auto strings = strings_of(message.body);
    parameters[strings.at(0)] = strings.at(1);
  }
  return parameters;
}

std::int32_t WireClient::process_id() const {
  for (const WireMessage& message : greeting_) {
    if (message.type == 'K') return static_cast<std::int32_t>(load(message.body));
  }
  return 0;
}

std::uint32_t WireClient::secret_key() const {
  for (const WireMessage& message : greeting_) {
    if (message.type == 'K') return load(std::string_view(message.body).substr(4));
  }
  return 0;
}

std::string summary(const std::vector<WireMessage>& messages) {
  std::string text;
  for (const WireMessage& message : messages) {
    if (!text.empty()) text += ' ';
    text += message.type;
    if (message.type == 'Z') text += message.body;
    if (message.type == 'C') text += '(' + strings_of(message.body).at(0) + ')';
  }
  return text;
}

std::string report_field(const std::vector<WireMessage>& messages, char field) {
  for (const WireMessage& message : messages) {
    if (message.type != 'E' && message.type != 'N') continue;
    for (const std::string& text : strings_of(message.body)) {
      if (!text.empty() && text.front() == field) return text.substr(1);
    }
  }
  return {};
}

std::vector<std::string> reports(const std::vector<WireMessage>& messages) {
  std::vector<std::string> lines;
  for (const WireMessage& message : messages) {
    if (message.type != 'E' && message.type != 'N') continue;
    lines.push_back(report_field({message}, 'S') + ' ' + report_field({message}, 'C') + ' ' +
                    report_field({message}, 'M'));
  }
  return lines;
}

std::vector<std::string> column(const std::vector<WireMessage>& messages, std::size_t index) {
  std::vector<std::string> values;
  for (const WireMessage& message : messages) {
    if (message.type != 'D') continue;
    std::string_view rest = std::string_view(message.body).substr(2);
    for (std::size_t i = 0; i <= index; ++i) {
      const std::uint32_t length = load(rest);
      rest.remove_prefix(4);
      const bool null = length == 0xffffffff;
      if (i == index) values.emplace_back(null ? "NULL" : std::string(rest.substr(0, length)));
      if (!null) rest.remove_prefix(length);
    }
  }
  return values;
}

}  // namespace alcove::server
