#pragma once

#include <optional>
#include <string>
#include <vector>

#include "server/copy_fields.h"
#include "server/copy_reader.h"
#include "server/copy_writer.h"

namespace alcove::server {

// Newline-delimited JSON, a record a line: {"id": "A", "values": [0.1, 2], "metadata": {…}}, with
// "namespace" too BY NAMESPACE. Members in any order, of one given twice the last; what is null is
// NULL. Lines of blanks are passed over. Errors, besides: kInvalidValue for another member.
class NdjsonCopyReader final : public CopyReader {
 public:
  NdjsonCopyReader(const std::vector<executor::CopyColumn>& columns,
                   std::uint64_t record_bytes_max)
      : CopyReader(record_bytes_max), columns_(columns) {}

 protected:
  std::optional<std::size_t> find_end(std::string_view bytes, std::size_t looked) override;
  Result<const executor::CopyRecord*> read(std::string_view unit) override;
  Result<const executor::CopyRecord*> read_rest(std::string_view rest) override;

 private:
  Status read_member();
  Status read_value(executor::CopyColumn column);
  Result<executor::CopyColumn> column_of(const std::string& member) const;
  // The text of the object or list at the cursor, which moves behind it.
  Result<std::string_view> take_nested();
  bool take(char c);
  bool take_word(std::string_view word);
  void skip_blanks();

  const std::vector<executor::CopyColumn> columns_;
  CopyFields record_;
  std::string id_;
  std::string name_space_;
  std::string_view line_;
  std::size_t at_ = 0;  // the cursor in line_
};

class NdjsonCopyWriter final : public CopyWriter {
 public:
  explicit NdjsonCopyWriter(const std::vector<executor::CopyColumn>& columns)
      : columns_(columns) {}
  void row(std::span<const executor::Cell> cells, std::string& out) override;

 private:
  const std::vector<executor::CopyColumn> columns_;
};

}  // namespace alcove::server
