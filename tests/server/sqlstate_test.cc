#include "server/sqlstate.h"

#include <map>
#include <string>

#include <gtest/gtest.h>

namespace alcove::server {
namespace {

TEST(Sqlstate, HasFiveCharactersForEveryCode) {
  for (unsigned code = 0; code <= static_cast<unsigned>(ErrorCode::kInternal); ++code) {
    EXPECT_EQ(std::string(sqlstate(static_cast<ErrorCode>(code))).size(), 5U) << code;
  }
}

TEST(Sqlstate, IsWhatTheLanguagePromises) {
  const std::map<ErrorCode, std::string> promised = {
      {ErrorCode::kSyntax, "42601"},          {ErrorCode::kUndefinedIndex, "42P01"},
      {ErrorCode::kIndexExists, "42P07"},     {ErrorCode::kNamespaceExists, "42P06"},
      {ErrorCode::kUndefinedNamespace, "3F000"}, {ErrorCode::kRoleExists, "42710"},
      {ErrorCode::kUndefinedObject, "42704"}, {ErrorCode::kInvalidValue, "22023"},
      {ErrorCode::kInvalidEscape, "22025"},
      {ErrorCode::kInvalidText, "22P02"},     {ErrorCode::kTooLong, "22001"},
      {ErrorCode::kNullNotAllowed, "22004"},  {ErrorCode::kWrongType, "42804"},
      {ErrorCode::kNotGranted, "42501"},      {ErrorCode::kWrongPassword, "28P01"},
      {ErrorCode::kActiveTransaction, "25001"}, {ErrorCode::kFailedTransaction, "25P02"},
      {ErrorCode::kReadOnlyTransaction, "25006"}, {ErrorCode::kUndefinedSavepoint, "3B001"},
      {ErrorCode::kConflict, "40001"},        {ErrorCode::kDiskFull, "53100"},
      {ErrorCode::kOutOfMemory, "53200"},     {ErrorCode::kTooManyConnections, "53300"},
      {ErrorCode::kQuotaExceeded, "53400"},   {ErrorCode::kLimitExceeded, "54000"},
      {ErrorCode::kNestedTooDeep, "54001"},   {ErrorCode::kCancelled, "57014"},
      {ErrorCode::kShutdown, "57P01"},        {ErrorCode::kNotReady, "57P03"},
      {ErrorCode::kProtocol, "08P01"},        {ErrorCode::kUndefinedStatement, "26000"},
      {ErrorCode::kUndefinedPortal, "34000"}, {ErrorCode::kNotSupported, "0A000"},
      {ErrorCode::kCorruption, "XX001"},
  };
  for (const auto& [code, state] : promised) EXPECT_EQ(sqlstate(code), state);
}

TEST(ConcernsOperator, TellsOwnTroubleFromClients) {
  EXPECT_TRUE(concerns_operator(ErrorCode::kCorruption));
  EXPECT_TRUE(concerns_operator(ErrorCode::kDiskFull));
  EXPECT_FALSE(concerns_operator(ErrorCode::kSyntax));
  EXPECT_FALSE(concerns_operator(ErrorCode::kConflict));
}

}  // namespace
}  // namespace alcove::server
