#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "executor/constant_value.h"
#include "executor/settings.h"

namespace alcove::executor {

// What the functions of a SELECT without an index see of their session.
struct ConstantContext {
  std::string user;
  std::string database;
  std::int32_t process_id = 0;
  Settings& settings;
  std::uint64_t wall_us = 0;  // since 1970-01-01 UTC: what now() says
  // pg_cancel_backend() and pg_terminate_backend() of a process id: whether it is a session, of the
  // same user unless that is a superuser. Requires: set.
  std::function<Result<bool>(std::int32_t)> cancel_backend;
  std::function<Result<bool>(std::int32_t)> terminate_backend;
};

// One form of a function. The table of all of them is the list of what clients may call:
//   version  now  transaction_timestamp  statement_timestamp  clock_timestamp  current_schema
//   current_schemas  current_database  current_setting  set_config  pg_is_in_recovery
//   pg_backend_pid  inet_server_addr  inet_server_port  inet_client_addr  inet_client_port
//   pg_sleep  pg_cancel_backend  pg_terminate_backend  to_regtype  pg_typeof  format_type
//   pg_[try_]advisory_[xact_]lock[_shared]  pg_advisory_unlock[_shared]  pg_advisory_unlock_all
// and, without parentheses too, current_catalog, current_role, current_schema, current_timestamp,
// current_user, session_user and user.
//
// Advisory locks are granted to everybody and exclude nobody: the functions are there so that
// clients which take them as a matter of course go on.
struct ConstantFunction {
  // Where a call leaves what is not its value.
  struct Effects {
    double sleep_seconds = 0;
  };
  using Body = Result<ConstantValue> (*)(std::span<const ConstantValue> arguments,
                                         ConstantContext& context, Effects& effects);

  std::string_view name;
  std::vector<std::optional<ConstantType>> parameters;  // nullopt: of any type
  ConstantType result;
  enum class OnNull : unsigned char { kIsNull, kIsCalled } on_null;
  Body body;
};

// The form that takes arguments of these types, converted where need be. Errors:
// kUndefinedFunction, with the types in its message.
Result<const ConstantFunction*> find_function(std::string_view name,
                                              std::span<const ConstantType> arguments);

// What `name` without parentheses calls, if anything.
const ConstantFunction* find_bare_function(std::string_view name);

// Its place in the table, and back.
std::size_t function_number(const ConstantFunction& function);
const ConstantFunction& function_with(std::size_t number);

// Calls it. Requires: find_function() found it for arguments of these types. Errors: what a
// conversion or the function itself fails with.
Result<ConstantValue> call(const ConstantFunction& function, std::vector<ConstantValue> arguments,
                           ConstantContext& context, ConstantFunction::Effects& effects);

}  // namespace alcove::executor
