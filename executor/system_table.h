#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace alcove::executor {

// The tables of PostgreSQL's catalogue as statements may name them: those of PostgreSQL 15 that
// drivers and tools read, with its columns. What stands in them: system_rows.h.
struct SystemColumn {
  std::string name;
  std::uint32_t type = 0;  // the OID
};

struct SystemTable {
  std::uint32_t oid = 0;
  std::string_view schema;  // pg_catalog or information_schema
  std::string_view name;
  std::vector<SystemColumn> columns;
  // What a view selects, in PostgreSQL's words; empty: a table, or a function without rows.
  std::string_view view;
  bool function = false;  // stands in FROM with parentheses behind it, whatever is in them
};

// All of them, by OID.
std::span<const SystemTable> system_tables();

// By name; an empty schema is pg_catalog. Null: there is none.
const SystemTable* find_system_table(std::string_view schema, std::string_view name,
                                     bool function = false);

}  // namespace alcove::executor
