#include "tools/keyword_completion.h"

#include <algorithm>

namespace alcove::tools {
namespace {

constexpr std::string_view kKeywords[] = {
    "AFTER", "ALL", "AND", "ANALYZE", "BEGIN", "CHECKPOINT", "COMMIT", "COMPACT", "CONTAINS",
    "COPY", "COSINE", "CREATE", "DELETE", "DESCRIBE", "DIMENSION", "DOTPRODUCT", "DROP",
    "EUCLIDEAN", "EXACT", "EXISTS", "EXPLAIN", "FROM", "INCLUDE", "INDEX", "INDEXES", "INTO",
    "LIKE", "LIMIT", "METADATA", "METRIC", "NAMESPACE", "NAMESPACES", "NEAREST", "OFFSET",
    "ORDER BY", "QUERY", "RESET", "ROLLBACK", "SELECT", "SET", "SHOW", "STDIN", "STDOUT",
    "UPDATE", "UPSERT", "VALUES", "WHERE"};

char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool is_letter(char c) { return upper(c) >= 'A' && upper(c) <= 'Z'; }

bool begins_with(std::string_view keyword, std::string_view word) {
  return word.size() <= keyword.size() &&
         std::equal(word.begin(), word.end(), keyword.begin(),
                    [](char a, char b) { return upper(a) == b; });
}

bool inside_quotes(std::string_view line) { return std::count(line.begin(), line.end(), '\'') % 2; }

}  // namespace

Completion complete_keyword(std::string_view line) {
  std::size_t begin = line.size();
  while (begin > 0 && is_letter(line[begin - 1])) --begin;
  const std::string_view word = line.substr(begin);
  if (word.empty() || inside_quotes(line)) return {};

  std::vector<std::string_view> matches;
  for (const std::string_view keyword : kKeywords) {
    if (begins_with(keyword, word)) matches.push_back(keyword);
  }
  if (matches.empty()) return {};

  std::string_view shared = matches.front();
  for (const std::string_view match : matches) {
    const auto differ = std::mismatch(shared.begin(), shared.end(), match.begin(), match.end());
    shared = shared.substr(0, static_cast<std::size_t>(differ.first - shared.begin()));
  }
  const bool lower_case = word.back() == lower(word.back());
  const auto in_case = [&](std::string_view text) {
    std::string out(text);
    if (lower_case) std::transform(out.begin(), out.end(), out.begin(), lower);
    return out;
  };
  Completion completion;
  completion.suffix = in_case(shared.substr(word.size()));
  if (matches.size() == 1) {
    completion.suffix += ' ';
  } else {
    for (const std::string_view match : matches) completion.candidates.push_back(in_case(match));
    std::sort(completion.candidates.begin(), completion.candidates.end());
  }
  return completion;
}

}  // namespace alcove::tools
