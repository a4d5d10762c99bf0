#include "tools/bench_load.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <chrono>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/number_text.h"
#include "tools/bench_queries.h"
#include "tools/bench_step.h"
#include "tools/bench_words.h"
#include "tools/connection.h"
#include "tools/progress.h"

namespace alcove::tools {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::size_t kQueries = 1000;
constexpr std::size_t kRowsPerStatement = 200;

double seconds_since(SteadyClock::time_point begin) {
  return std::chrono::duration<double>(SteadyClock::now() - begin).count();
}

Result<Connection> connect_to(const BenchLoadOptions& options) {
  ServerAddress address;
  address.conninfo = options.url;
  return connect(address);
}

Status create_index(PGconn* connection, const BenchLoadOptions& options, std::uint32_t dimension) {
  if (options.replace) TRY(execute(connection, "DROP INDEX IF EXISTS glove"));
  const Result<QueryResult> created = execute(
      connection, fmt::format("CREATE INDEX glove DIMENSION {} METRIC cosine", dimension));
  if (created) return {};
  return created.error().in("cannot make the index (--replace drops one that is there)");
}

// Words of one tenant that go into one statement.
struct Batch {
  const std::string* tenant = nullptr;
  std::span<const std::size_t> words;
};

std::vector<Batch> cut_into_batches(const BenchWords& words) {
  std::vector<Batch> batches;
  for (const auto& [tenant, of_tenant] : words.by_tenant) {
    std::span<const std::size_t> rest = of_tenant;
    while (!rest.empty()) {
      const std::size_t count = std::min(kRowsPerStatement, rest.size());
      batches.push_back({&tenant, rest.first(count)});
      rest = rest.subspan(count);
    }
  }
  // By rank over all tenants, as such words would arrive.
  std::stable_sort(batches.begin(), batches.end(), [](const Batch& a, const Batch& b) {
    return a.words.front() < b.words.front();
  });
  return batches;
}

std::string upsert_statement(const BenchWords& words, const Batch& batch) {
  std::string statement =
      fmt::format("UPSERT INTO glove NAMESPACE {} VALUES ", string_literal(*batch.tenant));
  for (const std::size_t word : batch.words) {
    if (word != batch.words.front()) statement += ", ";
    statement += fmt::format("({}, {}, '{}')", string_literal(words.word(word)),
                             vector_literal(words.all.vector(word)), metadata_of(words.all, word));
  }
  return statement;
}

// Sends batches, each loader the next one, until there are no more.
Status load_batches(const BenchLoadOptions& options, const BenchWords& words,
                    const std::vector<Batch>& batches, std::atomic<std::size_t>& next,
                    Progress& progress) {
  const Connection connection = TRY(connect_to(options));
  for (std::size_t i = next++; i < batches.size(); i = next++) {
    TRY(execute(connection.get(), upsert_statement(words, batches[i])));
    progress.add(batches[i].words.size());
  }
  return {};
}

Result<BenchStep> load(const BenchLoadOptions& options, const BenchWords& words) {
  const std::vector<Batch> batches = cut_into_batches(words);
  std::atomic<std::size_t> next{0};
  std::mutex mutex;  // protects `outcome`
  Status outcome;
  const SteadyClock::time_point begin = SteadyClock::now();
  {
    Progress progress("loading", words.stored.size());
    std::vector<std::jthread> loaders;
    for (unsigned i = 0; i < options.connections; ++i) {
      loaders.emplace_back([&] {
        const Status status = load_batches(options, words, batches, next, progress);
        if (status) return;
        next = batches.size();
        const std::lock_guard lock(mutex);
        outcome = status.error();
      });
    }
  }
  if (!outcome) return outcome.error().in("loading");
  BenchStep step;
  step.name = fmt::format("load, {} connections", options.connections);
  step.count = words.stored.size();
  step.seconds = seconds_since(begin);
  return step;
}

// Whether `text`, {0.25,-1}, is exactly these floats.
bool is_vector(std::string_view text, std::span<const float> vector) {
  if (!text.starts_with('{') || !text.ends_with('}')) return false;
  text = text.substr(1, text.size() - 2);
  for (const float expected : vector) {
    const std::size_t end = std::min(text.find(','), text.size());
    if (end == 0 || json_number_length(text.substr(0, end)) != end) return false;
    const Result<float> value = parse_float(text.substr(0, end));
    if (!value || std::bit_cast<std::uint32_t>(*value) != std::bit_cast<std::uint32_t>(expected)) {
      return false;
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return text.empty();
}

// What differs between a tenant's records and its words; nothing if they are the same.
std::string difference(const PGresult* result, const BenchWords& words,
                       std::vector<std::size_t> expected) {
  // Records come in bytewise order of id.
  std::sort(expected.begin(), expected.end(),
            [&](std::size_t a, std::size_t b) { return words.word(a) < words.word(b); });
  const auto count = static_cast<std::size_t>(PQntuples(result));
  if (count != expected.size()) return fmt::format("{} records, not {}", count, expected.size());
  for (std::size_t i = 0; i < count; ++i) {
    const int row = static_cast<int>(i);
    const std::size_t word = expected[i];
    if (PQgetvalue(result, row, 0) != words.word(word) ||
        !is_vector(PQgetvalue(result, row, 1), words.all.vector(word)) ||
        PQgetvalue(result, row, 2) != metadata_of(words.all, word)) {
      return fmt::format("\"{}\" differs", words.word(word));
    }
  }
  return {};
}

Result<BenchStep> read_back(PGconn* connection, const BenchWords& words) {
  BenchStep step;
  step.name = fmt::format("read back, {} tenants", words.by_tenant.size());
  step.count = words.stored.size();
  Progress progress("reading back", words.stored.size());
  for (const auto& [tenant, of_tenant] : words.by_tenant) {
    const std::string statement = fmt::format("SELECT id, values, metadata FROM glove NAMESPACE {}",
                                              string_literal(tenant));
    const SteadyClock::time_point begin = SteadyClock::now();
    const QueryResult result = TRY(execute(connection, statement));
    step.seconds += seconds_since(begin);
    const std::string fault = difference(result.get(), words, of_tenant);
    if (!fault.empty()) step.fault = fmt::format("{}: {}", tenant, fault);
    progress.add(of_tenant.size());
  }
  return step;
}

}  // namespace

Result<bool> bench_load(const BenchLoadOptions& options) {
  WordVectors vectors = TRY(read_word_vectors(options.words_path, options.limit));
  const BenchWords words(std::move(vectors), kQueries);
  fmt::print("{} words of {} dimensions, {} of them held out as queries\n", words.all.words.size(),
             words.all.dimension, words.held_out.size());

  const Connection connection = TRY(connect_to(options));
  TRY(create_index(connection.get(), options, words.all.dimension));
  std::vector<BenchStep> steps;
  BenchStep loaded = TRY(load(options, words));
  steps.push_back(std::move(loaded));
  BenchStep read = TRY(read_back(connection.get(), words));
  steps.push_back(std::move(read));
  const std::vector<BenchStep> asked = TRY(bench_queries(
      connection.get(), words, options.exact ? Exactness::kExact : Exactness::kAsPromised));
  steps.insert(steps.end(), asked.begin(), asked.end());
  fmt::print("\n{}", format_steps(steps));
  return std::all_of(steps.begin(), steps.end(),
                     [](const BenchStep& step) { return step.fault.empty(); });
}

}  // namespace alcove::tools
