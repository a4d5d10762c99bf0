#include "tools/result_table.h"

#include <wchar.h>

#include <algorithm>

#include <fmt/format.h>

namespace alcove::tools {
namespace {

using Lines = std::vector<std::string>;
using Kind = TableColumn::Kind;

constexpr std::size_t kVectorWidthMin = 20;

struct CodePoint {
  wchar_t value = 0;
  std::size_t bytes = 1;
};

// The code point at the front of `text`, or a single byte of no known width.
CodePoint first_code_point(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  if (lead < 0x80) return {static_cast<wchar_t>(lead), 1};
  const std::size_t bytes = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
  if (bytes == 1 || bytes > text.size()) return {};
  unsigned value = lead & (0xffU >> (bytes + 1));
  for (std::size_t i = 1; i < bytes; ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if ((byte & 0xc0) != 0x80) return {};
    value = (value << 6) | (byte & 0x3f);
  }
  return {static_cast<wchar_t>(value), bytes};
}

// The cell's lines, safe for a terminal.
Lines lines_of(std::string_view text) {
  Lines lines(1);
  for (std::size_t i = 0; i < text.size();) {
    const CodePoint point = first_code_point(text.substr(i));
    const std::string_view bytes = text.substr(i, point.bytes);
    i += point.bytes;
    if (bytes == "\n") {
      lines.emplace_back();
    } else if ((point.value >= 0x20 && point.value < 0x7f) || point.value >= 0xa0) {
      lines.back() += bytes;
    } else {
      for (const char c : bytes) {
        lines.back() += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
      }
    }
  }
  return lines;
}

std::size_t width_of(const Lines& lines) {
  std::size_t width = 0;
  for (const std::string& line : lines) width = std::max(width, display_width(line));
  return width;
}

std::string padding(std::string_view text, std::size_t width) {
  const std::size_t taken = display_width(text);
  return std::string(taken < width ? width - taken : 0, ' ');
}

std::string footer(const ResultTable& table) {
  return fmt::format("({} row{})\n", table.rows.size(), table.rows.size() == 1 ? "" : "s");
}

// The table with every cell cut into lines, ready to be laid out.
struct Layout {
  std::vector<Lines> header;
  std::vector<std::vector<Lines>> rows;
  std::vector<std::size_t> widths;

  std::size_t total_width() const {
    std::size_t total = 0;
    for (const std::size_t width : widths) total += width + 3;
    return total;
  }
};

void measure(Layout& layout) {
  for (std::size_t column = 0; column < layout.header.size(); ++column) {
    layout.widths[column] = width_of(layout.header[column]);
    for (const auto& row : layout.rows) {
      layout.widths[column] = std::max(layout.widths[column], width_of(row[column]));
    }
  }
}

// Shortens vectors until a line fits, as far as that is possible.
void fit(Layout& layout, const ResultTable& table, std::size_t width_max) {
  const auto is_vector = [](const TableColumn& column) { return column.kind == Kind::kVector; };
  const auto vectors = static_cast<std::size_t>(
      std::count_if(table.columns.begin(), table.columns.end(), is_vector));
  if (width_max == 0 || vectors == 0 || layout.total_width() <= width_max) return;
  std::size_t others = 3 * table.columns.size();
  for (std::size_t column = 0; column < table.columns.size(); ++column) {
    if (!is_vector(table.columns[column])) others += layout.widths[column];
  }
  const std::size_t left = width_max > others ? (width_max - others) / vectors : 0;
  const std::size_t width = std::max(left, kVectorWidthMin);
  for (std::size_t column = 0; column < table.columns.size(); ++column) {
    if (!is_vector(table.columns[column])) continue;
    for (std::size_t row = 0; row < table.rows.size(); ++row) {
      const auto& cell = table.rows[row][column];
      if (cell) layout.rows[row][column] = lines_of(abbreviate_vector(*cell, width));
    }
  }
  measure(layout);
}

Layout lay_out(const ResultTable& table) {
  Layout layout;
  for (const TableColumn& column : table.columns) layout.header.push_back(lines_of(column.name));
  for (const ResultTable::Row& row : table.rows) {
    std::vector<Lines>& cells = layout.rows.emplace_back();
    for (const auto& cell : row) cells.push_back(lines_of(cell.value_or("")));
  }
  layout.widths.resize(table.columns.size());
  measure(layout);
  return layout;
}

void append_header(const Layout& layout, std::string& out) {
  std::string rule;
  for (std::size_t column = 0; column < layout.header.size(); ++column) {
    const std::string& name = layout.header[column].front();
    const std::size_t space = layout.widths[column] - display_width(name);
    out += column == 0 ? " " : "| ";
    out += std::string(space / 2, ' ') + name + std::string(space - space / 2 + 1, ' ');
    rule += column == 0 ? "" : "+";
    rule += std::string(layout.widths[column] + 2, '-');
  }
  out += '\n' + rule + '\n';
}

void append_row(const Layout& layout, const ResultTable& table, const std::vector<Lines>& cells,
                std::string& out) {
  std::size_t height = 1;
  for (const Lines& lines : cells) height = std::max(height, lines.size());
  for (std::size_t line = 0; line < height; ++line) {
    for (std::size_t column = 0; column < cells.size(); ++column) {
      const std::string_view text =
          line < cells[column].size() ? std::string_view(cells[column][line]) : "";
      const bool goes_on = line + 1 < cells[column].size();
      const bool last = column + 1 == cells.size();
      const std::string pad = padding(text, layout.widths[column]);
      out += column == 0 ? " " : "| ";
      if (table.columns[column].kind == Kind::kNumber && !text.empty()) {
        out += pad;
        out += text;
      } else {
        out += text;
        if (!last || goes_on) out += pad;
      }
      if (goes_on) {
        out += '+';
      } else if (!last) {
        out += ' ';
      }
    }
    out += '\n';
  }
}

std::string format_aligned(const ResultTable& table, const TableFormat& format) {
  Layout layout = lay_out(table);
  fit(layout, table, format.width_max);
  std::string out;
  if (!format.rows_only) append_header(layout, out);
  for (const auto& cells : layout.rows) append_row(layout, table, cells, out);
  if (!format.rows_only) out += footer(table);
  return out + '\n';
}

// The line above a record: a rule with `label` laid over its beginning.
std::string expanded_rule(const std::string& label, std::size_t name_width,
                          std::size_t cell_width) {
  const std::string rule =
      std::string(name_width + 1, '-') + '+' + std::string(cell_width + 1, '-');
  return (label.size() < rule.size() ? label + rule.substr(label.size()) : label) + '\n';
}

std::string format_expanded(const ResultTable& table, const TableFormat& format) {
  if (table.rows.empty()) return format.rows_only ? "\n" : "(0 rows)\n\n";
  const Layout layout = lay_out(table);
  std::size_t name_width = 0;
  std::size_t cell_width = 0;
  for (const Lines& name : layout.header) name_width = std::max(name_width, width_of(name));
  for (const auto& row : layout.rows) {
    for (const Lines& cell : row) cell_width = std::max(cell_width, width_of(cell));
  }
  std::string out;
  for (std::size_t row = 0; row < layout.rows.size(); ++row) {
    if (!format.rows_only) {
      out += expanded_rule(fmt::format("-[ RECORD {} ]", row + 1), name_width, cell_width);
    } else if (row > 0) {
      out += expanded_rule("", name_width, cell_width);
    }
    for (std::size_t column = 0; column < layout.header.size(); ++column) {
      const Lines& lines = layout.rows[row][column];
      for (std::size_t line = 0; line < lines.size(); ++line) {
        const std::string name = line == 0 ? layout.header[column].front() : "";
        out += name + padding(name, name_width) + " | " + lines[line];
        if (line + 1 < lines.size()) out += padding(lines[line], cell_width) + '+';
        out += '\n';
      }
    }
  }
  return out + '\n';
}

std::string csv_cell(std::string_view text) {
  if (text.find_first_of("\",\r\n") == std::string_view::npos) return std::string(text);
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

// What unaligned and CSV have in common: one line a row, cells as they are.
std::string format_separated(const ResultTable& table, const TableFormat& format) {
  const bool csv = format.style == TableStyle::kCsv;
  const char separator = csv ? ',' : '|';
  std::string out;
  const auto append = [&](std::size_t column, std::string_view text) {
    if (column > 0) out += separator;
    out += csv ? csv_cell(text) : std::string(text);
    if (column + 1 == table.columns.size()) out += '\n';
  };
  for (std::size_t column = 0; !format.rows_only && column < table.columns.size(); ++column) {
    append(column, table.columns[column].name);
  }
  for (const ResultTable::Row& row : table.rows) {
    for (std::size_t column = 0; column < row.size(); ++column) {
      append(column, row[column].value_or(""));
    }
  }
  if (!csv && !format.rows_only) out += footer(table);
  return out;
}

}  // namespace

std::string format_table(const ResultTable& table, const TableFormat& format) {
  switch (format.style) {
    case TableStyle::kAligned: return format_aligned(table, format);
    case TableStyle::kExpanded: return format_expanded(table, format);
    case TableStyle::kUnaligned:
    case TableStyle::kCsv: return format_separated(table, format);
  }
  return {};
}

std::string abbreviate_vector(std::string_view text, std::size_t width) {
  if (text.size() <= width || !text.starts_with('{') || !text.ends_with('}')) {
    return std::string(text);
  }
  const auto count = static_cast<std::size_t>(std::count(text.begin(), text.end(), ',')) + 1;
  const std::string tail = fmt::format("… {} values}}", count);
  const std::size_t tail_width = display_width(tail);
  // Whole values only, each with its comma.
  std::size_t kept = 1;
  for (std::size_t comma = text.find(','); comma != std::string_view::npos;
       comma = text.find(',', comma + 1)) {
    if (comma + 1 + tail_width > width) break;
    kept = comma + 1;
  }
  return std::string(text.substr(0, kept)) + tail;
}

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  while (!text.empty()) {
    const CodePoint point = first_code_point(text);
    text.remove_prefix(point.bytes);
    const int columns = point.value == 0 ? 1 : ::wcwidth(point.value);
    // Unprintable in the locale at hand: a terminal shows one sign in its place.
    width += columns < 0 ? 1 : static_cast<std::size_t>(columns);
  }
  return width;
}

}  // namespace alcove::tools
