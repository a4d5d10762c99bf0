#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include <fmt/core.h>

namespace alcove::tests {

// A FILE OF VECTORS: their number n and dimension D as 32-bit integers, then nD float32, all in the machine's
// byte order. One of int32 in their place holds the nearest rows of each query (ann/truth.py).
template <class Number>
struct VectorFile {
  std::size_t count = 0;
  std::size_t dimension = 0;
  std::vector<Number> values;

  // Ends the program where that is none.
  explicit VectorFile(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    std::int32_t shape[2] = {0, 0};
    in.read(reinterpret_cast<char*>(shape), sizeof(shape));
    if (!in || shape[0] <= 0 || shape[1] <= 0) stop(path + " is not a file of vectors");
    count = static_cast<std::size_t>(shape[0]);
    dimension = static_cast<std::size_t>(shape[1]);
    values.resize(count * dimension);
    in.read(reinterpret_cast<char*>(values.data()), static_cast<std::streamsize>(values.size() * sizeof(Number)));
    if (!in) stop(path + " ends too early");
  }

  std::vector<Number> row(std::size_t i) const {
    const auto begin = values.begin() + static_cast<std::ptrdiff_t>(i * dimension);
    return {begin, begin + static_cast<std::ptrdiff_t>(dimension)};
  }

 private:
  [[noreturn]] static void stop(const std::string& message) {
    fmt::print(stderr, "{}\n", message);
    std::exit(1);
  }
};

using Vectors = VectorFile<float>;

}  // namespace alcove::tests
