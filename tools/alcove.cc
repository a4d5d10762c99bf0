#include <cstdlib>
#include <exception>
#include <string>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <fmt/format.h>

#include "tools/bench_command.h"
#include "tools/inspect_command.h"
#include "tools/server_command.h"
#include "tools/shell_command.h"

namespace {

int run(int argc, char** argv) {
  CLI::App app("Alcove, a multi-tenant vector database that speaks PostgreSQL's protocol",
               "alcove");
  app.set_version_flag("--version", std::string("alcove " ALCOVE_VERSION));
  app.require_subcommand(1);
  app.get_formatter()->column_width(28);
  int exit_code = EXIT_SUCCESS;
  alcove::tools::add_server_command(app, exit_code);
  alcove::tools::add_shell_command(app, exit_code);
  alcove::tools::add_inspect_command(app, exit_code);
  alcove::tools::add_bench_command(app, exit_code);
  app.footer("`alcove COMMAND --help` tells more.");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    // Prints the help that was asked for, or what was wrong.
    return app.exit(error) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
  }
  return exit_code;
}

}  // namespace

int main(int argc, char** argv) {
  // The libraries beneath may throw; nothing of theirs leaves the house.
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    fmt::print(stderr, "alcove: {}\n", error.what());
    return EXIT_FAILURE;
  }
}
