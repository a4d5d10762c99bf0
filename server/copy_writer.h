#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "executor/copy_column.h"
#include "executor/row.h"
#include "server/copy_options.h"

namespace alcove::server {

// Writes the rows of a COPY … TO STDOUT, one by one, such that a CopyReader of the same options reads
// the same records: vectors to the bit. Externally synchronised.
class CopyWriter {
 public:
  virtual ~CopyWriter() = default;
  // Each appends to `out`. What stands before the first row, in a piece of its own; empty: nothing.
  virtual void header(std::string&) {}
  // Requires: a cell for each column.
  virtual void row(std::span<const executor::Cell> cells, std::string& out) = 0;
  virtual void end(std::string&) {}
};

std::unique_ptr<CopyWriter> make_copy_writer(const CopyOptions& options,
                                             const std::vector<executor::CopyColumn>& columns);

}  // namespace alcove::server
