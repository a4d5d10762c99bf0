#include "executor/system_native.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <exception>
#include <memory>
#include <utility>

#include <fmt/format.h>
#include <re2/re2.h>
#include <sqlite3.h>

#include "base/check.h"
#include "base/json_string.h"
#include "executor/postgres_type.h"
#include "executor/system_expression.h"
#include "parser/vector_text.h"
#include "segments/like_pattern.h"

namespace alcove::executor {
namespace {

using Items = std::vector<std::optional<std::string>>;

constexpr std::int64_t kSeriesMax = 1'000'000;
constexpr std::int64_t kRegexBytesMax = 1 << 20;  // of a compiled pattern

// ---- Arguments and results ----------------------------------------------------------------------

class Call {
 public:
  Call(sqlite3_context* call, int count, sqlite3_value** values)
      : call_(call), count_(static_cast<std::size_t>(count)), values_(values) {}

  NativeContext& context() const {
    return *static_cast<NativeContext*>(sqlite3_user_data(call_));
  }
  sqlite3_context* sqlite() const { return call_; }
  std::size_t count() const { return count_; }
  sqlite3_value* value(std::size_t at) const { return values_[at]; }
  bool is_null(std::size_t at) const { return sqlite3_value_type(values_[at]) == SQLITE_NULL; }
  bool any_null() const {
    for (std::size_t at = 0; at < count_; ++at) {
      if (is_null(at)) return true;
    }
    return false;
  }
  bool is_text(std::size_t at) const { return sqlite3_value_type(values_[at]) == SQLITE_TEXT; }
  std::int64_t integer(std::size_t at) const { return sqlite3_value_int64(values_[at]); }
  double real(std::size_t at) const { return sqlite3_value_double(values_[at]); }
  std::uint32_t oid(std::size_t at) const { return static_cast<std::uint32_t>(integer(at)); }
  std::string_view text(std::size_t at) const {
    const auto* bytes = sqlite3_value_text(values_[at]);
    if (bytes == nullptr) return {};
    return {reinterpret_cast<const char*>(bytes),
            static_cast<std::size_t>(sqlite3_value_bytes(values_[at]))};
  }

  void give_null() const { sqlite3_result_null(call_); }
  void give(std::int64_t value) const { sqlite3_result_int64(call_, value); }
  void give(double value) const { sqlite3_result_double(call_, value); }
  void give(bool value) const { sqlite3_result_int(call_, value ? 1 : 0); }
  void give(std::string_view text) const {
    sqlite3_result_text64(call_, text.data(), text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
  }
  void give(const Error& error) const {
    context().error = error;
    sqlite3_result_error(call_, error.message().c_str(), -1);
  }

 private:
  sqlite3_context* call_;
  std::size_t count_;
  sqlite3_value** values_;
};

// What no exception may leave: SQLite is C.
template <void (*Body)(const Call&)>
void guarded(sqlite3_context* sqlite, int count, sqlite3_value** values) {
  const Call call(sqlite, count, values);
  try {
    Body(call);
  } catch (const std::bad_alloc&) {
    sqlite3_result_error_nomem(sqlite);
  } catch (const std::exception& exception) {
    call.give(Error(ErrorCode::kInternal, exception.what()));
  }
}

// The same, but NULL where an argument is.
template <void (*Body)(const Call&)>
void strict(const Call& call) {
  if (call.any_null()) return call.give_null();
  Body(call);
}

// ---- Names --------------------------------------------------------------------------------------

bool is_plain_name(std::string_view name) {
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; };
  const auto is_any = [&](char c) { return is_letter(c) || (c >= '0' && c <= '9') || c == '$'; };
  return !name.empty() && is_letter(name.front()) && std::all_of(name.begin(), name.end(), is_any);
}

std::string quoted_name(std::string_view name) {
  if (is_plain_name(name)) return std::string(name);
  std::string quoted = "\"";
  for (const char c : name) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
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
  std::string lower;
  for (const char c : text) lower += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  std::optional<PostgresType> type = find_type(lower);
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
void read_name(const Call& call) {
  if (call.is_null(0)) return call.give_null();
  const std::string_view text = call.text(0);
  if (const auto number = number_in(text)) return call.give(std::int64_t{*number});
  if (text == "-") return call.give(std::int64_t{0});
  const std::uint32_t oid = Find(call.context().facts, text);
  if (oid != 0) return call.give(std::int64_t{oid});
  call.give(fail(Code, "{} \"{}\" does not exist", What, text.substr(0, 200)));
}

template <Lookup Find>
void find_name(const Call& call) {
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
void write_name(const Call& call) {
  if (call.is_null(0)) return call.give_null();
  call.give(std::string_view(name_or_number(Name, call.context().facts, call.oid(0))));
}

constexpr char kRelation[] = "relation";
constexpr char kType[] = "type";
constexpr char kFunction[] = "function";
constexpr char kSchema[] = "schema";
constexpr char kRole[] = "role";

void quote_ident(const Call& call) { call.give(std::string_view(quoted_name(call.text(0)))); }

// ---- What indexes look like ---------------------------------------------------------------------

void index_definition(const Call& call) {
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

void constraint_definition(const Call& call) {
  const std::uint32_t oid = call.oid(0);
  const SystemIndex* const index = call.context().facts.index_with(oid);
  if (index == nullptr || oid != index->constraint_oid()) return call.give_null();
  call.give(std::string_view("PRIMARY KEY (namespace, id)"));
}

void comment(const Call& call) {
  const std::string text = call.context().facts.comment(call.oid(0), call.integer(1));
  if (text.empty()) return call.give_null();
  call.give(std::string_view(text));
}

// ---- Values from text and back ------------------------------------------------------------------

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

Error bad_text(std::string_view type, std::string_view text) {
  return fail(ErrorCode::kInvalidText, "invalid input syntax for type {}: \"{}\"", type,
              text.substr(0, 128));
}

void read_integer(const Call& call) {
  if (!call.is_text(0)) return call.give(call.integer(0));
  const std::string_view text = trimmed(call.text(0));
  std::int64_t value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc{} || end != text.data() + text.size()) {
    return call.give(bad_text("integer", text));
  }
  call.give(value);
}

void read_real(const Call& call) {
  if (!call.is_text(0)) return call.give(call.real(0));
  const std::string_view text = trimmed(call.text(0));
  double value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc{} || end != text.data() + text.size()) {
    return call.give(bad_text("double precision", text));
  }
  call.give(value);
}

void read_boolean(const Call& call) {
  if (!call.is_text(0)) return call.give(call.integer(0) != 0);
  const std::string_view text = trimmed(call.text(0));
  for (const std::string_view yes : {"t", "true", "on", "yes", "y", "1"}) {
    if (text == yes) return call.give(true);
  }
  for (const std::string_view no : {"f", "false", "off", "no", "n", "0"}) {
    if (text == no) return call.give(false);
  }
  call.give(bad_text("boolean", text));
}

void write_boolean(const Call& call) {
  call.give(std::string_view(call.integer(0) != 0 ? "true" : "false"));
}

// ---- Arrays -------------------------------------------------------------------------------------

Items items_of(const Call& call, std::size_t at) { return array_items(call.text(at)); }

bool is_json_number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  return code == std::errc{} && end == text.data() + text.size();
}

void read_array(const Call& call, bool numbers) {
  const auto texts = parser::parse_text_array(call.text(0));
  if (!texts) return call.give(texts.error());
  Items items;
  for (const std::string& text : *texts) {
    if (numbers && !is_json_number(text)) return call.give(bad_text("integer", text));
    items.emplace_back(text);
  }
  call.give(std::string_view(array_json(items, numbers)));
}

void read_number_array(const Call& call) { read_array(call, true); }
void read_text_array(const Call& call) { read_array(call, false); }

void json_numbers(const Call& call) {
  const Items items = items_of(call, 0);
  for (const auto& item : items) {
    if (item && !is_json_number(*item)) return call.give(bad_text("integer", *item));
  }
  call.give(std::string_view(array_json(items, true)));
}

void write_array(const Call& call) { call.give(std::string_view(array_text(call.text(0)))); }
void write_vector(const Call& call) { call.give(std::string_view(vector_text(call.text(0)))); }

// The text of what stands between the brackets.
std::string_view inside(std::string_view json) {
  json = trimmed(json);
  return json.size() < 2 ? std::string_view() : json.substr(1, json.size() - 2);
}

void array_cat(const Call& call) {
  const std::string_view left = call.is_null(0) ? std::string_view() : inside(call.text(0));
  const std::string_view right = call.is_null(1) ? std::string_view() : inside(call.text(1));
  call.give(std::string_view(
      fmt::format("[{}{}{}]", left, left.empty() || right.empty() ? "" : ",", right)));
}

void array_to_string(const Call& call) {
  if (call.is_null(0) || call.is_null(1)) return call.give_null();
  std::string joined;
  bool first = true;
  for (const auto& item : items_of(call, 0)) {
    if (!item && (call.count() < 3 || call.is_null(2))) continue;
    if (!std::exchange(first, false)) joined += call.text(1);
    joined += item ? std::string_view(*item) : call.text(2);
  }
  call.give(std::string_view(joined));
}

void string_to_array(const Call& call) {
  if (call.is_null(0)) return call.give_null();
  std::string_view text = call.text(0);
  const std::string_view separator = call.text(1);
  Items items;
  while (!text.empty() || !items.empty()) {
    const std::size_t end = separator.empty() ? std::string_view::npos : text.find(separator);
    std::optional<std::string> item(text.substr(0, end));
    if (call.count() > 2 && !call.is_null(2) && *item == call.text(2)) item.reset();
    items.push_back(std::move(item));
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + separator.size());
  }
  call.give(std::string_view(array_json(items, false)));
}

void series(const Call& call) {
  const std::int64_t first = call.integer(0);
  const std::int64_t last = call.integer(1);
  const std::int64_t step = call.count() > 2 ? call.integer(2) : 1;
  if (step == 0) return call.give(Error(ErrorCode::kInvalidValue, "step size cannot equal zero"));
  std::string json = "[";
  std::int64_t value = first;
  for (std::int64_t count = 0; step > 0 ? value <= last : value >= last; ++count) {
    if (count == kSeriesMax) {
      return call.give(
          fail(ErrorCode::kLimitExceeded, "generate_series makes at most {} rows", kSeriesMax));
    }
    fmt::format_to(std::back_inserter(json), "{}{}", count == 0 ? "" : ",", value);
    if (__builtin_add_overflow(value, step, &value)) break;
  }
  call.give(std::string_view(json + ']'));
}

void subscripts(const Call& call) {
  std::string json = "[";
  const std::size_t count = items_of(call, 0).size();
  for (std::size_t i = 1; i <= count; ++i) json += fmt::format("{}{}", i == 1 ? "" : ",", i);
  call.give(std::string_view(json + ']'));
}

void same(const Call& call) { sqlite3_result_value(call.sqlite(), call.value(0)); }

// ---- Patterns -----------------------------------------------------------------------------------

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  return result;
}

// The compiled pattern in the second argument, kept while it is the same constant.
template <bool Fold>
const re2::RE2* compiled(const Call& call) {
  auto* kept = static_cast<re2::RE2*>(sqlite3_get_auxdata(call.sqlite(), 1));
  if (kept != nullptr) return kept;
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kRegexBytesMax);
  options.set_case_sensitive(!Fold);
  options.set_dot_nl(true);
  const std::string_view pattern = call.text(1);
  auto made = std::make_unique<re2::RE2>(re2::StringPiece(pattern.data(), pattern.size()), options);
  if (!made->ok()) {
    call.give(fail(ErrorCode::kInvalidValue, "invalid regular expression: {}", made->error()));
    return nullptr;
  }
  sqlite3_set_auxdata(call.sqlite(), 1, made.release(),
                      [](void* expression) { delete static_cast<re2::RE2*>(expression); });
  kept = static_cast<re2::RE2*>(sqlite3_get_auxdata(call.sqlite(), 1));
  if (kept == nullptr) sqlite3_result_error_nomem(call.sqlite());
  return kept;
}

template <bool Fold>
void regex(const Call& call) {
  const re2::RE2* const expression = compiled<Fold>(call);
  if (expression == nullptr) return;
  const std::string_view text = call.text(0);
  call.give(re2::RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), *expression));
}

void regexp_replace(const Call& call) {
  const std::string_view flags = call.count() > 3 ? call.text(3) : std::string_view();
  const re2::RE2* const expression = flags.find('i') != std::string_view::npos
                                         ? compiled<true>(call)
                                         : compiled<false>(call);
  if (expression == nullptr) return;
  std::string text(call.text(0));
  const std::string_view by = call.text(2);
  const re2::StringPiece replacement(by.data(), by.size());
  if (flags.find('g') != std::string_view::npos) {
    re2::RE2::GlobalReplace(&text, *expression, replacement);
  } else {
    re2::RE2::Replace(&text, *expression, replacement);
  }
  call.give(std::string_view(text));
}

void like(const Call& call) {
  call.give(segments::LikePattern(call.text(1)).matches(call.text(0)));
}
void ilike(const Call& call) {
  call.give(segments::LikePattern(lower(call.text(1))).matches(lower(call.text(0))));
}

// A pattern in which another character takes the meaning of what follows, as one in which a backslash
// does. None: nothing does.
void like_escape(const Call& call) {
  const std::string_view escape = call.text(1);
  if (escape.size() > 1) {
    return call.give(fail(ErrorCode::kInvalidValue, "invalid escape string: \"{}\"", escape));
  }
  std::string pattern;
  bool escaped = false;
  for (const char c : call.text(0)) {
    if (!escaped && !escape.empty() && c == escape.front()) {
      escaped = true;
      continue;
    }
    if (escaped || c == '\\') pattern += '\\';
    pattern += c;
    escaped = false;
  }
  call.give(std::string_view(pattern));
}

// %s, %I and %L, each the next argument.
void format_text(const Call& call) {
  if (call.is_null(0)) return call.give_null();
  const std::string_view form = call.text(0);
  std::string text;
  std::size_t next = 1;
  for (std::size_t at = 0; at < form.size(); ++at) {
    if (form[at] != '%' || at + 1 == form.size()) {
      text += form[at];
      continue;
    }
    const char what = form[++at];
    if (what == '%') {
      text += '%';
      continue;
    }
    if (next >= call.count()) {
      return call.give(Error(ErrorCode::kInvalidValue, "too few arguments for format()"));
    }
    const std::string_view argument = call.text(next++);
    if (what == 'I') {
      text += quoted_name(argument);
    } else {
      text += what == 'L' ? quoted_sql(argument) : std::string(argument);
    }
  }
  call.give(std::string_view(text));
}

void split_part(const Call& call) {
  std::string_view text = call.text(0);
  const std::string_view separator = call.text(1);
  for (std::int64_t part = call.integer(2); part > 1; --part) {
    const std::size_t end = separator.empty() ? std::string_view::npos : text.find(separator);
    if (end == std::string_view::npos) return call.give(std::string_view());
    text.remove_prefix(end + separator.size());
  }
  call.give(text.substr(0, separator.empty() ? std::string_view::npos : text.find(separator)));
}

void concat(const Call& call) {
  std::string joined;
  for (std::size_t at = 0; at < call.count(); ++at) {
    if (!call.is_null(at)) joined += call.text(at);
  }
  call.give(std::string_view(joined));
}

// The greatest (or least) of the arguments that are not NULL.
template <bool Greatest>
void extreme(const Call& call) {
  std::optional<std::size_t> best;
  const auto is_less = [&](std::size_t x, std::size_t y) {
    if (call.is_text(x)) return call.text(x) < call.text(y);
    return call.real(x) < call.real(y);
  };
  for (std::size_t at = 0; at < call.count(); ++at) {
    if (call.is_null(at)) continue;
    if (!best || (Greatest ? is_less(*best, at) : is_less(at, *best))) best = at;
  }
  if (!best) return call.give_null();
  sqlite3_result_value(call.sqlite(), call.value(*best));
}

// ---- Constant functions -------------------------------------------------------------------------

ConstantValue constant_of(const Call& call, std::size_t at, std::optional<ConstantType> parameter) {
  const ConstantType type = parameter.value_or(ConstantType::kText);
  if (call.is_null(at)) return {type, {}};
  switch (type) {
    case ConstantType::kBool: return {type, call.integer(at) != 0};
    case ConstantType::kInt4:
    case ConstantType::kInt8:
    case ConstantType::kOid:
    case ConstantType::kRegtype: return {type, call.integer(at)};
    case ConstantType::kFloat4: return {type, static_cast<float>(call.real(at))};
    case ConstantType::kFloat8: return {type, call.real(at)};
    default: return {type, std::string(call.text(at))};
  }
}

void constant(const Call& call) {
  const ConstantFunction& function = function_with(static_cast<std::size_t>(call.integer(0)));
  std::vector<ConstantValue> arguments;
  for (std::size_t at = 1; at < call.count(); ++at) {
    arguments.push_back(constant_of(call, at, function.parameters[at - 1]));
  }
  ConstantFunction::Effects effects;
  const auto result =
      executor::call(function, std::move(arguments), call.context().constants, effects);
  if (!result) return call.give(result.error());
  if (result->is_null()) return call.give_null();
  if (const bool* const boolean = std::get_if<bool>(&result->what)) return call.give(*boolean);
  if (const auto* integer = std::get_if<std::int64_t>(&result->what)) return call.give(*integer);
  if (const auto* real = std::get_if<double>(&result->what)) return call.give(*real);
  if (const auto* text = std::get_if<std::string>(&result->what)) {
    return call.give(std::string_view(*text));
  }
  call.give(fail(ErrorCode::kNotSupported, "the function {} is not supported here", function.name));
}

// ---- Aggregates ---------------------------------------------------------------------------------

using Owned = std::variant<std::monostate, std::int64_t, double, std::string>;

Owned own(sqlite3_value* value) {
  switch (sqlite3_value_type(value)) {
    case SQLITE_INTEGER: return sqlite3_value_int64(value);
    case SQLITE_FLOAT: return sqlite3_value_double(value);
    case SQLITE_NULL: return std::monostate{};
    default: break;
  }
  const auto* bytes = reinterpret_cast<const char*>(sqlite3_value_text(value));
  return std::string(bytes == nullptr ? "" : bytes);
}

// The values of a group with what they are to be ordered by.
struct Group {
  struct Member {
    Owned value;
    std::vector<Owned> keys;
  };
  std::vector<Member> members;
  std::string directions;  // 'a' or 'd' for each key
  std::string separator;   // of string_agg()
  std::size_t bytes = 0;

  void sort() {
    std::stable_sort(members.begin(), members.end(), [this](const Member& x, const Member& y) {
      for (std::size_t i = 0; i < std::min(x.keys.size(), directions.size()); ++i) {
        const bool down = directions[i] == 'd';
        // NULL is above all.
        if (x.keys[i].index() == 0 || y.keys[i].index() == 0) {
          if (x.keys[i].index() == y.keys[i].index()) continue;
          return (y.keys[i].index() == 0) != down;
        }
        if (x.keys[i] == y.keys[i]) continue;
        return (x.keys[i] < y.keys[i]) != down;
      }
      return false;
    });
  }
};

constexpr std::size_t kGroupBytesMax = 16 << 20;

Group* group_of(sqlite3_context* sqlite, bool make) {
  auto** const place =
      static_cast<Group**>(sqlite3_aggregate_context(sqlite, make ? sizeof(Group*) : 0));
  if (place == nullptr) return nullptr;
  if (*place == nullptr && make) *place = new Group;
  return *place;
}

// `first_key`: where the directions stand, and behind them the keys.
void add_member(const Call& call, std::size_t directions_at) {
  Group* const group = group_of(call.sqlite(), true);
  if (group == nullptr) return sqlite3_result_error_nomem(call.sqlite());
  Group::Member member{own(call.value(0)), {}};
  group->bytes += sizeof(Group::Member) + call.text(0).size();
  if (group->bytes > kGroupBytesMax) {
    return call.give(
        fail(ErrorCode::kLimitExceeded, "an aggregate has more than {} bytes", kGroupBytesMax));
  }
  if (call.count() > directions_at) {
    group->directions = call.text(directions_at);
    for (std::size_t at = directions_at + 1; at < call.count(); ++at) {
      member.keys.push_back(own(call.value(at)));
    }
  }
  group->members.push_back(std::move(member));
}

void array_agg_step(const Call& call) { add_member(call, 1); }
void string_agg_step(const Call& call) {
  if (call.is_null(0)) return;
  add_member(call, 2);
  if (Group* const group = group_of(call.sqlite(), false)) group->separator = call.text(1);
}

template <void (*Give)(const Call&, Group&)>
void finish(sqlite3_context* sqlite) {
  const std::unique_ptr<Group> group(group_of(sqlite, false));
  const Call call(sqlite, 0, nullptr);
  if (group == nullptr) return call.give_null();
  try {
    group->sort();
    Give(call, *group);
  } catch (const std::bad_alloc&) {
    sqlite3_result_error_nomem(sqlite);
  }
}

std::string text_of(const Owned& value) {
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return std::to_string(*integer);
  if (const auto* real = std::get_if<double>(&value)) return fmt::format("{}", *real);
  return std::get<std::string>(value);
}

void give_array(const Call& call, Group& group) {
  std::string json = "[";
  for (const Group::Member& member : group.members) {
    if (json.size() > 1) json += ',';
    if (member.value.index() == 0) {
      json += "null";
    } else if (std::holds_alternative<std::string>(member.value)) {
      const std::string one = array_json({std::get<std::string>(member.value)}, false);
      json += inside(one);
    } else {
      json += text_of(member.value);
    }
  }
  call.give(std::string_view(json + ']'));
}

void give_string(const Call& call, Group& group) {
  std::string joined;
  for (std::size_t i = 0; i < group.members.size(); ++i) {
    if (i > 0) joined += group.separator;
    joined += text_of(group.members[i].value);
  }
  call.give(std::string_view(joined));
}

// ---- The table ----------------------------------------------------------------------------------

struct Native {
  const char* name;
  void (*body)(sqlite3_context*, int, sqlite3_value**);
  bool constant = true;  // the same for the same arguments, within a statement
};

constexpr Native kNatives[] = {
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
    {"pg_integer", guarded<strict<read_integer>>},
    {"pg_real", guarded<strict<read_real>>},
    {"pg_boolean", guarded<strict<read_boolean>>},
    {"pg_boolean_text", guarded<strict<write_boolean>>},
    {"pg_number_array", guarded<strict<read_number_array>>},
    {"pg_text_array", guarded<strict<read_text_array>>},
    {"pg_json_numbers", guarded<strict<json_numbers>>},
    {"pg_array_text", guarded<strict<write_array>>},
    {"pg_vector_text", guarded<strict<write_vector>>},
    {"pg_array_cat", guarded<array_cat>},
    {"pg_array_to_string", guarded<array_to_string>},
    {"pg_string_to_array", guarded<string_to_array>},
    {"pg_series", guarded<strict<series>>},
    {"pg_subscripts", guarded<strict<subscripts>>},
    {"pg_expand", guarded<strict<same>>},
    {"pg_regex", guarded<strict<regex<false>>>},
    {"pg_iregex", guarded<strict<regex<true>>>},
    {"pg_regexp_replace", guarded<strict<regexp_replace>>},
    {"pg_like", guarded<strict<like>>},
    {"pg_ilike", guarded<strict<ilike>>},
    {"pg_like_escape", guarded<strict<like_escape>>},
    {"pg_format", guarded<format_text>},
    {"pg_split_part", guarded<strict<split_part>>},
    {"pg_concat", guarded<concat>},
    {"pg_greatest", guarded<extreme<true>>},
    {"pg_least", guarded<extreme<false>>},
    {"pg_constant", guarded<constant>, false},
};

void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  out += '"';
}

bool needs_quotes(std::string_view text) {
  return text.empty() || lower(text) == "null" ||
         text.find_first_of("{},\"\\ \t\n\r\f\v") != std::string_view::npos;
}

// A JSON string's value; `at` is behind its opening quote, and then behind the closing one. SQLite
// and we write no escapes but these.
std::string read_json_string(std::string_view json, std::size_t& at) {
  std::string text;
  while (at < json.size() && json[at] != '"') {
    if (json[at] != '\\' || at + 1 == json.size()) {
      text += json[at++];
      continue;
    }
    const char escape = json[at + 1];
    at += 2;
    constexpr std::string_view kLetters = "bfnrt";
    constexpr std::string_view kMeanings = "\b\f\n\r\t";
    const std::size_t letter = kLetters.find(escape);
    if (letter != std::string_view::npos) {
      text += kMeanings[letter];
    } else if (escape == 'u') {
      unsigned code = 0;
      const std::string_view digits = json.substr(at, 4);
      std::from_chars(digits.data(), digits.data() + digits.size(), code, 16);
      at += digits.size();
      text += static_cast<char>(code);  // control characters only
    } else {
      text += escape;
    }
  }
  ++at;
  return text;
}

}  // namespace

void add_natives(sqlite3* connection, NativeContext& context) {
  constexpr int kFlags = SQLITE_UTF8 | SQLITE_DIRECTONLY;
  for (const Native& native : kNatives) {
    sqlite3_create_function(connection, native.name, -1,
                            kFlags | (native.constant ? SQLITE_DETERMINISTIC : 0), &context,
                            native.body, nullptr, nullptr);
  }
  sqlite3_create_function(connection, "pg_array_agg", -1, kFlags, &context, nullptr,
                          guarded<array_agg_step>, finish<give_array>);
  sqlite3_create_function(connection, "pg_string_agg", -1, kFlags, &context, nullptr,
                          guarded<string_agg_step>, finish<give_string>);
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

std::vector<std::optional<std::string>> array_items(std::string_view json) {
  Items items;
  std::size_t at = json.find('[');
  if (at == std::string_view::npos) return items;
  ++at;
  while (at < json.size() && json[at] != ']') {
    if (json[at] == '"') {
      items.emplace_back(read_json_string(json, ++at));
    } else {
      const std::size_t end = std::min(json.find_first_of(",]", at), json.size());
      const std::string_view word = trimmed(json.substr(at, end - at));
      if (word == "null") {
        items.emplace_back(std::nullopt);
      } else {
        items.emplace_back(std::string(word));
      }
      at = end;
    }
    while (at < json.size() && (json[at] == ',' || json[at] == ' ')) ++at;
  }
  return items;
}

std::string array_text(std::string_view json) {
  std::string text = "{";
  for (const auto& item : array_items(json)) {
    if (text.size() > 1) text += ',';
    if (!item) {
      text += "NULL";
    } else if (needs_quotes(*item)) {
      append_quoted(text, *item);
    } else {
      text += *item;
    }
  }
  return text + '}';
}

std::string vector_text(std::string_view json) {
  std::string text;
  for (const auto& item : array_items(json)) {
    if (!text.empty()) text += ' ';
    text += item.value_or("0");
  }
  return text;
}

std::string array_json(const std::vector<std::optional<std::string>>& items, bool numbers) {
  std::string json = "[";
  for (const auto& item : items) {
    if (json.size() > 1) json += ',';
    if (!item) {
      json += "null";
    } else if (numbers) {
      json += *item;
    } else {
      append_json_string(json, *item);
    }
  }
  return json + ']';
}

}  // namespace alcove::executor
