#include "parser/syntax_error.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "parser/name.h"

namespace alcove::parser {
namespace {

constexpr std::size_t kShownMax = 40;  // bytes of the statement that a message repeats

// Every keyword of the language, for hints and to be shown in capitals.
constexpr std::array<std::string_view, 104> kKeywords = {
    "ABORT",     "ADMIN",      "AFTER",         "ALL",       "ALTER",     "ANALYZE",
    "AND",       "ANY",        "ARRAY",         "AS",        "ASC",       "BEGIN",
    "BINARY",    "BY",         "CAST",          "CHECKPOINT", "CLOSE",    "COMMIT",
    "COMPACT",   "CONTAINS",   "COPY",          "COUNT",     "CREATE",    "CSV",
    "DEALLOCATE", "DECLARE",   "DEFAULT",       "DELETE",    "DESC",      "DESCRIBE",
    "DIMENSION", "DISCARD",    "DROP",          "END",       "EXACT",     "EXECUTE",
    "EXISTS",    "EXPLAIN",    "FALSE",         "FETCH",     "FOR",       "FORMAT",
    "FROM",      "GRANT",      "GRANTS",        "HEADER",    "ID",        "IF",
    "IN",        "INCLUDE",    "INDEX",         "INDEXES",   "INTO",      "IS",
    "ISOLATION", "LEVEL",      "LIKE",          "LIMIT",     "LISTEN",    "LOCAL",
    "LOGIN",     "METADATA",   "METRIC",        "MOVE",      "NAMESPACE", "NAMESPACES",
    "NEAREST",   "NOLOGIN",    "NOT",           "NULL",      "OF",        "OFFSET",
    "ON",        "OR",         "ORDER",         "PASSWORD",  "PREPARE",   "QUERY",
    "READ",      "RECALL",     "RELEASE",       "RESET",     "REVOKE",    "ROLE",
    "ROLLBACK",  "SAMPLE",     "SAVEPOINT",     "SELECT",    "SESSION",   "SET",
    "SHOW",      "START",      "STDIN",         "STDOUT",    "TO",        "TOP",
    "TRANSACTION", "TRUE",     "UNLISTEN",      "UPDATE",    "UPSERT",    "USAGE",
    "VALUES",    "WHERE"};
constexpr std::array<std::string_view, 2> kMoreKeywords = {"WITH", "WRITE"};

}  // namespace
}  // namespace alcove::parser
