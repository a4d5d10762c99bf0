#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/server/tls_layer.h"

namespace alcove::server {

struct WireMessage {
  char type = 0;
  std::string body;
};

// A client of PostgreSQL's protocol that can say anything, also what no client should. A read that
// takes longer than a minute, or meets the end of the stream, ends the conversation: what was
// read until then is returned, with a message of type '$' for the end.
class WireClient {
 public:
  enum class Greeting { kNone, kStartup };
  using Parameters = std::vector<std::pair<std::string, std::string>>;

  // Connects, and by default starts a session as user `me`.
  explicit WireClient(std::uint16_t port, Greeting greeting = Greeting::kStartup);
  WireClient(std::uint16_t port, const Parameters& parameters);
  ~WireClient();
  WireClient(const WireClient&) = delete;
  WireClient& operator=(const WireClient&) = delete;

  static std::string startup_packet(const Parameters& parameters, std::uint32_t version = 3U << 16);
  static std::string cancel_packet(std::int32_t process_id, std::uint32_t secret_key);
  static std::string message(char type, std::string_view body);
  static std::string query(std::string_view text);
  static std::string big_endian(std::uint32_t value);

  void send(std::string_view bytes);
  void send_startup(const Parameters& parameters);
  char read_byte();
  WireMessage read();
  // Everything up to and with the next ReadyForQuery.
  std::vector<WireMessage> read_reply();
  std::vector<WireMessage> ask(std::string_view text);
  // Speaks TLS from here on. The layer says whether the server agrees.
  const TlsLayer& start_tls(const TlsWishes& wishes = {});
  const TlsLayer& tls() const { return *tls_; }
  void half_close();
  void close();

  // Of the reply to the start-up packet.
  const std::vector<WireMessage>& greeting() const { return greeting_; }
  std::map<std::string, std::string> parameters() const;
  std::int32_t process_id() const;
  std::uint32_t secret_key() const;

 private:
  bool read_exactly(char* to, std::size_t bytes);
  int socket_ = -1;
  std::unique_ptr<TlsLayer> tls_;
  std::vector<WireMessage> greeting_;
};

// "R K ZI": the types in short, with the tag of C and the status of Z.
std::string summary(const std::vector<WireMessage>& messages);
// A field of the first ErrorResponse or NoticeResponse, empty if there is none.
std::string report_field(const std::vector<WireMessage>& messages, char field);
// "FATAL 57P01 message" of every ErrorResponse and NoticeResponse.
std::vector<std::string> reports(const std::vector<WireMessage>& messages);
// The text of a column of every DataRow; NULL is "NULL".
std::vector<std::string> column(const std::vector<WireMessage>& messages, std::size_t index = 0);

}  // namespace alcove::server
