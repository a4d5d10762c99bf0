#pragma once

#include <string>
#include <vector>

#include "server/copy_line.h"
#include "server/copy_writer.h"

namespace alcove::server {

// CSV as PostgreSQL has it: quotes around what holds a delimiter, a quote or an end of line, a quote
// within escaped; an empty field without quotes is NULL.
class CsvCopyReader final : public LineCopyReader {
 public:
  CsvCopyReader(const CopyOptions& options, const std::vector<executor::CopyColumn>& columns,
                std::uint64_t record_bytes_max)
      : LineCopyReader(options, columns, record_bytes_max) {}

 protected:
  std::optional<std::size_t> find_newline(std::string_view bytes, std::size_t looked) override;
  // Within quotes the line would not have ended.
  bool ends_with_cr(std::string_view) const override { return true; }
  Status split(std::string_view line, std::size_t count_max, std::vector<Field>& fields) override;

 private:
  Result<Field> read_field(std::string_view line, std::size_t& at);
  Status read_quoted(std::string_view line, std::size_t& at);

  // Of the line being looked at by find_newline().
  bool in_quotes_ = false;
  bool after_escape_ = false;
  std::string plain_;  // the fields of a line
};

class CsvCopyWriter final : public CopyWriter {
 public:
  CsvCopyWriter(const CopyOptions& options, const std::vector<executor::CopyColumn>& columns);
  void header(std::string& out) override;
  void row(std::span<const executor::Cell> cells, std::string& out) override;

 private:
  void append_field(std::string_view text, std::string& out) const;

  const CopyOptions options_;
  const std::vector<executor::CopyColumn> columns_;
  const std::string special_;  // what needs quotes
  // None of that can stand in a vector, but for the delimiter, which quotes are enough for.
  const bool vectors_are_plain_;
  std::string text_;  // of a cell
};

}  // namespace alcove::server
