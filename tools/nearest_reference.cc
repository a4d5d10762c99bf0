#include "tools/nearest_reference.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include <fmt/format.h>

namespace alcove::tools {
namespace {

// Several sums at once, so that the additions do not wait for each other.
double dot(std::span<const float> a, std::span<const float> b) {
  std::array<double, 8> sums{};
  std::size_t i = 0;
  for (; i + sums.size() <= a.size(); i += sums.size()) {
    for (std::size_t lane = 0; lane < sums.size(); ++lane) {
      sums[lane] += static_cast<double>(a[i + lane]) * static_cast<double>(b[i + lane]);
    }
  }
  double sum = 0;
  for (; i < a.size(); ++i) sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  for (const double part : sums) sum += part;
  return sum;
}

}  // namespace

NearestReference::NearestReference(const WordVectors& words, std::vector<std::size_t> stored)
    : words_(words), stored_(std::move(stored)), place_(words.words.size(), kNotStored) {
  for (std::size_t place = 0; place < stored_.size(); ++place) place_[stored_[place]] = place;
  for (std::size_t word = 0; word < words_.words.size(); ++word) {
    const std::span<const float> vector = words_.vector(word);
    inverse_norms_.push_back(1 / std::sqrt(dot(vector, vector)));
  }
}

std::vector<double> NearestReference::scores(std::size_t query) const {
  std::vector<double> scores;
  scores.reserve(stored_.size());
  const std::span<const float> vector = words_.vector(query);
  for (const std::size_t word : stored_) {
    scores.push_back(dot(vector, words_.vector(word)) * inverse_norms_[query] *
                     inverse_norms_[word]);
  }
  return scores;
}

NearestReference::Verdict NearestReference::judge(std::span<const double> scores,
                                                  const Filter& filter, std::size_t k,
                                                  std::span<const Neighbour> answer) const {
  std::vector<double> best;
  for (std::size_t place = 0; place < stored_.size(); ++place) {
    if (filter(stored_[place])) best.push_back(scores[place]);
  }
  Verdict verdict;
  verdict.expected = std::min(k, best.size());
  const auto last = best.begin() + static_cast<std::ptrdiff_t>(verdict.expected);
  std::partial_sort(best.begin(), last, best.end(), std::greater<>());
  const double worst_that_belongs = verdict.expected == 0 ? 0 : best[verdict.expected - 1];

  if (answer.size() != verdict.expected) {
    verdict.fault = fmt::format("{} records, not {}", answer.size(), verdict.expected);
  }
  for (std::size_t i = 0; i < answer.size(); ++i) {
    const std::string& name = words_.words[answer[i].word];
    const std::size_t place = place_[answer[i].word];
    if (place == kNotStored || !filter(answer[i].word)) {
      verdict.fault = fmt::format("\"{}\" does not belong to the query", name);
      return verdict;
    }
    if (std::abs(scores[place] - answer[i].score) > kScoreTolerance) {
      verdict.fault = fmt::format("\"{}\" scores {}, not {}", name, scores[place], answer[i].score);
    }
    const auto earlier = answer.first(i);
    if (std::any_of(earlier.begin(), earlier.end(),
                    [&](const Neighbour& one) { return one.word == answer[i].word; })) {
      verdict.fault = fmt::format("\"{}\" stands twice", name);
      return verdict;
    }
    if (i > 0 && answer[i].score > answer[i - 1].score) {
      verdict.fault = fmt::format("\"{}\" stands behind a lower score", name);
    }
    if (scores[place] >= worst_that_belongs - kScoreTolerance) ++verdict.found;
  }
  return verdict;
}

}  // namespace alcove::tools
