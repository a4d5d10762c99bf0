#pragma once

#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "executor/system_expression.h"
#include "executor/system_table.h"
#include "parser/statement.h"

namespace alcove::executor {

// A SELECT on the catalogue in SQLite's words. It is made anew from what was read: no name, operator
// or text of the client's stands in it but as a quoted literal, so it can do nothing else.
struct SystemTranslation {
  std::string sql;                     // parameter ?1 is the first of the statement's, and so on
  std::vector<SystemColumn> columns;
  std::set<const SystemTable*> tables;  // that have to be there
  ParameterTypes parameters;            // what the statement makes of them
};

// Reads SELECT, WITH and VALUES in PostgreSQL's dialect: joins, subqueries, aggregates, windows, set
// operations, arrays, casts, functions that make rows. Looks at nothing but the definitions of the
// catalogue's tables, so that it can be described before it runs.
// Errors, each with its place: kSyntax, kUndefinedIndex for a table that there is not,
// kUndefinedColumn, kUndefinedFunction, kUndefinedObject for a type, kWrongType, kInvalidText,
// kNotSupported with a hint, kNestedTooDeep, kLimitExceeded past kSystemTokensMax.
Result<SystemTranslation> translate(const parser::SystemSelect& select);

inline constexpr std::size_t kSystemTokensMax = 50'000;  // setting catalogue_tokens_max

// Gives the parameters that are not cast the types that the statement makes of them.
// Errors: as translate().
Status infer_parameters(parser::SystemSelect& select);

}  // namespace alcove::executor
