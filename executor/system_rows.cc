#include "executor/system_rows.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "executor/engine.h"
#include "executor/postgres_type.h"
#include "executor/target.h"

namespace alcove::executor {
namespace {

using Rows = TableRun::Rows;
using OwnedCell = TableRun::OwnedCell;

constexpr std::uint32_t kClassTableOid = 1259;
constexpr std::uint32_t kHeapOid = 2;
constexpr std::uint32_t kBtreeOid = 403;
constexpr std::uint32_t kDefaultCollationOid = 100;
constexpr std::uint32_t kDatabaseOid = 5;
constexpr std::uint32_t kTablespaceOid = 1663;
constexpr std::uint32_t kInternalLanguageOid = 12;
constexpr std::int64_t kUtf8 = 6;
constexpr std::uint32_t kOidsPerIndex = 4;
// Those made in a transaction that has not ended have no number yet.
constexpr std::uint32_t kFirstUncommittedOid = 4'000'000'000;
constexpr std::uint32_t kFirstFunctionOid = 14'000;
// Of roles but the session's own; good for one statement.
constexpr std::uint32_t kFirstRoleOid = 20'000;
constexpr std::size_t kRolesPerBatch = 1'000;

OwnedCell number(std::uint64_t value) { return static_cast<std::int64_t>(value); }
OwnedCell text(std::string_view value) { return std::string(value); }
const OwnedCell kNull = std::monostate{};

constexpr std::array kIndexColumns = {
    IndexColumn{"id", type_oid::kText, "1 to 512 bytes, unique in its namespace"},
    IndexColumn{"values", 1021, "the vector"},
    IndexColumn{"metadata", type_oid::kJsonb, "a flat object"},
    IndexColumn{"namespace", type_oid::kText,
                "the tenant; statements name it by their NAMESPACE clause"},
};
constexpr std::string_view kKeyColumns = "[4,1]";  // of the primary key: numbers, as an array

std::string_view metric_word(Metric metric) {
  switch (metric) {
    case Metric::kCosine: return "cosine";
    case Metric::kDotProduct: return "dotproduct";
    case Metric::kEuclidean: return "euclidean";
  }
  return {};
}

// ---- Types and their functions ------------------------------------------------------------------

using Functions = std::map<std::string, std::uint32_t, std::less<>>;

std::array<std::string, 4> functions_of(std::string_view prefix) {
  std::array<std::string, 4> names;
  constexpr std::array<std::string_view, 4> kWhat = {"in", "out", "recv", "send"};
  for (std::size_t i = 0; i < names.size(); ++i) names[i] = fmt::format("{}{}", prefix, kWhat[i]);
  return names;
}

const Functions& type_functions() {
  static const Functions all = [] {
    Functions made = {{"array_in", 750}, {"array_out", 751}, {"array_recv", 2400},
                      {"array_send", 2401}};
    std::uint32_t next = kFirstFunctionOid;
    for (const TypeEntry& entry : type_entries()) {
      for (const std::string& name : functions_of(entry.functions)) made.emplace(name, next++);
    }
    return made;
  }();
  return all;
}

std::string_view alignment_of(std::int16_t length) {
  if (length == 1) return "c";
  if (length == 2) return "s";
  return length == 8 ? "d" : "i";
}

void add_type(Rows& rows, const TypeEntry& entry, bool array) {
  const bool pseudo = entry.category == 'P' || entry.category == 'X';
  const std::int16_t length = array ? std::int16_t{-1} : entry.length;
  const bool collated = entry.category == 'S';
  const std::string name = fmt::format("{}{}", array ? "_" : "", entry.catalog_name);
  const std::uint32_t element = array ? entry.oid : element_type(entry.oid);
  const bool is_name = entry.oid == type_oid::kName && !array;
  std::vector<OwnedCell> row = {
      number(array ? entry.array_oid : entry.oid),
      name,
      number(entry.oid == kVectorOid ? kPublicSchemaOid : kCatalogSchemaOid),
      number(kOwnerOid),
      std::int64_t{length},
      length > 0 && length <= 8,
      text(pseudo ? "p" : "b"),
      std::string(1, array ? 'A' : entry.category),
      false,
      true,
      text(","),
      number(is_name ? type_oid::kChar : element),
      number(array ? 0 : entry.array_oid),
      text(alignment_of(length)),
      text(length < 0 ? "x" : "p"),
      std::int64_t{-1},
      number(collated ? kDefaultCollationOid : 0)};
  for (const std::string& function : functions_of(array ? "array_" : entry.functions)) {
    row.push_back(number(function_oid(function)));
  }
  rows.push_back(std::move(row));
}

SystemRows types() {
  SystemRows made{
      "oid,typname,typnamespace,typowner,typlen,typbyval,typtype,typcategory,typispreferred,"
      "typisdefined,typdelim,typelem,typarray,typalign,typstorage,typtypmod,typcollation,typinput,"
      "typoutput,typreceive,typsend",
      {}};
  for (const TypeEntry& entry : type_entries()) {
    add_type(made.rows, entry, false);
    if (entry.array_oid != 0) add_type(made.rows, entry, true);
  }
  return made;
}

SystemRows procedures() {
  SystemRows made{
      "oid,proname,pronamespace,proowner,prolang,procost,prokind,proisstrict,provolatile,"
      "proparallel,prosrc",
      {}};
  for (const auto& [name, oid] : type_functions()) {
    made.rows.push_back({number(oid), name,
                         number(name.starts_with("vector_") ? kPublicSchemaOid : kCatalogSchemaOid),
                         number(kOwnerOid), number(kInternalLanguageOid), 1.0, text("f"), true,
                         text("i"), text("s"), name});
  }
  return made;
}

// ---- Relations ----------------------------------------------------------------------------------

std::vector<OwnedCell> relation(std::uint32_t oid, std::string_view name, std::uint32_t schema,
                                std::string_view kind, std::size_t columns) {
  const std::uint32_t access = kind == "r" ? kHeapOid : kind == "i" ? kBtreeOid : 0;
  return {number(oid),    text(name), number(schema), number(kOwnerOid),
          number(access), -1.0F,      false,          text("p"),
          text(kind),     number(columns), true,      text(kind == "r" ? "d" : "n")};
}

SystemRows relations(const SystemFacts& facts) {
  SystemRows made{
      "oid,relname,relnamespace,relowner,relam,reltuples,relhasindex,relpersistence,relkind,"
      "relnatts,relispopulated,relreplident",
      {}};
  for (const SystemTable& table : system_tables()) {
    if (table.function) continue;
    made.rows.push_back(relation(table.oid, table.name, schema_oid(table.schema),
                                 table.view.empty() ? "r" : "v", table.columns.size()));
  }
  for (const SystemIndex& index : facts.indexes) {
    made.rows.push_back(
        relation(index.oid, index.name, kPublicSchemaOid, "r", kIndexColumns.size()));
    made.rows.back()[6] = true;  // relhasindex
    made.rows.push_back(relation(index.key_oid(), index.key_name(), kPublicSchemaOid, "i", 2));
  }
  return made;
}

void add_attribute(Rows& rows, std::uint32_t relation, std::string_view name, std::uint32_t type,
                   std::size_t column, bool not_null) {
  std::int16_t length = -1;
  bool collated = false;
  for (const TypeEntry& entry : type_entries()) {
    if (entry.oid != type) continue;
    length = entry.length;
    collated = entry.category == 'S';
  }
  rows.push_back({number(relation), text(name), number(type), std::int64_t{-1},
                  std::int64_t{length}, number(column), number(array_type(type) == 0 ? 1 : 0),
                  std::int64_t{-1}, std::int64_t{-1}, length > 0 && length <= 8,
                  text(alignment_of(length)), text(length < 0 ? "x" : "p"), text(""), not_null,
                  text(""), text(""), true, number(collated ? kDefaultCollationOid : 0)});
}

SystemRows attributes(const SystemFacts& facts) {
  SystemRows made{
      "attrelid,attname,atttypid,attstattarget,attlen,attnum,attndims,attcacheoff,atttypmod,"
      "attbyval,attalign,attstorage,attcompression,attnotnull,attidentity,attgenerated,"
      "attislocal,attcollation",
      {}};
  for (const SystemTable& table : system_tables()) {
    if (table.function) continue;
    for (std::size_t at = 0; at < table.columns.size(); ++at) {
      add_attribute(made.rows, table.oid, table.columns[at].name, table.columns[at].type, at + 1,
                    table.columns[at].name == "oid");
    }
  }
  for (const SystemIndex& index : facts.indexes) {
    for (std::size_t at = 0; at < kIndexColumns.size(); ++at) {
      const IndexColumn& column = kIndexColumns[at];
      add_attribute(made.rows, index.oid, column.name, column.type, at + 1,
                    column.name != "metadata");
    }
    add_attribute(made.rows, index.key_oid(), "namespace", type_oid::kText, 1, false);
    add_attribute(made.rows, index.key_oid(), "id", type_oid::kText, 2, false);
  }
  return made;
}

SystemRows keys(const SystemFacts& facts) {
  SystemRows made{
      "indexrelid,indrelid,indnatts,indnkeyatts,indisunique,indisprimary,indimmediate,indisvalid,"
      "indisready,indislive,indkey,indcollation,indclass,indoption",
      {}};
  for (const SystemIndex& index : facts.indexes) {
    made.rows.push_back({number(index.key_oid()), number(index.oid), number(2), number(2), true,
                         true, true, true, true, true, text(kKeyColumns), text("[100,100]"),
                         text("[0,0]"), text("[0,0]")});
  }
  return made;
}

SystemRows constraints(const SystemFacts& facts) {
  SystemRows made{
      "oid,conname,connamespace,contype,convalidated,conrelid,conindid,confupdtype,confdeltype,"
      "confmatchtype,conislocal,connoinherit,conkey",
      {}};
  for (const SystemIndex& index : facts.indexes) {
    made.rows.push_back({number(index.constraint_oid()), index.key_name(),
                         number(kPublicSchemaOid), text("p"), true, number(index.oid),
                         number(index.key_oid()), text(" "), text(" "), text(" "), true, true,
                         text(kKeyColumns)});
  }
  return made;
}

SystemRows descriptions(const SystemFacts& facts) {
  SystemRows made{"objoid,classoid,objsubid,description", {}};
  for (const SystemIndex& index : facts.indexes) {
    for (std::size_t column = 0; column <= kIndexColumns.size(); ++column) {
      made.rows.push_back({number(index.oid), number(kClassTableOid), number(column),
                           facts.comment(index.oid, static_cast<std::int64_t>(column))});
    }
  }
  return made;
}

// ---- What there is one of -----------------------------------------------------------------------

SystemRows schemas() {
  SystemRows made{"oid,nspname,nspowner", {}};
  for (const std::string_view name : {"pg_catalog", "information_schema", "public"}) {
    made.rows.push_back({number(schema_oid(name)), text(name), number(kOwnerOid)});
  }
  return made;
}

SystemRows databases(const SystemFacts& facts) {
  return {"oid,datname,datdba,encoding,datlocprovider,datallowconn,datconnlimit,dattablespace,"
          "datcollate,datctype",
          {{number(kDatabaseOid), facts.database, number(kOwnerOid), kUtf8, text("c"), true,
            std::int64_t{-1}, number(kTablespaceOid), text("C"), text("C")}}};
}

SystemRows roles(const SystemFacts& facts) {
  SystemRows made{"oid,rolname,rolsuper,rolinherit,rolcreaterole,rolcreatedb,rolcanlogin,"
                  "rolconnlimit,rolpassword,rolbypassrls",
                  {}};
  std::uint32_t oid = kOwnerOid;
  for (const SystemRole& role : facts.roles()) {
    made.rows.push_back({number(oid), role.name, role.superuser, true, role.superuser,
                         role.superuser, role.login, std::int64_t{-1}, text("********"),
                         role.superuser});
    oid = oid == kOwnerOid ? kFirstRoleOid : oid + 1;
  }
  return made;
}

SystemRows settings(const SystemFacts& facts) {
  SystemRows made{"name,setting,category,short_desc,context,vartype,source", {}};
  for (const auto& [name, value, description] : facts.settings->show_all()) {
    made.rows.push_back({name, value, text("Settings"), description, text("user"), text("string"),
                         text("default")});
  }
  return made;
}

SystemRows access_methods() {
  return {"oid,amname,amhandler,amtype",
          {{number(kHeapOid), text("heap"), number(0), text("t")},
           {number(kBtreeOid), text("btree"), number(0), text("i")}}};
}

SystemRows collations() {
  return {"oid,collname,collnamespace,collowner,collprovider,collisdeterministic,collencoding,"
          "collcollate,collctype",
          {{number(kDefaultCollationOid), text("default"), number(kCatalogSchemaOid),
            number(kOwnerOid), text("d"), true, std::int64_t{-1}, kNull, kNull}}};
}

SystemRows languages() {
  return {"oid,lanname,lanowner",
          {{number(kInternalLanguageOid), text("internal"), number(kOwnerOid)}}};
}

SystemRows tablespaces() {
  return {"oid,spcname,spcowner",
          {{number(kTablespaceOid), text("pg_default"), number(kOwnerOid)}}};
}

}  // namespace

// ---- Facts --------------------------------------------------------------------------------------

std::span<const IndexColumn> index_columns() { return kIndexColumns; }

std::string SystemIndex::comment() const {
  return fmt::format("index of dimension {}, metric {}", dimension, metric);
}

const SystemIndex* SystemFacts::index_with(std::uint32_t oid) const {
  const auto above = std::upper_bound(
      indexes.begin(), indexes.end(), oid,
      [](std::uint32_t it, const SystemIndex& index) { return it < index.oid; });
  if (above == indexes.begin()) return nullptr;
  const SystemIndex& index = *std::prev(above);
  return oid - index.oid < kOidsPerIndex ? &index : nullptr;
}

std::string SystemFacts::comment(std::uint32_t oid, std::int64_t column) const {
  const SystemIndex* index = index_with(oid);
  if (index == nullptr || index->oid != oid || column < 0) return {};
  if (column == 0) return index->comment();
  const auto at = static_cast<std::size_t>(column) - 1;
  return at < kIndexColumns.size() ? std::string(kIndexColumns[at].comment) : std::string();
}

namespace {

std::vector<SystemRole> system_roles(Session& session) {
  const std::string& own = session.identity().user;
  const Access access = session.access();
  std::vector<SystemRole> roles{{own, access.is_superuser(), true}};
  if (!access.is_superuser()) return roles;
  std::optional<std::string> after;
  while (true) {
    const auto batch = session.engine().roles.encoded(after, kRolesPerBatch);
    for (const auto& [name, encoded] : batch) {
      const auto role = decode_role(name, encoded);
      if (role && name != own) roles.push_back({name, role->superuser, role->login});
    }
    if (batch.size() < kRolesPerBatch) return roles;
    after = batch.back().first;
  }
}

}  // namespace

SystemFacts system_facts(Session& session) {
  SystemFacts facts{session.identity().user, session.identity().database, {},
                    &session.settings(), [&session] { return system_roles(session); }};
  std::uint32_t uncommitted = kFirstUncommittedOid;
  const auto snapshot = session.snapshot();
  for (const IndexHandle& index : known_indexes(session, *snapshot)) {
    const auto& definition = index.definition;
    std::uint32_t oid = kFirstIndexOid + definition->number * kOidsPerIndex;
    if (definition->number == 0) oid = std::exchange(uncommitted, uncommitted + kOidsPerIndex);
    facts.indexes.push_back(
        {oid, definition->name, definition->dimension, metric_word(definition->metric)});
  }
  std::sort(facts.indexes.begin(), facts.indexes.end(),
            [](const auto& x, const auto& y) { return x.oid < y.oid; });
  return facts;
}

// ---- Tables -------------------------------------------------------------------------------------

std::uint32_t schema_oid(std::string_view schema) {
  if (schema == "pg_catalog") return kCatalogSchemaOid;
  if (schema == "information_schema") return kInformationSchemaOid;
  return schema == "public" ? kPublicSchemaOid : 0;
}

std::uint32_t function_oid(std::string_view name) {
  const auto found = type_functions().find(name);
  return found == type_functions().end() ? 0 : found->second;
}

std::string_view function_name(std::uint32_t oid) {
  for (const auto& [name, its_oid] : type_functions()) {
    if (its_oid == oid) return name;
  }
  return {};
}

SystemRows rows_of(const SystemTable& table, const SystemFacts& facts) {
  if (table.name == "pg_type") return types();
  if (table.name == "pg_proc") return procedures();
  if (table.name == "pg_class") return relations(facts);
  if (table.name == "pg_attribute") return attributes(facts);
  if (table.name == "pg_index") return keys(facts);
  if (table.name == "pg_constraint") return constraints(facts);
  if (table.name == "pg_description") return descriptions(facts);
  if (table.name == "pg_namespace") return schemas();
  if (table.name == "pg_database") return databases(facts);
  if (table.name == "pg_roles") return roles(facts);
  if (table.name == "pg_settings") return settings(facts);
  if (table.name == "pg_am") return access_methods();
  if (table.name == "pg_collation") return collations();
  if (table.name == "pg_language") return languages();
  if (table.name == "pg_tablespace") return tablespaces();
  return {};
}

}  // namespace alcove::executor
