#include "tools/bench_words.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace alcove::tools {

BenchWords::BenchWords(WordVectors words, std::size_t queries_max) : all(std::move(words)) {
  const std::size_t count = all.words.size();
  const std::size_t queries = std::min(queries_max, count / 10);
  for (std::size_t number = 0; number < count; ++number) {
    numbers.emplace(all.words[number], number);
    if (number * queries / count != (number + 1) * queries / count) {
      held_out.push_back(number);
    } else {
      stored.push_back(number);
      by_tenant[std::string(namespace_of(all.words[number]))].push_back(number);
    }
  }
}

std::string metadata_of(const WordVectors& words, std::size_t word) {
  return fmt::format(R"({{"rank": {}, "length": {}}})", rank_of(word),
                     length_of(words.words[word]));
}

std::string vector_literal(std::span<const float> vector) {
  return fmt::format("[{}]", fmt::join(vector, ","));
}

std::string string_literal(std::string_view text) {
  std::string literal = "'";
  for (const char c : text) {
    if (c == '\'') literal += '\'';
    literal += c;
  }
  return literal + '\'';
}

}  // namespace alcove::tools
