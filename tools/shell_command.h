#pragma once

namespace CLI {
class App;
}

namespace alcove::tools {

// Adds `alcove shell` to `app`: a client for people and scripts. When it was asked for and has run,
// `exit_code` is as psql's: 0 done, 1 a fault of its own or of a -c, 2 no connection, or lost,
// 3 a script failed. Both must outlive the parsing of `app`.
void add_shell_command(CLI::App& app, int& exit_code);

}  // namespace alcove::tools
