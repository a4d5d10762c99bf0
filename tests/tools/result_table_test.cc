#include "tools/result_table.h"

#include <gtest/gtest.h>

namespace alcove::tools {
namespace {

using Kind = TableColumn::Kind;

ResultTable neighbours() {
  ResultTable table;
  table.columns = {{"id", Kind::kText}, {"score", Kind::kNumber}};
  table.rows = {{"E", "1"}, {"longer", "0.25"}};
  return table;
}

TableFormat styled(TableStyle style) {
  TableFormat format;
  format.style = style;
  return format;
}

TEST(ResultTable, AlignsColumnsAsPsqlDoes) {
  EXPECT_EQ(format_table(neighbours(), {}),
            "   id   | score \n"
            "--------+-------\n"
            " E      |     1\n"
            " longer |  0.25\n"
            "(2 rows)\n"
            "\n");
}

TEST(ResultTable, SaysRowOfOne) {
  ResultTable table;
  table.columns = {{"count", Kind::kNumber}};
  table.rows = {{"4"}};
  EXPECT_EQ(format_table(table, {}), " count \n-------\n     4\n(1 row)\n\n");
}

TEST(ResultTable, ShowsLineBreaksAndNullAsPsqlDoes) {
  ResultTable table;
  table.columns = {{"id", Kind::kText}, {"metadata", Kind::kText}};
  table.rows = {{"a\nbc", std::nullopt}};
  EXPECT_EQ(format_table(table, {}),
            " id | metadata \n"
            "----+----------\n"
            " a +| \n"
            " bc | \n"
            "(1 row)\n"
            "\n");
}

TEST(ResultTable, NeverSendsControlCharactersToATerminal) {
  ResultTable table;
  table.columns = {{"id", Kind::kText}};
  table.rows = {{"a\x1b[2J\xc2\x9b\xff"}};
  const std::string text = format_table(table, {});
  EXPECT_NE(text.find("a\\x1b[2J\\xc2\\x9b\\xff"), std::string::npos) << text;
}

TEST(ResultTable, PutsRecordsOnLinesOfTheirOwnWhenExpanded) {
  EXPECT_EQ(format_table(neighbours(), styled(TableStyle::kExpanded)),
            "-[ RECORD 1 ]-\n"
            "id    | E\n"
            "score | 1\n"
            "-[ RECORD 2 ]-\n"
            "id    | longer\n"
            "score | 0.25\n"
            "\n");
}

TEST(ResultTable, SeparatesCellsWhenUnaligned) {
  EXPECT_EQ(format_table(neighbours(), styled(TableStyle::kUnaligned)),
            "id|score\nE|1\nlonger|0.25\n(2 rows)\n");
}

TEST(ResultTable, PrintsOnlyRowsWhenAskedTo) {
  TableFormat format = styled(TableStyle::kUnaligned);
  format.rows_only = true;
  EXPECT_EQ(format_table(neighbours(), format), "E|1\nlonger|0.25\n");
}

TEST(ResultTable, QuotesWhatCsvMust) {
  ResultTable table;
  table.columns = {{"id", Kind::kText}, {"values", Kind::kVector}};
  table.rows = {{"say \"hi\"", "{1,2}"}, {"plain", std::nullopt}};
  EXPECT_EQ(format_table(table, styled(TableStyle::kCsv)),
            "id,values\n\"say \"\"hi\"\"\",\"{1,2}\"\nplain,\n");
}

TEST(ResultTable, AbbreviatesVectorsOnlyWhereALineIsTooLong) {
  ResultTable table;
  table.columns = {{"id", Kind::kText}, {"values", Kind::kVector}};
  table.rows = {{"E", "{0.5,0.5,0.5,0.5,0.5,0.5,0.5,0.5}"}};
  TableFormat format;
  format.width_max = 80;
  EXPECT_NE(format_table(table, format).find("{0.5,0.5,0.5,0.5,0.5,0.5,0.5,0.5}\n"),
            std::string::npos);
  format.width_max = 30;
  EXPECT_EQ(format_table(table, format),
            " id |        values        \n"
            "----+----------------------\n"
            " E  | {0.5,0.5,… 8 values}\n"
            "(1 row)\n"
            "\n");
}

TEST(AbbreviateVector, KeepsWholeValuesAndTheirNumber) {
  EXPECT_EQ(abbreviate_vector("{1,2,3}", 7), "{1,2,3}");
  EXPECT_EQ(abbreviate_vector("{0.125,0.25,0.5,1,2,3,4}", 20), "{0.125,… 7 values}");
  EXPECT_EQ(abbreviate_vector("{0.125,0.25,0.5,1,2,3,4}", 1), "{… 7 values}");
}

TEST(DisplayWidth, CountsCharactersNotBytes) {
  EXPECT_EQ(display_width("abc"), 3U);
  EXPECT_EQ(display_width("né"), 2U);
  EXPECT_EQ(display_width("\xff"), 1U);
  EXPECT_EQ(display_width("\xe2\x82"), 2U);
}

}  // namespace
}  // namespace alcove::tools
