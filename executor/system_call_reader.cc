#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "executor/constant_function.h"
#include "executor/postgres_type.h"
#include "executor/system_translator.h"

// Calls of functions: their arguments, which of those by the name is meant, and what may stand behind.

namespace alcove::executor {
namespace {

std::string words_of(const std::vector<SystemExpression>& arguments) {
  std::string words;
  for (const SystemExpression& argument : arguments) {
    if (!words.empty()) words += ", ";
    words += type_words(argument.type);
  }
  return words;
}

std::uint32_t oid_of(ConstantType type) { return find_type(type_name(type))->oid; }

Error no_function(std::string_view name, const std::vector<SystemExpression>& arguments,
                  std::size_t offset) {
  return fail(ErrorCode::kUndefinedFunction, "function {}({}) does not exist", name,
              words_of(arguments))
      .at(offset);
}

}  // namespace

// ( [DISTINCT] argument, … [ORDER BY …] ), with `*` as no argument. `order` is what pg_array_agg()
// and pg_string_agg() take for it.
Status SystemTranslator::arguments(std::vector<SystemExpression>& arguments, std::string& order) {
  TRY(expect_symbol("("));
  Select* const select = std::exchange(select_, nullptr);
  const auto read = [&]() -> Status {
    if (accept_symbol(")")) return {};
    if (is_symbol("*") && is_symbol(")", 1)) {
      at_ += 2;
      return {};
    }
    do {
      accept_word("variadic");
      SystemExpression argument = TRY(expression());
      arguments.push_back(std::move(argument));
    } while (accept_symbol(","));
    if (accept_word("order")) {
      TRY(expect_word("by"));
      std::string directions;
      const std::string keys = TRY(order_keys(directions));
      order = fmt::format("'{}', {}", directions, keys);
    }
    return expect_symbol(")");
  };
  const Status status = read();
  select_ = select;
  return status;
}

Result<std::string> SystemTranslator::order_keys(std::string& directions) {
  std::string keys;
  do {
    SystemExpression key = TRY(expression());
    TRY(settle(key, type_oid::kText, parameter_types()));
    keys += (keys.empty() ? "" : ", ") + key.sql;
    const bool descending = accept_word("desc");
    if (!descending) accept_word("asc");
    directions += descending ? 'd' : 'a';
    if (accept_word("nulls") && !accept_word("first")) TRY(expect_word("last"));
  } while (accept_symbol(","));
  return keys;
}

Result<SystemExpression> SystemTranslator::call(const std::string& name, std::size_t offset) {
  std::vector<SystemExpression> values;
  std::string order;
  const bool distinct = is_word("distinct", 1);
  if (distinct) {
    // Behind its bracket: taken away for the arguments' sake.
    TRY(expect_symbol("("));
    ++at_;
    do {
      SystemExpression value = TRY(expression());
      values.push_back(std::move(value));
    } while (accept_symbol(","));
    if (accept_word("order")) return not_supported("DISTINCT with ORDER BY in a function");
    TRY(expect_symbol(")"));
  } else {
    TRY(arguments(values, order));
  }
  const SystemFunction* const function = find_system_function(name, values.size());
  if (function == nullptr) return constant_call(name, std::move(values), offset);
  if (distinct && values.size() > 1) return not_supported("DISTINCT of several arguments");
  SystemExpression value =
      TRY(finish_call(*function, std::move(values), distinct, order, offset));
  if (function->kind == SystemFunction::Kind::kSet) {
    SystemExpression element = TRY(set_item(*function, value));
    element.label = name;
    return element;
  }
  value.label = name;
  value.offset = offset;
  if (function->kind == SystemFunction::Kind::kScalar) return value;
  ++group_calls_;
  TRY(after_call(value.sql));
  return value;
}

Status SystemTranslator::settle_arguments(const SystemFunction& function,
                                          std::vector<SystemExpression>& arguments) {
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::uint32_t parameter =
        function.parameters[std::min(i, function.parameters.size() - 1)];
    SystemExpression& argument = arguments[i];
    if (parameter == SystemFunction::kAny) {
      const bool like_first = i > 0 && !arguments.front().is_untyped() &&
                              function.result == SystemFunction::kFirst;
      TRY(settle(argument, like_first ? arguments.front().type : type_oid::kText,
                 parameter_types()));
    } else if (parameter == SystemFunction::kAnyArray) {
      TRY(settle(argument, type_oid::kTextArray, parameter_types()));
      if (!is_array(argument.type)) return no_function(function.name, arguments, argument.offset);
    } else {
      TRY(settle(argument, parameter, parameter_types()));
      SystemExpression of_type = value_of({}, parameter);
      if (!settle_operands(argument, of_type, "=", parameter_types())) {
        return no_function(function.name, arguments, argument.offset);
      }
    }
  }
  return {};
}

Result<SystemExpression> SystemTranslator::finish_call(const SystemFunction& function,
                                                       std::vector<SystemExpression> arguments,
                                                       bool distinct, const std::string& order,
                                                       std::size_t offset) {
  TRY(settle_arguments(function, arguments));
  for (SystemExpression& argument : arguments) {
    if (argument.type != type_oid::kRecord || function.name != "array_agg") continue;
    if (argument.record_text.empty()) return not_supported("array_agg() of a row that is not written out");
    argument.sql = argument.record_text;
  }
  std::string all;
  std::uint32_t depth = 1;
  for (const SystemExpression& argument : arguments) {
    all += (all.empty() ? "" : ", ") + argument.sql;
    depth = std::max(depth, argument.depth);
  }
  if (function.name == "count" && all.empty()) all = "*";
  if (distinct) all = "DISTINCT " + all;
  std::string sql;
  for (std::size_t at = 0; at < function.sql.size(); ++at) {
    const std::string_view rest = function.sql.substr(at);
    if (rest.starts_with("$*")) {
      sql += all;
      ++at;
    } else if (rest.starts_with(", $order")) {
      if (!order.empty()) sql += ", " + order;
      at += 7;
    } else if (rest.front() != '$') {
      sql += rest.front();
    } else {
      const auto number = static_cast<std::size_t>(rest[1] - '1');
      const bool first = distinct && number == 0;
      if (first) sql += "DISTINCT ";
      sql += arguments.at(number).sql;
      ++at;
    }
  }
  const std::uint32_t first = arguments.empty() ? type_oid::kText : arguments.front().type;
  std::uint32_t type = function.result;
  if (function.kind == SystemFunction::Kind::kSet) type = first;
  if (type == SystemFunction::kFirst) type = first;
  if (type == SystemFunction::kElement) type = element_type(first);
  if (type == SystemFunction::kArray) {
    type = array_type(first);
    if (type == 0) type = type_oid::kTextArray;
  }
  SystemExpression value = value_of(std::move(sql), type);
  value.offset = offset;
  value.depth = depth + 3;
  return value;
}

// One of constant_function.h, by its number in what they are called through.
Result<SystemExpression> SystemTranslator::constant_call(const std::string& name,
                                                         std::vector<SystemExpression> arguments,
                                                         std::size_t offset) {
  std::vector<ConstantType> types;
  for (const SystemExpression& argument : arguments) {
    const auto type = find_type(argument.type);
    if (!type || !type->constant) return no_function(name, arguments, offset);
    types.push_back(*type->constant);
  }
  const auto function = find_function(name, types);
  if (!function) return function.error().at(offset);
  if ((*function)->result == ConstantType::kVoid || name == "pg_typeof") {
    return not_supported(name + "()");
  }
  std::string sql = fmt::format("pg_constant({}", function_number(**function));
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    TRY(settle(arguments[i], oid_of(*(*function)->parameters[i]), parameter_types()));
    sql += ", " + arguments[i].sql;
  }
  SystemExpression value = value_of(sql + ')', oid_of((*function)->result));
  value.label = name;
  value.offset = offset;
  return value;
}

// A function that makes rows stands among a SELECT's items: it is joined to what it selects from. The
// second goes in step with the first.
Result<SystemExpression> SystemTranslator::set_item(const SystemFunction& function,
                                                    const SystemExpression& array) {
  if (select_ == nullptr) {
    return not_supported(fmt::format("{}() here", function.name));
  }
  Select& select = *select_;
  const std::string alias_sql = next_alias();
  const std::string source = fmt::format("json_each({}) AS {}", array.sql, alias_sql);
  if (select.from.empty()) {
    select.from = source;
  } else if (select.first_set.empty()) {
    select.from += " JOIN " + source;
  } else {
    select.from += fmt::format(" JOIN {} ON {}.key = {}.key", source, alias_sql, select.first_set);
  }
  if (select.first_set.empty()) select.first_set = alias_sql;
  return element_of_set(function, array, alias_sql);
}

// [FILTER (WHERE …)] [OVER ([PARTITION BY …] [ORDER BY …])]
Status SystemTranslator::after_call(std::string& sql) {
  if (is_word("filter") && is_symbol("(", 1)) {
    at_ += 2;
    TRY(expect_word("where"));
    SystemExpression where = TRY(expression());
    TRY(truth(where, "FILTER"));
    TRY(expect_symbol(")"));
    sql += fmt::format(" FILTER (WHERE {})", where.sql);
  }
  if (!accept_word("over")) return {};
  TRY(expect_symbol("("));
  sql += " OVER (";
  if (accept_word("partition")) {
    TRY(expect_word("by"));
    std::string_view separator = "PARTITION BY ";
    do {
      SystemExpression key = TRY(expression());
      TRY(settle(key, type_oid::kText, parameter_types()));
      sql += fmt::format("{}{}", separator, key.sql);
      separator = ", ";
    } while (accept_symbol(","));
    sql += ' ';
  }
  if (accept_word("order")) {
    TRY(expect_word("by"));
    Query nothing;
    Select over;
    TRY(order_by(&over, nothing, sql));
  }
  sql += ')';
  return expect_symbol(")");
}

}  // namespace alcove::executor
