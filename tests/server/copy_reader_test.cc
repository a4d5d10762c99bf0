#include "server/copy_reader.h"

#include <bit>
#include <random>
#include <string>
#include <vector>

#include <boost/endian/conversion.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/server/copy_data.h"

namespace alcove::server {
namespace {

using std::string_literals::operator""s;

std::vector<std::string> lines_of(const CopyOutcome& outcome) {
  std::vector<std::string> lines;
  for (const OwnedRecord& record : outcome.records) lines.push_back(to_string(record));
  return lines;
}

// What comes of `data`, which is the same wherever it is cut.
CopyOutcome read(const CopyForm& form, const std::string& data) {
  const CopyOutcome whole = read_pieces(form, {data});
  for (std::size_t cut = 1; cut < data.size(); ++cut) {
    const std::string_view view = data;
    EXPECT_EQ(read_pieces(form, {view.substr(0, cut), view.substr(cut)}), whole)
        << "cut at " << cut << " of " << data;
  }
  EXPECT_EQ(read_cut(form, data, 1), whole) << "byte by byte: " << data;
  return whole;
}

void expect_records(const std::string& options, const std::string& data,
                    const std::vector<std::string>& expected) {
  const CopyOutcome outcome = read(copy_form("COPY i FROM STDIN " + options), data);
  EXPECT_EQ(outcome.fault, std::nullopt) << outcome.message;
  EXPECT_EQ(lines_of(outcome), expected);
}

void expect_fault(const std::string& options, const std::string& data, ErrorCode code,
                  const std::string& message, std::size_t records_before = 0) {
  const CopyOutcome outcome = read(copy_form("COPY i FROM STDIN " + options), data);
  EXPECT_EQ(outcome.fault, code) << outcome.message;
  EXPECT_EQ(outcome.message, message);
  EXPECT_EQ(outcome.records.size(), records_before);
}

// ---- text ---------------------------------------------------------------------------------------

TEST(TextCopyReader, ReadsLines) {
  expect_records("", "A\t[1,2]\t{\"g\": \"x\"}\nB\t{3, -4e-1}\t\\N\n",
                 {"A [1, 2] {\"g\": \"x\"}", "B [3, -0.4] -"});
}

TEST(TextCopyReader, TakesALastLineWithoutEndAndLinesOfWindows) {
  expect_records("(DELIMITER '|', NULL '')", "A|[1]|\r\nB|[2]|\r\nC|[3]|",
                 {"A [1] -", "B [2] -", "C [3] -"});
}

TEST(TextCopyReader, UnescapesWithBackslash) {
  expect_records("(FORMAT text)", R"(\b\f\n\r\t\v\\\x41\x4g\101\\N\q	[1]	\N)"s + "\n",
                 {"\b\f\n\r\t\v\\A\x04gA\\Nq [1] -"});
}

TEST(TextCopyReader, AnEscapedEndOfLineIsData) {
  expect_records("", "a\\\nb\\\\\\\nc\t[1]\t\\N\nB\t[2]\t\\N\n", {"a\nb\\\nc [1] -", "B [2] -"});
}

TEST(TextCopyReader, StopsAtTheEndMark) {
  expect_records("", "A\t[1]\t\\N\n\\.\nanything\tat all", {"A [1] -"});
  expect_records("", "A\t[1]\t\\N\n\\.", {"A [1] -"});
}

TEST(TextCopyReader, PassesOverAHeaderOrChecksIt) {
  expect_records("(HEADER)", "what\tever\nA\t[1]\t\\N\n", {"A [1] -"});
  expect_records("(HEADER match)", "id\tvalues\tmetadata\nA\t[1]\t\\N\n", {"A [1] -"});
  expect_fault("(HEADER match)", "id\tvectors\tmetadata\n", ErrorCode::kBadCopyData,
               "column name mismatch in header line field 2: expected \"values\"");
}

TEST(TextCopyReader, RefusesWhatIsNotARecord) {
  expect_fault("", "A\t[1]\t\\N\nB\t[1]\n", ErrorCode::kBadCopyData,
               "missing data for column \"metadata\"", 1);
  expect_fault("", "\n", ErrorCode::kBadCopyData, "missing data for column \"values\"");
  expect_fault("", "A\t[1]\t\\N\tmore\teven more\n", ErrorCode::kBadCopyData,
               "extra data after last expected column");
  expect_fault("", "A\t[1,]\t\\N\n", ErrorCode::kInvalidText, "malformed vector: \"[1,]\"");
  expect_fault("", "A\t[1e39]\t\\N\n", ErrorCode::kInvalidValue,
               "\"1e39\" is out of range for type real");
  expect_fault("", "A\t[1]\t{\n", ErrorCode::kInvalidText, "invalid metadata: a key was expected");
  expect_fault("", "A\\.\t[1]\t\\N\n", ErrorCode::kBadCopyData, "end-of-copy marker corrupt");
}

TEST(TextCopyReader, RefusesWhatIsNotText) {
  expect_fault("", "A\xff\t[1]\t\\N\n", ErrorCode::kBadEncoding,
               "invalid byte sequence for encoding \"UTF8\": 0xff");
  expect_fault("", "A\\0\t[1]\t\\N\n", ErrorCode::kBadEncoding,
               "invalid byte sequence for encoding \"UTF8\": 0x00");
  expect_fault("", "A\t\xc3[1]\t\\N\n", ErrorCode::kBadEncoding,
               "invalid byte sequence for encoding \"UTF8\": 0xc3 0x5b");
  expect_fault("", "A\t[1]\t{\"\xed\xa0\x80\": 1}\n", ErrorCode::kBadEncoding,
               "invalid byte sequence for encoding \"UTF8\": 0xed 0xa0 0x80");
}

TEST(CopyReader, TakesColumnsInAnyOrder) {
  const CopyForm form =
      copy_form("COPY i BY NAMESPACE (values, \"namespace\", ID) FROM STDIN (FORMAT csv)");
  EXPECT_EQ(lines_of(read(form, "\"[1,2]\",n,A\n")), (std::vector<std::string>{"n/A [1, 2] -"}));
}

TEST(CopyReader, RefusesARecordThatIsTooLong) {
  for (const char* format : {"text", "csv", "ndjson"}) {
    const CopyForm form = copy_form("COPY i FROM STDIN (FORMAT "s + format + ")");
    const std::string line = std::string(2000, 'x');
    for (const std::size_t piece : {1U, 7U, 900U, 5000U}) {
      EXPECT_EQ(read_cut(form, line, piece, 1000).fault, ErrorCode::kLimitExceeded) << format;
    }
  }
}

// ---- csv ----------------------------------------------------------------------------------------

TEST(CsvCopyReader, ReadsQuotedFields) {
  expect_records("CSV", "A,\"[1,2]\",\"{\"\"g\"\": \"\"x,y\"\"}\"\nB,{3},\n",
                 {"A [1, 2] {\"g\": \"x,y\"}", "B [3] -"});
  expect_records("CSV", "\"a\nb\r\nc\",[1],\r\n\"\"\"\",[2],\r\n", {"a\nb\r\nc [1] -", "\" [2] -"});
  expect_records("CSV", "pre\"mid,dle\"post,[1],", {"premid,dlepost [1] -"});
}

TEST(CsvCopyReader, TellsEmptyFromNull) {
  const CopyOutcome outcome = read(copy_form("COPY i FROM STDIN CSV"), "\"\",[1],\n,[1],\n");
  ASSERT_EQ(outcome.records.size(), 2U);
  EXPECT_EQ(outcome.records[0].id, "");
  EXPECT_EQ(outcome.records[1].id, std::nullopt);
}

TEST(CsvCopyReader, TakesOtherCharacters) {
  expect_records("(FORMAT csv, DELIMITER ';', QUOTE '''', ESCAPE '\\', NULL 'nil')",
                 "'it\\'s \\\\; \\x';[1];nil\n", {"it's \\; \\x [1] -"});
}

TEST(CsvCopyReader, StopsAtTheEndMarkUnlessQuoted) {
  expect_records("CSV", "\"\\.\",[1],\n\\.\nX", {"\\. [1] -"});
}

TEST(CsvCopyReader, RefusesAQuoteThatIsNotClosed) {
  expect_fault("CSV", "A,[1],\n\"B,[1],\n", ErrorCode::kBadCopyData, "unterminated CSV quoted field",
               1);
}

TEST(CsvCopyReader, ChecksAHeader) {
  expect_records("CSV HEADER", "a,b,c,d,e\nA,[1],\n", {"A [1] -"});
  expect_records("(FORMAT csv, HEADER match)", "\"id\",values,metadata\nA,[1],\n", {"A [1] -"});
}

// ---- ndjson -------------------------------------------------------------------------------------

TEST(NdjsonCopyReader, ReadsObjects) {
  expect_records("(FORMAT ndjson)",
                 "{\"id\": \"A\", \"values\": [0.1, 2], \"metadata\": {\"g\": [\"]\", \"\\\"}\"]}}\n"
                 "\n  \r\n"
                 " { \"metadata\" : null , \"values\":[-1e3],\"id\":\"\\u00e9\\n\" } \r\n"
                 "{\"values\": [1], \"id\": \"x\", \"id\": \"y\"}",
                 {"A [0.1, 2] {\"g\": [\"]\", \"\\\"}\"]}", "é\n [-1000] -", "y [1] -"});
}

TEST(NdjsonCopyReader, RoundsOnce) {
  // Between two floats, by less than a double tells from half way.
  expect_records("(FORMAT ndjson)", "{\"id\": \"A\", \"values\": [1.000000059604644775390626]}\n",
                 {"A [1.0000001] -"});
}

TEST(NdjsonCopyReader, RefusesWhatIsNotARecord) {
  const std::string options = "(FORMAT ndjson)";
  expect_fault(options, "{\"id\": \"A\", \"sparse_values\": {}}\n", ErrorCode::kInvalidValue,
               "a record has no member \"sparse_values\" here");
  expect_fault(options, "{\"namespace\": \"n\"}\n", ErrorCode::kInvalidValue,
               "a record has no member \"namespace\" here");
  expect_fault(options, "{\"id\": 7}\n", ErrorCode::kWrongType, "\"id\" must be a string");
  expect_fault(options, "{\"values\": \"[1]\"}\n", ErrorCode::kWrongType,
               "\"values\" must be a list of numbers");
  expect_fault(options, "{\"values\": [[1]]}\n", ErrorCode::kInvalidText,
               "malformed vector: \"[[1]]\"");
  expect_fault(options, "{\"metadata\": {\"a\": {}}}\n", ErrorCode::kInvalidValue,
               "metadata cannot hold nested objects");
  expect_fault(options, "[]\n", ErrorCode::kInvalidText,
               "invalid input syntax for type json: a line must be an object");
  expect_fault(options, "{\"id\": \"A\"} x\n", ErrorCode::kInvalidText,
               "invalid input syntax for type json: nothing may follow the object on its line");
  expect_fault(options, "{\"id\": \"A\"\n", ErrorCode::kInvalidText,
               "invalid input syntax for type json: \",\" or \"}\" was expected");
  expect_fault(options, "{\"values\": [1, 2\n", ErrorCode::kInvalidText,
               "invalid input syntax for type json: a list or an object has no end");
  expect_fault(options, "{\"id\": \"\\ud800\"}\n", ErrorCode::kInvalidText,
               "a surrogate stands without its other half");
  expect_fault(options, "{\"id\": \"\\u0000\"}\n", ErrorCode::kInvalidValue,
               "a string cannot hold \\u0000");
  expect_fault(options, "{\"id\": \"\xff\"}\n", ErrorCode::kBadEncoding,
               "invalid byte sequence for encoding \"UTF8\": 0xff");
}

// ---- binary -------------------------------------------------------------------------------------

template <class Number>
std::string big(Number value) {
  boost::endian::native_to_big_inplace(value);
  return std::string(reinterpret_cast<const char*>(&value), sizeof(value));
}
std::string i16(std::int16_t value) { return big(value); }
std::string i32(std::int32_t value) { return big(value); }
std::string field(const std::string& bytes) {
  return i32(static_cast<std::int32_t>(bytes.size())) + bytes;
}
const std::string kNull = i32(-1);
const std::string kSignature = "PGCOPY\n\377\r\n\0"s;
std::string header(std::int32_t flags = 0, const std::string& extension = "") {
  return kSignature + i32(flags) + field(extension);
}
std::string f4(float value) { return big(std::bit_cast<std::uint32_t>(value)); }
std::string float4_array(const std::vector<float>& values) {
  std::string bytes = i32(1) + i32(0) + i32(700) + i32(static_cast<std::int32_t>(values.size())) + i32(1);
  for (const float value : values) bytes += field(f4(value));
  return bytes;
}
const std::string kTrailer = i16(-1);

TEST(BinaryCopyReader, ReadsTuples) {
  expect_records("BINARY",
                 header() + i16(3) + field("A") + field(float4_array({0.5, -2})) +
                     field("\1{\"g\": 1}") + i16(3) + field("B") + field(float4_array({1, 2})) +
                     kNull + kTrailer,
                 {"A [0.5, -2] {\"g\": 1}", "B [1, 2] -"});
}

TEST(BinaryCopyReader, TakesEveryFormOfAVector) {
  const std::string float8s = i32(1) + i32(0) + i32(701) + i32(1) + i32(1) +
                              field(big(std::bit_cast<std::uint64_t>(0.1)));
  const std::string ints = i32(1) + i32(1) + i32(23) + i32(2) + i32(1) + field(i32(7)) + field(i32(-8));
  const std::string pgvector = i16(2) + i16(0) + f4(0.25) + f4(3);
  expect_records("(FORMAT binary)",
                 header() + i16(3) + field("A") + field(float8s) + field("{}") + i16(3) +
                     field("B") + field(ints) + kNull + i16(3) + field("C") + field(pgvector) + kNull,
                 {"A [0.1] -", "B [7, -8] -", "C [0.25, 3] -"});
}

TEST(BinaryCopyReader, PassesOverAnExtensionAndFlagsThatDoNotMatter) {
  expect_records("BINARY", header(0x7fff, std::string(300, 'e')) + kTrailer, {});
}

TEST(BinaryCopyReader, RefusesAnotherHeader) {
  const ErrorCode bad = ErrorCode::kBadCopyData;
  expect_fault("BINARY", "", bad, "COPY file signature not recognized");
  expect_fault("BINARY", kSignature, bad, "COPY file signature not recognized");
  expect_fault("BINARY", "id,values\n", bad, "COPY file signature not recognized");
  expect_fault("BINARY", header(1 << 16), bad, "invalid COPY file header (WITH OIDS)");
  expect_fault("BINARY", header(1 << 20), bad,
               "unrecognized critical flags in COPY file header");
  expect_fault("BINARY", kSignature + i32(0) + i32(-5), bad,
               "invalid COPY file header (missing length)");
  expect_fault("BINARY", header().substr(0, 15) + i32(100) + "short", bad,
               "unexpected EOF in COPY data");
}

TEST(BinaryCopyReader, RefusesWhatIsNotATuple) {
  const ErrorCode bad = ErrorCode::kBadCopyData;
  const std::string good = i16(3) + field("A") + field(float4_array({1})) + kNull;
  expect_fault("BINARY", header() + i16(2) + field("A"), bad, "row field count is 2, expected 3");
  expect_fault("BINARY", header() + good + i16(-2), bad, "row field count is -2, expected 3", 1);
  expect_fault("BINARY", header() + i16(3) + i32(-2), bad, "invalid field size");
  expect_fault("BINARY", header() + good + good.substr(0, 20), bad, "unexpected EOF in COPY data", 1);
  expect_fault("BINARY", header() + good + kTrailer + "x", bad,
               "received copy data after EOF marker", 1);
  expect_fault("BINARY", header() + i16(3) + field("A") + field("nonsense") + kNull, bad,
               "incorrect binary data format");
  expect_fault("BINARY", header() + i16(3) + field("A") + field("") + kNull, bad,
               "incorrect binary data format");
  expect_fault("BINARY", header() + i16(3) + field("A") + field(float4_array({1}) + "x") + kNull, bad,
               "incorrect binary data format");
  expect_fault("BINARY", header() + i16(3) + field("A\xff") + field("") + kNull,
               ErrorCode::kBadEncoding, "invalid byte sequence for encoding \"UTF8\": 0xff");
  const std::string two_dimensions = i32(2) + i32(0) + i32(700) + std::string(16, '\0');
  expect_fault("BINARY", header() + i16(3) + field("A") + field(two_dimensions) + kNull,
               ErrorCode::kInvalidValue, "an array must have one dimension here");
  const std::string null_inside = i32(1) + i32(1) + i32(700) + i32(1) + i32(1) + kNull;
  expect_fault("BINARY", header() + i16(3) + field("A") + field(null_inside) + kNull,
               ErrorCode::kNullNotAllowed, "an array's element must not be NULL");
  const float infinity = std::numeric_limits<float>::infinity();
  expect_fault("BINARY", header() + i16(3) + field("A") + field(float4_array({infinity})) + kNull,
               ErrorCode::kInvalidValue, "\"inf\" is out of range for type real");
}

TEST(BinaryCopyReader, RefusesALengthPastTheLimit) {
  const std::string data = header() + i16(3) + i32(0x7fffffff) + std::string(3000, 'x');
  EXPECT_EQ(read_cut(copy_form("COPY i FROM STDIN BINARY"), data, 100, 1000).fault,
            ErrorCode::kLimitExceeded);
}

// ---- every format -------------------------------------------------------------------------------

const std::vector<std::string> kForms = {
    "(FORMAT text)",
    "(FORMAT text, HEADER, DELIMITER ',')",
    "(FORMAT text, DELIMITER '{', NULL 'nothing')",
    "(FORMAT csv)",
    "(FORMAT csv, HEADER match)",
    "(FORMAT csv, DELIMITER '5', QUOTE '1', NULL 'n')",
    "(FORMAT csv, DELIMITER E'\\t', QUOTE '''', ESCAPE '\\')",
    "(FORMAT ndjson)",
    "(FORMAT binary)",
};

// The same form for writing: HEADER MATCH is for reading only.
CopyForm writing(CopyForm form) {
  if (form.options.header == CopyOptions::Header::kMatch) {
    form.options.header = CopyOptions::Header::kLine;
  }
  return form;
}

TEST(CopyWriter, WritesWhatIsReadAgainToTheBit) {
  std::mt19937 random(7);
  for (const std::string& options : kForms) {
    const CopyForm form = copy_form("COPY i BY NAMESPACE FROM STDIN " + options);
    for (int round = 0; round < 30; ++round) {
      std::vector<OwnedRecord> records;
      for (std::size_t i = random() % 20; i > 0; --i) records.push_back(random_record(random, 4));
      const std::string data = write_copy(writing(form), records);
      const CopyOutcome outcome = read_cut(form, data, random() % 300 + 1);
      ASSERT_EQ(outcome.fault, std::nullopt) << options << ": " << outcome.message << "\n" << data;
      ASSERT_EQ(lines_of(outcome), lines_of({records, {}, {}})) << options << "\n" << data;
      for (std::size_t i = 0; i < records.size(); ++i) {
        for (std::size_t k = 0; k < 4; ++k) {
          ASSERT_EQ(std::bit_cast<std::uint32_t>((*outcome.records[i].values)[k]),
                    std::bit_cast<std::uint32_t>((*records[i].values)[k]));
        }
        ASSERT_EQ(outcome.records[i].metadata, records[i].metadata);
      }
    }
  }
}

TEST(CopyReader, HostileDataIsAnErrorOrRecordsWhereverItIsCut) {
  std::mt19937 random(11);
  for (const std::string& options : kForms) {
    const CopyForm form = copy_form("COPY i BY NAMESPACE FROM STDIN " + options);
    for (int round = 0; round < 100; ++round) {
      std::string data = write_copy(
          writing(form), {random_record(random, 2), random_record(random, 2), random_record(random, 2)});
      for (std::size_t i = random() % 4 + 1; i > 0; --i) {
        const std::size_t at = random() % data.size();
        switch (random() % 3) {
          case 0: data[at] = static_cast<char>(random()); break;
          case 1: data.erase(at, random() % 9); break;
          default: data.insert(at, data.substr(random() % data.size(), random() % 9));
        }
        if (data.empty()) data = "x";
      }
      const CopyOutcome whole = read_pieces(form, {data}, 4096);
      ASSERT_EQ(read_cut(form, data, 1, 4096), whole) << options << "\n" << data;
      ASSERT_EQ(read_cut(form, data, random() % 50 + 1, 4096), whole) << options << "\n" << data;
    }
  }
}

}  // namespace
}  // namespace alcove::server
