#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace alcove::executor {

// The types of columns, named as PostgreSQL names them.
enum class Type : unsigned char {
  kBool, kInt2, kInt4, kInt8, kFloat4, kFloat8, kFloat4Array, kText, kName, kChar, kJsonb, kOid,
  kTimestampTz, kUnknown, kVoid,
  kVector, kVectorText,  // as kFloat4Array, but sent as pgvector's type, or as its text
  // Those of the catalogue's columns.
  kInt2Vector, kOidVector, kInt2Array, kInt4Array, kInt8Array, kOidArray, kTextArray, kNameArray,
  kCharArray, kRecordArray,
};

struct Column {
  std::string name;
  Type type = Type::kText;
};

// One value of a row: NULL, or what its column's type says. kInt2, kInt4, kInt8 and kOid are int64_t;
// kText, kName, kChar, kJsonb, kTimestampTz, kUnknown, kVoid and the catalogue's own types are text,
// as PostgreSQL writes them (`{a,"b c"}`). Views live during the call.
using Cell = std::variant<std::monostate, bool, std::int64_t, float, double, std::string_view,
                          std::span<const float>>;

// Takes the rows of a result, one by one, as they are found.
class RowSink {
 public:
  virtual ~RowSink() = default;
  virtual void row(std::span<const Cell> cells) = 0;
  // Whether so much is buffered that the producer should return from its step.
  virtual bool full() const = 0;
};

}  // namespace alcove::executor
