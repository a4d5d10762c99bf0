#include "tools/shell_command.h"

#include <langinfo.h>
#include <unistd.h>

#include <clocale>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <fmt/format.h>

#include "tools/interrupt.h"
#include "tools/line_editor.h"
#include "tools/shell.h"

namespace alcove::tools {
namespace {

constexpr int kExitConnection = 2;
constexpr int kExitScript = 3;

struct ShellCommand {
  ShellOptions options;
  std::vector<std::string> statements;
  std::string file;
  bool unaligned = false;
  bool csv = false;
  bool expanded = false;
};

int exit_code_of(Outcome outcome, int when_failed) {
  switch (outcome) {
    case Outcome::kDone:
    case Outcome::kQuit: return 0;
    case Outcome::kFailed: return when_failed;
    case Outcome::kConnectionLost: return kExitConnection;
  }
  return when_failed;
}

// The server and this program speak UTF-8 to each other; a terminal that does not is rare.
void set_up_locale() {
  std::setlocale(LC_ALL, "");
  std::setlocale(LC_NUMERIC, "C");
  if (std::strcmp(::nl_langinfo(CODESET), "UTF-8") != 0) std::setlocale(LC_CTYPE, "C.UTF-8");
}

std::string history_path() {
  const char* home = std::getenv("HOME");
  return home ? fmt::format("{}/.alcove_history", home) : "";
}

int run_file(Shell& shell, const std::string& path) {
  if (path == "-") {
    return exit_code_of(shell.run_script(*FileLines::standard_input()), kExitScript);
  }
  const Result<std::unique_ptr<FileLines>> lines = FileLines::open(path);
  if (!lines) {
    fmt::print(stderr, "alcove: {}\n", lines.error().message());
    return EXIT_FAILURE;
  }
  return exit_code_of(shell.run_script(**lines), kExitScript);
}

int run(ShellCommand command) {
  set_up_locale();
  if (command.unaligned) command.options.format.style = TableStyle::kUnaligned;
  if (command.csv) command.options.format.style = TableStyle::kCsv;
  if (command.expanded) command.options.format.style = TableStyle::kExpanded;

  const bool given = !command.statements.empty() || !command.file.empty();
  const bool interactive = !given && ::isatty(STDIN_FILENO) != 0;
  const bool to_terminal = ::isatty(STDOUT_FILENO) != 0;
  command.options.timing = interactive && to_terminal && !command.options.quiet;

  Result<Connection> connection = connect(command.options.address);
  if (!connection) {
    fmt::print(stderr, "alcove: {}\n", connection.error().message());
    return kExitConnection;
  }
  install_interrupt_handler(interactive ? AtPrompt::kNotes : AtPrompt::kDies);
  Shell shell(std::move(*connection), command.options);

  for (const std::string& statement : command.statements) {
    const Outcome outcome = shell.run_text(statement);
    if (outcome != Outcome::kDone) return exit_code_of(outcome, EXIT_FAILURE);
  }
  if (!command.file.empty()) return run_file(shell, command.file);
  if (given) return EXIT_SUCCESS;
  if (!interactive) return run_file(shell, "-");
  LineEditor editor(history_path());
  return exit_code_of(shell.run_interactively(editor), EXIT_FAILURE);
}

}  // namespace

void add_shell_command(CLI::App& app, int& exit_code) {
  CLI::App* shell = app.add_subcommand("shell", "Talk to a server, as a person or from a script");
  // Shared with the callback, which runs when all options are parsed.
  const auto command = std::make_shared<ShellCommand>();
  ServerAddress& address = command->options.address;
  shell->add_option("conninfo", address.conninfo,
                    "Where the server is: \"host=… port=…\" or postgresql://… "
                    "(default: PGHOST, PGPORT, else 127.0.0.1, port 7432)");
  shell->set_help_flag("--help", "Print this help message and exit");
  shell->add_option("-h,--host", address.host, "The server's host");
  shell->add_option("-p,--port", address.port, "The server's port");
  shell->add_option("-U,--user", address.user, "The role to connect as");
  shell
      ->add_option("-c,--command", command->statements,
                   "Run this and leave; may be given more than once")
      ->allow_extra_args(false);
  shell->add_option("-f,--file", command->file,
                    "Run the statements in this file (- is standard input) and leave");
  shell->add_flag("-A,--no-align", command->unaligned, "Print cells separated by '|'");
  shell->add_flag("-t,--tuples-only", command->options.format.rows_only, "Print rows only");
  shell->add_flag("-x,--expanded", command->expanded, "Print records on lines of their own");
  shell->add_flag("--csv", command->csv, "Print rows as CSV");
  shell->add_flag("-q,--quiet", command->options.quiet, "Print no command tags and no greeting");
  shell->footer(
      "Without -c and -f, statements come from the terminal or from standard input. Scripts end\n"
      "at the first error. Exit code: 0 done, 1 a fault of -c or of the shell, 2 no connection,\n"
      "3 a script failed.");
  shell->callback([command, &exit_code] { exit_code = run(std::move(*command)); });
}

}  // namespace alcove::tools
