#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace alcove::executor {

// An expression of a statement on the catalogue: PostgreSQL's type, and SQLite's text for it. How
// values stand in SQLite: booleans as 0 and 1, arrays as JSON, OIDs and all the reg… types as
// integers, the rest as SQLite's own.
struct SystemExpression {
  enum class Form : unsigned char {
    kValue,
    kText,       // a string or NULL of no type yet
    kParameter,  // of no type yet
  };
  std::string sql;
  std::uint32_t type = 0;
  std::string label = "?column?";
  Form form = Form::kValue;
  std::string text;             // of kText, unless it is NULL
  std::uint32_t parameter = 0;  // of kParameter: its number
  std::size_t offset = 0;
  std::uint32_t depth = 1;      // of SQLite's tree
  std::string record_text;      // of a row that is written out: what makes its text, `(a,1)`

  bool is_untyped() const { return form != Form::kValue; }
};

// Types that parameters have been found to have, by number.
using ParameterTypes = std::map<std::uint32_t, std::uint32_t>;

// SQLite's limit on the depth of an expression.
inline constexpr std::uint32_t kExpressionDepthMax = 1'000;  // setting catalogue_depth_max

std::string quoted_sql(std::string_view text);
std::string type_words(std::uint32_t type);  // for messages

bool is_array(std::uint32_t type);
bool is_reg(std::uint32_t type);  // regclass and its like
bool is_text_type(std::uint32_t type);

SystemExpression value_of(std::string sql, std::uint32_t type);
SystemExpression null_of(std::uint32_t type);

// Gives an untyped expression a type; others stay. Errors: kInvalidText, kUndefinedIndex and its
// like where a text does not stand for a value of the type.
Status settle(SystemExpression& expression, std::uint32_t type, ParameterTypes& parameters);

// `::type`. Errors: as settle(); kWrongType where there is no such cast.
Result<SystemExpression> cast_to(SystemExpression expression, std::uint32_t type,
                                 ParameterTypes& parameters);

// Settles two operands by each other's types. Errors: as settle(); kUndefinedFunction where they
// cannot be compared, in the words of `symbol`.
Status settle_operands(SystemExpression& left, SystemExpression& right, std::string_view symbol,
                       ParameterTypes& parameters);

// A binary operator that is neither AND nor OR. Errors: as above; kNotSupported.
Result<SystemExpression> apply_binary(std::string_view symbol, SystemExpression left,
                                      SystemExpression right, ParameterTypes& parameters);

// `left symbol ANY (array)` or ALL. Errors: as above.
Result<SystemExpression> apply_quantified(std::string_view symbol, bool all, SystemExpression left,
                                          SystemExpression array, ParameterTypes& parameters);

// Makes all of one type, the first that has one, else text.
Status settle_alike(std::vector<SystemExpression*> expressions, ParameterTypes& parameters);

}  // namespace alcove::executor
