#pragma once

#include <memory>
#include <vector>

#include "executor/run.h"
#include "executor/session.h"
#include "parser/statement.h"

namespace alcove::executor {

// QUERY: the nearest records of one, several or all namespaces of an index.
Result<std::unique_ptr<Run>> start_query(Session& session, const parser::Query& query);

// The columns of its rows, with vectors of type `vectors`.
std::vector<Column> columns_of(const parser::Query& query, Type vectors);

// EXPLAIN [ANALYZE] QUERY: what it would read, or what it has read.
Result<std::unique_ptr<Run>> start_explain(Session& session, const parser::Explain& explain);

}  // namespace alcove::executor
