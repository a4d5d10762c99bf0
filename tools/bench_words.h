#pragma once

#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "tools/word_vectors.h"

namespace alcove::tools {

// The words of the bench, divided into those that are stored and those that only ask. Immutable;
// not copied, as `numbers` are views of `all`.
struct BenchWords {
  WordVectors all;
  std::vector<std::size_t> stored;                            // in order of rank
  std::vector<std::size_t> held_out;                          // evenly spread over the ranks
  std::map<std::string, std::vector<std::size_t>> by_tenant;  // stored words, by rank
  std::unordered_map<std::string_view, std::size_t> numbers;  // of all words

  // Holds out `queries_max` words, or a tenth where there are few.
  BenchWords(WordVectors words, std::size_t queries_max);
  BenchWords(const BenchWords&) = delete;
  BenchWords& operator=(const BenchWords&) = delete;

  std::string_view word(std::size_t number) const { return all.words[number]; }
};

// A word's rank, 1 for the most frequent.
inline std::size_t rank_of(std::size_t word) { return word + 1; }

// The metadata that is stored with a word, in its canonical text: {"rank": 1, "length": 3}.
std::string metadata_of(const WordVectors& words, std::size_t word);

// A vector as a statement has it: [0.25,-1]. Reads back as the same floats.
std::string vector_literal(std::span<const float> vector);

// A string as a statement has it: 'it''s'.
std::string string_literal(std::string_view text);

}  // namespace alcove::tools
