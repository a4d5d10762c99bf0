#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <fmt/core.h>

namespace alcove {

// The kinds of failure that a caller can tell apart. Each that may reach a client has exactly one
// SQLSTATE (server/sqlstate.h, docs: language.md "Errors").
enum class ErrorCode : unsigned char {
  kSyntax,
  kUndefinedIndex,
  kIndexExists,
  kNamespaceExists,
  kUndefinedNamespace,
  kRoleExists,
  kUndefinedObject,  // no such setting or role
  kReservedName,
  kInvalidValue,  // out of its range, wrong dimension, bad vector
  kInvalidText,   // bad text for a type
  kInvalidEscape,  // at the end of a LIKE pattern
  kBadCopyData,   // not of the format that COPY was told (22P04)
  kTooLong,       // id, name or metadata
  kNullNotAllowed,
  kWrongType,
  kUndefinedColumn,
  kUndefinedFunction,
  kUndefinedParameter,
  kDivisionByZero,
  kNumericOutOfRange,
  kBadEncoding,
  kNotGranted,
  kWrongPassword,
  kInvalidAuthorization,
  kActiveTransaction,    // not in a transaction (25001)
  kNoActiveTransaction,  // 25P01
  kFailedTransaction,    // 25P02
  kUndefinedSavepoint,   // 3B001
  kReadOnlyTransaction,  // 25006
  kConflict,             // 40001
  kDiskFull,
  kOutOfMemory,
  kTooManyConnections,
  kQuotaExceeded,
  kLimitExceeded,  // statement or transaction over a limit (54000)
  kNestedTooDeep,
  kSnapshotTooOld,
  kCancelled,
  kShutdown,
  kNotReady,
  kProtocol,
  kUndefinedStatement,
  kDuplicateStatement,
  kUndefinedPortal,
  kDuplicatePortal,
  kPortalFinished,  // 55000
  kNotSupported,
  kCorruption,  // stored data fails its checksum
  kTooNew,      // a file written by a newer version
  kIo,
  kPanic,  // durability is in doubt: the process must end and recover
  kInternal,
};

// A failure with its context: what was wrong, where and what to do. Cheap to move, cheap to copy.
// Immutable but for the `with_` builders. Thread-compatible.
class Error {
 public:
  Error() : Error(ErrorCode::kInternal, "no error") {}
  Error(ErrorCode code, std::string message) : body_(std::make_shared<Body>()) {
    body_->code = code;
    body_->message = std::move(message);
  }

  ErrorCode code() const { return body_->code; }
  const std::string& message() const { return body_->message; }
  const std::string& detail() const { return body_->detail; }
  const std::string& hint() const { return body_->hint; }
  // Where in data that a client sends the fault stands, as `COPY films, record 17`. Such an error's
  // offset, if it has one, is none in the statement.
  const std::string& context() const { return body_->context; }
  // Byte offset in the statement text at which the fault stands.
  std::optional<std::size_t> offset() const { return body_->offset; }

  Error with_detail(std::string detail) const {
    Error copy = own();
    copy.body_->detail = std::move(detail);
    return copy;
  }
  Error with_hint(std::string hint) const {
    Error copy = own();
    copy.body_->hint = std::move(hint);
    return copy;
  }
  Error with_context(std::string context) const {
    Error copy = own();
    copy.body_->context = std::move(context);
    return copy;
  }
  Error at(std::size_t offset) const {
    Error copy = own();
    copy.body_->offset = offset;
    return copy;
  }
  // The same error with `context` before its message: added once for each room it crosses.
  Error in(const std::string& context) const {
    Error copy = own();
    copy.body_->message = context + ": " + copy.body_->message;
    return copy;
  }
  Error with_code(ErrorCode code) const {
    Error copy = own();
    copy.body_->code = code;
    return copy;
  }

 private:
  struct Body {
    ErrorCode code = ErrorCode::kInternal;
    std::string message;
    std::string detail;
    std::string hint;
    std::string context;
    std::optional<std::size_t> offset;
  };
  Error own() const {
    Error copy;
    copy.body_ = std::make_shared<Body>(*body_);
    return copy;
  }
  std::shared_ptr<Body> body_;
};

// An Error with a formatted message: fail(ErrorCode::kIo, "{}: short read", path).
template <class... Args>
Error fail(ErrorCode code, fmt::format_string<Args...> format, Args&&... args) {
  return Error(code, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace alcove
