#include "server/copy_options.h"

#include <string>

#include <gtest/gtest.h>

#include "parser/parse.h"

namespace alcove::server {
namespace {

Result<CopyOptions> options_of(const std::string& text) {
  const auto parsed = parser::parse(text);
  EXPECT_TRUE(parsed) << text;
  return read_copy_options(std::get<parser::Copy>(parsed->front()));
}

void expect_fault(const std::string& options, ErrorCode code, const std::string& message) {
  const auto read = options_of("COPY i FROM STDIN " + options);
  ASSERT_FALSE(read) << options;
  EXPECT_EQ(read.error().code(), code) << options;
  EXPECT_EQ(read.error().message(), message);
}

TEST(CopyOptions, HaveTheDefaultsOfTheirFormat) {
  const auto text = options_of("COPY i FROM STDIN");
  ASSERT_TRUE(text);
  EXPECT_EQ(text->format, CopyFormat::kText);
  EXPECT_EQ(text->delimiter, '\t');
  EXPECT_EQ(text->null, "\\N");
  const auto csv = options_of("COPY i FROM STDIN (HEADER, FORMAT 'CSV', QUOTE '|')");
  ASSERT_TRUE(csv);
  EXPECT_EQ(csv->format, CopyFormat::kCsv);
  EXPECT_EQ(csv->header, CopyOptions::Header::kLine);
  EXPECT_EQ(csv->delimiter, ',');
  EXPECT_EQ(csv->null, "");
  EXPECT_EQ(csv->escape, '|');
}

TEST(CopyOptions, TakeWhatMeansNothingHere) {
  EXPECT_TRUE(options_of("COPY i FROM STDIN WITH (FREEZE on, ENCODING 'utf-8', HEADER off)"));
  EXPECT_TRUE(options_of("COPY i TO STDOUT CSV HEADER NULL AS 'x' ESCAPE '\\'"));
}

TEST(CopyOptions, RefuseOthers) {
  expect_fault("(FORCE_QUOTE x)", ErrorCode::kSyntax, "option \"force_quote\" not recognized");
  expect_fault("(FORMAT parquet)", ErrorCode::kInvalidValue, "COPY format \"parquet\" not recognized");
  expect_fault("(FORMAT csv, FORMAT csv)", ErrorCode::kSyntax,
               "conflicting or redundant options: \"format\" is given twice");
  expect_fault("(HEADER perhaps)", ErrorCode::kSyntax, "header requires a Boolean value");
  expect_fault("(QUOTE 'x')", ErrorCode::kSyntax, "option \"quote\" is not one of this format");
  expect_fault("(FORMAT binary, NULL 'x')", ErrorCode::kSyntax,
               "option \"null\" is not one of this format");
  expect_fault("(ENCODING 'LATIN1')", ErrorCode::kInvalidValue,
               "encoding \"LATIN1\" is not supported: data is UTF-8");
}

TEST(CopyOptions, RefuseCharactersThatMeanTwoThings) {
  const ErrorCode bad = ErrorCode::kInvalidValue;
  expect_fault("(DELIMITER 'ab')", bad,
               "COPY delimiter must be a single one-byte character other than newline and carriage "
               "return");
  expect_fault("(DELIMITER 'n')", bad, "COPY delimiter cannot be \"n\"");
  expect_fault("(DELIMITER ';', NULL ';')", bad,
               "COPY delimiter character must not appear in the NULL specification");
  expect_fault("(NULL E'\\n')", bad,
               "COPY null representation cannot use newline or carriage return");
  expect_fault("(FORMAT csv, QUOTE ',')", bad, "COPY delimiter and quote must be different");
  expect_fault("(FORMAT csv, NULL '\"')", bad,
               "CSV quote character must not appear in the NULL specification");
}

}  // namespace
}  // namespace alcove::server
