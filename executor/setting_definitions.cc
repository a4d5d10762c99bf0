#include <array>
#include <limits>

#include "executor/settings.h"
#include "executor/version.h"

namespace alcove::executor {
namespace {

using Definition = SettingDefinition;
using Kind = SettingDefinition::Kind;

constexpr double kIntegerMax = std::numeric_limits<std::int32_t>::max();
constexpr double kRealMax = std::numeric_limits<double>::max();
constexpr const char* kLevels = "debug5|debug4|debug3|debug2|debug1|info|notice|warning|error|log";
constexpr const char* kIsolations =
    "serializable|repeatable read|read committed|read uncommitted";

constexpr Definition text(const char* name, const char* initial,
                          double bytes_max = Settings::kValueBytesMax) {
  return {.name = name, .kind = Kind::kText, .initial = initial, .maximum = bytes_max};
}
constexpr Definition names(const char* name, const char* initial) {
  return {.name = name, .kind = Kind::kNames, .initial = initial,
          .maximum = Settings::kValueBytesMax};
}
constexpr Definition boolean(const char* name, const char* initial) {
  return {.name = name, .kind = Kind::kBool, .initial = initial};
}
constexpr Definition choice(const char* name, const char* initial, const char* choices) {
  return {.name = name, .kind = Kind::kEnum, .initial = initial, .choices = choices};
}
constexpr Definition number(Kind kind, const char* name, const char* initial, double minimum,
                            double maximum) {
  return {.name = name, .kind = kind, .initial = initial, .minimum = minimum, .maximum = maximum};
}
constexpr Definition integer(const char* name, const char* initial, double minimum = 0,
                             double maximum = kIntegerMax) {
  return number(Kind::kInteger, name, initial, minimum, maximum);
}
constexpr Definition real(const char* name, const char* initial, double minimum = 0,
                          double maximum = kRealMax) {
  return number(Kind::kReal, name, initial, minimum, maximum);
}
constexpr Definition milliseconds(const char* name, const char* initial, double minimum = 0,
                                  double maximum = kIntegerMax) {
  return number(Kind::kMilliseconds, name, initial, minimum, maximum);
}
constexpr Definition seconds(const char* name, const char* initial) {
  return number(Kind::kSeconds, name, initial, 0, kIntegerMax);
}
constexpr Definition bytes(const char* name, const char* initial, double minimum, double maximum) {
  return number(Kind::kBytes, name, initial, minimum, maximum);
}
constexpr Definition kilobytes(const char* name, const char* initial, double minimum = 0) {
  return number(Kind::kKilobytes, name, initial, minimum, kIntegerMax);
}
constexpr Definition pages(const char* name, const char* initial, double minimum, double maximum) {
  return number(Kind::kPages, name, initial, minimum, maximum);
}

constexpr Definition reported(Definition definition) {
  definition.reported = true;
  return definition;
}
constexpr Definition read_only(Definition definition) {
  definition.read_only = true;
  return definition;
}
constexpr Definition described(Definition definition, const char* description) {
  definition.description = description;
  return definition;
}

// Ordered by name without regard to case: find_definition() searches by halves.
constexpr std::array kDefinitions = {
    described(reported(text("application_name", "")), "Name of the client program."),
    boolean("array_nulls", "on"),
    read_only(boolean("autovacuum", "on")),
    pages("backend_flush_after", "0", 0, 256),
    choice("backslash_quote", "safe_encoding", "safe_encoding|on|off"),
    described(read_only(integer("block_size", "8192")),
              "Size of a page in settings that count them."),
    choice("bytea_output", "hex", "escape|hex"),
    boolean("check_function_bodies", "on"),
    milliseconds("client_connection_check_interval", "0"),
    described(reported({.name = "client_encoding", .kind = Kind::kEncoding, .initial = "UTF8"}),
              "Encoding of text to and from the client; always UTF8."),
    described(choice("client_min_messages", "notice", kLevels),
              "Least severe message that is sent to the client."),
    integer("commit_delay", "0", 0, 100'000),
    integer("commit_siblings", "5", 0, 1000),
    choice("compute_query_id", "auto", "auto|regress|on|off"),
    choice("constraint_exclusion", "partition", "partition|on|off"),
    real("cpu_index_tuple_cost", "0.005"),
    real("cpu_operator_cost", "0.0025"),
    real("cpu_tuple_cost", "0.01"),
    real("cursor_tuple_fraction", "0.1", 0, 1),
    described(read_only(boolean("data_checksums", "on")), "Every block on disk has a checksum."),
    described(reported({.name = "DateStyle", .kind = Kind::kDateStyle, .initial = "ISO, MDY"}),
              "Kept for the client; time stamps are always written in ISO style."),
    milliseconds("deadlock_timeout", "1s", 1),
    read_only(boolean("debug_assertions", "off")),
    boolean("debug_pretty_print", "on"),
    boolean("debug_print_parse", "off"),
    boolean("debug_print_plan", "off"),
    boolean("debug_print_rewritten", "off"),
    integer("default_statistics_target", "100", 1, 10'000),
    text("default_table_access_method", "heap"),
    text("default_tablespace", ""),
    text("default_text_search_config", "pg_catalog.simple"),
    choice("default_toast_compression", "pglz", "pglz|lz4"),
    boolean("default_transaction_deferrable", "off"),
    described(choice("default_transaction_isolation", "read committed", kIsolations),
              "Isolation of a transaction that does not name one."),
    described(reported(boolean("default_transaction_read_only", "off")),
              "Whether a transaction that does not say so may not write."),
    described(read_only(integer("dimension_max", "20000")), "Most dimensions of an index."),
    pages("effective_cache_size", "4GB", 1, kIntegerMax),
    integer("effective_io_concurrency", "1", 0, 1000),
    boolean("enable_async_append", "on"),
    boolean("enable_bitmapscan", "on"),
    boolean("enable_gathermerge", "on"),
    boolean("enable_hashagg", "on"),
    boolean("enable_hashjoin", "on"),
    boolean("enable_incremental_sort", "on"),
    boolean("enable_indexonlyscan", "on"),
    boolean("enable_indexscan", "on"),
    boolean("enable_material", "on"),
    boolean("enable_memoize", "on"),
    boolean("enable_mergejoin", "on"),
    boolean("enable_nestloop", "on"),
    boolean("enable_parallel_append", "on"),
    boolean("enable_parallel_hash", "on"),
    boolean("enable_partition_pruning", "on"),
    boolean("enable_partitionwise_aggregate", "off"),
    boolean("enable_partitionwise_join", "off"),
    boolean("enable_seqscan", "on"),
    boolean("enable_sort", "on"),
    boolean("enable_tidscan", "on"),
    boolean("escape_string_warning", "on"),
    boolean("exit_on_error", "off"),
    integer("extra_float_digits", "1", -15, 3),
    described(read_only(integer("filter_nesting_max", "200")), "Deepest nesting of a filter."),
    choice("force_parallel_mode", "off", "off|on|regress"),
    integer("from_collapse_limit", "8", 1),
    described(read_only(boolean("fsync", "on")), "Writes are synced before they are acknowledged."),
    boolean("geqo", "on"),
    integer("geqo_effort", "5", 1, 10),
    integer("geqo_generations", "0"),
    integer("geqo_pool_size", "0"),
    real("geqo_seed", "0", 0, 1),
    real("geqo_selection_bias", "2", 1.5, 2),
    integer("geqo_threshold", "12", 2),
    integer("gin_fuzzy_search_limit", "0"),
    kilobytes("gin_pending_list_limit", "4MB", 64),
    real("hash_mem_multiplier", "2", 1, 1000),
    described(read_only(bytes("id_bytes_max", "512B", 0, kIntegerMax)), "Longest id of a record."),
    described(milliseconds("idle_in_transaction_session_timeout", "0"),
              "A session is ended after it has been idle in a transaction for so long; 0: never."),
    described(milliseconds("idle_session_timeout", "0"),
              "A session is ended after it has been idle for so long; 0: never."),
    described(reported(read_only(boolean("in_hot_standby", "off"))),
              "Whether this is a replica that only reads."),
    described(read_only(integer("in_items_max", "10000")), "Most items of one IN."),
    described(text("index", "", 128), "Index that a QUERY means when it names none."),
    described(reported(read_only(boolean("integer_datetimes", "on"))),
              "Time stamps in binary are integers."),
    reported(choice("IntervalStyle", "postgres",
                    "postgres|postgres_verbose|sql_standard|iso_8601")),
    described(reported(read_only(boolean("is_superuser", "off"))),
              "Whether the role may do anything."),
    boolean("jit", "on"),
    real("jit_above_cost", "100000", -1),
    boolean("jit_expressions", "on"),
    real("jit_inline_above_cost", "500000", -1),
    real("jit_optimize_above_cost", "500000", -1),
    boolean("jit_tuple_deforming", "on"),
    integer("join_collapse_limit", "8", 1),
    described(read_only(text("lc_collate", "C")), "Text is ordered by its bytes."),
    described(read_only(text("lc_ctype", "C.UTF-8")), "Text is UTF-8."),
    text("lc_messages", "C"),
    text("lc_monetary", "C"),
    text("lc_numeric", "C"),
    text("lc_time", "C"),
    boolean("lo_compat_privileges", "off"),
    names("local_preload_libraries", ""),
    milliseconds("lock_timeout", "0"),
    boolean("log_duration", "off"),
    choice("log_error_verbosity", "default", "terse|default|verbose"),
    boolean("log_executor_stats", "off"),
    boolean("log_lock_waits", "off"),
    milliseconds("log_min_duration_sample", "-1", -1),
    milliseconds("log_min_duration_statement", "-1", -1),
    choice("log_min_error_statement", "error",
           "debug5|debug4|debug3|debug2|debug1|info|notice|warning|error|log|fatal|panic"),
    choice("log_min_messages", "warning",
           "debug5|debug4|debug3|debug2|debug1|info|notice|warning|error|log|fatal|panic"),
    bytes("log_parameter_max_length", "-1", -1, 1'073'741'823),
    bytes("log_parameter_max_length_on_error", "0", -1, 1'073'741'823),
    boolean("log_parser_stats", "off"),
    boolean("log_planner_stats", "off"),
    choice("log_statement", "none", "none|ddl|mod|all"),
    real("log_statement_sample_rate", "1", 0, 1),
    boolean("log_statement_stats", "off"),
    kilobytes("log_temp_files", "-1", -1),
    real("log_transaction_sample_rate", "0", 0, 1),
    kilobytes("logical_decoding_work_mem", "64MB", 64),
    integer("maintenance_io_concurrency", "10", 0, 1000),
    kilobytes("maintenance_work_mem", "64MB", 1024),
    read_only(integer("max_function_args", "100")),
    described(read_only(integer("max_identifier_length", "63")),
              "What clients shorten the names they make up to; names here may be longer."),
    read_only(integer("max_index_keys", "32")),
    integer("max_parallel_maintenance_workers", "2", 0, 1024),
    integer("max_parallel_workers", "8", 0, 1024),
    integer("max_parallel_workers_per_gather", "2", 0, 1024),
    kilobytes("max_stack_depth", "2MB", 100),
    described(read_only(bytes("metadata_bytes_max", "40kB", 0, kIntegerMax)),
              "Longest metadata of a record, in canonical text."),
    pages("min_parallel_index_scan_size", "512kB", 0, 715'827'882),
    pages("min_parallel_table_scan_size", "8MB", 0, 715'827'882),
    described(text("namespace", "", 512), "Namespace that a statement means when it names none."),
    boolean("parallel_leader_participation", "on"),
    real("parallel_setup_cost", "1000"),
    real("parallel_tuple_cost", "0.1"),
    described(read_only(integer("parameters_max", "65535")), "Most parameters of a statement."),
    described(choice("password_encryption", "scram-sha-256", "scram-sha-256"),
              "How passwords are kept."),
    choice("plan_cache_mode", "auto", "auto|force_generic_plan|force_custom_plan"),
    boolean("quote_all_identifiers", "off"),
    real("random_page_cost", "4"),
    described({.name = "recall_target", .kind = Kind::kFraction, .initial = "0.95", .maximum = 1},
              "Share of the true neighbours that a QUERY is to find."),
    described(read_only(integer("records_per_statement_max", "100000")),
              "Most records that one UPSERT writes."),
    real("recursive_worktable_factor", "10", 0.001, 1e6),
    described(boolean("require_namespace", "off"),
              "Refuse statements that leave the namespace to a default."),
    choice("role", "none", "none"),
    described(read_only(integer("role_grants_max", "1000")),
              "Most indexes and namespaces that one role has grants on."),
    described(read_only(integer("roles_max", "2000000")), "Most roles."),
    boolean("row_security", "on"),
    described(read_only(integer("savepoints_max", "1000")), "Most savepoints of a transaction."),
    described(names("search_path", "\"$user\", public"),
              "Kept for the client; names here have no schema."),
    real("seq_page_cost", "1"),
    described(reported(read_only(text("server_encoding", "UTF8"))), "Encoding of stored text."),
    described(reported(read_only(text("server_version", kServerVersion))),
              "Version of PostgreSQL that is spoken, and of the server."),
    described(read_only(integer("server_version_num", kServerVersionNumber)),
              "Version of PostgreSQL that is spoken, as a number."),
    described(reported(read_only(text("session_authorization", ""))), "Role of the session."),
    names("session_preload_libraries", ""),
    choice("session_replication_role", "origin", "origin|replica|local"),
    described(reported(choice("standard_conforming_strings", "on", "on")),
              "A backslash in a plain string stands for itself; always on."),
    described(read_only(bytes("statement_bytes_max", "64MB", 0, kIntegerMax)),
              "Longest text of a statement."),
    described(milliseconds("statement_timeout", "0"),
              "A statement fails after it has run for so long; 0: never."),
    choice("stats_fetch_consistency", "cache", "none|cache|snapshot"),
    boolean("synchronize_seqscans", "on"),
    described(choice("synchronous_commit", "on", "local|remote_write|remote_apply|on|off"),
              "Off: a write is acknowledged before it is durable."),
    integer("tcp_keepalives_count", "0"),
    seconds("tcp_keepalives_idle", "0"),
    seconds("tcp_keepalives_interval", "0"),
    milliseconds("tcp_user_timeout", "0"),
    pages("temp_buffers", "8MB", 100, 1'073'741'823),
    kilobytes("temp_file_limit", "-1", -1),
    names("temp_tablespaces", ""),
    described(reported({.name = "TimeZone", .kind = Kind::kTimeZone, .initial = "UTC"}),
              "Kept for the client; time stamps are always written in UTC."),
    text("timezone_abbreviations", "Default"),
    described(read_only(integer("top_max", "10000")), "Largest TOP of a QUERY."),
    boolean("trace_notify", "off"),
    boolean("trace_sort", "off"),
    boolean("track_activities", "on"),
    boolean("track_counts", "on"),
    choice("track_functions", "none", "none|pl|all"),
    boolean("track_io_timing", "off"),
    boolean("track_wal_io_timing", "off"),
    boolean("transaction_deferrable", "off"),
    described(choice("transaction_isolation", "read committed", kIsolations),
              "Isolation of the current transaction."),
    described(boolean("transaction_read_only", "off"),
              "Whether the current transaction may not write."),
    boolean("transform_null_equals", "off"),
    boolean("update_process_title", "on"),
    milliseconds("vacuum_cost_delay", "0", 0, 100),
    integer("vacuum_cost_limit", "200", 1, 10'000),
    integer("vacuum_cost_page_dirty", "20", 0, 10'000),
    integer("vacuum_cost_page_hit", "1", 0, 10'000),
    integer("vacuum_cost_page_miss", "2", 0, 10'000),
    integer("vacuum_failsafe_age", "1600000000", 0, 2.1e9),
    integer("vacuum_freeze_min_age", "50000000", 0, 1e9),
    integer("vacuum_freeze_table_age", "150000000", 0, 2e9),
    integer("vacuum_multixact_failsafe_age", "1600000000", 0, 2.1e9),
    integer("vacuum_multixact_freeze_min_age", "5000000", 0, 1e9),
    integer("vacuum_multixact_freeze_table_age", "150000000", 0, 2e9),
    described(choice("vector_output", "float4_array", "float4_array|vector|text"),
              "Type in which vectors are sent."),
    choice("wal_compression", "off", "pglz|lz4|zstd|on|off"),
    milliseconds("wal_sender_timeout", "1min"),
    kilobytes("wal_skip_threshold", "2MB"),
    kilobytes("work_mem", "4MB", 64),
    choice("xmlbinary", "base64", "base64|hex"),
    choice("xmloption", "content", "content|document"),
};

}  // namespace

std::span<const SettingDefinition> Settings::definitions() { return kDefinitions; }

}  // namespace alcove::executor
