#include "executor/constant_function.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include <fmt/format.h>

#include "executor/version.h"

namespace alcove::executor {
namespace {

using Arguments = std::span<const ConstantValue>;
using Effects = ConstantFunction::Effects;
using OnNull = ConstantFunction::OnNull;
using Returned = Result<ConstantValue>;

#if defined(__aarch64__)
constexpr std::string_view kMachine = "aarch64";
#else
constexpr std::string_view kMachine = "x86_64";
#endif
#if defined(__clang__)
constexpr std::string_view kCompiler = "clang";
constexpr std::string_view kCompilerVersion = __clang_version__;
#else
constexpr std::string_view kCompiler = "g++";
constexpr std::string_view kCompilerVersion = __VERSION__;
#endif

ConstantValue text(std::string value) { return {ConstantType::kText, std::move(value)}; }
ConstantValue name(std::string value) { return {ConstantType::kName, std::move(value)}; }
ConstantValue boolean(bool value) { return {ConstantType::kBool, value}; }

// ---- Who and where ------------------------------------------------------------------------------

Returned version(Arguments, ConstantContext&, Effects&) {
  return text(fmt::format("PostgreSQL {} on {}-pc-linux-gnu, compiled by {} {}, 64-bit",
                          kServerVersion, kMachine, kCompiler, kCompilerVersion));
}

Returned user(Arguments, ConstantContext& context, Effects&) { return name(context.user); }
Returned database(Arguments, ConstantContext& context, Effects&) { return name(context.database); }
Returned schema(Arguments, ConstantContext&, Effects&) { return name("public"); }

Returned schemas(Arguments arguments, ConstantContext&, Effects&) {
  return text(arguments[0].boolean() ? "{pg_catalog,public}" : "{public}");
}

Returned process_id(Arguments, ConstantContext& context, Effects&) {
  return ConstantValue{ConstantType::kInt4, std::int64_t{context.process_id}};
}

Returned no(Arguments, ConstantContext&, Effects&) { return boolean(false); }
Returned yes(Arguments, ConstantContext&, Effects&) { return boolean(true); }
Returned nothing(Arguments, ConstantContext&, Effects&) {
  return ConstantValue{ConstantType::kVoid, std::string()};
}
Returned unknown_address(Arguments, ConstantContext&, Effects&) {
  return ConstantValue{ConstantType::kText, {}};
}
Returned unknown_port(Arguments, ConstantContext&, Effects&) {
  return ConstantValue{ConstantType::kInt4, {}};
}

// As PostgreSQL writes a time stamp in UTC: fractions of a second without zeros at the end.
Returned now(Arguments, ConstantContext& context, Effects&) {
  using std::chrono::days;
  using std::chrono::microseconds;
  constexpr std::uint64_t kDayUs = 86'400'000'000;
  const std::chrono::sys_days day(days(static_cast<int>(context.wall_us / kDayUs)));
  const std::chrono::year_month_day date(day);
  const std::uint64_t us = context.wall_us % kDayUs;
  const std::uint64_t second = us / 1'000'000;
  std::string stamp = fmt::format(
      "{:04}-{:02}-{:02} {:02}:{:02}:{:02}", static_cast<int>(date.year()),
      static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), second / 3600,
      second / 60 % 60, second % 60);
  if (us % 1'000'000 != 0) {
    stamp += fmt::format(".{:06}", us % 1'000'000);
    stamp.erase(stamp.find_last_not_of('0') + 1);
  }
  return ConstantValue{ConstantType::kTimestampTz, stamp + "+00"};
}

// ---- Settings -----------------------------------------------------------------------------------

Returned current_setting(Arguments arguments, ConstantContext& context, Effects&) {
  Result<std::string> value = context.settings.show(arguments[0].text());
  if (value) return text(*std::move(value));
  const bool missing_ok = arguments.size() > 1 && arguments[1].boolean();
  if (missing_ok && value.error().code() == ErrorCode::kUndefinedObject) {
    return ConstantValue{ConstantType::kText, {}};
  }
  return value.error();
}

Returned set_config(Arguments arguments, ConstantContext& context, Effects&) {
  if (arguments[0].is_null()) {
    return fail(ErrorCode::kNullNotAllowed, "SET requires parameter name");
  }
  std::optional<std::string> value;  // none: the default
  if (!arguments[1].is_null()) value = arguments[1].text();
  const bool local = !arguments[2].is_null() && arguments[2].boolean();
  TRY(context.settings.set_text(arguments[0].text(), value, local));
  const Result<std::string> now_in_force = context.settings.show(arguments[0].text());
  return text(now_in_force ? *now_in_force : std::string());
}

// ---- Sessions -----------------------------------------------------------------------------------

Returned sleep(Arguments arguments, ConstantContext& context, Effects& effects) {
  const double seconds = arguments[0].real();
  if (seconds > 0) effects.sleep_seconds += seconds;
  return nothing(arguments, context, effects);
}

Returned cancel_backend(Arguments arguments, ConstantContext& context, Effects&) {
  const bool found =
      TRY(context.cancel_backend(static_cast<std::int32_t>(arguments[0].integer())));
  return boolean(found);
}

Returned terminate_backend(Arguments arguments, ConstantContext& context, Effects&) {
  const bool found =
      TRY(context.terminate_backend(static_cast<std::int32_t>(arguments[0].integer())));
  return boolean(found);
}

// ---- Types --------------------------------------------------------------------------------------

Returned to_regtype(Arguments arguments, ConstantContext&, Effects&) {
  const std::optional<PostgresType> type = find_type(arguments[0].text());
  if (!type) return ConstantValue{ConstantType::kRegtype, {}};
  return ConstantValue{ConstantType::kRegtype, std::int64_t{type->oid}};
}

Returned pg_typeof(Arguments arguments, ConstantContext&, Effects&) {
  const std::optional<PostgresType> type = find_type(type_name(arguments[0].type));
  return ConstantValue{ConstantType::kRegtype, std::int64_t{type->oid}};
}

Returned format_type(Arguments arguments, ConstantContext&, Effects&) {
  if (arguments[0].is_null()) return ConstantValue{ConstantType::kText, {}};
  if (arguments[0].integer() == 0) return text("-");
  const auto oid = static_cast<std::uint32_t>(arguments[0].integer());
  const std::optional<PostgresType> type = find_type(oid);
  return text(type ? type->name : "???");
}

// ---- The table ----------------------------------------------------------------------------------

using Parameters = std::vector<std::optional<ConstantType>>;

void add_advisory_locks(std::vector<ConstantFunction>& all) {
  struct Lock {
    std::string_view name;
    ConstantType result;
  };
  constexpr std::array kLocks = {
      Lock{"pg_advisory_lock", ConstantType::kVoid},
      Lock{"pg_advisory_lock_shared", ConstantType::kVoid},
      Lock{"pg_advisory_xact_lock", ConstantType::kVoid},
      Lock{"pg_advisory_xact_lock_shared", ConstantType::kVoid},
      Lock{"pg_try_advisory_lock", ConstantType::kBool},
      Lock{"pg_try_advisory_lock_shared", ConstantType::kBool},
      Lock{"pg_try_advisory_xact_lock", ConstantType::kBool},
      Lock{"pg_try_advisory_xact_lock_shared", ConstantType::kBool},
      Lock{"pg_advisory_unlock", ConstantType::kBool},
      Lock{"pg_advisory_unlock_shared", ConstantType::kBool},
  };
  for (const Lock& lock : kLocks) {
    const ConstantFunction::Body body = lock.result == ConstantType::kBool ? yes : nothing;
    for (const Parameters& parameters :
         {Parameters{ConstantType::kInt8}, Parameters{ConstantType::kInt4, ConstantType::kInt4}}) {
      all.push_back({lock.name, parameters, lock.result, OnNull::kIsNull, body});
    }
  }
  all.push_back(
      {"pg_advisory_unlock_all", {}, ConstantType::kVoid, OnNull::kIsNull, nothing});
}

std::vector<ConstantFunction> make_functions() {
  using T = ConstantType;
  std::vector<ConstantFunction> all = {
      {"version", {}, T::kText, OnNull::kIsNull, version},
      {"now", {}, T::kTimestampTz, OnNull::kIsNull, now},
      {"transaction_timestamp", {}, T::kTimestampTz, OnNull::kIsNull, now},
      {"statement_timestamp", {}, T::kTimestampTz, OnNull::kIsNull, now},
      {"clock_timestamp", {}, T::kTimestampTz, OnNull::kIsNull, now},
      {"current_timestamp", {}, T::kTimestampTz, OnNull::kIsNull, now},
      {"current_user", {}, T::kName, OnNull::kIsNull, user},
      {"current_role", {}, T::kName, OnNull::kIsNull, user},
      {"session_user", {}, T::kName, OnNull::kIsNull, user},
      {"user", {}, T::kName, OnNull::kIsNull, user},
      {"current_database", {}, T::kName, OnNull::kIsNull, database},
      {"current_catalog", {}, T::kName, OnNull::kIsNull, database},
      {"current_schema", {}, T::kName, OnNull::kIsNull, schema},
      {"current_schemas", {T::kBool}, T::kText, OnNull::kIsNull, schemas},
      {"current_setting", {T::kText}, T::kText, OnNull::kIsNull, current_setting},
      {"current_setting", {T::kText, T::kBool}, T::kText, OnNull::kIsNull, current_setting},
      {"set_config", {T::kText, T::kText, T::kBool}, T::kText, OnNull::kIsCalled, set_config},
      {"pg_is_in_recovery", {}, T::kBool, OnNull::kIsNull, no},
      {"pg_backend_pid", {}, T::kInt4, OnNull::kIsNull, process_id},
      {"inet_server_addr", {}, T::kText, OnNull::kIsNull, unknown_address},
      {"inet_server_port", {}, T::kInt4, OnNull::kIsNull, unknown_port},
      {"inet_client_addr", {}, T::kText, OnNull::kIsNull, unknown_address},
      {"inet_client_port", {}, T::kInt4, OnNull::kIsNull, unknown_port},
      {"pg_sleep", {T::kFloat8}, T::kVoid, OnNull::kIsNull, sleep},
      {"pg_cancel_backend", {T::kInt4}, T::kBool, OnNull::kIsNull, cancel_backend},
      {"pg_terminate_backend", {T::kInt4}, T::kBool, OnNull::kIsNull, terminate_backend},
      {"pg_terminate_backend", {T::kInt4, T::kInt8}, T::kBool, OnNull::kIsNull, terminate_backend},
      {"to_regtype", {T::kText}, T::kRegtype, OnNull::kIsNull, to_regtype},
      {"pg_typeof", {std::nullopt}, T::kRegtype, OnNull::kIsCalled, pg_typeof},
      {"format_type", {T::kOid, T::kInt4}, T::kText, OnNull::kIsCalled, format_type},
  };
  add_advisory_locks(all);
  return all;
}

const std::vector<ConstantFunction>& functions() {
  static const std::vector<ConstantFunction> all = make_functions();
  return all;
}

// How many arguments are of the very type that the form takes; none if it does not take them.
std::optional<std::size_t> match(const ConstantFunction& function,
                                 std::span<const ConstantType> arguments) {
  if (function.parameters.size() != arguments.size()) return std::nullopt;
  std::size_t exact = 0;
  for (std::size_t at = 0; at < arguments.size(); ++at) {
    const std::optional<ConstantType> parameter = function.parameters[at];
    if (parameter && !converts_implicitly(arguments[at], *parameter)) return std::nullopt;
    if (parameter == arguments[at]) ++exact;
  }
  return exact;
}

}  // namespace

Result<const ConstantFunction*> find_function(std::string_view name,
                                              std::span<const ConstantType> arguments) {
  const ConstantFunction* best = nullptr;
  std::size_t best_exact = 0;
  for (const ConstantFunction& function : functions()) {
    if (function.name != name) continue;
    const std::optional<std::size_t> exact = match(function, arguments);
    if (exact && (best == nullptr || *exact > best_exact)) {
      best = &function;
      best_exact = *exact;
    }
  }
  if (best != nullptr) return best;
  std::string types;
  for (const ConstantType type : arguments) {
    if (!types.empty()) types += ", ";
    types += type_name(type);
  }
  return fail(ErrorCode::kUndefinedFunction, "function {}({}) does not exist", name, types);
}

const ConstantFunction* find_bare_function(std::string_view name) {
  constexpr std::array<std::string_view, 7> kBare = {
      "current_catalog",   "current_role", "current_schema", "current_timestamp",
      "current_user",      "session_user", "user"};
  if (std::find(kBare.begin(), kBare.end(), name) == kBare.end()) return nullptr;
  const Result<const ConstantFunction*> function = find_function(name, {});
  return function ? *function : nullptr;
}

std::size_t function_number(const ConstantFunction& function) {
  return static_cast<std::size_t>(&function - functions().data());
}

const ConstantFunction& function_with(std::size_t number) { return functions().at(number); }

Result<ConstantValue> call(const ConstantFunction& function, std::vector<ConstantValue> arguments,
                           ConstantContext& context, ConstantFunction::Effects& effects) {
  bool has_null = false;
  for (std::size_t at = 0; at < arguments.size(); ++at) {
    if (const std::optional<ConstantType> parameter = function.parameters[at]) {
      ConstantValue converted = TRY(cast(std::move(arguments[at]), *parameter));
      arguments[at] = std::move(converted);
    }
    has_null = has_null || arguments[at].is_null();
  }
  if (has_null && function.on_null == OnNull::kIsNull) return ConstantValue{function.result, {}};
  return function.body(arguments, context, effects);
}

}  // namespace alcove::executor
