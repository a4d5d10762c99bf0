#include "executor/system_native.h"

#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "executor/native_call.h"
#include "executor/system_aggregate.h"
#include "executor/system_array.h"
#include "executor/system_name.h"
#include "executor/system_text.h"

namespace alcove::executor {
namespace {

// ---- Values from text and back ------------------------------------------------------------------

void read_integer(const NativeCall& call) {
  if (!call.is_text(0)) return call.give(call.integer(0));
  const std::string_view text = trimmed(call.text(0));
  std::int64_t value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc{} || end != text.data() + text.size()) {
    return call.give_bad_text("integer", text);
  }
  call.give(value);
}

void read_real(const NativeCall& call) {
  if (!call.is_text(0)) return call.give(call.real(0));
  const std::string_view text = trimmed(call.text(0));
  double value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc{} || end != text.data() + text.size()) {
    return call.give_bad_text("double precision", text);
  }
  call.give(value);
}

void read_boolean(const NativeCall& call) {
  if (!call.is_text(0)) return call.give(call.integer(0) != 0);
  const std::string_view text = trimmed(call.text(0));
  for (const std::string_view yes : {"t", "true", "on", "yes", "y", "1"}) {
    if (text == yes) return call.give(true);
  }
  for (const std::string_view no : {"f", "false", "off", "no", "n", "0"}) {
    if (text == no) return call.give(false);
  }
  call.give_bad_text("boolean", text);
}

void write_boolean(const NativeCall& call) {
  call.give(std::string_view(call.integer(0) != 0 ? "true" : "false"));
}

// The greatest (or least) of the arguments that are not NULL.
template <bool Greatest>
void extreme(const NativeCall& call) {
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

ConstantValue constant_of(const NativeCall& call, std::size_t at,
                          std::optional<ConstantType> parameter) {
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

void constant(const NativeCall& call) {
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

constexpr Native kValueNatives[] = {
    {"pg_integer", guarded<strict<read_integer>>},
    {"pg_real", guarded<strict<read_real>>},
    {"pg_boolean", guarded<strict<read_boolean>>},
    {"pg_boolean_text", guarded<strict<write_boolean>>},
    {"pg_greatest", guarded<extreme<true>>},
    {"pg_least", guarded<extreme<false>>},
    {"pg_constant", guarded<constant>, false},
};

}  // namespace

void add_natives(sqlite3* connection, NativeContext& context) {
  constexpr int kFlags = SQLITE_UTF8 | SQLITE_DIRECTONLY;
  for (const std::span<const Native> natives :
       {std::span<const Native>(kValueNatives), name_natives(), array_natives(), text_natives()}) {
    for (const Native& native : natives) {
      sqlite3_create_function(connection, native.name, -1,
                              kFlags | (native.constant ? SQLITE_DETERMINISTIC : 0), &context,
                              native.body, nullptr, nullptr);
    }
  }
  for (const NativeAggregate& aggregate : aggregate_natives()) {
    sqlite3_create_function(connection, aggregate.name, -1, kFlags, &context, nullptr,
                            aggregate.step, aggregate.finish);
  }
}

}  // namespace alcove::executor
