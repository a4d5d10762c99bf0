#include "server/backend_message.h"

#include <array>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace alcove::server {
namespace {

using namespace std::string_literals;
using executor::Cell;
using executor::Column;
using executor::Type;

template <class Write>
std::string written(Write write) {
  std::string out;
  BackendWriter writer(out);
  write(writer);
  return out;
}

TEST(BackendWriter, WritesAuthenticationOk) {
  EXPECT_EQ(written([](auto& to) { to.authentication_ok(); }), "R\0\0\0\x08\0\0\0\0"s);
}

TEST(BackendWriter, WritesTheWholeVersionAndEveryUnknownOption) {
  EXPECT_EQ(written([](auto& to) { to.negotiate_protocol_version({"_pq_.a", "_pq_.b"}); }),
            "v\0\0\0\x1a\0\x03\0\0\0\0\0\x02_pq_.a\0_pq_.b\0"s);
}

TEST(BackendWriter, WritesKeysAndStatus) {
  EXPECT_EQ(written([](auto& to) { to.backend_key_data(0x01020304, 0xfffefdfc); }),
            "K\0\0\0\x0c\x01\x02\x03\x04\xff\xfe\xfd\xfc"s);
  EXPECT_EQ(written([](auto& to) { to.parameter_status("TimeZone", "UTC"); }),
            "S\0\0\0\x11TimeZone\0UTC\0"s);
  EXPECT_EQ(written([](auto& to) { to.ready_for_query('T'); }), "Z\0\0\0\x05T"s);
}

TEST(BackendWriter, DescribesColumnsAsPostgreSqlsOwnTypes) {
  const std::vector<Column> columns = {{"id", Type::kText}, {"score", Type::kFloat4}};
  EXPECT_EQ(written([&](auto& to) { to.row_description(columns); }),
            "T\0\0\0\x33\0\x02"
            "id\0\0\0\0\0\0\0\0\0\0\x19\xff\xff\xff\xff\xff\xff\0\0"
            "score\0\0\0\0\0\0\0\0\0\x02\xbc\0\x04\xff\xff\xff\xff\0\0"s);
}

TEST(BackendWriter, WritesNullAndEmptyTextApart) {
  const std::array<Cell, 3> row = {Cell(std::monostate()), Cell(std::string_view()),
                                   Cell(std::int64_t{-7})};
  EXPECT_EQ(written([&](auto& to) { to.data_row(row); }),
            "D\0\0\0\x14\0\x03\xff\xff\xff\xff\0\0\0\0\0\0\0\x02-7"s);
}

TEST(BackendWriter, EndsStringsAtANul) {
  EXPECT_EQ(written([](auto& to) { to.command_complete("SELECT 1\0DROP"s); }),
            "C\0\0\0\x0dSELECT 1\0"s);
  EXPECT_EQ(written([](auto& to) { to.empty_query_response(); }), "I\0\0\0\x04"s);
}

TEST(BackendWriter, LeavesOutFieldsThatAReportLacks) {
  const Report report{.severity = "ERROR", .sqlstate = "42601", .message = "no"};
  EXPECT_EQ(written([&](auto& to) { to.error_response(report); }),
            "E\0\0\0\x1eSERROR\0VERROR\0C42601\0Mno\0\0"s);
}

TEST(BackendWriter, WritesDetailHintAndPosition) {
  const Error error =
      Error(ErrorCode::kUndefinedIndex, "m").with_detail("d").with_hint("h").at(5);
  EXPECT_EQ(written([&](auto& to) {
              to.notice_response(report_of(error, "WARNING", "äö bogus"));
            }),
            "N\0\0\0\x2aSWARNING\0VWARNING\0C42P01\0Mm\0Dd\0Hh\0P4\0\0"s);
}

TEST(BackendWriter, AppendsToWhatIsThere) {
  std::string out = "before";
  BackendWriter(out).ready_for_query('I');
  EXPECT_EQ(out, "beforeZ\0\0\0\x05I"s);
}

}  // namespace
}  // namespace alcove::server
