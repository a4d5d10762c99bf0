#include "parser/syntax_error.h"

#include <algorithm>
#include <numeric>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "parser/name.h"

namespace alcove::parser {
namespace {

constexpr std::size_t kShownMax = 40;  // bytes of the statement that a message repeats

// The language's keywords, for hints and to be shown in capitals.
constexpr std::string_view kKeywords[] = {
    "ABORT",    "ADMIN",     "AFTER",       "ALL",       "ALTER",    "ANALYZE",    "AND",
    "ANY",      "ARRAY",     "ASC",         "BEGIN",     "BINARY",   "BY",         "CAST",
    "CHECKPOINT", "CLOSE",   "COMMIT",      "COMPACT",   "CONTAINS", "COPY",       "COUNT",
    "CREATE",   "CSV",       "CURSOR",      "DEALLOCATE",  "DECLARE",   "DEFAULT",  "DELETE",     "DESC",
    "DESCRIBE", "DIMENSION", "DISCARD",     "DROP",      "END",      "EXACT",      "EXECUTE",
    "EXISTS",   "EXPLAIN",   "FALSE",       "FETCH",     "FOR",      "FORMAT",     "FROM",
    "GRANT",    "GRANTS",    "HEADER",      "ID",        "IF",       "IN",         "INCLUDE",
    "INDEX",    "INDEXES",   "INTO",        "IS",        "ISOLATION", "LEVEL",     "LIKE",
    "LIMIT",    "LISTEN",    "LOCAL",       "LOGIN",     "METADATA", "METRIC",     "MOVE",
    "NAMESPACE", "NAMESPACES", "NEAREST", "NOLOGIN", "NOSUPERUSER", "NOT", "NULL", "OF", "OFFSET",
    "ON", "OR", "ORDER", "PASSWORD", "PREPARE", "QUERY", "READ", "RECALL", "RELEASE", "RESET",
    "REVOKE", "ROLE", "ROLLBACK", "SAMPLE", "SAVEPOINT", "SELECT", "SESSION", "SET", "SHOW",
    "START", "STDIN", "STDOUT", "SUPERUSER", "TO", "TOP", "TRANSACTION", "TRUE", "UNLISTEN",
    "UPDATE", "UPSERT", "USAGE", "VALUES", "WHERE", "WITH", "WRITE"};

constexpr std::string_view kCreateHint =
    "Records are kept in an index: CREATE INDEX name DIMENSION n [METRIC cosine].";

// What people type who come from elsewhere, and what does it here. Longer forms come first.
struct Foreign {
  std::string_view first;
  std::string_view second;  // empty: any
  std::string_view hint;
};
constexpr Foreign kForeign[] = {
    {"INSERT", "", "Use UPSERT INTO index NAMESPACE name VALUES (id, vector, metadata)."},
    {"MERGE", "", "UPSERT replaces records whole, UPDATE … SET changes them."},
    {"REPLACE", "", "Use UPSERT INTO index NAMESPACE name VALUES (id, vector, metadata)."},
    {"SEARCH", "", "Use QUERY index NAMESPACE name NEAREST vector TOP n."},
    {"FIND", "", "Use QUERY index NAMESPACE name NEAREST vector TOP n."},
    {"TRUNCATE", "", "Use DELETE FROM index NAMESPACE name, or DROP NAMESPACE name FROM index."},
    {"VACUUM", "", "Space comes back by itself; COMPACT NAMESPACE name FROM index does it now."},
    {"ANALYZE", "", "There are no statistics to gather."},
    {"REINDEX", "", "COMPACT NAMESPACE name FROM index writes its segments and indexes anew."},
    {"CLUSTER", "", "COMPACT NAMESPACE name FROM index writes its segments and indexes anew."},
    {"USE", "", "Use SET index = name and SET namespace = name."},
    {"DESC", "", "Use DESCRIBE INDEX name, or DESCRIBE NAMESPACE name FROM index."},
    {"NOTIFY", "", "Channels carry no notifications here."},
    {"CREATE", "TABLE", kCreateHint},
    {"CREATE", "COLLECTION", kCreateHint},
    {"CREATE", "SCHEMA", "Tenants are namespaces: CREATE NAMESPACE name IN index."},
    {"CREATE", "DATABASE", kCreateHint},
    {"CREATE", "UNIQUE", kCreateHint},
    {"CREATE", "EXTENSION", "Vectors need no extension here."},
    {"ALTER", "INDEX", "An index keeps its dimension and metric: create another and copy."},
    {"ALTER", "TABLE", "An index keeps its dimension and metric: create another and copy."},
    {"DROP", "TABLE", "Use DROP INDEX name, or DROP NAMESPACE name FROM index."},
    {"DROP", "SCHEMA", "Use DROP NAMESPACE name FROM index."},
    {"DROP", "DATABASE", "Use DROP INDEX name."},
};

std::optional<std::string_view> foreign_hint(std::string_view first, std::string_view second) {
  for (const Foreign& it : kForeign) {
    if (!equals_keyword(first, it.first)) continue;
    if (it.second.empty() || equals_keyword(second, it.second)) return it.hint;
  }
  return std::nullopt;
}

std::optional<std::string_view> keyword(std::string_view text) {
  for (const std::string_view it : kKeywords) {
    if (equals_keyword(text, it)) return it;
  }
  return std::nullopt;
}

// How many letters to add, remove, change or swap with their neighbour to make one of the other.
std::size_t edit_distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> before_last(b.size() + 1);
  std::vector<std::size_t> last(b.size() + 1);
  std::vector<std::size_t> current(b.size() + 1);
  std::iota(last.begin(), last.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    current[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = a[i - 1] == b[j - 1] ? 0 : 1;
      current[j] = std::min({last[j] + 1, current[j - 1] + 1, last[j - 1] + change});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) current[j] = std::min(current[j], before_last[j - 2] + 1);
    }
    before_last.swap(last);
    last.swap(current);
  }
  return last[b.size()];
}

// The keyword that `text` nearly is. Three letters are near to too many: there only their order
// may differ.
std::optional<std::string_view> near_keyword(std::string_view text) {
  constexpr std::size_t kLengthMin = 3;
  constexpr std::size_t kLengthMax = 16;
  constexpr std::size_t kLong = 6;
  if (text.size() < kLengthMin || text.size() > kLengthMax || keyword(text)) return std::nullopt;
  std::size_t best = text.size() < kLong ? 1 : 2;
  std::optional<std::string_view> nearest;
  for (const std::string_view it : kKeywords) {
    if (it.size() < kLengthMin) continue;
    const std::size_t distance = edit_distance(lower_case(text), lower_case(it));
    const bool same_letters = std::is_permutation(text.begin(), text.end(), it.begin(), it.end(),
                                                  [](char a, char b) { return (a ^ b) % 32 == 0; });
    if (text.size() == kLengthMin && !same_letters) continue;
    if (distance < best || (distance == best && !nearest)) {
      best = distance;
      nearest = it;
    }
  }
  return nearest;
}

std::string_view word_at(std::string_view text) { return text.substr(0, bare_name_length(text)); }

Error with_near_keyword(Error error, std::string_view text) {
  const auto nearest = near_keyword(word_at(text));
  return nearest ? error.with_hint(fmt::format("Did you mean {}?", *nearest)) : error;
}

// Cut so that no character is left in halves.
std::string_view cut(std::string_view text, std::size_t size) {
  if (text.size() <= size) return text;
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0U) == 0x80U) --size;
  return text.substr(0, size);
}

// What stands at the beginning of `text`, as a reader would name it: a word, a quoted thing, a
// character.
std::string_view token_at(std::string_view text) {
  std::size_t length = bare_name_length(text);
  if (length == 0 && (text.front() == '\'' || text.front() == '"')) {
    const std::size_t close = text.find(text.front(), 1);
    length = close == std::string_view::npos ? text.size() : close + 1;
  }
  if (length == 0) {
    length = 1;
    while (length < text.size() && (static_cast<unsigned char>(text[length]) & 0xC0U) == 0x80U) {
      ++length;
    }
  }
  return cut(text.substr(0, length), kShownMax);
}

// The last thing of `text`, as a message names it; empty where it is none or too long.
std::string token_before(std::string_view text) {
  const std::size_t last = text.find_last_not_of(" \t\r\n\f\v");
  if (last == std::string_view::npos) return {};
  text = text.substr(0, last + 1);
  const char end = text.back();
  std::size_t begin = text.size();
  const auto in_name = [text](std::size_t at) {
    return text[at] == '-' || bare_name_length(text.substr(at, 1)) != 0;
  };
  while (begin > 0 && in_name(begin - 1)) --begin;
  while (begin < text.size() && text[begin] == '-') ++begin;
  if (begin < text.size()) {
    const std::string_view word = text.substr(begin);
    if (word.size() > kShownMax) return {};
    return std::string(keyword(word).value_or(word));
  }
  if (end == '\'' || end == '"') {
    const std::size_t open = text.rfind(end, text.size() - 2);
    if (text.size() < 2 || open == std::string_view::npos || text.size() - open > kShownMax) {
      return "the string";
    }
    return std::string(text.substr(open));
  }
  if (static_cast<unsigned char>(end) >= 0x80) return {};
  return fmt::format("\"{}\"", end);
}

}  // namespace

Error expected(Input& input, const char* statement, const char* at, std::string_view what) {
  const std::string before =
      token_before({statement, static_cast<std::size_t>(at - statement)});
  const char* const found = input.skip_blanks(at);
  std::string message = fmt::format("expected {}", what);
  if (!before.empty()) message += " after " + before;
  const Error error = Error(ErrorCode::kSyntax, std::move(message)).at(input.offset(found));
  if (const auto hint = foreign_hint(before, word_at(input.from(found)))) {
    return error.with_hint(std::string(*hint));
  }
  return with_near_keyword(error, input.from(found));
}

Error unexpected(Input& input, const char* at) {
  const std::string_view text = input.from(at);
  if (text.empty()) {
    return Error(ErrorCode::kSyntax, "syntax error at end of input").at(input.offset(at));
  }
  const Error error = fail(ErrorCode::kSyntax, "syntax error at or near \"{}\"", token_at(text))
                          .at(input.offset(at));
  return with_near_keyword(error, text);
}

Error unknown_statement(Input& input, const char* at) {
  const Error error = unexpected(input, at);
  const auto hint = foreign_hint(word_at(input.from(at)), {});
  return hint ? error.with_hint(std::string(*hint)) : error;
}

}  // namespace alcove::parser
