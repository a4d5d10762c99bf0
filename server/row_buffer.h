#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "executor/row.h"

namespace alcove::server {

// Rows kept for later, oldest first, with their own copies of what the cells show. Externally
// synchronised.
class RowBuffer {
 public:
  void push(std::span<const executor::Cell> cells);
  // Hands the oldest row to `sink`. Requires: not empty.
  void pop(executor::RowSink& sink);

  bool empty() const { return rows_.empty(); }
  std::uint64_t bytes() const { return bytes_; }  // of memory, about

 private:
  using Owned = std::variant<std::monostate, bool, std::int64_t, float, double, std::string,
                             std::vector<float>>;
  using Row = std::vector<Owned>;
  struct Own;
  struct Show;
  static std::uint64_t bytes_of(const Row& row);

  std::deque<Row> rows_;
  std::uint64_t bytes_ = 0;
};

}  // namespace alcove::server
