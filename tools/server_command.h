#pragma once

namespace CLI {
class App;
}

namespace alcove::tools {

// Adds `alcove server` to `app`: one data directory, served until SIGTERM or SIGINT. `exit_code` is
// 0 after a clean stop and 1 when the server could not start or not stop cleanly; a panic aborts.
// Both must outlive the parsing of `app`.
void add_server_command(CLI::App& app, int& exit_code);

}  // namespace alcove::tools
