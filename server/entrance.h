#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <boost/asio/ip/address.hpp>

#include "base/result.h"
#include "server/byte_stream.h"
#include "server/connection_registry.h"
#include "server/input_buffer.h"
#include "server/log_in.h"
#include "server/server_state.h"
#include "server/startup_packet.h"

namespace alcove::server {

// What a client says until its session opens: whether it speaks TLS, the start-up packet, the log-in. Takes
// bytes that have come, appends its replies to `output` and tells what is to happen next; it waits for nothing itself.
// Externally synchronised; outlived by what it is made with.
class Entrance {
 public:
  Entrance(ServerState& state, ByteStream& stream, InputBuffer& input, std::string& output)
      : state_(state), stream_(stream), input_(input), output_(output) {}

  enum class Next : unsigned char {
    kStep,     // once what it has replied is sent
    kReceive,  // until `amount` bytes are unread
    kListen,   // until a byte has come, which is to be left where it is
    kDelay,    // for `amount` microseconds
    kEnter,    // the session may open
    kEnd,      // no session, but what it has replied is to be sent
    kClose,    // at once
  };
  struct Step {
    Next next = Next::kStep;
    std::uint64_t amount = 0;
  };
  // Requires: all replies have been sent, and neither kEnter nor an error has been told. An error, with which the client is to be
  // told that it is not let in, ends it.
  Result<Step> step();

  // Who has been let in. Require: kEnter has been told.
  const StartupMessage& message() const { return message_; }
  bool trusted() const { return log_in_ == nullptr; }  // no password was asked for
  // A tenant's connections are limited, so that no tenant can keep the others out.
  ConnectionRegistry::Owner owner() const;

 private:
  std::optional<Step> begin_tls();
  Result<Step> take_startup();
  Result<Step> answer_startup(const StartupPacket& packet);
  Result<Step> begin_log_in();
  Result<Step> take_log_in();
  Result<Step> answer_log_in(std::string_view body);
  Result<Step> end_log_in();
  boost::asio::ip::address client_address() const;
  std::uint64_t now_us() const { return state_.env.clock.monotonic_us(); }

  ServerState& state_;
  ByteStream& stream_;
  InputBuffer& input_;
  std::string& output_;
  EncryptionRequests encryption_;
  enum class TlsStart : unsigned char {
    kPossible,   // the first byte says whether the client begins with TLS
    kPromised,   // to begin once our answer has been sent
    kDirect,     // begun without a request
    kSettled,
  } tls_start_ = TlsStart::kPossible;
  StartupMessage message_;
  std::unique_ptr<LogIn> log_in_;
  std::string last_words_;        // to a client that is logged in, …
  std::optional<Error> refusal_;  // … or why it is not
  bool delayed_ = false;          // until one of them is told
};

}  // namespace alcove::server
