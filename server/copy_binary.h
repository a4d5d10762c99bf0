#pragma once

#include <cstdint>
#include <vector>

#include "server/copy_fields.h"
#include "server/copy_options.h"
#include "server/copy_reader.h"
#include "server/copy_writer.h"

namespace alcove::server {

// PostgreSQL's binary format, all numbers big-endian:
//
//   OFFSET SIZE FIELD
//   0      11   "PGCOPY\n\377\r\n\0"
//   11     4    flags: bit 16 for OIDs, which we do not take; 17 to 31 say what we do not know
//   15     4    bytes of the header's extension
//   19     …    the extension, passed over
//   then tuples: 2 bytes number of fields, and each field 4 bytes length (-1: NULL) and the value
//   at the end   2 bytes -1, which may be left out
//
// A vector is float4[] (or another array of numbers) or pgvector's `vector`, metadata jsonb or json.
class BinaryCopyReader final : public CopyReader {
 public:
  BinaryCopyReader(const std::vector<executor::CopyColumn>& columns,
                   std::uint64_t record_bytes_max)
      : CopyReader(record_bytes_max), columns_(columns) {}

 protected:
  std::optional<std::size_t> find_end(std::string_view bytes, std::size_t looked) override;
  Result<const executor::CopyRecord*> read(std::string_view unit) override;
  Result<const executor::CopyRecord*> read_rest(std::string_view rest) override;

 private:
  enum class Part : unsigned char { kHeader, kExtension, kTuples, kEnd };
  Status read_header(std::string_view header);

  const std::vector<executor::CopyColumn> columns_;
  CopyFields record_;
  Part part_ = Part::kHeader;
  std::uint64_t extension_bytes_ = 0;  // still to be passed over
};

class BinaryCopyWriter final : public CopyWriter {
 public:
  BinaryCopyWriter(const CopyOptions& options, const std::vector<executor::CopyColumn>& columns)
      : vectors_(options.vectors), columns_(columns) {}
  // The header comes in one piece with the first row, or the end, as drivers expect.
  void row(std::span<const executor::Cell> cells, std::string& out) override;
  void end(std::string& out) override;

 private:
  void begin(std::string& out);
  executor::Type type_of(executor::CopyColumn column) const;
  const executor::Type vectors_;
  const std::vector<executor::CopyColumn> columns_;
  bool begun_ = false;
};

}  // namespace alcove::server
