#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "executor/row.h"
#include "server/extended_message.h"
#include "server/parameter_value.h"

namespace alcove::server {

// What an ErrorResponse or NoticeResponse says.
struct Report {
  std::string_view severity;  // ERROR, FATAL, WARNING, …
  std::string_view sqlstate;
  std::string_view message;
  std::string_view detail = {};
  std::string_view hint = {};
  std::string_view context = {};  // where in data that is not the statement text
  std::optional<std::size_t> position = {};  // 1-based, in characters of the statement text
};

// The report of an error; views into `error`. `text` is the statement text to which the error's
// offset belongs, empty where there is none.
Report report_of(const Error& error, std::string_view severity, std::string_view text);

// Appends messages to the client to a buffer that it does not own, in PostgreSQL's wire format:
// a letter, a big-endian length that counts itself, the body. Strings end at their first NUL.
// Externally synchronised; outlived by the buffer.
class BackendWriter {
 public:
  explicit BackendWriter(std::string& out) : out_(out) {}

  void negotiate_protocol_version(const std::vector<std::string>& unknown_options);
  void authentication_ok();
  void authentication_sasl(std::span<const std::string_view> mechanisms);
  void authentication_sasl_continue(std::string_view data) { authentication(11, data); }
  void authentication_sasl_final(std::string_view data) { authentication(12, data); }
  void parameter_status(std::string_view name, std::string_view value);
  void backend_key_data(std::int32_t process_id, std::uint32_t secret_key);
  void ready_for_query(char transaction_status);
  // Requires: `formats` fit the columns (format_of).
  void row_description(std::span<const executor::Column> columns, const Formats& formats = {});
  // Requires: a cell for each column, of its type.
  void data_row(std::span<const executor::Cell> cells);
  void data_row(std::span<const executor::Cell> cells, std::span<const executor::Column> columns,
                const Formats& formats);
  void parameter_description(std::span<const ParameterType> types);
  // The client is to send data, or to expect it: of so many columns, all in one format.
  void copy_in_response(Format format, std::size_t columns) { copy_response('G', format, columns); }
  void copy_out_response(Format format, std::size_t columns) { copy_response('H', format, columns); }
  // What is appended to the buffer between the two is a piece of a COPY's data; the second takes what
  // the first answered.
  std::size_t begin_copy_data() { return begin('d'); }
  void end_copy_data(std::size_t begun) { end(begun); }
  void copy_done() { end(begin('c')); }
  void no_data() { end(begin('n')); }
  void parse_complete() { end(begin('1')); }
  void bind_complete() { end(begin('2')); }
  void close_complete() { end(begin('3')); }
  void portal_suspended() { end(begin('s')); }
  void command_complete(std::string_view tag);
  void empty_query_response();
  void error_response(const Report& report) { report_message('E', report); }
  void notice_response(const Report& report) { report_message('N', report); }

 private:
  void copy_response(char type, Format format, std::size_t columns);
  // Where in `out_` the message's length stands.
  std::size_t begin(char type);
  void authentication(std::uint32_t kind, std::string_view data);
  void end(std::size_t length_at);
  void u16(std::uint16_t value);
  void u32(std::uint32_t value);
  void string(std::string_view text);
  void report_message(char type, const Report& report);
  std::string& out_;
};

}  // namespace alcove::server
