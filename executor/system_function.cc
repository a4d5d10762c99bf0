#include "executor/system_function.h"

#include <algorithm>
#include <string>

#include "base/check.h"
#include "executor/postgres_type.h"

namespace alcove::executor {
namespace {

using FunctionKind = SystemFunction::Kind;

struct Definition {
  std::string_view name;
  // Types by name, `any` and `anyarray` too; from `|` on they may be left out; `...` behind the last.
  std::string_view parameters;
  std::string_view result;  // a type's name, or `first`, `element`, `array`
  std::string_view sql;
  FunctionKind kind = FunctionKind::kScalar;
};

// Whoever asks may see all that the catalogue shows: what a role may not see is not in it.
constexpr std::string_view kYes = "1";
constexpr std::string_view kNullSql = "NULL";
constexpr std::string_view kVisible = "coalesce($1 NOT BETWEEN 12999 AND 13999, 0)";

constexpr Definition kFunctions[] = {
    // ---- What is visible, and to whom
    {"pg_table_is_visible", "oid", "bool", kVisible},
    {"pg_type_is_visible", "oid", "bool", kYes},
    {"pg_function_is_visible", "oid", "bool", kYes},
    {"pg_operator_is_visible", "oid", "bool", kYes},
    {"pg_opclass_is_visible", "oid", "bool", kYes},
    {"pg_collation_is_visible", "oid", "bool", kYes},
    {"pg_conversion_is_visible", "oid", "bool", kYes},
    {"pg_statistics_obj_is_visible", "oid", "bool", kYes},
    {"pg_relation_is_publishable", "regclass", "bool", "0"},
    {"pg_is_other_temp_schema", "oid", "bool", "0"},
    {"pg_my_temp_schema", "", "oid", "0"},
    {"has_table_privilege", "any any|any", "bool", kYes},
    {"has_any_column_privilege", "any any|any", "bool", kYes},
    {"has_column_privilege", "any any any|any", "bool", kYes},
    {"has_schema_privilege", "any any|any", "bool", kYes},
    {"has_database_privilege", "any any|any", "bool", kYes},
    {"has_function_privilege", "any any|any", "bool", kYes},
    {"has_sequence_privilege", "any any|any", "bool", kYes},
    {"has_tablespace_privilege", "any any|any", "bool", kYes},
    {"has_language_privilege", "any any|any", "bool", kYes},
    {"has_type_privilege", "any any|any", "bool", kYes},
    {"pg_has_role", "any any|any", "bool", kYes},
    {"current_schemas", "bool", "name[]",
     "CASE WHEN $1 THEN '[\"pg_catalog\",\"public\"]' ELSE '[\"public\"]' END"},
    // ---- How things are called
    {"pg_get_userbyid", "oid", "name", "pg_regrole_text($1)"},
    {"pg_get_indexdef", "oid|int4 bool", "text", "pg_get_indexdef($*)"},
    {"pg_get_constraintdef", "oid|bool", "text", "pg_get_constraintdef($1)"},
    {"pg_get_expr", "text oid|bool", "text", "$1"},
    {"pg_get_viewdef", "oid|bool", "text", kNullSql},
    {"pg_get_functiondef", "oid", "text", kNullSql},
    {"pg_get_function_result", "oid", "text", kNullSql},
    {"pg_get_function_arguments", "oid", "text", "''"},
    {"pg_get_function_identity_arguments", "oid", "text", "''"},
    {"pg_get_function_sqlbody", "oid", "text", kNullSql},
    {"pg_get_triggerdef", "oid|bool", "text", kNullSql},
    {"pg_get_ruledef", "oid|bool", "text", kNullSql},
    {"pg_get_partkeydef", "oid", "text", kNullSql},
    {"pg_get_statisticsobjdef_columns", "oid", "text", kNullSql},
    {"pg_get_serial_sequence", "text text", "text", kNullSql},
    {"pg_index_column_has_property", "regclass int4 text", "bool", kNullSql},
    {"pg_indexam_has_property", "oid text", "bool", kNullSql},
    {"pg_index_has_property", "regclass text", "bool", kNullSql},
    {"obj_description", "oid|name", "text", "pg_comment($1, 0)"},
    {"col_description", "oid int4", "text", "pg_comment($1, $2)"},
    {"shobj_description", "oid name", "text", kNullSql},
    {"pg_encoding_to_char", "int4", "name",
     "CASE $1 WHEN 6 THEN 'UTF8' WHEN 0 THEN 'SQL_ASCII' ELSE '' END"},
    {"getdatabaseencoding", "", "name", "'UTF8'"},
    {"pg_tablespace_location", "oid", "text", "''"},
    {"pg_opfamily_is_visible", "oid", "bool", kYes},
    {"pg_char_to_encoding", "name", "int4", "CASE upper($1) WHEN 'UTF8' THEN 6 ELSE -1 END"},
    {"to_regclass", "text", "regclass", "pg_to_regclass($1)"},
    {"to_regproc", "text", "regproc", "pg_to_regproc($1)"},
    {"to_regnamespace", "text", "regnamespace", "pg_to_regnamespace($1)"},
    {"to_regrole", "text", "regrole", "pg_to_regrole($1)"},
    {"quote_ident", "text", "text", "pg_quote_ident($1)"},
    {"quote_literal", "text", "text", "quote($1)"},
    // ---- How large they are: SHOW INDEXES says it; here it is not counted
    {"pg_relation_size", "regclass|text", "int8", kNullSql},
    {"pg_table_size", "regclass", "int8", kNullSql},
    {"pg_indexes_size", "regclass", "int8", kNullSql},
    {"pg_total_relation_size", "regclass", "int8", kNullSql},
    {"pg_database_size", "any", "int8", kNullSql},
    {"pg_tablespace_size", "any", "int8", kNullSql},
    {"pg_size_pretty", "int8", "text", "CAST($1 AS TEXT) || ' bytes'"},
    // ---- Arrays
    {"array_to_string", "anyarray text|text", "text", "pg_array_to_string($*)"},
    {"string_to_array", "text text|text", "text[]", "pg_string_to_array($*)"},
    {"array_length", "anyarray int4", "int4", "nullif(json_array_length($1), 0)"},
    {"array_upper", "anyarray int4", "int4", "nullif(json_array_length($1), 0)"},
    {"array_lower", "anyarray int4", "int4", "CASE WHEN json_array_length($1) > 0 THEN 1 END"},
    {"array_ndims", "anyarray", "int4", "CASE WHEN json_array_length($1) > 0 THEN 1 END"},
    {"cardinality", "anyarray", "int4", "json_array_length($1)"},
    {"array_position", "anyarray any", "int4",
     "(SELECT min(key) + 1 FROM json_each($1) WHERE value = $2)"},
    {"array_cat", "anyarray anyarray", "first", "pg_array_cat($1, $2)"},
    {"array_append", "anyarray any", "first", "pg_array_cat($1, json_array($2))"},
    {"unnest", "anyarray", "element", "$1", FunctionKind::kSet},
    {"generate_series", "int8 int8|int8", "first", "pg_series($*)", FunctionKind::kSet},
    {"generate_subscripts", "anyarray int4|bool", "int4", "pg_subscripts($1)", FunctionKind::kSet},
    {"_pg_expandarray", "anyarray", "record", "pg_expand($1)", FunctionKind::kSet},
    {"json_build_object", "|any...", "json", "json_object($*)"},
    // ---- Text
    {"lower", "text", "text", "lower($1)"},
    {"upper", "text", "text", "upper($1)"},
    {"length", "text", "int4", "length($1)"},
    {"char_length", "text", "int4", "length($1)"},
    {"substr", "text int4|int4", "text", "substr($*)"},
    {"replace", "text text text", "text", "replace($*)"},
    {"btrim", "text|text", "text", "trim($*)"},
    {"trim", "text|text", "text", "trim($*)"},
    {"ltrim", "text|text", "text", "ltrim($*)"},
    {"rtrim", "text|text", "text", "rtrim($*)"},
    {"left", "text int4", "text", "substr($1, 1, max($2, 0))"},
    {"strpos", "text text", "int4", "instr($1, $2)"},
    {"starts_with", "text text", "bool", "(instr($1, $2) = 1)"},
    {"split_part", "text text int4", "text", "pg_split_part($*)"},
    {"regexp_replace", "text text text|text", "text", "pg_regexp_replace($*)"},
    {"concat", "any...", "text", "pg_concat($*)"},
    {"format", "text|any...", "text", "pg_format($*)"},
    {"abs", "any", "first", "abs($1)"},
    {"greatest", "any...", "first", "pg_greatest($*)"},
    {"least", "any...", "first", "pg_least($*)"},
    {"nullif", "any any", "first", "nullif($1, $2)"},
    // ---- Over rows
    {"count", "|any", "int8", "count($*)", FunctionKind::kAggregate},
    {"sum", "any", "int8", "sum($1)", FunctionKind::kAggregate},
    {"min", "any", "first", "min($1)", FunctionKind::kAggregate},
    {"max", "any", "first", "max($1)", FunctionKind::kAggregate},
    {"bool_and", "bool", "bool", "min($1)", FunctionKind::kAggregate},
    {"every", "bool", "bool", "min($1)", FunctionKind::kAggregate},
    {"bool_or", "bool", "bool", "max($1)", FunctionKind::kAggregate},
    {"array_agg", "any", "array", "pg_array_agg($1, $order)", FunctionKind::kAggregate},
    {"string_agg", "text text", "text", "pg_string_agg($1, $2, $order)", FunctionKind::kAggregate},
    {"row_number", "", "int8", "row_number()", FunctionKind::kWindow},
    {"rank", "", "int8", "rank()", FunctionKind::kWindow},
    {"dense_rank", "", "int8", "dense_rank()", FunctionKind::kWindow},
};

std::uint32_t type_named(std::string_view name) {
  if (name == "any") return SystemFunction::kAny;
  if (name == "first") return SystemFunction::kFirst;
  if (name == "element") return SystemFunction::kElement;
  if (name == "array") return SystemFunction::kArray;
  if (name == "anyarray") return SystemFunction::kAnyArray;
  const auto type = find_type(name);
  CHECK(type.has_value(), "functions take types that there are");
  return type->oid;
}

SystemFunction read(const Definition& definition) {
  SystemFunction function;
  function.name = definition.name;
  function.kind = definition.kind;
  function.sql = definition.sql;
  function.result = type_named(definition.result);
  bool optional = false;
  std::string_view rest = definition.parameters;
  while (!rest.empty()) {
    if (rest.front() == '|') optional = true;
    if (rest.front() == '|' || rest.front() == ' ') {
      rest.remove_prefix(1);
      continue;
    }
    std::string_view name = rest.substr(0, rest.find_first_of(" |"));
    rest.remove_prefix(name.size());
    function.variadic = name.ends_with("...");
    if (function.variadic) name.remove_suffix(3);
    function.parameters.push_back(type_named(name));
    if (!optional) ++function.required;
  }
  return function;
}

const std::vector<SystemFunction>& functions() {
  static const std::vector<SystemFunction> all = [] {
    std::vector<SystemFunction> made;
    for (const Definition& definition : kFunctions) made.push_back(read(definition));
    return made;
  }();
  return all;
}

}  // namespace

const SystemFunction* find_system_function(std::string_view name, std::size_t arguments) {
  for (const SystemFunction& function : functions()) {
    if (function.name != name || arguments < function.required) continue;
    if (arguments <= function.parameters.size() || function.variadic) return &function;
  }
  return nullptr;
}

}  // namespace alcove::executor
