#pragma once

#include <string>
#include <vector>

#include "server/copy_line.h"
#include "server/copy_writer.h"

namespace alcove::server {

// PostgreSQL's text format: fields between delimiters, `\N` for NULL, and a backslash before what
// would mean something else: `\t`, `\n`, `\\`, `\x2f`, `\057`, …
class TextCopyReader final : public LineCopyReader {
 public:
  TextCopyReader(const CopyOptions& options, const std::vector<executor::CopyColumn>& columns,
                 std::uint64_t record_bytes_max)
      : LineCopyReader(options, columns, record_bytes_max) {}

 protected:
  std::optional<std::size_t> find_newline(std::string_view bytes, std::size_t looked) override;
  bool ends_with_cr(std::string_view line) const override;
  Status split(std::string_view line, std::size_t count_max, std::vector<Field>& fields) override;

 private:
  Result<std::string_view> unescape(std::string_view raw);
  std::string plain_;  // of the fields of a line that needed it
};

class TextCopyWriter final : public CopyWriter {
 public:
  TextCopyWriter(const CopyOptions& options, const std::vector<executor::CopyColumn>& columns);
  void header(std::string& out) override;
  void row(std::span<const executor::Cell> cells, std::string& out) override;

 private:
  void append_escaped(std::string_view text, std::string& out) const;

  const CopyOptions options_;
  const std::vector<executor::CopyColumn> columns_;
  const bool vectors_are_plain_;  // no delimiter can stand in one
  std::string text_;              // of a cell
};

}  // namespace alcove::server
