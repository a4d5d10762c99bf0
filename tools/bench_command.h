#pragma once

namespace CLI {
class App;
}

namespace alcove::tools {

// Adds `alcove bench load` to `app`. `exit_code` is 1 when something was wrong or could not be
// done. Both must outlive the parsing of `app`.
void add_bench_command(CLI::App& app, int& exit_code);

}  // namespace alcove::tools
