#include "executor/system_expression.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include <fmt/format.h>

#include "base/json_string.h"
#include "executor/postgres_type.h"
#include "parser/vector_text.h"

namespace alcove::executor {
namespace {

using namespace type_oid;
using Form = SystemExpression::Form;

bool is_integer(std::uint32_t type) {
  return type == kInt2 || type == kInt4 || type == kInt8 || type == type_oid::kOid ||
         type == kXid;
}
bool is_real(std::uint32_t type) {
  return type == kFloat4 || type == kFloat8 || type == kNumeric;
}
bool is_number(std::uint32_t type) { return is_integer(type) || is_reg(type) || is_real(type); }

// Values of different kinds are never compared.
enum class Kind : unsigned char { kNumber, kText, kBool, kArray, kOther };
Kind kind_of(std::uint32_t type) {
  if (is_number(type)) return Kind::kNumber;
  if (is_text_type(type)) return Kind::kText;
  if (type == kBool) return Kind::kBool;
  return is_array(type) ? Kind::kArray : Kind::kOther;
}

// What reads a text as a value of the type; empty: the text is the value.
std::string_view reader_of(std::uint32_t type) {
  if (type == kRegclass) return "pg_regclass";
  if (type == kRegtype) return "pg_regtype";
  if (type == kRegproc) return "pg_regproc";
  if (type == kRegnamespace) return "pg_regnamespace";
  if (type == kRegrole) return "pg_regrole";
  if (is_integer(type)) return "pg_integer";
  if (is_real(type)) return "pg_real";
  if (type == kBool) return "pg_boolean";
  if (!is_array(type)) return {};
  return kind_of(element_type(type)) == Kind::kNumber ? "pg_number_array" : "pg_text_array";
}

std::string_view writer_of(std::uint32_t type) {
  if (type == kRegclass) return "pg_regclass_text";
  if (type == kRegtype) return "pg_regtype_text";
  if (type == kRegproc) return "pg_regproc_text";
  if (type == kRegnamespace) return "pg_regnamespace_text";
  if (type == kRegrole) return "pg_regrole_text";
  if (type == kBool) return "pg_boolean_text";
  if (type == kInt2Vector || type == kOidVector) return "pg_vector_text";
  return is_array(type) ? "pg_array_text" : std::string_view();
}

SystemExpression call(std::string_view function, SystemExpression argument, std::uint32_t type) {
  argument.sql = fmt::format("{}({})", function, argument.sql);
  argument.type = type;
  ++argument.depth;
  return argument;
}

Status no_operator(std::string_view symbol, const SystemExpression& left,
                   const SystemExpression& right) {
  return fail(ErrorCode::kUndefinedFunction, "operator does not exist: {} {} {}",
              type_words(left.type), symbol, type_words(right.type))
      .at(left.offset)
      .with_hint("An explicit cast may be needed.");
}

SystemExpression join(const SystemExpression& left, std::string_view symbol,
                      const SystemExpression& right, std::uint32_t type) {
  SystemExpression joined =
      value_of(fmt::format("({} {} {})", left.sql, symbol, right.sql), type);
  joined.offset = left.offset;
  joined.depth = std::max(left.depth, right.depth) + 1;
  return joined;
}

std::uint32_t arithmetic_type(std::uint32_t left, std::uint32_t right) {
  if (is_real(left) || is_real(right)) return kFloat8;
  if (left == right) return left;
  if (left == kInt8 || right == kInt8) return kInt8;
  return kInt4;
}

// SQLite's word for a comparison, if it is one.
std::string_view comparison(std::string_view symbol) {
  constexpr std::array<std::string_view, 6> kSame = {"=", "<>", "<", ">", "<=", ">="};
  if (symbol == "!=") return "<>";
  const auto* const found = std::find(kSame.begin(), kSame.end(), symbol);
  return found == kSame.end() ? std::string_view() : *found;
}

// The function that matches a text with a pattern, and whether its answer is turned round.
struct Matching {
  std::string_view symbol;
  std::string_view function;
  bool negated;
};
constexpr Matching kMatchings[] = {
    {"~", "pg_regex", false},    {"!~", "pg_regex", true},   {"~*", "pg_iregex", false},
    {"!~*", "pg_iregex", true},  {"~~", "pg_like", false},   {"!~~", "pg_like", true},
    {"~~*", "pg_ilike", false},  {"!~~*", "pg_ilike", true},
};

Result<SystemExpression> match(const Matching& matching, SystemExpression left,
                               SystemExpression right, ParameterTypes& parameters) {
  for (SystemExpression* const operand : {&left, &right}) {
    TRY(settle(*operand, kText, parameters));
    if (!is_text_type(operand->type)) {
      return no_operator(matching.symbol, left, right).error();
    }
  }
  SystemExpression matched = value_of(
      fmt::format("{}{}({}, {})", matching.negated ? "NOT " : "", matching.function, left.sql,
                  right.sql),
      kBool);
  matched.sql = '(' + matched.sql + ')';
  matched.offset = left.offset;
  matched.depth = std::max(left.depth, right.depth) + 2;
  return matched;
}

Result<SystemExpression> concatenate(SystemExpression left, SystemExpression right,
                                     ParameterTypes& parameters) {
  if (is_array(left.type) || is_array(right.type)) {
    TRY(settle(left, right.type, parameters));
    TRY(settle(right, left.type, parameters));
    const std::uint32_t type = is_array(left.type) ? left.type : right.type;
    SystemExpression joined = join(left, ",", right, type);
    joined.sql = "pg_array_cat" + joined.sql;
    return joined;
  }
  auto left_text = TRY(cast_to(std::move(left), kText, parameters));
  const auto right_text = TRY(cast_to(std::move(right), kText, parameters));
  return join(left_text, "||", right_text, kText);
}

std::string json_of(const std::vector<std::string>& items, bool numbers) {
  std::string json = "[";
  for (const std::string& item : items) {
    if (json.size() > 1) json += ',';
    if (numbers) {
      json += item;
      continue;
    }
    append_json_string(json, item);
  }
  return json + ']';
}

}  // namespace

std::string quoted_sql(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'') quoted += '\'';
    quoted += c;
  }
  return quoted + '\'';
}

std::string type_words(std::uint32_t type) {
  const auto known = find_type(type);
  return known ? known->name : std::string("unknown");
}

bool is_reg(std::uint32_t type) {
  return type == kRegclass || type == kRegtype || type == kRegproc || type == kRegnamespace ||
         type == kRegrole;
}

bool is_array(std::uint32_t type) { return element_type(type) != 0; }

bool is_text_type(std::uint32_t type) {
  return type == kText || type == kName || type == kVarchar || type == kBpchar || type == kChar;
}

SystemExpression value_of(std::string sql, std::uint32_t type) {
  SystemExpression value;
  value.sql = std::move(sql);
  value.type = type;
  return value;
}

SystemExpression null_of(std::uint32_t type) { return value_of("NULL", type); }

Status settle(SystemExpression& expression, std::uint32_t type, ParameterTypes& parameters) {
  if (!expression.is_untyped()) return {};
  if (type == kUnknown) type = kText;
  const Form form = std::exchange(expression.form, Form::kValue);
  expression.type = type;
  if (form == Form::kParameter) {
    // The name of a relation or type comes as text.
    parameters.emplace(expression.parameter, is_reg(type) ? kText : type);
    if (is_reg(type)) expression.sql = fmt::format("{}({})", reader_of(type), expression.sql);
    return {};
  }
  if (expression.sql == "NULL") return {};
  if (is_array(type)) {
    const auto items = parser::parse_text_array(expression.text);
    if (!items) return items.error().at(expression.offset);
    if (type == kRecordArray && !items->empty()) {
      return fail(ErrorCode::kNotSupported, "input of anonymous composite types is not implemented")
          .at(expression.offset);
    }
    std::string json = json_of(*items, false);
    expression.sql = fmt::format("{}({})",
                                 reader_of(type) == "pg_number_array" ? "pg_json_numbers" : "json",
                                 quoted_sql(json));
    return {};
  }
  const std::string_view reader = reader_of(type);
  if (!reader.empty()) expression.sql = fmt::format("{}({})", reader, expression.sql);
  return {};
}

Result<SystemExpression> cast_to(SystemExpression expression, std::uint32_t type,
                                 ParameterTypes& parameters) {
  TRY(settle(expression, type, parameters));
  const std::uint32_t from = expression.type;
  expression.type = type;
  if (from == type) return expression;
  if (is_text_type(type)) {
    if (is_text_type(from)) {
      if (type == kChar) expression.sql = fmt::format("substr({}, 1, 1)", expression.sql);
      return expression;
    }
    const std::string_view writer = writer_of(from);
    if (!writer.empty()) return call(writer, std::move(expression), type);
    expression.sql = fmt::format("CAST({} AS TEXT)", expression.sql);
    return expression;
  }
  if (is_text_type(from)) {
    const std::string_view reader = reader_of(type);
    return reader.empty() ? expression : call(reader, std::move(expression), type);
  }
  const Kind source = kind_of(from);
  const Kind target = kind_of(type);
  if (source == target) {
    if (is_integer(type) && is_real(from)) {
      expression.sql = fmt::format("CAST(round({}) AS INTEGER)", expression.sql);
    } else if (is_real(type) && !is_real(from)) {
      expression.sql = fmt::format("CAST({} AS REAL)", expression.sql);
    }
    return expression;
  }
  if (source == Kind::kNumber && target == Kind::kBool) {
    expression.sql = fmt::format("({} <> 0)", expression.sql);
    return expression;
  }
  if (source == Kind::kBool && is_integer(type)) return expression;
  return fail(ErrorCode::kWrongType, "cannot cast type {} to {}", type_words(from),
              type_words(type))
      .at(expression.offset);
}

Status settle_operands(SystemExpression& left, SystemExpression& right, std::string_view symbol,
                       ParameterTypes& parameters) {
  TRY(settle(left, right.is_untyped() ? kText : right.type, parameters));
  TRY(settle(right, left.type, parameters));
  if (kind_of(left.type) != kind_of(right.type)) return no_operator(symbol, left, right);
  return {};
}

Result<SystemExpression> apply_binary(std::string_view symbol, SystemExpression left,
                                      SystemExpression right, ParameterTypes& parameters) {
  if (const std::string_view compares = comparison(symbol); !compares.empty()) {
    TRY(settle_operands(left, right, symbol, parameters));
    return join(left, compares, right, kBool);
  }
  for (const Matching& matching : kMatchings) {
    if (matching.symbol == symbol) {
      return match(matching, std::move(left), std::move(right), parameters);
    }
  }
  if (symbol == "||") return concatenate(std::move(left), std::move(right), parameters);
  constexpr std::array<std::string_view, 9> kArithmetic = {"+", "-", "*",  "/", "%",
                                                           "&", "|", "<<", ">>"};
  if (std::find(kArithmetic.begin(), kArithmetic.end(), symbol) == kArithmetic.end()) {
    return fail(ErrorCode::kNotSupported, "the operator {} is not supported here", symbol)
        .at(left.offset);
  }
  TRY(settle(left, right.is_untyped() ? kInt4 : right.type, parameters));
  TRY(settle(right, left.type, parameters));
  if (!is_number(left.type) || !is_number(right.type)) {
    return no_operator(symbol, left, right).error();
  }
  return join(left, symbol, right, arithmetic_type(left.type, right.type));
}

Result<SystemExpression> apply_quantified(std::string_view symbol, bool all, SystemExpression left,
                                          SystemExpression array, ParameterTypes& parameters) {
  const std::string_view compares = comparison(symbol);
  const bool is_in = compares == "=" && !all;
  const bool is_not_in = compares == "<>" && all;
  if (!is_in && !is_not_in) {
    return fail(ErrorCode::kNotSupported, "{} {} of an array is not supported here", symbol,
                all ? "ALL" : "ANY")
        .at(left.offset);
  }
  if (array.is_untyped()) {
    TRY(settle(left, kText, parameters));
    const std::uint32_t of_left = array_type(left.type);
    TRY(settle(array, of_left == 0 ? kTextArray : of_left, parameters));
  }
  const std::uint32_t element = element_type(array.type);
  if (element == 0) {
    return fail(ErrorCode::kWrongType, "op ANY/ALL (array) requires array on right side")
        .at(array.offset);
  }
  TRY(settle(left, element, parameters));
  if (kind_of(left.type) != kind_of(element)) return no_operator(symbol, left, array).error();
  SystemExpression result =
      value_of(fmt::format("({} {} (SELECT value FROM json_each({})))", left.sql,
                           is_in ? "IN" : "NOT IN", array.sql),
               kBool);
  result.depth = std::max(left.depth, array.depth) + 2;
  return result;
}

Status settle_alike(std::vector<SystemExpression*> expressions, ParameterTypes& parameters) {
  std::uint32_t type = kText;
  for (const SystemExpression* each : expressions) {
    if (each->is_untyped()) continue;
    type = each->type;
    break;
  }
  for (SystemExpression* each : expressions) {
    TRY(settle(*each, type, parameters));
    if (kind_of(each->type) != kind_of(type)) {
      return fail(ErrorCode::kWrongType, "types {} and {} cannot be matched", type_words(type),
                  type_words(each->type))
          .at(each->offset);
    }
  }
  return {};
}

}  // namespace alcove::executor
