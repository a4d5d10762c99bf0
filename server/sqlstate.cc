#include "server/sqlstate.h"

namespace alcove::server {

const char* sqlstate(ErrorCode code) {
  switch (code) {
    case ErrorCode::kSyntax: return "42601";
    case ErrorCode::kUndefinedIndex: return "42P01";
    case ErrorCode::kIndexExists: return "42P07";
    case ErrorCode::kNamespaceExists: return "42P06";
    case ErrorCode::kUndefinedNamespace: return "3F000";
    case ErrorCode::kRoleExists: return "42710";
    case ErrorCode::kUndefinedObject: return "42704";
    case ErrorCode::kReservedName: return "42939";
    case ErrorCode::kInvalidValue: return "22023";
    case ErrorCode::kInvalidText: return "22P02";
    case ErrorCode::kInvalidEscape: return "22025";
    case ErrorCode::kBadCopyData: return "22P04";
    case ErrorCode::kTooLong: return "22001";
    case ErrorCode::kNullNotAllowed: return "22004";
    case ErrorCode::kWrongType: return "42804";
    case ErrorCode::kUndefinedColumn: return "42703";
    case ErrorCode::kUndefinedFunction: return "42883";
    case ErrorCode::kUndefinedParameter: return "42P02";
    case ErrorCode::kDivisionByZero: return "22012";
    case ErrorCode::kNumericOutOfRange: return "22003";
    case ErrorCode::kBadEncoding: return "22021";
    case ErrorCode::kNotGranted: return "42501";
    case ErrorCode::kWrongPassword: return "28P01";
    case ErrorCode::kInvalidAuthorization: return "28000";
    case ErrorCode::kActiveTransaction: return "25001";
    case ErrorCode::kNoActiveTransaction: return "25P01";
    case ErrorCode::kUndefinedSavepoint: return "3B001";
    case ErrorCode::kReadOnlyTransaction: return "25006";
    case ErrorCode::kFailedTransaction: return "25P02";
    case ErrorCode::kConflict: return "40001";
    case ErrorCode::kDiskFull: return "53100";
    case ErrorCode::kOutOfMemory: return "53200";
    case ErrorCode::kTooManyConnections: return "53300";
    case ErrorCode::kQuotaExceeded: return "53400";
    case ErrorCode::kLimitExceeded: return "54000";
    case ErrorCode::kNestedTooDeep: return "54001";
    case ErrorCode::kSnapshotTooOld: return "72000";
    case ErrorCode::kCancelled: return "57014";
    case ErrorCode::kShutdown: return "57P01";
    case ErrorCode::kNotReady: return "57P03";
    case ErrorCode::kProtocol: return "08P01";
    case ErrorCode::kUndefinedStatement: return "26000";
    case ErrorCode::kDuplicateStatement: return "42P05";
    case ErrorCode::kDuplicatePortal: return "42P03";
    case ErrorCode::kPortalFinished: return "55000";
    case ErrorCode::kUndefinedPortal: return "34000";
    case ErrorCode::kNotSupported: return "0A000";
    case ErrorCode::kCorruption: return "XX001";
    case ErrorCode::kTooNew: return "XX001";
    case ErrorCode::kIo: return "58030";
    case ErrorCode::kPanic: return "XX000";
    case ErrorCode::kInternal: return "XX000";
  }
  return "XX000";
}

bool concerns_operator(ErrorCode code) {
  switch (code) {
    case ErrorCode::kDiskFull:
    case ErrorCode::kOutOfMemory:
    case ErrorCode::kCorruption:
    case ErrorCode::kTooNew:
    case ErrorCode::kIo:
    case ErrorCode::kPanic:
    case ErrorCode::kInternal: return true;
    default: return false;
  }
}

}  // namespace alcove::server
