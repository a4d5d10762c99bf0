#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "executor/postgres_type.h"
#include "executor/row.h"

namespace alcove::executor {

// A value of a SELECT without an index, which owns its parts; NULL has a type too. kInt4, kInt8,
// kOid and kRegtype are int64_t; kUnknown, kText, kName, kJsonb, kTimestampTz and kVoid are text.
// Thread-compatible.
struct ConstantValue {
  using What = std::variant<std::monostate, bool, std::int64_t, float, double, std::string,
                            std::vector<float>>;

  // Never inline: g++ 12 takes the moves of a variant that it can look into for misuse of memory.
  [[gnu::noinline]] ConstantValue();  // NULL, unknown
  [[gnu::noinline]] ConstantValue(ConstantType its_type, What its_value);

  ConstantType type;
  What what;

  bool is_null() const { return what.index() == 0; }
  bool boolean() const { return std::get<bool>(what); }
  std::int64_t integer() const { return std::get<std::int64_t>(what); }
  double real() const { return std::get<double>(what); }
  const std::string& text() const { return std::get<std::string>(what); }

  bool operator==(const ConstantValue&) const = default;
};

// A view of the value for a row; lives as long as the value. Requires: not a regtype.
Cell cell_of(const ConstantValue& value);

// A number as written in a statement: integer or bigint by its size, else double precision (where
// PostgreSQL has numeric). Errors: kInvalidValue beyond double precision.
Result<ConstantValue> number_constant(std::string_view text);

// What CAST and :: do. Errors: kWrongType where there is no such cast, kInvalidText for text that
// is not of the type's form, kNumericOutOfRange, kUndefinedObject for regtype, kNotSupported for
// types of which there are no constants; what metadata and vectors are refused for.
Result<ConstantValue> cast(ConstantValue value, const PostgresType& type);
Result<ConstantValue> cast(ConstantValue value, ConstantType type);

// Whether an argument of one type is taken where a function has the other.
bool converts_implicitly(ConstantType from, ConstantType to);

// + - * / and '|' for ||, of NULL NULL. The result's type depends on nothing but the operands'
// types. Errors: kUndefinedFunction for types that it does not take, kDivisionByZero,
// kNumericOutOfRange.
Result<ConstantValue> apply_operator(char symbol, ConstantValue left, ConstantValue right);
// Unary minus.
Result<ConstantValue> negate(ConstantValue value);

}  // namespace alcove::executor
