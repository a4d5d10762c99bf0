#include "executor/constant_value.h"

#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <span>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "base/check.h"
#include "base/metadata.h"
#include "executor/setting_value.h"
#include "parser/vector_text.h"

namespace alcove::executor {
namespace {

constexpr std::int64_t kOidMax = std::numeric_limits<std::uint32_t>::max();

struct Range {
  std::int64_t low;
  std::int64_t high;
};

Range range_of(ConstantType type) {
  switch (type) {
    case ConstantType::kInt4:
      return {std::numeric_limits<std::int32_t>::min(), std::numeric_limits<std::int32_t>::max()};
    case ConstantType::kOid:
    case ConstantType::kRegtype: return {0, kOidMax};
    default:
      return {std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()};
  }
}

bool is_integer(ConstantType type) {
  return type == ConstantType::kInt4 || type == ConstantType::kInt8;
}
bool is_float(ConstantType type) {
  return type == ConstantType::kFloat4 || type == ConstantType::kFloat8;
}
bool is_number(ConstantType type) { return is_integer(type) || is_float(type); }
bool is_oid(ConstantType type) {
  return type == ConstantType::kOid || type == ConstantType::kRegtype;
}
bool is_text(ConstantType type) {
  return type == ConstantType::kUnknown || type == ConstantType::kText ||
         type == ConstantType::kName;
}

Error out_of_range(ConstantType type) {
  return fail(ErrorCode::kNumericOutOfRange, "{} out of range",
              is_oid(type) ? "OID" : type_name(type));
}

Error invalid_text(ConstantType type, std::string_view text) {
  return fail(ErrorCode::kInvalidText, "invalid input syntax for type {}: \"{}\"", type_name(type),
              text.substr(0, 128));
}

Error text_out_of_range(ConstantType type, std::string_view text) {
  return fail(ErrorCode::kNumericOutOfRange, "value \"{}\" is out of range for type {}",
              text.substr(0, 128), type_name(type));
}

Result<ConstantValue> in_range(ConstantType type, std::int64_t value) {
  const Range range = range_of(type);
  if (value < range.low || value > range.high) return out_of_range(type);
  return ConstantValue{type, value};
}

// ---- Text to values -----------------------------------------------------------------------------

std::string_view trim(std::string_view text) {
  const auto is_space = [](char c) { return c == ' ' || (c >= '\t' && c <= '\r'); };
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

// Without the plus sign that from_chars does not take; empty where two signs stand.
std::string_view without_plus(std::string_view text) {
  if (!text.starts_with('+')) return text;
  text.remove_prefix(1);
  return text.starts_with('-') || text.starts_with('+') ? std::string_view() : text;
}

Result<ConstantValue> read_integer(ConstantType type, std::string_view text) {
  const std::string_view digits = without_plus(trim(text));
  std::int64_t value = 0;
  const auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (digits.empty() || end != digits.data() + digits.size() ||
      code == std::errc::invalid_argument) {
    return invalid_text(type, text);
  }
  const Range range = range_of(type);
  if (code != std::errc{} || value < range.low || value > range.high) {
    return text_out_of_range(type, text);
  }
  return ConstantValue{type, value};
}

template <class Float>
Result<ConstantValue> read_float(ConstantType type, std::string_view text) {
  const std::string_view digits = without_plus(trim(text));
  Float value = 0;
  const auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  const bool payload = digits.find('(') != std::string_view::npos;  // C's nan(…)
  if (digits.empty() || payload || end != digits.data() + digits.size() ||
      code == std::errc::invalid_argument) {
    return invalid_text(type, text);
  }
  if (code != std::errc{}) {
    return fail(ErrorCode::kNumericOutOfRange, "\"{}\" is out of range for type {}",
                text.substr(0, 128), type_name(type));
  }
  return ConstantValue{type, value};
}

Result<ConstantValue> read_regtype(std::string_view text) {
  const std::string name = lower(trim(text));
  if (!name.empty() && name.front() >= '0' && name.front() <= '9') {
    return read_integer(ConstantType::kRegtype, name);
  }
  const std::optional<PostgresType> type = find_type(name);
  if (!type) {
    return fail(ErrorCode::kUndefinedObject, "type \"{}\" does not exist", text.substr(0, 128));
  }
  return ConstantValue{ConstantType::kRegtype, std::int64_t{type->oid}};
}

Result<ConstantValue> read_value(ConstantType type, std::string text) {
  switch (type) {
    case ConstantType::kUnknown:
    case ConstantType::kText:
    case ConstantType::kName: return ConstantValue{type, std::move(text)};
    case ConstantType::kBool: {
      const std::optional<bool> value = parse_bool(trim(text));
      if (!value) return invalid_text(type, text);
      return ConstantValue{type, *value};
    }
    case ConstantType::kInt4:
    case ConstantType::kInt8:
    case ConstantType::kOid: return read_integer(type, text);
    case ConstantType::kFloat4: return read_float<float>(type, text);
    case ConstantType::kFloat8: return read_float<double>(type, text);
    case ConstantType::kRegtype: return read_regtype(text);
    case ConstantType::kJsonb: {
      const Metadata metadata = TRY(Metadata::parse_json(text));
      return ConstantValue{type, metadata.view().to_json()};
    }
    case ConstantType::kVector: {
      std::vector<float> values = TRY(parser::parse_vector_text(text));
      return ConstantValue{type, std::move(values)};
    }
    case ConstantType::kTimestampTz:
    case ConstantType::kVoid: break;
  }
  return fail(ErrorCode::kNotSupported, "text cannot be read as {}", type_name(type));
}

// ---- Values to text -----------------------------------------------------------------------------

// The shortest digits that read back, in fixed notation where PostgreSQL prints them so.
template <class Float>
std::string print_float(Float value) {
  if (!std::isfinite(value)) {
    return std::isnan(value) ? "NaN" : (value < 0 ? "-Infinity" : "Infinity");
  }
  const Float magnitude = std::abs(value);
  const auto fixed_end = static_cast<Float>(sizeof(Float) == sizeof(float) ? 1e6 : 1e15);
  const bool fixed =
      magnitude == 0 || (magnitude >= static_cast<Float>(1e-4) && magnitude < fixed_end);
  std::array<char, 32> digits;
  const std::to_chars_result printed =
      std::to_chars(digits.data(), digits.data() + digits.size(), value,
                    fixed ? std::chars_format::fixed : std::chars_format::scientific);
  return std::string(digits.data(), printed.ptr);
}

std::string print_floats(std::span<const float> values) {
  std::string text = "{";
  for (const float value : values) {
    if (text.size() > 1) text += ',';
    text += print_float(value);
  }
  return text + '}';
}

std::string print_value(ConstantValue value) {
  struct Print {
    std::string operator()(std::monostate) const { CHECK(false, "NULL has no text"); }
    std::string operator()(bool is) const { return is ? "true" : "false"; }
    std::string operator()(std::int64_t number) const { return std::to_string(number); }
    std::string operator()(float number) const { return print_float(number); }
    std::string operator()(double number) const { return print_float(number); }
    std::string operator()(std::string text) const { return text; }
    std::string operator()(const std::vector<float>& values) const { return print_floats(values); }
  };
  if (value.type == ConstantType::kRegtype) {
    const std::optional<PostgresType> type = find_type(static_cast<std::uint32_t>(value.integer()));
    return type ? type->name : std::to_string(value.integer());
  }
  return std::visit(Print{}, std::move(value.what));
}

// ---- Numbers to numbers -------------------------------------------------------------------------

double as_double(const ConstantValue& value) {
  if (is_integer(value.type)) return static_cast<double>(value.integer());
  return value.type == ConstantType::kFloat4 ? double{std::get<float>(value.what)} : value.real();
}

// Errors: kNumericOutOfRange where a finite number becomes infinite.
Result<ConstantValue> round_to_float4(double value) {
  if (std::isfinite(value) && std::abs(value) > std::numeric_limits<float>::max()) {
    return fail(ErrorCode::kNumericOutOfRange, "value out of range: overflow");
  }
  return ConstantValue{ConstantType::kFloat4, static_cast<float>(value)};
}

Result<ConstantValue> convert_number(const ConstantValue& value, ConstantType type) {
  if (type == ConstantType::kFloat4) return round_to_float4(as_double(value));
  if (type == ConstantType::kFloat8) return ConstantValue{type, as_double(value)};
  if (is_integer(value.type)) return in_range(type, value.integer());
  const double rounded = std::nearbyint(as_double(value));
  // 2^63 is a double, the largest int64_t is not.
  constexpr double kInt8End = 9223372036854775808.0;
  if (!(rounded >= -kInt8End && rounded < kInt8End)) return out_of_range(type);
  return in_range(type, static_cast<std::int64_t>(rounded));
}

bool casts_explicitly(ConstantType from, ConstantType to) {
  if (is_text(from)) return to != ConstantType::kVoid;
  if (to == ConstantType::kText || to == ConstantType::kName) return true;
  if (is_number(from) && is_number(to)) return true;
  if (from == ConstantType::kBool) return to == ConstantType::kInt4;
  if (to == ConstantType::kBool) return from == ConstantType::kInt4;
  const bool from_number = is_integer(from) || is_oid(from);
  return from_number && (is_integer(to) || is_oid(to));
}

// ---- Operators ----------------------------------------------------------------------------------

Error no_operator(char symbol, ConstantType left, ConstantType right) {
  const bool ambiguous = left == ConstantType::kUnknown && right == ConstantType::kUnknown;
  return fail(ErrorCode::kUndefinedFunction, "operator {}: {} {} {}",
              ambiguous ? "is not unique" : "does not exist", type_name(left),
              symbol == '|' ? "||" : std::string(1, symbol), type_name(right))
      .with_hint("An explicit cast says which type is meant.");
}

// The type in which an operator works on two numbers.
ConstantType common_type(ConstantType left, ConstantType right) {
  if (left == right) return left;
  if (is_integer(left) && is_integer(right)) return ConstantType::kInt8;
  return ConstantType::kFloat8;
}

Result<ConstantValue> calculate_integers(char symbol, ConstantType type, std::int64_t left,
                                         std::int64_t right) {
  std::int64_t result = 0;
  bool overflow = false;
  switch (symbol) {
    case '+': overflow = __builtin_add_overflow(left, right, &result); break;
    case '-': overflow = __builtin_sub_overflow(left, right, &result); break;
    case '*': overflow = __builtin_mul_overflow(left, right, &result); break;
    case '/':
      if (right == 0) return Error(ErrorCode::kDivisionByZero, "division by zero");
      overflow = right == -1 && left == std::numeric_limits<std::int64_t>::min();
      if (!overflow) result = left / right;
      break;
    default: CHECK(false, "an operator of the grammar");
  }
  if (overflow) return out_of_range(type);
  return in_range(type, result);
}

Result<ConstantValue> calculate_floats(char symbol, ConstantType type, double left, double right) {
  double result = 0;
  switch (symbol) {
    case '+': result = left + right; break;
    case '-': result = left - right; break;
    case '*': result = left * right; break;
    case '/':
      if (right == 0) return Error(ErrorCode::kDivisionByZero, "division by zero");
      result = left / right;
      break;
    default: CHECK(false, "an operator of the grammar");
  }
  if (std::isinf(result) && !std::isinf(left) && !std::isinf(right)) {
    return fail(ErrorCode::kNumericOutOfRange, "value out of range: overflow");
  }
  if (type == ConstantType::kFloat4) return round_to_float4(result);
  return ConstantValue{type, result};
}

Result<ConstantValue> concatenate(ConstantValue left, ConstantValue right) {
  const bool texts = is_text(left.type) || is_text(right.type);
  const bool vectors = left.type == ConstantType::kVector || right.type == ConstantType::kVector;
  if (!texts || vectors) return no_operator('|', left.type, right.type);
  if (left.is_null() || right.is_null()) return ConstantValue{ConstantType::kText, {}};
  // The left operand grows in place, so that a long chain costs its length and not its square.
  ConstantValue joined = TRY(cast(std::move(left), ConstantType::kText));
  const ConstantValue tail = TRY(cast(std::move(right), ConstantType::kText));
  std::get<std::string>(joined.what) += tail.text();
  return joined;
}

}  // namespace

ConstantValue::ConstantValue() : type(ConstantType::kUnknown) {}
ConstantValue::ConstantValue(ConstantType its_type, What its_value)
    : type(its_type), what(std::move(its_value)) {}

Cell cell_of(const ConstantValue& value) {
  struct View {
    Cell operator()(std::monostate) const { return std::monostate{}; }
    Cell operator()(bool is) const { return is; }
    Cell operator()(std::int64_t number) const { return number; }
    Cell operator()(float number) const { return number; }
    Cell operator()(double number) const { return number; }
    Cell operator()(const std::string& text) const { return std::string_view(text); }
    Cell operator()(const std::vector<float>& values) const {
      return std::span<const float>(values);
    }
  };
  CHECK(value.type != ConstantType::kRegtype || value.is_null(), "a regtype is sent as text");
  return std::visit(View{}, value.what);
}

Result<ConstantValue> number_constant(std::string_view text) {
  std::int64_t integer = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), integer);
  if (code == std::errc{} && end == text.data() + text.size()) {
    const bool small = static_cast<std::int32_t>(integer) == integer;
    return ConstantValue{small ? ConstantType::kInt4 : ConstantType::kInt8, integer};
  }
  return read_float<double>(ConstantType::kFloat8, text);
}

Result<ConstantValue> cast(ConstantValue value, ConstantType type) {
  if (value.type == type) return value;
  if (!casts_explicitly(value.type, type)) {
    return fail(ErrorCode::kWrongType, "cannot cast type {} to {}", type_name(value.type),
                type_name(type));
  }
  if (value.is_null()) return ConstantValue{type, {}};
  if (type == ConstantType::kText || type == ConstantType::kName) {
    return ConstantValue{type, print_value(std::move(value))};
  }
  if (is_text(value.type)) return read_value(type, std::get<std::string>(std::move(value.what)));
  if (value.type == ConstantType::kBool) {
    return ConstantValue{type, std::int64_t{value.boolean() ? 1 : 0}};
  }
  if (type == ConstantType::kBool) return ConstantValue{type, value.integer() != 0};
  if (is_oid(value.type) || is_oid(type)) return in_range(type, value.integer());
  return convert_number(value, type);
}

Result<ConstantValue> cast(ConstantValue value, const PostgresType& type) {
  if (!type.constant) {
    return fail(ErrorCode::kNotSupported, "constants of type {} are not supported", type.name);
  }
  ConstantValue result = TRY(cast(std::move(value), *type.constant));
  constexpr std::uint32_t kSmallintOid = 21;
  if (type.oid == kSmallintOid && !result.is_null() &&
      static_cast<std::int16_t>(result.integer()) != result.integer()) {
    return fail(ErrorCode::kNumericOutOfRange, "smallint out of range");
  }
  return result;
}

bool converts_implicitly(ConstantType from, ConstantType to) {
  if (from == to || from == ConstantType::kUnknown) return true;
  if (from == ConstantType::kName) return to == ConstantType::kText;
  if (from == ConstantType::kRegtype) return to == ConstantType::kOid;
  if (is_integer(from) && (is_oid(to) || to == ConstantType::kFloat8)) return true;
  if (from == ConstantType::kInt4) return to == ConstantType::kInt8;
  return from == ConstantType::kFloat4 && to == ConstantType::kFloat8;
}

Result<ConstantValue> apply_operator(char symbol, ConstantValue left, ConstantValue right) {
  if (symbol == '|') return concatenate(std::move(left), std::move(right));
  // An unknown literal becomes what the other operand is.
  const ConstantType left_type = left.type == ConstantType::kUnknown ? right.type : left.type;
  const ConstantType right_type = right.type == ConstantType::kUnknown ? left.type : right.type;
  if (!is_number(left_type) || !is_number(right_type)) {
    return no_operator(symbol, left.type, right.type);
  }
  const ConstantValue a = TRY(cast(std::move(left), left_type));
  const ConstantValue b = TRY(cast(std::move(right), right_type));
  const ConstantType type = common_type(left_type, right_type);
  if (a.is_null() || b.is_null()) return ConstantValue{type, {}};
  if (is_integer(type)) return calculate_integers(symbol, type, a.integer(), b.integer());
  return calculate_floats(symbol, type, as_double(a), as_double(b));
}

Result<ConstantValue> negate(ConstantValue value) {
  if (!is_number(value.type)) {
    return fail(ErrorCode::kUndefinedFunction, "operator {}: - {}",
                value.type == ConstantType::kUnknown ? "is not unique" : "does not exist",
                type_name(value.type));
  }
  if (value.is_null()) return value;
  if (value.type == ConstantType::kFloat4) {
    return ConstantValue{value.type, -std::get<float>(value.what)};
  }
  if (value.type == ConstantType::kFloat8) return ConstantValue{value.type, -value.real()};
  return calculate_integers('-', value.type, 0, value.integer());
}

}  // namespace alcove::executor
