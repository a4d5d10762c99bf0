#include "tools/bench_command.h"

#include <cstdlib>
#include <memory>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <fmt/format.h>

#include "tools/bench_load.h"

namespace alcove::tools {
namespace {

int run(const BenchLoadOptions& options) {
  const Result<bool> right = bench_load(options);
  if (!right) {
    fmt::print(stderr, "alcove: {}\n", right.error().message());
    return EXIT_FAILURE;
  }
  return *right ? EXIT_SUCCESS : EXIT_FAILURE;
}

}  // namespace

void add_bench_command(CLI::App& app, int& exit_code) {
  CLI::App* bench = app.add_subcommand("bench", "Measure a running server");
  bench->require_subcommand(1);
  CLI::App* load = bench->add_subcommand(
      "load", "Load word vectors, read them back, query them, and check every answer");
  const auto options = std::make_shared<BenchLoadOptions>();
  options->words_path = "build/bench-data/words.txt";
  load->add_option("--url", options->url,
                   "Where the server is: \"host=… port=…\" or postgresql://… "
                   "(default: PGHOST, PGPORT, else 127.0.0.1, port 7432)");
  load->add_option("--words", options->words_path,
                   "Lines of a word and its numbers; tools/fetch-words makes the default file")
      ->capture_default_str();
  load->add_option("--limit", options->limit, "Take only the first so many words");
  load->add_option("--connections", options->connections, "Connections that load")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  load->add_flag("--exact", options->exact, "Ask EXACT, and accept no missing neighbour");
  load->add_flag("--replace", options->replace, "Drop the index glove where it exists");
  load->footer(
      "Makes the index glove with a namespace for each first letter a to z, and one, other, for\n"
      "words that begin with anything else. 1,000 words are not stored but asked for.");
  load->callback([options, &exit_code] { exit_code = run(*options); });
}

}  // namespace alcove::tools
