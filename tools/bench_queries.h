#pragma once

#include <vector>

#include <libpq-fe.h>

#include "base/result.h"
#include "tools/bench_step.h"
#include "tools/bench_words.h"

namespace alcove::tools {

enum class Exactness : unsigned char {
  kAsPromised,  // as the server answers by default; recall of at least 0.95
  kExact,       // QUERY … EXACT; nothing may be missing
};

// Asks the index `glove` for the neighbours of every held-out word, one query after the other: in
// its own tenant, in it with filters, and in all tenants; and judges every answer by a brute force
// of its own. A step for each kind of query. Errors: kIo with the server's message.
Result<std::vector<BenchStep>> bench_queries(PGconn* connection, const BenchWords& words,
                                             Exactness exactness);

}  // namespace alcove::tools
