#include "server/backend_message.h"

#include <limits>

#include <boost/endian/conversion.hpp>
#include <fmt/format.h>

#include "base/check.h"
#include "server/binary_format.h"
#include "server/column_type.h"
#include "server/sqlstate.h"
#include "server/text_encoding.h"
#include "server/text_format.h"

namespace alcove::server {
namespace {

constexpr std::uint32_t kProtocolVersion = 3U << 16;
constexpr std::uint32_t kNullLength = 0xffffffff;

void store_u32(char* at, std::uint32_t value) {
  boost::endian::store_big_u32(reinterpret_cast<unsigned char*>(at), value);
}

std::uint32_t wire_length(std::size_t bytes) {
  CHECK(bytes <= std::numeric_limits<std::int32_t>::max(), "a message fits its length field");
  return static_cast<std::uint32_t>(bytes);
}

}  // namespace

Report report_of(const Error& error, std::string_view severity, std::string_view text) {
  Report report{.severity = severity,
                .sqlstate = sqlstate(error.code()),
                .message = error.message(),
                .detail = error.detail(),
                .hint = error.hint(),
                .context = error.context()};
  if (error.offset() && !text.empty() && report.context.empty()) {
    report.position = character_position(text, *error.offset());
  }
  return report;
}

void BackendWriter::negotiate_protocol_version(const std::vector<std::string>& unknown_options) {
  const std::size_t message = begin('v');
  u32(kProtocolVersion);
  u32(static_cast<std::uint32_t>(unknown_options.size()));
  for (const std::string& option : unknown_options) string(option);
  end(message);
}

void BackendWriter::authentication_ok() { authentication(0, {}); }

void BackendWriter::authentication_sasl(std::span<const std::string_view> mechanisms) {
  std::string list;
  for (const std::string_view mechanism : mechanisms) {
    list += mechanism;
    list += '\0';
  }
  list += '\0';
  authentication(10, list);
}

void BackendWriter::authentication(std::uint32_t kind, std::string_view data) {
  const std::size_t message = begin('R');
  u32(kind);
  out_ += data;
  end(message);
}

void BackendWriter::parameter_status(std::string_view name, std::string_view value) {
  const std::size_t message = begin('S');
  string(name);
  string(value);
  end(message);
}

void BackendWriter::backend_key_data(std::int32_t process_id, std::uint32_t secret_key) {
  const std::size_t message = begin('K');
  u32(static_cast<std::uint32_t>(process_id));
  u32(secret_key);
  end(message);
}

void BackendWriter::ready_for_query(char transaction_status) {
  const std::size_t message = begin('Z');
  out_.push_back(transaction_status);
  end(message);
}

void BackendWriter::row_description(std::span<const executor::Column> columns,
                                    const Formats& formats) {
  const std::size_t message = begin('T');
  u16(static_cast<std::uint16_t>(columns.size()));
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const executor::Column& column = columns[i];
    const ColumnType type = column_type(column.type);
    string(column.name);
    u32(0);  // of no table
    u16(0);  // and no attribute of one
    u32(type.oid);
    u16(static_cast<std::uint16_t>(type.bytes));
    u32(static_cast<std::uint32_t>(-1));  // no modifier
    u16(static_cast<std::uint16_t>(format_of(formats, i)));
  }
  end(message);
}

void BackendWriter::data_row(std::span<const executor::Cell> cells) { data_row(cells, {}, {}); }

void BackendWriter::data_row(std::span<const executor::Cell> cells,
                             std::span<const executor::Column> columns, const Formats& formats) {
  const std::size_t message = begin('D');
  u16(static_cast<std::uint16_t>(cells.size()));
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const std::size_t length_at = out_.size();
    u32(kNullLength);
    if (std::holds_alternative<std::monostate>(cells[i])) continue;
    if (format_of(formats, i) == Format::kBinary) {
      append_binary(out_, cells[i], columns[i].type);
    } else if (!columns.empty()) {
      append_text(out_, cells[i], columns[i].type);
    } else {
      append_text(out_, cells[i]);
    }
    store_u32(out_.data() + length_at, wire_length(out_.size() - length_at - 4));
  }
  end(message);
}

void BackendWriter::parameter_description(std::span<const ParameterType> types) {
  const std::size_t message = begin('t');
  u16(static_cast<std::uint16_t>(types.size()));
  for (const ParameterType type : types) u32(type.oid);
  end(message);
}

void BackendWriter::copy_response(char type, Format format, std::size_t columns) {
  const std::size_t message = begin(type);
  out_.push_back(static_cast<char>(format));
  u16(static_cast<std::uint16_t>(columns));
  for (std::size_t i = 0; i < columns; ++i) u16(static_cast<std::uint16_t>(format));
  end(message);
}

void BackendWriter::command_complete(std::string_view tag) {
  const std::size_t message = begin('C');
  string(tag);
  end(message);
}

void BackendWriter::empty_query_response() { end(begin('I')); }

void BackendWriter::report_message(char type, const Report& report) {
  const std::size_t message = begin(type);
  const auto field = [this](char name, std::string_view value) {
    if (value.empty()) return;
    out_.push_back(name);
    string(value);
  };
  field('S', report.severity);
  field('V', report.severity);
  field('C', report.sqlstate);
  field('M', report.message);
  field('D', report.detail);
  field('H', report.hint);
  field('W', report.context);
  if (report.position) field('P', fmt::format_int(*report.position).c_str());
  out_.push_back('\0');
  end(message);
}

std::size_t BackendWriter::begin(char type) {
  out_.push_back(type);
  const std::size_t length_at = out_.size();
  u32(0);
  return length_at;
}

void BackendWriter::end(std::size_t length_at) {
  store_u32(out_.data() + length_at, wire_length(out_.size() - length_at));
}

void BackendWriter::u16(std::uint16_t value) {
  out_.push_back(static_cast<char>(value >> 8));
  out_.push_back(static_cast<char>(value & 0xff));
}

void BackendWriter::u32(std::uint32_t value) {
  char bytes[4];
  store_u32(bytes, value);
  out_.append(bytes, sizeof(bytes));
}

void BackendWriter::string(std::string_view text) {
  out_.append(text.substr(0, text.find('\0')));
  out_.push_back('\0');
}

}  // namespace alcove::server
