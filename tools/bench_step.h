#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

namespace alcove::tools {

// What one step of a bench did and how long it took: a line of the table in the end. A value.
struct BenchStep {
  std::string name;
  std::size_t count = 0;  // records or queries
  double seconds = 0;
  std::vector<double> latencies_ms;  // of queries
  std::size_t expected = 0;          // neighbours that there should be
  std::size_t found = 0;
  std::string fault;  // empty: everything was right

  // Adds the time of one query that began at `begin`.
  void add_query(std::chrono::steady_clock::time_point begin);
  double recall() const;
};

// The steps as a table.
std::string format_steps(const std::vector<BenchStep>& steps);

}  // namespace alcove::tools
