#include "server/row_buffer.h"

#include <string_view>
#include <utility>

namespace alcove::server {

// A cell's own copy, and the cell that shows it.
struct RowBuffer::Own {
  Owned operator()(std::string_view text) const { return std::string(text); }
  Owned operator()(std::span<const float> floats) const {
    return std::vector<float>(floats.begin(), floats.end());
  }
  template <class Plain>
  Owned operator()(Plain plain) const {
    return plain;
  }
};
struct RowBuffer::Show {
  executor::Cell operator()(const std::string& text) const { return std::string_view(text); }
  executor::Cell operator()(const std::vector<float>& floats) const {
    return std::span<const float>(floats);
  }
  template <class Plain>
  executor::Cell operator()(Plain plain) const {
    return plain;
  }
};

std::uint64_t RowBuffer::bytes_of(const Row& row) {
  std::uint64_t bytes = sizeof(Row) + row.size() * sizeof(Owned);
  for (const Owned& cell : row) {
    if (const auto* text = std::get_if<std::string>(&cell)) bytes += text->size();
    if (const auto* floats = std::get_if<std::vector<float>>(&cell)) {
      bytes += floats->size() * sizeof(float);
    }
  }
  return bytes;
}

void RowBuffer::push(std::span<const executor::Cell> cells) {
  Row row;
  row.reserve(cells.size());
  for (const executor::Cell& cell : cells) row.push_back(std::visit(Own(), cell));
  bytes_ += bytes_of(row);
  rows_.push_back(std::move(row));
}

void RowBuffer::pop(executor::RowSink& sink) {
  const Row row = std::move(rows_.front());
  rows_.pop_front();
  bytes_ -= bytes_of(row);
  std::vector<executor::Cell> cells;
  cells.reserve(row.size());
  for (const Owned& cell : row) cells.push_back(std::visit(Show(), cell));
  sink.row(cells);
}

}  // namespace alcove::server
