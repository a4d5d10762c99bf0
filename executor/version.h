#pragma once

namespace alcove::executor {

// What clients are told they talk to. Drivers read the number before the blank with a pattern and
// choose their SQL by it, so server_version, server_version_num and version() must agree.
inline constexpr const char* kServerVersion = "15.0 (Alcove 0.1.0)";
inline constexpr const char* kServerVersionNumber = "150000";

}  // namespace alcove::executor
