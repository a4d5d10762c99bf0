#include "server/row_buffer.h"

#include <array>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace alcove::server {
namespace {

using executor::Cell;

class CopyingSink final : public executor::RowSink {
 public:
  // Views live during the call.
  void row(std::span<const Cell> cells) override {
    rows.emplace_back(cells.begin(), cells.end());
    for (const Cell& cell : cells) {
      if (const auto* view = std::get_if<std::string_view>(&cell)) text += *view;
      if (const auto* view = std::get_if<std::span<const float>>(&cell)) {
        floats.assign(view->begin(), view->end());
      }
    }
  }
  bool full() const override { return false; }

  std::vector<std::vector<Cell>> rows;
  std::string text;
  std::vector<float> floats;
};

TEST(RowBuffer, KeepsItsOwnCopyInOrder) {
  RowBuffer buffer;
  {
    const std::string first = "a text that is too long to stand in a string itself";
    const std::string second = "b";
    const std::vector<float> floats = {1, 2.5F};
    buffer.push(std::array<Cell, 3>{Cell(std::string_view(first)), Cell(std::int64_t{7}), Cell()});
    buffer.push(std::array<Cell, 2>{Cell(std::string_view(second)), Cell(std::span<const float>(floats))});
  }
  EXPECT_GT(buffer.bytes(), 50U);
  CopyingSink sink;
  buffer.pop(sink);
  ASSERT_EQ(sink.rows.size(), 1U);
  EXPECT_EQ(sink.text, "a text that is too long to stand in a string itself");
  EXPECT_EQ(std::get<std::int64_t>(sink.rows[0][1]), 7);
  EXPECT_TRUE(std::holds_alternative<std::monostate>(sink.rows[0][2]));
  buffer.pop(sink);
  EXPECT_EQ(sink.floats, (std::vector<float>{1, 2.5F}));
  EXPECT_TRUE(buffer.empty());
  EXPECT_EQ(buffer.bytes(), 0U);
}

}  // namespace
}  // namespace alcove::server
