#include "executor/postgres_type.h"

#include <array>
#include <vector>

#include "base/check.h"

namespace alcove::executor {
namespace {

using Constant = std::optional<ConstantType>;

struct Entry {
  std::uint32_t oid;
  std::uint32_t array_oid;  // 0: no arrays of it
  std::string_view name;    // in SQL
  std::string_view catalog_name;
  std::string_view alias;
  Constant constant;
};

constexpr std::array kTypes = {
    Entry{16, 1000, "boolean", "bool", "", ConstantType::kBool},
    Entry{17, 1001, "bytea", "bytea", "", {}},
    Entry{18, 1002, "\"char\"", "char", "", {}},
    Entry{19, 1003, "name", "name", "", ConstantType::kName},
    Entry{20, 1016, "bigint", "int8", "", ConstantType::kInt8},
    Entry{21, 1005, "smallint", "int2", "", ConstantType::kInt4},
    Entry{23, 1007, "integer", "int4", "int", ConstantType::kInt4},
    Entry{24, 1008, "regproc", "regproc", "", {}},
    Entry{25, 1009, "text", "text", "", ConstantType::kText},
    Entry{26, 1028, "oid", "oid", "", ConstantType::kOid},
    Entry{114, 199, "json", "json", "", ConstantType::kJsonb},
    Entry{700, 1021, "real", "float4", "", ConstantType::kFloat4},
    Entry{701, 1022, "double precision", "float8", "float", ConstantType::kFloat8},
    Entry{705, 0, "unknown", "unknown", "", ConstantType::kUnknown},
    Entry{869, 1041, "inet", "inet", "", {}},
    Entry{1042, 1014, "character", "bpchar", "char", ConstantType::kText},
    Entry{1043, 1015, "character varying", "varchar", "", ConstantType::kText},
    Entry{1082, 1182, "date", "date", "", {}},
    Entry{1083, 1183, "time without time zone", "time", "", {}},
    Entry{1114, 1115, "timestamp without time zone", "timestamp", "", {}},
    Entry{1184, 1185, "timestamp with time zone", "timestamptz", "", ConstantType::kTimestampTz},
    Entry{1186, 1187, "interval", "interval", "", {}},
    Entry{1560, 1561, "bit", "bit", "", {}},
    Entry{1700, 1231, "numeric", "numeric", "decimal", ConstantType::kFloat8},
    Entry{2205, 2210, "regclass", "regclass", "", {}},
    Entry{2206, 2211, "regtype", "regtype", "", ConstantType::kRegtype},
    Entry{2249, 2287, "record", "record", "", {}},
    Entry{2278, 0, "void", "void", "", {}},
    Entry{2950, 2951, "uuid", "uuid", "", {}},
    Entry{3802, 3807, "jsonb", "jsonb", "", ConstantType::kJsonb},
    Entry{kVectorOid, kVectorArrayOid, "vector", "vector", "", ConstantType::kVector},
};

PostgresType scalar(const Entry& entry) {
  return {.oid = entry.oid, .name = std::string(entry.name), .constant = entry.constant};
}

PostgresType array(const Entry& entry) {
  const bool floats = entry.constant == ConstantType::kFloat4;
  return {.oid = entry.array_oid,
          .name = std::string(entry.name) + "[]",
          .constant = floats ? Constant(ConstantType::kVector) : std::nullopt};
}

bool has_name(const Entry& entry, std::string_view name) {
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

std::optional<PostgresType> find_type(std::string_view name) {
  for (const std::string_view schema : {"pg_catalog.", "public."}) {
    if (name.starts_with(schema)) name.remove_prefix(schema.size());
  }
  const bool brackets = name.ends_with("[]");
  if (brackets) name.remove_suffix(2);
  // `char` means character(1) in SQL, and is the catalogue's name of another type: SQL wins.
  for (const Entry& entry : kTypes) {
    if (has_name(entry, name) && (!brackets || entry.array_oid != 0)) {
      return brackets ? array(entry) : scalar(entry);
    }
  }
  for (const Entry& entry : kTypes) {
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
  for (const Entry& entry : kTypes) {
    if (oid == entry.oid) return scalar(entry);
    if (oid == entry.array_oid) return array(entry);
  }
  return std::nullopt;
}

}  // namespace alcove::executor
