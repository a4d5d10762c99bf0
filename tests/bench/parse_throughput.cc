// How fast parse() reads what Alcove reads most: an UPSERT of 100 records of 768 numbers. Prints
// megabytes per second of this process's CPU time, best of several rounds.

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <random>
#include <string>

#include <fmt/format.h>

#include "parser/parse.h"

namespace {

// `shape` is fmt's, such as {:.8f}.
std::string upsert_text(int records, int dimension, const char* shape) {
  std::mt19937 random(1);
  std::uniform_real_distribution<double> uniform(-1, 1);
  std::string text = "UPSERT INTO multitenant-app NAMESPACE tenant1 VALUES ";
  for (int record = 0; record < records; ++record) {
    text += fmt::format("{}('doc-{}', [", record == 0 ? "" : ", ", record);
    for (int i = 0; i < dimension; ++i) {
      text += i == 0 ? "" : ", ";
      text += fmt::format(fmt::runtime(shape), uniform(random));
    }
    text += "], '{\"genre\": \"comedy\", \"year\": 2020}')";
  }
  return text;
}

double cpu_seconds() {
  std::timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

// Megabytes (10^6 bytes) per second, best of some rounds.
double throughput(const std::string& text) {
  double best_seconds = 1e9;
  for (int round = 0; round < 50; ++round) {
    const double begin = cpu_seconds();
    const auto statements = alcove::parser::parse(text);
    best_seconds = std::min(best_seconds, cpu_seconds() - begin);
    if (!statements) {
      fmt::print(stderr, "{}\n", statements.error().message());
      std::exit(1);
    }
  }
  return static_cast<double>(text.size()) / best_seconds / 1e6;
}

void report(const char* what, const char* shape) {
  const std::string text = upsert_text(100, 768, shape);
  fmt::print("{:<28} {:8} bytes {:8.0f} MB/s\n", what, text.size(), throughput(text));
}

}  // namespace

int main() {
  report("8 decimals", "{:.8f}");
  report("float32, shortest", "{:.9g}");
  report("float64, as Python writes it", "{:.17g}");
  report("2 decimals", "{:.2f}");
}
