#include "server/parameter_value.h"

#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <boost/endian/conversion.hpp>
#include <fmt/format.h>

#include "base/number_text.h"
#include "executor/postgres_type.h"
#include "server/binary_array.h"
#include "server/text_encoding.h"
#include "server/type_oid.h"

namespace alcove::server {
namespace {

std::uint32_t oid_of_slot(parser::Slot slot) {
  using parser::Slot;
  switch (slot) {
    case Slot::kNamespace:
    case Slot::kId:
    case Slot::kField:
    case Slot::kOperand:
    case Slot::kText:
    case Slot::kConstant: return oid::kText;
    case Slot::kVector: return oid::kFloat4Array;
    case Slot::kElement: return oid::kFloat4;
    case Slot::kMetadata: return oid::kJsonb;
    case Slot::kList: return oid::kTextArray;
    case Slot::kInteger: return oid::kInt8;
    case Slot::kReal: return oid::kFloat8;
  }
  return oid::kText;
}

std::string type_of(ParameterType type) {
  if (type.unknown || type.oid == oid::kUnknown) return "unknown";
  const auto known = executor::find_type(type.oid);
  return known ? known->name : std::string("unknown");
}

bool is_number(std::uint32_t type) {
  return type == oid::kInt2 || type == oid::kInt4 || type == oid::kInt8 || type == oid::kFloat4 ||
         type == oid::kFloat8 || type == oid::kNumeric || type == oid::kOid;
}

Error bad_text(ParameterType type, std::string_view text) {
  return fail(ErrorCode::kInvalidText, "invalid input syntax for type {}: \"{}\"", type_of(type),
              text.substr(0, 128));
}

parser::Value literal(ParameterType type, decltype(parser::Value::what) what) {
  parser::Value value;
  value.what = std::move(what);
  value.cast = type_of(type);
  return value;
}

// ---- Text ---------------------------------------------------------------------------------------

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\n\r\f\v";
  const std::size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

Result<parser::Value> read_number(std::string_view text, ParameterType type) {
  std::string_view digits = trimmed(text);
  if (digits.starts_with('+')) digits.remove_prefix(1);
  if (digits.empty() || json_number_length(digits) != digits.size()) return bad_text(type, text);
  const double number = TRY(parse_double(digits));
  const bool is_integer = type.oid != oid::kFloat4 && type.oid != oid::kFloat8 &&
                          type.oid != oid::kNumeric;
  if (is_integer && number != std::floor(number)) return bad_text(type, text);
  return literal(type, parser::Number{number, std::string(digits)});
}

Result<parser::Value> read_boolean(std::string_view text, ParameterType type) {
  const std::string_view word = trimmed(text);
  for (const std::string_view yes : {"t", "true", "on", "yes", "y", "1"}) {
    if (word == yes) return literal(type, true);
  }
  for (const std::string_view no : {"f", "false", "off", "no", "n", "0"}) {
    if (word == no) return literal(type, false);
  }
  return bad_text(type, text);
}

Result<parser::Value> read_text(std::string_view bytes, ParameterType type) {
  TRY(check_text(bytes));
  if (is_number(type.oid)) return read_number(bytes, type);
  if (type.oid == oid::kBool) return read_boolean(bytes, type);
  return literal(type, std::string(bytes));
}

// ---- Binary -------------------------------------------------------------------------------------

Result<parser::Number> number_literal(double value) {
  if (!std::isfinite(value)) {
    return Error(ErrorCode::kInvalidValue, "NaN and infinity are not supported");
  }
  return parser::Number{value, fmt::format("{}", value)};
}

Result<parser::Value> read_array(std::string_view bytes, ParameterType type, parser::Slot slot) {
  if (slot == parser::Slot::kVector) {
    parser::Floats floats;
    TRY(read_array_vector(bytes, floats));
    return literal(type, std::move(floats));
  }
  const BinaryArray array = TRY(split_array(bytes));
  parser::Array items;
  for (const std::string_view element : array.elements) {
    parser::Value item;
    if (is_number(array.element_type)) {
      const auto number = binary_number(element, array.element_type);
      if (!number) return bad_binary();
      item.what = TRY(number_literal(*number));
    } else {
      TRY(check_text(element));
      item.what = std::string(element);
      if (type.unknown) item.cast = "unknown";
    }
    items.items.push_back(std::move(item));
  }
  return literal(type, std::move(items));
}

Result<parser::Value> read_uuid(std::string_view bytes, ParameterType type) {
  if (bytes.size() != 16) return bad_binary();
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += fmt::format("{:02x}", static_cast<unsigned>(static_cast<unsigned char>(bytes[i])));
  }
  return literal(type, std::move(text));
}

bool is_text(std::uint32_t type) {
  return type == oid::kText || type == oid::kVarchar || type == oid::kBpchar ||
         type == oid::kName || type == oid::kJson || type == oid::kUnknown;
}

Result<parser::Value> read_binary(std::string_view bytes, ParameterType type, parser::Slot slot) {
  if (is_text(type.oid)) return read_text(bytes, type);
  if (type.oid == oid::kBool) {
    if (bytes.size() != 1) return bad_binary();
    return literal(type, bytes.front() != 0);
  }
  if (type.oid == oid::kJsonb) {
    if (bytes.empty() || bytes.front() != 1) {
      return Error(ErrorCode::kProtocol, "unsupported jsonb version number");
    }
    return read_text(bytes.substr(1), type);
  }
  if (type.oid == oid::kUuid) return read_uuid(bytes, type);
  if (type.oid == executor::kVectorOid) {
    parser::Floats floats;
    TRY(read_pgvector(bytes, floats));
    return literal(type, std::move(floats));
  }
  const std::string name = type_of(type);
  if (name.ends_with("[]")) return read_array(bytes, type, slot);
  if (is_number(type.oid) && type.oid != oid::kNumeric) {
    const auto number = binary_number(bytes, type.oid);
    if (!number) return bad_binary();
    parser::Number of_type = TRY(number_literal(*number));
    // Beyond 2^53 a double is not the number that came.
    if (type.oid == oid::kInt8) {
      of_type.text = fmt::format("{}", boost::endian::load_big_s64(
                                           reinterpret_cast<const unsigned char*>(bytes.data())));
    }
    return literal(type, std::move(of_type));
  }
  return fail(ErrorCode::kNotSupported, "a parameter of type {} is not supported in binary", name)
      .with_hint("Send it as text.");
}

}  // namespace

Result<ParameterType> infer_parameter_type(const parser::ParameterUse& use) {
  if (use.cast.empty()) {
    const bool beside_a_field =
        use.slot == parser::Slot::kOperand || use.slot == parser::Slot::kList;
    return ParameterType{oid_of_slot(use.slot), beside_a_field};
  }
  const auto known = executor::find_type(use.cast);
  if (!known) {
    return fail(ErrorCode::kUndefinedObject, "type \"{}\" does not exist", use.cast)
        .at(use.offset);
  }
  return ParameterType{known->oid, false};
}

Result<parser::Value> read_parameter(std::string_view bytes, Format format, ParameterType type,
                                     parser::Slot slot) {
  return format == Format::kText ? read_text(bytes, type) : read_binary(bytes, type, slot);
}

Result<parser::Value> read_argument(const parser::Value& value, ParameterType type,
                                    parser::Slot slot) {
  if (const auto* parameter = std::get_if<parser::Parameter>(&value.what)) {
    return fail(ErrorCode::kUndefinedParameter, "there is no parameter ${}", parameter->number)
        .at(value.offset);
  }
  std::optional<std::string> text;
  if (const auto* string = std::get_if<std::string>(&value.what)) text = *string;
  if (const auto* number = std::get_if<parser::Number>(&value.what)) {
    if (!type.unknown) text = number->text;
  }
  if (const auto* truth = std::get_if<bool>(&value.what)) {
    if (!type.unknown) text = *truth ? "true" : "false";
  }
  if (!text || !value.cast.empty()) return value;
  const Result<parser::Value> read = read_parameter(*text, Format::kText, type, slot);
  if (!read) return read.error().at(value.offset);
  return read;
}

parser::Value sample_parameter(ParameterType type) {
  if (is_number(type.oid)) return literal(type, parser::Number{1, "1"});
  if (type.oid == oid::kBool) return literal(type, true);
  return literal(type, std::string("1"));
}

}  // namespace alcove::server
