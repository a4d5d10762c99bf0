#include "executor/postgres_type.h"

#include <array>
#include <vector>

#include "base/check.h"

namespace alcove::executor {
namespace {

constexpr std::array kTypes = {
    TypeEntry{16, 1000, "boolean", "bool", "", 1, 'B', "bool", ConstantType::kBool},
    TypeEntry{17, 1001, "bytea", "bytea", "", -1, 'U', "bytea", {}},
    TypeEntry{18, 1002, "\"char\"", "char", "", 1, 'Z', "char", {}},
    TypeEntry{19, 1003, "name", "name", "", 64, 'S', "name", ConstantType::kName},
    TypeEntry{20, 1016, "bigint", "int8", "", 8, 'N', "int8", ConstantType::kInt8},
    TypeEntry{21, 1005, "smallint", "int2", "", 2, 'N', "int2", ConstantType::kInt4},
    TypeEntry{22, 1006, "int2vector", "int2vector", "", -1, 'A', "int2vector", {}},
    TypeEntry{23, 1007, "integer", "int4", "int", 4, 'N', "int4", ConstantType::kInt4},
    TypeEntry{24, 1008, "regproc", "regproc", "", 4, 'N', "regproc", {}},
    TypeEntry{25, 1009, "text", "text", "", -1, 'S', "text", ConstantType::kText},
    TypeEntry{26, 1028, "oid", "oid", "", 4, 'N', "oid", ConstantType::kOid},
    TypeEntry{28, 1011, "xid", "xid", "", 4, 'U', "xid", {}},
    TypeEntry{30, 1013, "oidvector", "oidvector", "", -1, 'A', "oidvector", {}},
    TypeEntry{114, 199, "json", "json", "", -1, 'U', "json_", ConstantType::kJsonb},
    TypeEntry{194, 0, "pg_node_tree", "pg_node_tree", "", -1, 'Z', "pg_node_tree_", {}},
    TypeEntry{700, 1021, "real", "float4", "", 4, 'N', "float4", ConstantType::kFloat4},
    TypeEntry{701, 1022, "double precision", "float8", "float", 8, 'N', "float8", ConstantType::kFloat8},
    TypeEntry{705, 0, "unknown", "unknown", "", -2, 'X', "unknown", ConstantType::kUnknown},
    TypeEntry{869, 1041, "inet", "inet", "", -1, 'I', "inet_", {}},
    TypeEntry{1033, 1034, "aclitem", "aclitem", "", 12, 'U', "aclitem", {}},
    TypeEntry{1042, 1014, "character", "bpchar", "char", -1, 'S', "bpchar", ConstantType::kText},
    TypeEntry{1043, 1015, "character varying", "varchar", "", -1, 'S', "varchar", ConstantType::kText},
    TypeEntry{1082, 1182, "date", "date", "", 4, 'D', "date_", {}},
    TypeEntry{1083, 1183, "time without time zone", "time", "", 8, 'D', "time_", {}},
    TypeEntry{1114, 1115, "timestamp without time zone", "timestamp", "", 8, 'D', "timestamp_", {}},
    TypeEntry{1184, 1185, "timestamp with time zone", "timestamptz", "", 8, 'D', "timestamptz_", ConstantType::kTimestampTz},
    TypeEntry{1186, 1187, "interval", "interval", "", 16, 'T', "interval_", {}},
    TypeEntry{1560, 1561, "bit", "bit", "", -1, 'V', "bit_", {}},
    TypeEntry{1700, 1231, "numeric", "numeric", "decimal", -1, 'N', "numeric_", ConstantType::kFloat8},
    TypeEntry{2205, 2210, "regclass", "regclass", "", 4, 'N', "regclass", {}},
    TypeEntry{2206, 2211, "regtype", "regtype", "", 4, 'N', "regtype", ConstantType::kRegtype},
    TypeEntry{2249, 2287, "record", "record", "", -1, 'P', "record_", {}},
    TypeEntry{2275, 1263, "cstring", "cstring", "", -2, 'P', "cstring_", {}},
    TypeEntry{2278, 0, "void", "void", "", 4, 'P', "void_", {}},
    TypeEntry{2279, 0, "trigger", "trigger", "", 4, 'P', "trigger_", {}},
    TypeEntry{2950, 2951, "uuid", "uuid", "", 16, 'U', "uuid_", {}},
    TypeEntry{3802, 3807, "jsonb", "jsonb", "", -1, 'U', "jsonb_", ConstantType::kJsonb},
    TypeEntry{4089, 4090, "regnamespace", "regnamespace", "", 4, 'N', "regnamespace", {}},
    TypeEntry{4096, 4097, "regrole", "regrole", "", 4, 'N', "regrole", {}},
    TypeEntry{kVectorOid, kVectorArrayOid, "vector", "vector", "", -1, 'U', "vector_",
              ConstantType::kVector},
};

PostgresType scalar(const TypeEntry& entry) {
  return {.oid = entry.oid, .name = std::string(entry.name), .constant = entry.constant};
}

PostgresType array(const TypeEntry& entry) {
  const bool floats = entry.constant == ConstantType::kFloat4;
  return {.oid = entry.array_oid,
          .name = std::string(entry.name) + "[]",
          .constant = floats ? std::optional(ConstantType::kVector) : std::nullopt};
}

bool has_name(const TypeEntry& entry, std::string_view name) {
  return name == entry.name || (!entry.alias.empty() && name == entry.alias);
}

}  // namespace

std::string_view type_name(ConstantType type) {
  switch (type) {
    case ConstantType::kUnknown: return "unknown";
    case ConstantType::kBool: return "boolean";
    case ConstantType::kInt4: return "integer";
    case ConstantType::kInt8: return "bigint";
    case ConstantType::kFloat4: return "real";
    case ConstantType::kFloat8: return "double precision";
    case ConstantType::kText: return "text";
    case ConstantType::kName: return "name";
    case ConstantType::kOid: return "oid";
    case ConstantType::kRegtype: return "regtype";
    case ConstantType::kJsonb: return "jsonb";
    case ConstantType::kTimestampTz: return "timestamp with time zone";
    case ConstantType::kVector: return "real[]";
    case ConstantType::kVoid: return "void";
  }
  CHECK(false, "every type has a name");
}

Type column_type(ConstantType type) {
  switch (type) {
    case ConstantType::kBool: return Type::kBool;
    case ConstantType::kInt4: return Type::kInt4;
    case ConstantType::kInt8: return Type::kInt8;
    case ConstantType::kFloat4: return Type::kFloat4;
    case ConstantType::kFloat8: return Type::kFloat8;
    case ConstantType::kName: return Type::kName;
    case ConstantType::kOid: return Type::kOid;
    case ConstantType::kJsonb: return Type::kJsonb;
    case ConstantType::kTimestampTz: return Type::kTimestampTz;
    case ConstantType::kVector: return Type::kFloat4Array;
    case ConstantType::kVoid: return Type::kVoid;
    case ConstantType::kUnknown:
    case ConstantType::kText:
    case ConstantType::kRegtype: return Type::kText;
  }
  CHECK(false, "every type has a column");
}

Type column_type(std::uint32_t oid) {
  switch (oid) {
    case type_oid::kBool: return Type::kBool;
    case type_oid::kChar: return Type::kChar;
    case type_oid::kName: return Type::kName;
    case type_oid::kInt8: return Type::kInt8;
    case type_oid::kInt2: return Type::kInt2;
    case type_oid::kInt2Vector: return Type::kInt2Vector;
    case type_oid::kInt4: return Type::kInt4;
    case type_oid::kOid: return Type::kOid;
    case type_oid::kOidVector: return Type::kOidVector;
    case type_oid::kFloat4: return Type::kFloat4;
    case type_oid::kFloat8:
    case type_oid::kNumeric: return Type::kFloat8;
    case type_oid::kCharArray: return Type::kCharArray;
    case type_oid::kNameArray: return Type::kNameArray;
    case type_oid::kInt2Array: return Type::kInt2Array;
    case type_oid::kInt4Array: return Type::kInt4Array;
    case type_oid::kInt8Array: return Type::kInt8Array;
    case type_oid::kOidArray: return Type::kOidArray;
    case type_oid::kRecordArray: return Type::kRecordArray;
    case type_oid::kTimestampTz: return Type::kTimestampTz;
    default: return element_type(oid) == 0 ? Type::kText : Type::kTextArray;
  }
}

std::span<const TypeEntry> type_entries() { return kTypes; }

std::uint32_t array_type(std::uint32_t element) {
  for (const TypeEntry& entry : kTypes) {
    if (entry.oid == element) return entry.array_oid;
  }
  return 0;
}

std::uint32_t element_type(std::uint32_t array) {
  constexpr std::uint32_t kInt2Vector = 22;
  constexpr std::uint32_t kInt2 = 21;
  constexpr std::uint32_t kOidVector = 30;
  constexpr std::uint32_t kOid = 26;
  if (array == kInt2Vector) return kInt2;
  if (array == kOidVector) return kOid;
  for (const TypeEntry& entry : kTypes) {
    if (array != 0 && entry.array_oid == array) return entry.oid;
  }
  return 0;
}

std::optional<PostgresType> find_type(std::string_view name) {
  for (const std::string_view schema : {"pg_catalog.", "public."}) {
    if (name.starts_with(schema)) name.remove_prefix(schema.size());
  }
  const bool brackets = name.ends_with("[]");
  if (brackets) name.remove_suffix(2);
  // `char` means character(1) in SQL, and is the catalogue's name of another type: SQL wins.
  for (const TypeEntry& entry : kTypes) {
    if (has_name(entry, name) && (!brackets || entry.array_oid != 0)) {
      return brackets ? array(entry) : scalar(entry);
    }
  }
  for (const TypeEntry& entry : kTypes) {
    if (name == entry.catalog_name && (!brackets || entry.array_oid != 0)) {
      return brackets ? array(entry) : scalar(entry);
    }
    if (!brackets && entry.array_oid != 0 && name.starts_with('_') &&
        name.substr(1) == entry.catalog_name) {
      return array(entry);
    }
  }
  return std::nullopt;
}

std::optional<PostgresType> find_type(std::uint32_t oid) {
  if (oid == 0) return std::nullopt;
  for (const TypeEntry& entry : kTypes) {
    if (oid == entry.oid) return scalar(entry);
    if (oid == entry.array_oid) return array(entry);
  }
  return std::nullopt;
}

}  // namespace alcove::executor
