#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "server/copy_fields.h"
#include "server/copy_reader.h"

namespace alcove::server {

// What the formats text and csv share: a record is a line, which ends with LF or CRLF; a first line
// of the columns' names, if the options say so; `\.` alone on a line ends the data, and what comes
// after it is not looked at.
class LineCopyReader : public CopyReader {
 protected:
  LineCopyReader(const CopyOptions& options, const std::vector<executor::CopyColumn>& columns,
                 std::uint64_t record_bytes_max)
      : CopyReader(record_bytes_max), options_(options), columns_(columns) {}

  using Field = std::optional<std::string_view>;  // nothing: NULL
  // The place of the LF with which the line ends, as find_end().
  virtual std::optional<std::size_t> find_newline(std::string_view bytes, std::size_t looked) = 0;
  // Whether a CR at the end of `line` belongs to the end of the line.
  virtual bool ends_with_cr(std::string_view line) const = 0;
  // The fields of a line, at most `count_max`, past which there may be more.
  virtual Status split(std::string_view line, std::size_t count_max,
                       std::vector<Field>& fields) = 0;

  std::optional<std::size_t> find_end(std::string_view bytes, std::size_t looked) final;
  Result<const executor::CopyRecord*> read(std::string_view unit) final;
  Result<const executor::CopyRecord*> read_rest(std::string_view rest) override;

  const CopyOptions options_;

 private:
  Status check_names() const;

  const std::vector<executor::CopyColumn> columns_;
  std::vector<Field> fields_;
  CopyFields record_;
  bool header_seen_ = false;
  bool ended_ = false;
};

}  // namespace alcove::server
