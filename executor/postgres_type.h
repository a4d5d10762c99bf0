#pragma once

#include <cstdint>
#include <optional>
#include <span>
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

// The type of a column that holds values of a type; those that are not among them are sent as text.
Type column_type(std::uint32_t oid);

// The types by name that clients ask about. OIDs are PostgreSQL's own, but for vector, whose OID
// is fixed for good: drivers keep it across servers and restarts.
inline constexpr std::uint32_t kVectorOid = 16385;
inline constexpr std::uint32_t kVectorArrayOid = 16386;

// PostgreSQL's numbers of the types that the catalogue's tables and expressions have.
namespace type_oid {
inline constexpr std::uint32_t kBool = 16;
inline constexpr std::uint32_t kChar = 18;
inline constexpr std::uint32_t kName = 19;
inline constexpr std::uint32_t kInt8 = 20;
inline constexpr std::uint32_t kInt2 = 21;
inline constexpr std::uint32_t kInt2Vector = 22;
inline constexpr std::uint32_t kInt4 = 23;
inline constexpr std::uint32_t kRegproc = 24;
inline constexpr std::uint32_t kText = 25;
inline constexpr std::uint32_t kOid = 26;
inline constexpr std::uint32_t kXid = 28;
inline constexpr std::uint32_t kOidVector = 30;
inline constexpr std::uint32_t kFloat4 = 700;
inline constexpr std::uint32_t kFloat8 = 701;
inline constexpr std::uint32_t kUnknown = 705;
inline constexpr std::uint32_t kCharArray = 1002;
inline constexpr std::uint32_t kNameArray = 1003;
inline constexpr std::uint32_t kInt2Array = 1005;
inline constexpr std::uint32_t kInt4Array = 1007;
inline constexpr std::uint32_t kTextArray = 1009;
inline constexpr std::uint32_t kInt8Array = 1016;
inline constexpr std::uint32_t kOidArray = 1028;
inline constexpr std::uint32_t kBpchar = 1042;
inline constexpr std::uint32_t kVarchar = 1043;
inline constexpr std::uint32_t kTimestampTz = 1184;
inline constexpr std::uint32_t kNumeric = 1700;
inline constexpr std::uint32_t kRegclass = 2205;
inline constexpr std::uint32_t kRegtype = 2206;
inline constexpr std::uint32_t kRecord = 2249;
inline constexpr std::uint32_t kVoid = 2278;
inline constexpr std::uint32_t kRecordArray = 2287;
inline constexpr std::uint32_t kJsonb = 3802;
inline constexpr std::uint32_t kRegnamespace = 4089;
inline constexpr std::uint32_t kRegrole = 4096;
}  // namespace type_oid

// What pg_type says of a type that is no array; of arrays it says the same of all.
struct TypeEntry {
  std::uint32_t oid = 0;
  std::uint32_t array_oid = 0;    // 0: no arrays of it
  std::string_view name;          // in SQL
  std::string_view catalog_name;  // typname
  std::string_view alias;
  std::int16_t length = 0;        // typlen
  char category = 'U';            // typcategory
  std::string_view functions;     // what typinput and the others begin with: `json_`
  std::optional<ConstantType> constant;  // what a cast to it makes; none: known by name only
};
std::span<const TypeEntry> type_entries();

// Of the array type of an element type, and the other way round; 0: there is none.
std::uint32_t array_type(std::uint32_t element);
std::uint32_t element_type(std::uint32_t array);

struct PostgresType {
  std::uint32_t oid = 0;
  std::string name;                      // `integer[]`
  std::optional<ConstantType> constant;  // as in its entry
};

// By any of its names, in lower case (`int4`, `integer`, `int`, `_int4`, `integer[]`), with or
// without `pg_catalog.` or, for vector, `public.` before it.
std::optional<PostgresType> find_type(std::string_view name);
std::optional<PostgresType> find_type(std::uint32_t oid);

}  // namespace alcove::executor
