#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/result.h"

namespace alcove::tools {

struct BenchLoadOptions {
  std::string url;         // conninfo; empty: as `alcove shell` finds its server
  std::string words_path;  // see word_vectors.h
  std::size_t limit = 0;   // words to read; 0: all
  unsigned connections = 4;
  bool exact = false;      // queries say EXACT, and must then find everything
  bool replace = false;    // an index `glove` that exists is dropped
};

// Loads word vectors into the index `glove` of a running server, a namespace for each first letter,
// all but 1,000 of them; reads every record back and compares it bit for bit; asks for the
// neighbours of the 1,000 and compares with a brute force of its own. Prints a table. Returns
// whether everything was right. Errors: kIo, kInvalidText.
Result<bool> bench_load(const BenchLoadOptions& options);

}  // namespace alcove::tools
