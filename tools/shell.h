#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "tools/connection.h"
#include "tools/line_source.h"
#include "tools/result_table.h"

namespace alcove::tools {

struct ShellOptions {
  ServerAddress address;
  TableFormat format;
  bool quiet = false;   // no command tags, no banner
  bool timing = false;  // print how long each statement took
};

// What became of a statement or of a whole script.
enum class Outcome : unsigned char {
  kDone,
  kFailed,          // the server said no; what it said is printed
  kConnectionLost,  // and could not be had back
  kQuit,            // the user asked to leave
};

// One conversation with a server: statements in, tables out. Commands that begin with a backslash
// are the shell's own. Results go to standard output, errors and notices to standard error.
// Externally synchronised; install_interrupt_handler() makes Ctrl-C cancel statements.
class Shell {
 public:
  Shell(Connection connection, ShellOptions options);

  // One text given whole, as with -c: all its statements in one message, or one command.
  Outcome run_text(const std::string& text);
  // A script: statement by statement, to the first that fails.
  Outcome run_script(LineSource& source);
  // A person: to the end of input or \q, whatever fails.
  Outcome run_interactively(LineSource& source);

 private:
  enum class OnFailure : unsigned char { kStop, kGoOn };
  Outcome run_lines(LineSource& source, OnFailure on_failure);
  // `place` stands before error messages.
  Outcome run_statement(const std::string& statement, LineSource& source);
  Outcome run_command(std::string_view line, LineSource& source);
  Outcome run_file(const std::string& path);
  Outcome reconnect(const std::string& conninfo);
  void set_timing(std::string_view argument);

  Outcome show(PGresult* result, LineSource& source);
  void show_rows(const PGresult* result);
  Outcome copy_in(LineSource& source, bool binary);
  Outcome copy_out();
  Outcome restore_connection();
  std::string prompt(bool at_start) const;

  ShellOptions options_;
  Connection connection_;
  unsigned file_depth_ = 0;
  bool interactive_ = false;
};

}  // namespace alcove::tools
