#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "executor/row.h"

namespace alcove::executor {

// The types that the constants of a SELECT have: those of columns, and regtype, whose value is an
// OID and which is sent as the type's name.
enum class ConstantType : unsigned char {
  kUnknown, kBool, kInt4, kInt8, kFloat4, kFloat8, kText, kName, kOid, kRegtype, kJsonb,
  kTimestampTz, kVector, kVoid,
};

// Name of a type as PostgreSQL prints it in messages and for pg_typeof(): `integer`.
std::string_view type_name(ConstantType type);

// The type of a column that holds such constants. Unknown literals are sent as text.
Type column_type(ConstantType type);

// The types by name that clients ask about. OIDs are PostgreSQL's own, but for vector, whose OID
// is fixed for good: drivers keep it across servers and restarts.
inline constexpr std::uint32_t kVectorOid = 16385;
inline constexpr std::uint32_t kVectorArrayOid = 16386;

struct PostgresType {
  std::uint32_t oid = 0;
  std::string name;                      // `integer[]`
  std::optional<ConstantType> constant;  // what a cast to it makes; none: known by name only
};

// By any of its names, in lower case (`int4`, `integer`, `int`, `_int4`, `integer[]`), with or
// without `pg_catalog.` or, for vector, `public.` before it.
std::optional<PostgresType> find_type(std::string_view name);
std::optional<PostgresType> find_type(std::uint32_t oid);

}  // namespace alcove::executor
