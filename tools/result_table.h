#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace alcove::tools {

enum class TableStyle : unsigned char {
  kAligned,    // columns under each other, as psql prints them
  kExpanded,   // each record on lines of its own
  kUnaligned,  // cells separated by '|'
  kCsv,        // RFC 4180
};

struct TableFormat {
  TableStyle style = TableStyle::kAligned;
  bool rows_only = false;     // without header and footer
  std::size_t width_max = 0;  // of an aligned line, for abbreviating vectors; 0: no limit
};

struct TableColumn {
  enum class Kind : unsigned char { kText, kNumber, kVector };
  std::string name;
  Kind kind = Kind::kText;
};

// A result to be printed. Cells are views: they live where the result does. A cell without a value
// is NULL and prints as nothing.
struct ResultTable {
  using Row = std::vector<std::optional<std::string_view>>;
  std::vector<TableColumn> columns;
  std::vector<Row> rows;  // each as long as `columns`
};

// The whole table as text with its last line break. Control characters in aligned and expanded
// cells are shown as \x1b, so that what a tenant wrote never reaches a terminal as a command; a
// line break there is shown as psql does, with a '+' at its place.
std::string format_table(const ResultTable& table, const TableFormat& format);

// A vector's text `{0.5,0.25,…}` in at most `width` columns: its first values and how many there
// are: `{0.5,… 8 values}`. As it is where it fits; never shorter than `{… 8 values}`.
std::string abbreviate_vector(std::string_view text, std::size_t width);

// Columns that `text` takes on a terminal. Bytes that are not UTF-8 count as one each.
std::size_t display_width(std::string_view text);

}  // namespace alcove::tools
