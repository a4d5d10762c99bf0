#include "executor/system_table.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "executor/postgres_type.h"

namespace alcove::executor {
namespace {

// OIDs of tables are PostgreSQL's where clients know them; the others are numbered from here.
constexpr std::uint32_t kFirstCatalogOid = 12'000;
constexpr std::uint32_t kFirstInformationOid = 13'000;

struct Definition {
  std::uint32_t oid;  // 0: the next
  std::string_view name;
  std::string_view columns;  // `name type, name type`; of a view, empty: its own say it
  std::string_view view = {};
  bool function = false;
};

constexpr std::string_view kCatalog = "pg_catalog";
constexpr std::string_view kInformation = "information_schema";

constexpr Definition kCatalogTables[] = {
    {1247, "pg_type",
     "oid oid, typname name, typnamespace oid, typowner oid, typlen int2, typbyval bool, "
     "typtype \"char\", typcategory \"char\", typispreferred bool, typisdefined bool, "
     "typdelim \"char\", typrelid oid, typsubscript regproc, typelem oid, typarray oid, "
     "typinput regproc, typoutput regproc, typreceive regproc, typsend regproc, "
     "typmodin regproc, typmodout regproc, typanalyze regproc, typalign \"char\", "
     "typstorage \"char\", typnotnull bool, typbasetype oid, typtypmod int4, typndims int4, "
     "typcollation oid, typdefaultbin text, typdefault text, typacl _aclitem"},
    {1249, "pg_attribute",
     "attrelid oid, attname name, atttypid oid, attstattarget int4, attlen int2, attnum int2, "
     "attndims int4, attcacheoff int4, atttypmod int4, attbyval bool, attalign \"char\", "
     "attstorage \"char\", attcompression \"char\", attnotnull bool, atthasdef bool, "
     "atthasmissing bool, attidentity \"char\", attgenerated \"char\", attisdropped bool, "
     "attislocal bool, attinhcount int4, attcollation oid, attacl _aclitem, attoptions _text, "
     "attfdwoptions _text, attmissingval _text"},
    {1255, "pg_proc",
     "oid oid, proname name, pronamespace oid, proowner oid, prolang oid, procost float4, "
     "prorows float4, provariadic oid, prosupport regproc, prokind \"char\", prosecdef bool, "
     "proleakproof bool, proisstrict bool, proretset bool, provolatile \"char\", "
     "proparallel \"char\", pronargs int2, pronargdefaults int2, prorettype oid, "
     "proargtypes oidvector, proallargtypes _oid, proargmodes \"char\"[], proargnames _text, "
     "proargdefaults text, protrftypes _oid, prosrc text, probin text, prosqlbody text, "
     "proconfig _text, proacl _aclitem"},
    {1259, "pg_class",
     "oid oid, relname name, relnamespace oid, reltype oid, reloftype oid, relowner oid, "
     "relam oid, relfilenode oid, reltablespace oid, relpages int4, reltuples float4, "
     "relallvisible int4, reltoastrelid oid, relhasindex bool, relisshared bool, "
     "relpersistence \"char\", relkind \"char\", relnatts int2, relchecks int2, "
     "relhasrules bool, relhastriggers bool, relhassubclass bool, relrowsecurity bool, "
     "relforcerowsecurity bool, relispopulated bool, relreplident \"char\", "
     "relispartition bool, relrewrite oid, relfrozenxid xid, relminmxid xid, relacl _aclitem, "
     "reloptions _text, relpartbound text"},
    {1262, "pg_database",
     "oid oid, datname name, datdba oid, encoding int4, datlocprovider \"char\", "
     "datistemplate bool, datallowconn bool, datconnlimit int4, datfrozenxid xid, "
     "datminmxid xid, dattablespace oid, datcollate text, datctype text, daticulocale text, "
     "datcollversion text, datacl _aclitem"},
    {1213, "pg_tablespace", "oid oid, spcname name, spcowner oid, spcacl _aclitem, spcoptions _text"},
    {1261, "pg_auth_members", "roleid oid, member oid, grantor oid, admin_option bool"},
    {1417, "pg_foreign_server",
     "oid oid, srvname name, srvowner oid, srvfdw oid, srvtype text, srvversion text, "
     "srvacl _aclitem, srvoptions _text"},
    {2328, "pg_foreign_data_wrapper",
     "oid oid, fdwname name, fdwowner oid, fdwhandler oid, fdwvalidator oid, fdwacl _aclitem, "
     "fdwoptions _text"},
    {2396, "pg_shdescription", "objoid oid, classoid oid, description text"},
    {2601, "pg_am", "oid oid, amname name, amhandler regproc, amtype \"char\""},
    {2604, "pg_attrdef", "oid oid, adrelid oid, adnum int2, adbin text"},
    {2605, "pg_cast",
     "oid oid, castsource oid, casttarget oid, castfunc oid, castcontext \"char\", "
     "castmethod \"char\""},
    {2606, "pg_constraint",
     "oid oid, conname name, connamespace oid, contype \"char\", condeferrable bool, "
     "condeferred bool, convalidated bool, conrelid oid, contypid oid, conindid oid, "
     "conparentid oid, confrelid oid, confupdtype \"char\", confdeltype \"char\", "
     "confmatchtype \"char\", conislocal bool, coninhcount int4, connoinherit bool, "
     "conkey _int2, confkey _int2, conpfeqop _oid, conppeqop _oid, conffeqop _oid, "
     "confdelsetcols _int2, conexclop _oid, conbin text"},
    {2607, "pg_conversion",
     "oid oid, conname name, connamespace oid, conowner oid, conforencoding int4, "
     "contoencoding int4, conproc regproc, condefault bool"},
    {2608, "pg_depend",
     "classid oid, objid oid, objsubid int4, refclassid oid, refobjid oid, refobjsubid int4, "
     "deptype \"char\""},
    {2609, "pg_description", "objoid oid, classoid oid, objsubid int4, description text"},
    {2610, "pg_index",
     "indexrelid oid, indrelid oid, indnatts int2, indnkeyatts int2, indisunique bool, "
     "indnullsnotdistinct bool, indisprimary bool, indisexclusion bool, indimmediate bool, "
     "indisclustered bool, indisvalid bool, indcheckxmin bool, indisready bool, indislive bool, "
     "indisreplident bool, indkey int2vector, indcollation oidvector, indclass oidvector, "
     "indoption int2vector, indexprs text, indpred text"},
    {2611, "pg_inherits", "inhrelid oid, inhparent oid, inhseqno int4, inhdetachpending bool"},
    {2612, "pg_language",
     "oid oid, lanname name, lanowner oid, lanispl bool, lanpltrusted bool, lanplcallfoid oid, "
     "laninline oid, lanvalidator oid, lanacl _aclitem"},
    {2615, "pg_namespace", "oid oid, nspname name, nspowner oid, nspacl _aclitem"},
    {2616, "pg_opclass",
     "oid oid, opcmethod oid, opcname name, opcnamespace oid, opcowner oid, opcfamily oid, "
     "opcintype oid, opcdefault bool, opckeytype oid"},
    {2617, "pg_operator",
     "oid oid, oprname name, oprnamespace oid, oprowner oid, oprkind \"char\", "
     "oprcanmerge bool, oprcanhash bool, oprleft oid, oprright oid, oprresult oid, oprcom oid, "
     "oprnegate oid, oprcode regproc, oprrest regproc, oprjoin regproc"},
    {2618, "pg_rewrite",
     "oid oid, rulename name, ev_class oid, ev_type \"char\", ev_enabled \"char\", "
     "is_instead bool, ev_qual text, ev_action text"},
    {2620, "pg_trigger",
     "oid oid, tgrelid oid, tgparentid oid, tgname name, tgfoid oid, tgtype int2, "
     "tgenabled \"char\", tgisinternal bool, tgconstrrelid oid, tgconstrindid oid, "
     "tgconstraint oid, tgdeferrable bool, tginitdeferred bool, tgnargs int2, "
     "tgattr int2vector, tgargs bytea, tgqual text, tgoldtable name, tgnewtable name"},
    {826, "pg_default_acl",
     "oid oid, defaclrole oid, defaclnamespace oid, defaclobjtype \"char\", defaclacl _aclitem"},
    {2964, "pg_db_role_setting", "setdatabase oid, setrole oid, setconfig _text"},
    {2753, "pg_opfamily",
     "oid oid, opfmethod oid, opfname name, opfnamespace oid, opfowner oid"},
    {3079, "pg_extension",
     "oid oid, extname name, extowner oid, extnamespace oid, extrelocatable bool, "
     "extversion text, extconfig _oid, extcondition _text"},
    {3118, "pg_foreign_table", "ftrelid oid, ftserver oid, ftoptions _text"},
    {3256, "pg_policy",
     "oid oid, polname name, polrelid oid, polcmd \"char\", polpermissive bool, polroles _oid, "
     "polqual text, polwithcheck text"},
    {3350, "pg_partitioned_table",
     "partrelid oid, partstrat \"char\", partnatts int2, partdefid oid, partattrs int2vector, "
     "partclass oidvector, partcollation oidvector, partexprs text"},
    {3381, "pg_statistic_ext",
     "oid oid, stxrelid oid, stxname name, stxnamespace oid, stxowner oid, stxstattarget int4, "
     "stxkeys int2vector, stxkind \"char\"[], stxexprs text"},
    {3456, "pg_collation",
     "oid oid, collname name, collnamespace oid, collowner oid, collprovider \"char\", "
     "collisdeterministic bool, collencoding int4, collcollate text, collctype text, "
     "colliculocale text, collversion text"},
    {3466, "pg_event_trigger",
     "oid oid, evtname name, evtevent name, evtowner oid, evtfoid oid, evtenabled \"char\", "
     "evttags _text"},
    {3501, "pg_enum", "oid oid, enumtypid oid, enumsortorder float4, enumlabel name"},
    {3541, "pg_range",
     "rngtypid oid, rngsubtype oid, rngmultitypid oid, rngcollation oid, rngsubopc oid, "
     "rngcanonical regproc, rngsubdiff regproc"},
    {2224, "pg_sequence",
     "seqrelid oid, seqtypid oid, seqstart int8, seqincrement int8, seqmax int8, seqmin int8, "
     "seqcache int8, seqcycle bool"},
    {6104, "pg_publication",
     "oid oid, pubname name, pubowner oid, puballtables bool, pubinsert bool, pubupdate bool, "
     "pubdelete bool, pubtruncate bool, pubviaroot bool"},
    {6106, "pg_publication_rel",
     "oid oid, prpubid oid, prrelid oid, prqual text, prattrs int2vector"},
    {6237, "pg_publication_namespace", "oid oid, pnpubid oid, pnnspid oid"},
    {6100, "pg_subscription",
     "oid oid, subdbid oid, subname name, subowner oid, subenabled bool, subconninfo text, "
     "subslotname name, subpublications _text"},
    {0, "pg_roles",
     "rolname name, rolsuper bool, rolinherit bool, rolcreaterole bool, rolcreatedb bool, "
     "rolcanlogin bool, rolreplication bool, rolconnlimit int4, rolpassword text, "
     "rolvaliduntil timestamptz, rolbypassrls bool, rolconfig _text, oid oid"},
    {0, "pg_settings",
     "name text, setting text, unit text, category text, short_desc text, extra_desc text, "
     "context text, vartype text, source text, min_val text, max_val text, enumvals _text, "
     "boot_val text, reset_val text, sourcefile text, sourceline int4, pending_restart bool"},
    {0, "pg_views", "schemaname name, viewname name, viewowner name, definition text"},
    {0, "pg_matviews",
     "schemaname name, matviewname name, matviewowner name, tablespace name, hasindexes bool, "
     "ispopulated bool, definition text"},
    {0, "pg_sequences",
     "schemaname name, sequencename name, sequenceowner name, data_type text, start_value int8, "
     "min_value int8, max_value int8, increment_by int8, cycle bool, cache_size int8, "
     "last_value int8"},
    {0, "pg_user", "",
     "SELECT rolname AS usename, oid AS usesysid, rolcreatedb AS usecreatedb, "
     "rolsuper AS usesuper, rolreplication AS userepl, rolbypassrls AS usebypassrls, "
     "'********'::text AS passwd, rolvaliduntil AS valuntil, rolconfig AS useconfig "
     "FROM pg_roles WHERE rolcanlogin"},
    {0, "pg_tables", "",
     "SELECT n.nspname AS schemaname, c.relname AS tablename, "
     "pg_get_userbyid(c.relowner) AS tableowner, NULL::name AS tablespace, "
     "c.relhasindex AS hasindexes, c.relhasrules AS hasrules, c.relhastriggers AS hastriggers, "
     "c.relrowsecurity AS rowsecurity FROM pg_class c "
     "LEFT JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p')"},
    {0, "pg_indexes", "",
     "SELECT n.nspname AS schemaname, c.relname AS tablename, i.relname AS indexname, "
     "NULL::name AS tablespace, pg_get_indexdef(i.oid) AS indexdef FROM pg_index x "
     "JOIN pg_class c ON c.oid = x.indrelid JOIN pg_class i ON i.oid = x.indexrelid "
     "LEFT JOIN pg_namespace n ON n.oid = c.relnamespace"},
    {0, "pg_get_keywords",
     "word text, catcode \"char\", barelabel bool, catdesc text, baredesc text", {}, true},
    {0, "aclexplode", "grantor oid, grantee oid, privilege_type text, is_grantable bool", {}, true},
    {0, "pg_options_to_table", "option_name text, option_value text", {}, true},
};

constexpr Definition kInformationTables[] = {
    {0, "schemata", "",
     "SELECT current_database() AS catalog_name, n.nspname AS schema_name, "
     "pg_get_userbyid(n.nspowner) AS schema_owner, NULL::name AS default_character_set_catalog, "
     "NULL::name AS default_character_set_schema, NULL::name AS default_character_set_name, "
     "NULL::varchar AS sql_path FROM pg_namespace n"},
    {0, "tables", "",
     "SELECT current_database() AS table_catalog, n.nspname AS table_schema, "
     "c.relname AS table_name, CASE WHEN c.relkind = 'v' THEN 'VIEW' ELSE 'BASE TABLE' END::varchar "
     "AS table_type, NULL::name AS self_referencing_column_name, "
     "NULL::varchar AS reference_generation, NULL::name AS user_defined_type_catalog, "
     "NULL::name AS user_defined_type_schema, NULL::name AS user_defined_type_name, "
     "CASE WHEN n.nspname = 'public' THEN 'YES' ELSE 'NO' END::varchar AS is_insertable_into, "
     "'NO'::varchar AS is_typed, NULL::varchar AS commit_action FROM pg_class c "
     "JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'v')"},
    {0, "columns", "",
     "SELECT current_database() AS table_catalog, n.nspname AS table_schema, "
     "c.relname AS table_name, a.attname AS column_name, a.attnum::int4 AS ordinal_position, "
     "NULL::varchar AS column_default, "
     "CASE WHEN a.attnotnull THEN 'NO' ELSE 'YES' END::varchar AS is_nullable, "
     "CASE WHEN t.typelem <> 0 AND t.typlen = -1 THEN 'ARRAY' WHEN t.typnamespace <> 11 "
     "THEN 'USER-DEFINED' ELSE format_type(t.oid, NULL) END::varchar AS data_type, "
     "NULL::int4 AS character_maximum_length, NULL::int4 AS character_octet_length, "
     "NULL::int4 AS numeric_precision, NULL::int4 AS numeric_precision_radix, "
     "NULL::int4 AS numeric_scale, NULL::int4 AS datetime_precision, "
     "NULL::varchar AS interval_type, NULL::int4 AS interval_precision, "
     "NULL::name AS character_set_catalog, NULL::name AS character_set_schema, "
     "NULL::name AS character_set_name, NULL::name AS collation_catalog, "
     "NULL::name AS collation_schema, NULL::name AS collation_name, "
     "NULL::name AS domain_catalog, NULL::name AS domain_schema, NULL::name AS domain_name, "
     "current_database() AS udt_catalog, tn.nspname AS udt_schema, t.typname AS udt_name, "
     "NULL::name AS scope_catalog, NULL::name AS scope_schema, NULL::name AS scope_name, "
     "NULL::int4 AS maximum_cardinality, a.attnum::text::name AS dtd_identifier, "
     "'NO'::varchar AS is_self_referencing, 'NO'::varchar AS is_identity, "
     "NULL::varchar AS identity_generation, NULL::varchar AS identity_start, "
     "NULL::varchar AS identity_increment, NULL::varchar AS identity_maximum, "
     "NULL::varchar AS identity_minimum, 'NO'::varchar AS identity_cycle, "
     "'NEVER'::varchar AS is_generated, NULL::varchar AS generation_expression, "
     "CASE WHEN n.nspname = 'public' THEN 'YES' ELSE 'NO' END::varchar AS is_updatable "
     "FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid "
     "JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_type t ON t.oid = a.atttypid "
     "JOIN pg_namespace tn ON tn.oid = t.typnamespace "
     "WHERE a.attnum > 0 AND c.relkind IN ('r', 'v')"},
    {0, "table_constraints", "",
     "SELECT current_database() AS constraint_catalog, n.nspname AS constraint_schema, "
     "k.conname AS constraint_name, current_database() AS table_catalog, "
     "n.nspname AS table_schema, c.relname AS table_name, "
     "'PRIMARY KEY'::varchar AS constraint_type, 'NO'::varchar AS is_deferrable, "
     "'NO'::varchar AS initially_deferred, 'YES'::varchar AS enforced FROM pg_constraint k "
     "JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace"},
    {0, "key_column_usage", "",
     "SELECT current_database() AS constraint_catalog, n.nspname AS constraint_schema, "
     "k.conname AS constraint_name, current_database() AS table_catalog, "
     "n.nspname AS table_schema, c.relname AS table_name, a.attname AS column_name, "
     "array_position(k.conkey, a.attnum) AS ordinal_position, "
     "NULL::int4 AS position_in_unique_constraint FROM pg_constraint k "
     "JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace "
     "JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY(k.conkey)"},
    {0, "constraint_column_usage", "",
     "SELECT table_catalog, table_schema, table_name, column_name, constraint_catalog, "
     "constraint_schema, constraint_name FROM information_schema.key_column_usage"},
    {0, "referential_constraints",
     "constraint_catalog name, constraint_schema name, constraint_name name, "
     "unique_constraint_catalog name, unique_constraint_schema name, "
     "unique_constraint_name name, match_option varchar, update_rule varchar, "
     "delete_rule varchar"},
    {0, "check_constraints",
     "constraint_catalog name, constraint_schema name, constraint_name name, "
     "check_clause varchar"},
    {0, "views",
     "table_catalog name, table_schema name, table_name name, view_definition varchar, "
     "check_option varchar, is_updatable varchar, is_insertable_into varchar, "
     "is_trigger_updatable varchar, is_trigger_deletable varchar, "
     "is_trigger_insertable_into varchar"},
    {0, "sequences",
     "sequence_catalog name, sequence_schema name, sequence_name name, data_type varchar, "
     "numeric_precision int4, numeric_precision_radix int4, numeric_scale int4, "
     "start_value varchar, minimum_value varchar, maximum_value varchar, increment varchar, "
     "cycle_option varchar"},
    {0, "routines",
     "specific_catalog name, specific_schema name, specific_name name, routine_catalog name, "
     "routine_schema name, routine_name name, routine_type varchar, data_type varchar, "
     "routine_definition varchar, external_language varchar"},
    {0, "triggers",
     "trigger_catalog name, trigger_schema name, trigger_name name, event_manipulation varchar, "
     "event_object_catalog name, event_object_schema name, event_object_table name, "
     "action_statement varchar, action_orientation varchar, action_timing varchar"},
};

// `name type, name type`
std::vector<SystemColumn> read_columns(std::string_view text) {
  std::vector<SystemColumn> columns;
  while (!text.empty()) {
    const std::string_view column = text.substr(0, text.find(','));
    const std::size_t blank = column.find(' ');
    const auto type = find_type(column.substr(blank + 1));
    CHECK(type.has_value(), "the catalogue's columns are of types that there are");
    columns.push_back({std::string(column.substr(0, blank)), type->oid});
    text.remove_prefix(std::min(text.size(), column.size() + 2));
  }
  return columns;
}

void add(std::vector<SystemTable>& all, std::string_view schema,
         std::span<const Definition> definitions, std::uint32_t next_oid) {
  for (const Definition& definition : definitions) {
    all.push_back({definition.oid != 0 ? definition.oid : next_oid++, schema, definition.name,
                   read_columns(definition.columns), definition.view, definition.function});
  }
}

std::vector<SystemTable> make_tables() {
  std::vector<SystemTable> all;
  add(all, kCatalog, kCatalogTables, kFirstCatalogOid);
  add(all, kInformation, kInformationTables, kFirstInformationOid);
  std::sort(all.begin(), all.end(), [](const auto& x, const auto& y) { return x.oid < y.oid; });
  return all;
}

}  // namespace

std::span<const SystemTable> system_tables() {
  static const std::vector<SystemTable> all = make_tables();
  return all;
}

const SystemTable* find_system_table(std::string_view schema, std::string_view name,
                                     bool function) {
  if (schema.empty()) schema = kCatalog;
  for (const SystemTable& table : system_tables()) {
    if (table.name == name && table.schema == schema && table.function == function) return &table;
  }
  return nullptr;
}

}  // namespace alcove::executor
