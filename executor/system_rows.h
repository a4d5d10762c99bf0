#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "executor/session.h"
#include "executor/system_table.h"
#include "executor/table_run.h"

namespace alcove::executor {

// An index as PostgreSQL's catalogue shows it: a table in schema `public` whose primary key has an
// index and a constraint. All have OIDs made from the index's number, which are the same after a
// restart.
struct SystemIndex {
  std::uint32_t oid = 0;
  std::string name;
  std::uint32_t dimension = 0;
  std::string_view metric;

  std::uint32_t key_oid() const { return oid + 1; }         // of the primary key's index
  std::uint32_t constraint_oid() const { return oid + 2; }
  std::string key_name() const { return name + "_pkey"; }
  std::string comment() const;
};

struct SystemRole {
  std::string name;
  bool superuser = false;
  bool login = false;
};

// What a statement on the catalogue may see. Namespaces are not in it: there may be millions, and
// every tool asks for all it can get.
struct SystemFacts {
  std::string user;
  std::string database;
  std::vector<SystemIndex> indexes;  // by OID
  const Settings* settings = nullptr;
  // The session's role first; for a superuser then all others. They may be many.
  std::function<std::vector<SystemRole>()> roles;

  // Which is a table, or the index of one's primary key, with this OID; null: none.
  const SystemIndex* index_with(std::uint32_t oid) const;
  // The comment on an object, or, above 0, on a column of it; empty: none.
  std::string comment(std::uint32_t oid, std::int64_t column) const;
};

// As the session's statement under way sees them.
SystemFacts system_facts(Session& session);

// The column of every index: those of a record, and the namespace it is in.
struct IndexColumn {
  std::string_view name;
  std::uint32_t type;
  std::string_view comment;
};
std::span<const IndexColumn> index_columns();

// OIDs of what there is one of.
inline constexpr std::uint32_t kCatalogSchemaOid = 11;
inline constexpr std::uint32_t kPublicSchemaOid = 2200;
inline constexpr std::uint32_t kInformationSchemaOid = 12'999;
inline constexpr std::uint32_t kOwnerOid = 10;
inline constexpr std::uint32_t kFirstIndexOid = 100'000;
std::uint32_t schema_oid(std::string_view schema);  // 0: none

// What a table of the catalogue holds. Columns that are not named are 0, false or NULL.
struct SystemRows {
  std::string_view columns;  // names, separated by commas
  TableRun::Rows rows;
};
SystemRows rows_of(const SystemTable& table, const SystemFacts& facts);

// Of pg_proc: the functions that pg_type speaks of. 0, or empty: none.
std::uint32_t function_oid(std::string_view name);
std::string_view function_name(std::uint32_t oid);

}  // namespace alcove::executor
