#include "tools/bench_queries.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "tools/connection.h"
#include "tools/nearest_reference.h"
#include "tools/progress.h"

namespace alcove::tools {
namespace {

constexpr std::size_t kTop = 10;
constexpr double kRecallMin = 0.95;

// One kind of query: how it reads for a held-out word, and which words it means.
struct Question {
  std::string name;
  std::function<std::string(std::size_t query)> namespaces;  // the clause before NEAREST
  std::function<std::string(std::size_t query)> condition;   // the clause behind it
  std::function<NearestReference::Filter(std::size_t query)> filter;
};

using Answers = std::vector<std::vector<Neighbour>>;  // for each held-out word

std::vector<Question> questions(const BenchWords& words) {
  using Filter = NearestReference::Filter;
  // The most frequent eighth.
  const std::size_t rank_limit = words.all.words.size() / 8;
  const auto tenant = [&words](std::size_t word) { return namespace_of(words.word(word)); };
  const auto length = [&words](std::size_t word) { return length_of(words.word(word)); };
  const auto own_tenant = [tenant](std::size_t query) {
    return fmt::format("NAMESPACE {}", string_literal(tenant(query)));
  };
  return {
      {"one tenant", own_tenant, [](std::size_t) { return ""; },
       [tenant](std::size_t query) -> Filter {
         return [tenant, name = tenant(query)](std::size_t word) { return tenant(word) == name; };
       }},
      {fmt::format("… rank < {}", rank_limit), own_tenant,
       [rank_limit](std::size_t) { return fmt::format("WHERE rank < {}", rank_limit); },
       [tenant, rank_limit](std::size_t query) -> Filter {
         return [tenant, rank_limit, name = tenant(query)](std::size_t word) {
           return rank_of(word) < rank_limit && tenant(word) == name;
         };
       }},
      {"… length = its own", own_tenant,
       [length](std::size_t query) { return fmt::format("WHERE length = {}", length(query)); },
       [tenant, length](std::size_t query) -> Filter {
         return [tenant, length, name = tenant(query), wanted = length(query)](std::size_t word) {
           return tenant(word) == name && length(word) == wanted;
         };
       }},
      {"all tenants", [](std::size_t) { return "ALL NAMESPACES"; },
       [](std::size_t) { return ""; },
       [](std::size_t) -> Filter { return [](std::size_t) { return true; }; }},
  };
}

std::vector<Neighbour> neighbours_in(const PGresult* result, const BenchWords& words,
                                     BenchStep& step) {
  std::vector<Neighbour> neighbours;
  const int id_column = PQfnumber(result, "id");
  const int score_column = PQfnumber(result, "score");
  for (int row = 0; row < PQntuples(result); ++row) {
    const auto word = words.numbers.find(PQgetvalue(result, row, id_column));
    if (word == words.numbers.end()) {
      step.fault = "a record that was never stored";
      continue;
    }
    const float score = std::strtof(PQgetvalue(result, row, score_column), nullptr);
    neighbours.push_back({word->second, static_cast<double>(score)});
  }
  return neighbours;
}

Result<Answers> ask(PGconn* connection, const BenchWords& words, const Question& question,
                    Exactness exactness, BenchStep& step) {
  Answers answers;
  step.name = question.name;
  Progress progress("asking: " + question.name, words.held_out.size());
  for (const std::size_t query : words.held_out) {
    const std::string statement =
        fmt::format("QUERY glove {} NEAREST {} {} TOP {}{}", question.namespaces(query),
                    vector_literal(words.all.vector(query)), question.condition(query), kTop,
                    exactness == Exactness::kExact ? " EXACT" : "");
    const auto begin = std::chrono::steady_clock::now();
    const QueryResult result = TRY(execute(connection, statement));
    step.add_query(begin);
    answers.push_back(neighbours_in(result.get(), words, step));
    progress.add(1);
  }
  return answers;
}

// Fills in what each step found and what was wrong.
void judge(const BenchWords& words, const std::vector<Question>& kinds,
           const std::vector<Answers>& answers, std::vector<BenchStep>& steps) {
  const NearestReference reference(words.all, words.stored);
  Progress progress("checking by brute force", words.held_out.size());
  std::atomic<std::size_t> next{0};
  std::mutex mutex;  // protects `steps`
  const auto work = [&] {
    for (std::size_t i = next++; i < words.held_out.size(); i = next++) {
      const std::size_t query = words.held_out[i];
      const std::vector<double> scores = reference.scores(query);
      for (std::size_t kind = 0; kind < kinds.size(); ++kind) {
        const NearestReference::Verdict verdict =
            reference.judge(scores, kinds[kind].filter(query), kTop, answers[kind][i]);
        const std::lock_guard lock(mutex);
        steps[kind].expected += verdict.expected;
        steps[kind].found += verdict.found;
        if (!verdict.fault.empty()) {
          steps[kind].fault = fmt::format("\"{}\": {}", words.word(query), verdict.fault);
        }
      }
      progress.add(1);
    }
  };
  std::vector<std::jthread> threads;
  const unsigned count = std::max(1U, std::thread::hardware_concurrency());
  for (unsigned i = 0; i < count; ++i) threads.emplace_back(work);
}

}  // namespace

Result<std::vector<BenchStep>> bench_queries(PGconn* connection, const BenchWords& words,
                                             Exactness exactness) {
  const std::vector<Question> kinds = questions(words);
  std::vector<Answers> answers;
  std::vector<BenchStep> steps;
  for (const Question& kind : kinds) {
    Answers one = TRY(ask(connection, words, kind, exactness, steps.emplace_back()));
    answers.push_back(std::move(one));
  }
  judge(words, kinds, answers, steps);
  const double recall_min = exactness == Exactness::kExact ? 1 : kRecallMin;
  for (BenchStep& step : steps) {
    if (step.fault.empty() && step.recall() < recall_min) {
      step.fault = fmt::format("recall below {}", recall_min);
    }
  }
  return steps;
}

}  // namespace alcove::tools
