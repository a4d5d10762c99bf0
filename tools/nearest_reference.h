#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "tools/word_vectors.h"

namespace alcove::tools {

// What a query answered: words of its result, best first, with the scores that came with them.
struct Neighbour {
  std::size_t word = 0;
  double score = 0;
};

// Whether an answer is right, by a brute force in double precision that shares nothing with the
// engine. Scores closer than kScoreTolerance may stand in either order. Immutable; thread-safe.
class NearestReference {
 public:
  static constexpr double kScoreTolerance = 1e-6;

  // `stored` are the numbers of the words that are in the index. Borrows `words`.
  NearestReference(const WordVectors& words, std::vector<std::size_t> stored);

  // Cosine similarity of the word `query` with each stored word, in the order of `stored`.
  std::vector<double> scores(std::size_t query) const;

  using Filter = std::function<bool(std::size_t word)>;
  struct Verdict {
    std::size_t expected = 0;  // how many the answer should have
    std::size_t found = 0;     // how many of it belong there
    std::string fault;         // empty unless a score, the order or a record is wrong
  };
  // Judges the answer to "the `k` nearest of the stored words that pass `filter`".
  Verdict judge(std::span<const double> scores, const Filter& filter, std::size_t k,
                std::span<const Neighbour> answer) const;

 private:
  static constexpr std::size_t kNotStored = ~std::size_t{0};
  const WordVectors& words_;
  std::vector<std::size_t> stored_;
  std::vector<std::size_t> place_;       // of a word in stored_, or kNotStored
  std::vector<double> inverse_norms_;    // of every word
};

}  // namespace alcove::tools
