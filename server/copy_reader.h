#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "executor/copy_column.h"
#include "executor/copy_in.h"
#include "server/copy_options.h"

namespace alcove::server {

// Finds the records in the data of a COPY, which comes in pieces that may end anywhere. Keeps no more
// than one record that is not whole yet, and its texts are checked to be UTF-8. Externally
// synchronised.
//
// Errors of all formats: kBadCopyData for what is not of the format, kInvalidText, kBadEncoding,
// kInvalidValue, kTooLong, kNullNotAllowed for a field that is not of its type, kLimitExceeded for a
// record past record_bytes_max. After an error the reader is of no use.
class CopyReader {
 public:
  virtual ~CopyReader() = default;
  CopyReader(const CopyReader&) = delete;
  CopyReader& operator=(const CopyReader&) = delete;

  // The next record; takes what it has read from the front of `data`. Null: all of it was read, and
  // more is needed. The record lives until the next call, and as long as the data.
  Result<const executor::CopyRecord*> next(std::string_view& data);
  // There is no more data: the record that ends with it, or null.
  Result<const executor::CopyRecord*> last();

 protected:
  explicit CopyReader(std::uint64_t record_bytes_max) : record_bytes_max_(record_bytes_max) {}

  // Data comes in units: a record, a header, an end mark. The length of the one that `bytes` begin
  // with, if its end is there. Of the same unit `looked` bytes have been looked at before; where it
  // is 0 another one begins.
  virtual std::optional<std::size_t> find_end(std::string_view bytes, std::size_t looked) = 0;
  // What a whole unit is; null where it is no record.
  virtual Result<const executor::CopyRecord*> read(std::string_view unit) = 0;
  // What the data ended with in the middle of a unit, empty where it ended behind one.
  virtual Result<const executor::CopyRecord*> read_rest(std::string_view rest) = 0;

 private:
  Result<std::optional<std::string_view>> next_unit(std::string_view& data);
  Status check_length(std::size_t bytes) const;

  const std::uint64_t record_bytes_max_;
  std::string partial_;        // the beginning of a unit
  bool partial_done_ = false;  // all of it, and read
};

std::unique_ptr<CopyReader> make_copy_reader(const CopyOptions& options,
                                             const std::vector<executor::CopyColumn>& columns,
                                             std::uint64_t record_bytes_max);

}  // namespace alcove::server
