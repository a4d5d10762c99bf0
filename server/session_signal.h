#pragma once

namespace alcove::server {

// What may be done to a session from outside.
enum class SessionSignal : unsigned char {
  kCancel,     // the statement under way fails with 57014
  kTerminate,  // so does it, and the session ends with 57P01
};

}  // namespace alcove::server
