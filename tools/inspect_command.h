#pragma once

namespace CLI {
class App;
}

namespace alcove::tools {

// Adds `alcove inspect wal|segment|manifest FILE` to `app`: shows what one file of a data directory
// says, without changing anything. `exit_code` is 1 when the file cannot be read or is damaged.
// Both must outlive the parsing of `app`.
void add_inspect_command(CLI::App& app, int& exit_code);

}  // namespace alcove::tools
