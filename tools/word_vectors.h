#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace alcove::tools {

// Words with a vector each, as GloVe publishes them: the most frequent first. A value; immutable
// once read.
struct WordVectors {
  std::uint32_t dimension = 0;
  std::vector<std::string> words;
  std::vector<float> values;  // words.size() * dimension, word by word

  std::span<const float> vector(std::size_t word) const {
    return std::span(values).subspan(word * dimension, dimension);
  }
};

// Reads a text file of lines `word v1 v2 …`, at most `limit` of them (0: all). Each number is
// rounded once to float32. Errors: kIo; kInvalidText naming the line.
Result<WordVectors> read_word_vectors(const std::string& path, std::size_t limit);

// The tenant that the bench puts a word into: its first letter where that is a to z, else `other`
// (digits, punctuation, letters beyond ASCII).
std::string_view namespace_of(std::string_view word);

// Characters (code points) in a word of UTF-8.
std::size_t length_of(std::string_view word);

}  // namespace alcove::tools
