#include "tools/shell.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "tools/interrupt.h"
#include "tools/statement_splitter.h"

namespace alcove::tools {
namespace {

constexpr unsigned kFileDepthMax = 16;

constexpr const char* kHelp =
    R"(Statements end with ';' and may take several lines. Ctrl-C cancels, Ctrl-D leaves.
  \q                leave
  \?                show this help
  \x                records on lines of their own, or in a table again
  \timing [on|off]  show how long statements take
  \i FILE           run the statements in FILE
  \c [CONNINFO]     connect again, or to another server

The language:
  CREATE INDEX name DIMENSION n [METRIC cosine|dotproduct|euclidean];   DROP INDEX name;
  CREATE NAMESPACE tenant IN index;   DROP NAMESPACE tenant FROM index;
  UPSERT INTO index NAMESPACE tenant VALUES ('id', [0.1, ...], '{"field": "value"}'), ...;
  UPDATE index NAMESPACE tenant SET VALUES = [...], field = value WHERE id = 'id';
  DELETE FROM index NAMESPACE tenant WHERE id IN ('id', ...);
  QUERY index NAMESPACE tenant NEAREST [...] TOP n [WHERE ...] [INCLUDE VALUES, METADATA];
  SELECT id, values, metadata FROM index NAMESPACE tenant WHERE ... [ORDER BY id] [LIMIT n];
  SHOW INDEXES;   SHOW NAMESPACES FROM index;   DESCRIBE INDEX index;
  BEGIN;   COMMIT;   ROLLBACK;
)";

TableColumn::Kind kind_of(Oid type) {
  switch (type) {
    case kInt2Oid:
    case kInt4Oid:
    case kInt8Oid:
    case kOidOid:
    case kFloat4Oid:
    case kFloat8Oid:
    case kNumericOid: return TableColumn::Kind::kNumber;
    case kFloat4ArrayOid: return TableColumn::Kind::kVector;
    default: return TableColumn::Kind::kText;
  }
}

// Columns of the terminal behind standard output; 0 where there is none.
std::size_t terminal_width() {
  winsize size = {};
  if (!::isatty(STDOUT_FILENO) || ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0) return 0;
  return size.ws_col;
}

void print(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

void complain(std::string_view text) {
  std::fflush(stdout);
  fmt::print(stderr, "{}\n", text);
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n;";
  const std::size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

// A text given on the command line has no lines to follow, but COPY may read standard input.
std::unique_ptr<LineSource> source_behind_text() { return FileLines::standard_input(); }

}  // namespace

Shell::Shell(Connection connection, ShellOptions options)
    : options_(std::move(options)), connection_(std::move(connection)) {}

Outcome Shell::run_text(const std::string& text) {
  const std::unique_ptr<LineSource> source = source_behind_text();
  if (trimmed(text).starts_with('\\')) return run_command(trimmed(text), *source);
  return run_statement(text, *source);
}

Outcome Shell::run_script(LineSource& source) { return run_lines(source, OnFailure::kStop); }

Outcome Shell::run_interactively(LineSource& source) {
  interactive_ = true;
  if (!options_.quiet) print("Type \\? for help, \\q to leave.\n\n");
  return run_lines(source, OnFailure::kGoOn);
}

Outcome Shell::run_lines(LineSource& source, OnFailure on_failure) {
  StatementSplitter splitter;
  const auto goes_on = [&](Outcome outcome) {
    return outcome == Outcome::kDone ||
           (outcome == Outcome::kFailed && on_failure == OnFailure::kGoOn);
  };
  while (true) {
    const std::optional<std::string> line = source.next(prompt(splitter.at_start()));
    if (!line) {
      if (!take_interrupt() || on_failure == OnFailure::kStop) break;
      splitter.clear();
      print("\n");
      continue;
    }
    if (splitter.at_start() && trimmed(*line).starts_with('\\')) {
      const Outcome outcome = run_command(trimmed(*line), source);
      if (!goes_on(outcome)) return outcome;
      continue;
    }
    splitter.feed(*line);
    while (const std::optional<std::string> statement = splitter.next()) {
      const Outcome outcome = run_statement(*statement, source);
      if (!goes_on(outcome)) return outcome;
    }
  }
  // A person who leaves in the middle of a statement does not mean to run it.
  if (on_failure == OnFailure::kGoOn) {
    print("\n");
    return Outcome::kDone;
  }
  const std::optional<std::string> rest = splitter.take_rest();
  return rest ? run_statement(*rest, source) : Outcome::kDone;
}

Outcome Shell::run_statement(const std::string& statement, LineSource& source) {
  take_interrupt();
  const auto begin = std::chrono::steady_clock::now();
  Outcome outcome = Outcome::kDone;
  {
    const CancelScope cancel(connection_.get());
    if (PQsendQuery(connection_.get(), statement.c_str()) == 0) {
      complain(message_of(connection_.get()));
      outcome = Outcome::kFailed;
    }
    while (const QueryResult result{PQgetResult(connection_.get())}) {
      const Outcome one = show(result.get(), source);
      if (one != Outcome::kDone) outcome = one;
      if (PQstatus(connection_.get()) == CONNECTION_BAD) break;
    }
  }
  if (PQstatus(connection_.get()) == CONNECTION_BAD) return restore_connection();
  if (options_.timing) {
    const std::chrono::duration<double, std::milli> taken =
        std::chrono::steady_clock::now() - begin;
    print(fmt::format("Time: {:.3f} ms\n", taken.count()));
  }
  return outcome;
}

Outcome Shell::show(PGresult* result, LineSource& source) {
  switch (PQresultStatus(result)) {
    case PGRES_COMMAND_OK:
      if (!options_.quiet) print(fmt::format("{}\n", PQcmdStatus(result)));
      return Outcome::kDone;
    case PGRES_TUPLES_OK:
      show_rows(result);
      return Outcome::kDone;
    case PGRES_EMPTY_QUERY: return Outcome::kDone;
    case PGRES_COPY_IN: return copy_in(source, PQbinaryTuples(result) != 0);
    case PGRES_COPY_OUT: return copy_out();
    default:
      complain(source.place() + message_of(result));
      return Outcome::kFailed;
  }
}

void Shell::show_rows(const PGresult* result) {
  ResultTable table;
  const int columns = PQnfields(result);
  for (int column = 0; column < columns; ++column) {
    table.columns.push_back({PQfname(result, column), kind_of(PQftype(result, column))});
  }
  for (int row = 0; row < PQntuples(result); ++row) {
    ResultTable::Row& cells = table.rows.emplace_back();
    for (int column = 0; column < columns; ++column) {
      if (PQgetisnull(result, row, column)) {
        cells.emplace_back();
      } else {
        cells.emplace_back(
            std::string_view(PQgetvalue(result, row, column),
                             static_cast<std::size_t>(PQgetlength(result, row, column))));
      }
    }
  }
  TableFormat format = options_.format;
  format.width_max = terminal_width();
  print(format_table(table, format));
}

Outcome Shell::copy_in(LineSource& source, bool binary) {
  if (interactive_) print("Enter the data, then \\. on a line of its own.\n");
  const char* problem = nullptr;
  while (true) {
    const std::optional<std::string> line = source.next(">> ");
    if (!line) {
      if (take_interrupt()) problem = "cancelled by the user";
      break;
    }
    if (!binary && trimmed(*line) == "\\.") break;
    if (PQputCopyData(connection_.get(), line->data(), static_cast<int>(line->size())) <= 0) break;
  }
  if (PQputCopyEnd(connection_.get(), problem) <= 0) {
    complain(source.place() + message_of(connection_.get()));
    return Outcome::kFailed;
  }
  return Outcome::kDone;
}

Outcome Shell::copy_out() {
  while (true) {
    char* bytes = nullptr;
    const int size = PQgetCopyData(connection_.get(), &bytes, /*async=*/0);
    if (size <= 0) break;  // the end, or an error that the next result tells
    std::fwrite(bytes, 1, static_cast<std::size_t>(size), stdout);
    PQfreemem(bytes);
  }
  std::fflush(stdout);
  return Outcome::kDone;
}

Outcome Shell::restore_connection() {
  if (!interactive_) return Outcome::kConnectionLost;
  complain("The connection to the server was lost. Connecting again.");
  PQreset(connection_.get());
  if (PQstatus(connection_.get()) == CONNECTION_OK) return Outcome::kFailed;
  complain(message_of(connection_.get()));
  complain("Not connected. \\c tries again.");
  return Outcome::kFailed;
}

Outcome Shell::run_command(std::string_view line, LineSource& source) {
  const std::size_t end = std::min(line.find_first_of(" \t"), line.size());
  const std::string_view command = line.substr(0, end);
  const std::string argument(trimmed(line.substr(end)));
  if (command == "\\q") return Outcome::kQuit;
  if (command == "\\i") return run_file(argument);
  if (command == "\\c") return reconnect(argument);
  if (command == "\\?") {
    print(kHelp);
  } else if (command == "\\timing") {
    set_timing(argument);
  } else if (command == "\\x") {
    const bool expanded = options_.format.style == TableStyle::kExpanded;
    options_.format.style = expanded ? TableStyle::kAligned : TableStyle::kExpanded;
    if (!options_.quiet) {
      print(fmt::format("Expanded display is {}.\n", expanded ? "off" : "on"));
    }
  } else {
    complain(fmt::format("{}invalid command {}; try \\? for help", source.place(), command));
    return Outcome::kFailed;
  }
  return Outcome::kDone;
}

void Shell::set_timing(std::string_view argument) {
  options_.timing = argument.empty() ? !options_.timing : argument == "on";
  if (!options_.quiet) print(fmt::format("Timing is {}.\n", options_.timing ? "on" : "off"));
}

Outcome Shell::run_file(const std::string& path) {
  if (file_depth_ == kFileDepthMax) {
    complain(fmt::format("{}: files call each other more than {} deep", path, kFileDepthMax));
    return Outcome::kFailed;
  }
  const Result<std::unique_ptr<FileLines>> lines = FileLines::open(path);
  if (!lines) {
    complain(lines.error().message());
    return Outcome::kFailed;
  }
  ++file_depth_;
  const Outcome outcome = run_script(**lines);
  --file_depth_;
  // \q in a file ends the file.
  return outcome == Outcome::kQuit ? Outcome::kDone : outcome;
}

Outcome Shell::reconnect(const std::string& conninfo) {
  ServerAddress address = options_.address;
  if (!conninfo.empty()) {
    address = ServerAddress();
    address.conninfo = conninfo;
  }
  Result<Connection> connection = connect(address);
  if (!connection) {
    complain(connection.error().message());
    return Outcome::kFailed;
  }
  connection_ = std::move(*connection);
  options_.address = address;
  if (!options_.quiet) {
    print(fmt::format("Connected to {}, port {}.\n", PQhost(connection_.get()),
                      PQport(connection_.get())));
  }
  return Outcome::kDone;
}

std::string Shell::prompt(bool at_start) const {
  const char* mark = "";
  switch (PQtransactionStatus(connection_.get())) {
    case PQTRANS_INTRANS: mark = "*"; break;
    case PQTRANS_INERROR: mark = "!"; break;
    case PQTRANS_UNKNOWN: mark = "?"; break;
    case PQTRANS_IDLE:
    case PQTRANS_ACTIVE: break;
  }
  return fmt::format("{}{}> ", at_start ? "alcove" : "   ...", mark);
}

}  // namespace alcove::tools
