#include "executor/system_name.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "executor/postgres_type.h"
#include "parser/name.h"

namespace alcove::executor {
namespace {

bool is_plain_name(std::string_view name) {
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; };
  const auto is_any = [&](char c) { return is_letter(c) || (c >= '0' && c <= '9') || c == '$'; };
  return !name.empty() && is_letter(name.front()) && std::all_of(name.begin(), name.end(), is_any);
}

// schema.name, "schema"."name" or name, folded as PostgreSQL does.
std::pair<std::string, std::string> split_name(std::string_view text) {
  std::string schema;
  std::string name;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '"') {
      for (++at; at < text.size(); ++at) {
        if (text[at] == '"' && !text.substr(at + 1).starts_with('"')) break;
        if (text[at] == '"') ++at;
        name += text[at];
      }
    } else if (text[at] == '.') {
      schema = std::exchange(name, {});
    } else {
      name += text[at] >= 'A' && text[at] <= 'Z' ? static_cast<char>(text[at] + 32) : text[at];
    }
  }
  return {schema, name};
}

std::optional<std::uint32_t> number_in(std::string_view text) {
  std::uint32_t value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

using Lookup = std::uint32_t (*)(const SystemFacts&, std::string_view);  // 0: none

std::uint32_t class_oid(const SystemFacts& facts, std::string_view text) {
  const auto [schema, name] = split_name(text);
  for (const SystemIndex& index : facts.indexes) {
    // An index's name holds what PostgreSQL would want in quotes, and is not folded.
    if (index.name == text) return index.oid;
    if (!schema.empty() && schema != "public") continue;
    if (index.name == name) return index.oid;
    if (index.key_name() == name) return index.key_oid();
  }
  const SystemTable* const table = find_system_table(schema, name);
  return table == nullptr ? 0 : table->oid;
}

std::uint32_t type_oid_of(const SystemFacts&, std::string_view text) {
  std::optional<PostgresType> type = find_type(parser::lower_case(text));
  if (!type) type = find_type(split_name(text).second);
  return type ? type->oid : 0;
}

std::uint32_t procedure_oid(const SystemFacts&, std::string_view text) {
  return function_oid(split_name(text).second);
}

std::uint32_t namespace_oid(const SystemFacts&, std::string_view text) {
  return schema_oid(split_name(text).second);
}

std::uint32_t role_oid(const SystemFacts& facts, std::string_view text) {
  return text == facts.user || split_name(text).second == facts.user ? kOwnerOid : 0;
}

template <Lookup Find, const char* What, ErrorCode Code>
void read_name(const NativeCall& call) {
  if (call.is_null(0)) return call.give_null();
  const std::string_view text = call.text(0);
  if (const auto number = number_in(text)) return call.give(std::int64_t{*number});
  if (text == "-") return call.give(std::int64_t{0});
  const std::uint32_t oid = Find(call.context().facts, text);
  if (oid != 0) return call.give(std::int64_t{oid});
  call.give(fail(Code, "{} \"{}\" does not exist", What, text.substr(0, 200)));
}

template <Lookup Find>
void find_name(const NativeCall& call) {
  if (call.is_null(0)) return call.give_null();
  const std::uint32_t oid = Find(call.context().facts, call.text(0));
  if (oid == 0) return call.give_null();
  call.give(std::int64_t{oid});
}

using Naming = std::string (*)(const SystemFacts&, std::uint32_t);  // empty: none

std::string class_name(const SystemFacts& facts, std::uint32_t oid) {
  if (const SystemIndex* const index = facts.index_with(oid)) {
    if (oid == index->oid) return quoted_name(index->name);
    return oid == index->key_oid() ? quoted_name(index->key_name()) : std::string();
  }
  for (const SystemTable& table : system_tables()) {
    if (table.oid != oid) continue;
    const bool hidden = table.schema == "information_schema";
    return hidden ? fmt::format("{}.{}", table.schema, table.name) : std::string(table.name);
  }
  return {};
}

std::string type_text(const SystemFacts&, std::uint32_t oid) {
  const auto type = find_type(oid);
  return type ? type->name : std::string();
}

std::string procedure_name(const SystemFacts&, std::uint32_t oid) {
  return std::string(function_name(oid));
}

std::string namespace_name(const SystemFacts&, std::uint32_t oid) {
  for (const std::string_view name : {"pg_catalog", "information_schema", "public"}) {
    if (schema_oid(name) == oid) return std::string(name);
  }
  return {};
}

std::string role_name(const SystemFacts& facts, std::uint32_t oid) {
  return oid == kOwnerOid ? facts.user : fmt::format("unknown (OID={})", oid);
}

std::string name_or_number(Naming name_of, const SystemFacts& facts, std::uint32_t oid) {
  std::string name = name_of(facts, oid);
  if (!name.empty()) return name;
  return oid == 0 ? "-" : std::to_string(oid);
}

template <Naming Name>
void write_name(const NativeCall& call) {
  if (call.is_null(0)) return call.give_null();
  call.give(std::string_view(name_or_number(Name, call.context().facts, call.oid(0))));
}

constexpr char kRelation[] = "relation";
constexpr char kType[] = "type";
constexpr char kFunction[] = "function";
constexpr char kSchema[] = "schema";
constexpr char kRole[] = "role";

void quote_ident(const NativeCall& call) { call.give(std::string_view(quoted_name(call.text(0)))); }

void index_definition(const NativeCall& call) {
  const std::uint32_t oid = call.oid(0);
  const SystemIndex* const index = call.context().facts.index_with(oid);
  if (index == nullptr || oid != index->key_oid()) return call.give_null();
  const std::int64_t column = call.count() > 1 ? call.integer(1) : 0;
  if (column == 1) return call.give(std::string_view("namespace"));
  if (column == 2) return call.give(std::string_view("id"));
  if (column != 0) return call.give(std::string_view());
  call.give(std::string_view(
      fmt::format("CREATE UNIQUE INDEX {} ON public.{} USING btree (namespace, id)",
                  quoted_name(index->key_name()), quoted_name(index->name))));
}

void constraint_definition(const NativeCall& call) {
  const std::uint32_t oid = call.oid(0);
  const SystemIndex* const index = call.context().facts.index_with(oid);
  if (index == nullptr || oid != index->constraint_oid()) return call.give_null();
  call.give(std::string_view("PRIMARY KEY (namespace, id)"));
}

void comment(const NativeCall& call) {
  const std::string text = call.context().facts.comment(call.oid(0), call.integer(1));
  if (text.empty()) return call.give_null();
  call.give(std::string_view(text));
}

constexpr Native kNameNatives[] = {
    {"pg_regclass", guarded<read_name<class_oid, kRelation, ErrorCode::kUndefinedIndex>>},
    {"pg_regtype", guarded<read_name<type_oid_of, kType, ErrorCode::kUndefinedObject>>},
    {"pg_regproc", guarded<read_name<procedure_oid, kFunction, ErrorCode::kUndefinedFunction>>},
    {"pg_regnamespace",
     guarded<read_name<namespace_oid, kSchema, ErrorCode::kUndefinedNamespace>>},
    {"pg_regrole", guarded<read_name<role_oid, kRole, ErrorCode::kUndefinedObject>>},
    {"pg_to_regclass", guarded<find_name<class_oid>>},
    {"pg_to_regproc", guarded<find_name<procedure_oid>>},
    {"pg_to_regnamespace", guarded<find_name<namespace_oid>>},
    {"pg_to_regrole", guarded<find_name<role_oid>>},
    {"pg_regclass_text", guarded<write_name<class_name>>},
    {"pg_regtype_text", guarded<write_name<type_text>>},
    {"pg_regproc_text", guarded<write_name<procedure_name>>},
    {"pg_regnamespace_text", guarded<write_name<namespace_name>>},
    {"pg_regrole_text", guarded<write_name<role_name>>},
    {"pg_quote_ident", guarded<strict<quote_ident>>},
    {"pg_get_indexdef", guarded<strict<index_definition>>},
    {"pg_get_constraintdef", guarded<strict<constraint_definition>>},
    {"pg_comment", guarded<strict<comment>>},
};

}  // namespace

std::span<const Native> name_natives() { return kNameNatives; }

std::string quoted_name(std::string_view name) {
  if (is_plain_name(name)) return std::string(name);
  std::string quoted = "\"";
  for (const char c : name) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

std::string reg_text(std::uint32_t type, const SystemFacts& facts, std::uint32_t value) {
  switch (type) {
    case type_oid::kRegclass: return name_or_number(class_name, facts, value);
    case type_oid::kRegtype: return name_or_number(type_text, facts, value);
    case type_oid::kRegproc: return name_or_number(procedure_name, facts, value);
    case type_oid::kRegnamespace: return name_or_number(namespace_name, facts, value);
    case type_oid::kRegrole: return name_or_number(role_name, facts, value);
    default: return std::to_string(value);
  }
}

}  // namespace alcove::executor
