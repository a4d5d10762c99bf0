#include "executor/binder.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <initializer_list>
#include <iterator>
#include <string_view>

#include "base/number_text.h"
#include "parser/vector_text.h"
#include "segments/distance.h"

namespace alcove::executor {
namespace {

constexpr float kSquaredNormMax = 1e37F;

bool is_one_of(const std::string& type, std::initializer_list<std::string_view> types) {
  return std::find(types.begin(), types.end(), type) != types.end();
}

bool is_text_type(const std::string& type) {
  return is_one_of(type, {"text", "varchar", "character varying", "name", "bpchar", "char",
                          "character", "unknown"});
}
bool is_number_type(const std::string& type) {
  return is_one_of(type, {"int", "integer", "int2", "int4", "int8", "bigint", "smallint", "real",
                          "float", "float4", "float8", "double precision", "numeric", "decimal"});
}
bool is_boolean_type(const std::string& type) { return is_one_of(type, {"bool", "boolean"}); }
bool is_vector_type(const std::string& type) {
  return is_one_of(type, {"vector", "real[]", "float4[]", "float8[]", "double precision[]",
                          "float[]", "numeric[]", "int[]", "integer[]", "int4[]", "bigint[]",
                          "int8[]", "smallint[]", "int2[]", "text[]",
                          "unknown", "text", "varchar"});
}
bool is_json_type(const std::string& type) {
  return is_one_of(type, {"json", "jsonb", "text", "varchar", "unknown"});
}

Error undefined_parameter(const parser::Value& value, const parser::Parameter& parameter) {
  return fail(ErrorCode::kUndefinedParameter, "there is no parameter ${}", parameter.number)
      .at(value.offset);
}

Error disagrees(const parser::Value& value, const char* what) {
  return fail(ErrorCode::kWrongType, "{} cannot be of type {}", what, value.cast).at(value.offset);
}

const char* kind_of(const parser::Value& value) {
  constexpr std::array<const char*, 8> kNames = {"NULL",     "a boolean",  "a number", "a string",
                                                 "a vector", "an object", "an array", "a parameter"};
  return kNames[value.what.index()];
}

Error wrong_type(const parser::Value& value, const char* what, const char* expected) {
  return fail(ErrorCode::kWrongType, "{} must be {}, not {}", what, expected, kind_of(value))
      .at(value.offset);
}

// What no slot takes but those that say so.
Status refuse_null_and_parameter(const parser::Value& value, const char* what) {
  if (const auto* parameter = std::get_if<parser::Parameter>(&value.what)) {
    return undefined_parameter(value, *parameter);
  }
  if (std::holds_alternative<parser::Null>(value.what)) {
    return fail(ErrorCode::kNullNotAllowed, "{} must not be NULL", what).at(value.offset);
  }
  return {};
}

Result<std::vector<float>> floats_of_array(const parser::Array& array) {
  std::vector<float> floats;
  floats.reserve(array.items.size());
  for (const parser::Value& item : array.items) {
    TRY(refuse_null_and_parameter(item, "an element of a vector"));
    std::string_view text;
    if (const auto* number = std::get_if<parser::Number>(&item.what)) {
      text = number->text;
    } else if (const auto* string = std::get_if<std::string>(&item.what)) {
      text = *string;
      if (text.empty() || json_number_length(text) != text.size()) {
        return fail(ErrorCode::kInvalidText, "invalid input syntax for a vector: \"{}\"", text)
            .at(item.offset);
      }
    } else {
      return wrong_type(item, "an element of a vector", "a number");
    }
    auto parsed = parse_float(text);
    if (!parsed) return parsed.error().at(item.offset);
    floats.push_back(*parsed);
  }
  return floats;
}

Result<std::vector<float>> floats_of(const parser::Value& value) {
  if (const auto* floats = std::get_if<parser::Floats>(&value.what)) return *floats;
  if (const auto* array = std::get_if<parser::Array>(&value.what)) return floats_of_array(*array);
  if (const auto* text = std::get_if<std::string>(&value.what)) {
    auto parsed = parser::parse_vector_text(*text);
    if (!parsed) return parsed.error().at(value.offset);
    return parsed;
  }
  return wrong_type(value, "a vector", "a vector");
}

}  // namespace

Result<std::string> bind_text(const parser::Value& value, const char* what) {
  TRY(refuse_null_and_parameter(value, what));
  if (!value.cast.empty() && !is_text_type(value.cast)) return disagrees(value, what);
  if (const auto* text = std::get_if<std::string>(&value.what)) return *text;
  const auto* number = std::get_if<parser::Number>(&value.what);
  if (number != nullptr && !value.cast.empty()) return number->text;
  return wrong_type(value, what, "a string");
}

Result<std::string> bind_like_pattern(const parser::Value& value) {
  std::string pattern = TRY(bind_text(value, "a pattern"));
  const std::size_t last = pattern.find_last_not_of('\\');
  const std::size_t backslashes = pattern.size() - (last == std::string::npos ? 0 : last + 1);
  if (backslashes % 2 == 1) {
    return Error(ErrorCode::kInvalidEscape, "LIKE pattern must not end with escape character")
        .at(value.offset);
  }
  return pattern;
}

Status check_id(std::string_view id) {
  if (id.empty()) return Error(ErrorCode::kInvalidValue, "an id must not be empty");
  if (id.size() > kIdBytesMax) {
    return fail(ErrorCode::kTooLong, "an id of {} bytes is too long: at most {} are allowed",
                id.size(), kIdBytesMax);
  }
  return {};
}

Status check_vector(std::span<const float> values, const IndexDefinition& index) {
  if (values.size() != index.dimension) {
    return fail(ErrorCode::kInvalidValue,
                "a vector of dimension {} does not fit index \"{}\", which has dimension {}",
                values.size(), index.name, index.dimension);
  }
  const float squared_norm = segments::squared_norm(values.data(), values.size());
  if (!(squared_norm <= kSquaredNormMax)) {
    const bool finite = std::all_of(values.begin(), values.end(),
                                    [](float x) { return std::isfinite(x); });
    return Error(ErrorCode::kInvalidValue,
                 finite ? "the squared norm of a vector must not exceed 1e37"
                        : "a vector must not hold NaN or infinity");
  }
  const bool zero = std::all_of(values.begin(), values.end(), [](float x) { return x == 0; });
  if (index.metric == Metric::kCosine && (zero || squared_norm == 0)) {
    return Error(ErrorCode::kInvalidValue,
                 zero ? "under the metric cosine a vector must not be all zeros"
                      : "under the metric cosine a vector must not be shorter than about 1e-22, "
                        "where its squared norm is zero in float32");
  }
  return {};
}

Result<std::string> bind_id(const parser::Value& value) {
  std::string id = TRY(bind_text(value, "an id"));
  if (const Status good = check_id(id); !good) return good.error().at(value.offset);
  return id;
}

Result<std::vector<float>> bind_vector(const parser::Value& value, const IndexDefinition& index) {
  TRY(refuse_null_and_parameter(value, "a vector"));
  if (!value.cast.empty() && !is_vector_type(value.cast)) return disagrees(value, "a vector");
  std::vector<float> floats = TRY(floats_of(value));
  if (const Status good = check_vector(floats, index); !good) {
    return good.error().at(value.offset);
  }
  return floats;
}

Result<Metadata> bind_metadata(const parser::Value& value) {
  if (std::holds_alternative<parser::Null>(value.what)) return Metadata();
  TRY(refuse_null_and_parameter(value, "metadata"));
  if (!value.cast.empty() && !is_json_type(value.cast)) return disagrees(value, "metadata");
  const std::string* json = std::get_if<std::string>(&value.what);
  if (const auto* object = std::get_if<parser::Object>(&value.what)) json = &object->json;
  if (json == nullptr) return wrong_type(value, "metadata", "a JSON object");
  auto metadata = Metadata::parse_json(*json);
  if (!metadata) return metadata.error().at(value.offset);
  return metadata;
}

Result<std::optional<MetadataValue>> bind_field(const parser::Value& value) {
  using Bound = std::optional<MetadataValue>;
  if (const auto* parameter = std::get_if<parser::Parameter>(&value.what)) {
    return undefined_parameter(value, *parameter);
  }
  if (std::holds_alternative<parser::Null>(value.what)) return Bound();
  if (const auto* boolean = std::get_if<bool>(&value.what)) return Bound(*boolean);
  if (const auto* number = std::get_if<parser::Number>(&value.what)) {
    if (is_text_type(value.cast)) return Bound(number->text);
    return Bound(number->value == 0 ? 0.0 : number->value);
  }
  if (const auto* text = std::get_if<std::string>(&value.what)) {
    if (value.cast.empty() || is_text_type(value.cast)) return Bound(*text);
    if (is_number_type(value.cast) && !text->empty() &&
        json_number_length(*text) == text->size()) {
      return Bound(TRY(parse_double(*text)));
    }
    if (is_boolean_type(value.cast) && (*text == "true" || *text == "false")) {
      return Bound(*text == "true");
    }
    if (value.cast == "text[]") return Bound(TRY(parser::parse_text_array(*text)));
    return fail(ErrorCode::kInvalidText, "invalid input syntax for type {}: \"{}\"", value.cast,
                *text)
        .at(value.offset);
  }
  if (const auto* array = std::get_if<parser::Array>(&value.what)) {
    std::vector<std::string> strings;
    for (const parser::Value& item : array->items) {
      strings.push_back(TRY(bind_text(item, "an element of a list")));
    }
    return Bound(std::move(strings));
  }
  return fail(ErrorCode::kInvalidValue,
              "a field holds a string, a number, a boolean or a list of strings, not {}",
              kind_of(value))
      .at(value.offset);
}

Status check_namespace_name(const std::string& name, std::size_t offset) {
  if (name.empty()) {
    return Error(ErrorCode::kInvalidValue, "a namespace's name must not be empty").at(offset);
  }
  if (name.size() > kNamespaceNameBytesMax) {
    return fail(ErrorCode::kTooLong,
                "a namespace's name of {} bytes is too long: at most {} are allowed", name.size(),
                kNamespaceNameBytesMax)
        .at(offset);
  }
  return {};
}

Result<std::string> bind_namespace(const parser::NamespaceName& name) {
  if (const auto* parameter = std::get_if<parser::Parameter>(&name.what)) {
    return fail(ErrorCode::kUndefinedParameter, "there is no parameter ${}", parameter->number)
        .at(name.offset);
  }
  const std::string& text = std::get<std::string>(name.what);
  TRY(check_namespace_name(text, name.offset));
  return text;
}

Result<std::uint64_t> bind_integer(const parser::Value& value, const char* what,
                                   std::uint64_t minimum, std::uint64_t maximum) {
  TRY(refuse_null_and_parameter(value, what));
  if (!value.cast.empty() && !is_number_type(value.cast)) return disagrees(value, what);
  double number = 0;
  if (const auto* literal = std::get_if<parser::Number>(&value.what)) {
    number = literal->value;
  } else if (const auto* text = std::get_if<std::string>(&value.what)) {
    if (text->empty() || json_number_length(*text) != text->size()) {
      return fail(ErrorCode::kInvalidText, "invalid input syntax for type bigint: \"{}\"", *text)
          .at(value.offset);
    }
    number = TRY(parse_double(*text));
  } else {
    return wrong_type(value, what, "an integer");
  }
  if (number != std::floor(number) || number < static_cast<double>(minimum) ||
      number > static_cast<double>(maximum)) {
    return fail(ErrorCode::kInvalidValue, "{} must be an integer from {} to {}", what, minimum,
                maximum)
        .at(value.offset);
  }
  return static_cast<std::uint64_t>(number);
}

Result<double> bind_real(const parser::Value& value, const char* what, double minimum,
                         double maximum) {
  TRY(refuse_null_and_parameter(value, what));
  const auto* literal = std::get_if<parser::Number>(&value.what);
  if (literal == nullptr) return wrong_type(value, what, "a number");
  if (!(literal->value >= minimum && literal->value <= maximum)) {
    return fail(ErrorCode::kInvalidValue, "{} must be from {} to {}", what, minimum, maximum)
        .at(value.offset);
  }
  return literal->value;
}

// ---- filters ------------------------------------------------------------------------------------

namespace {

using segments::Filter;
using segments::Operand;
using Subject = parser::FilterSubject;

segments::Comparison comparison_of(parser::Comparison comparison) {
  return static_cast<segments::Comparison>(comparison);
}

// An untyped parameter's value; a cast gives it a type.
bool is_unknown(const parser::Value& value) { return value.cast == "unknown"; }

Result<Operand> bind_operand(const parser::Value& value) {
  TRY(refuse_null_and_parameter(value, "an operand"));
  auto bound = TRY(bind_field(value));
  if (const auto* text = std::get_if<std::string>(&*bound)) return Operand(*text);
  if (const auto* number = std::get_if<double>(&*bound)) return Operand(*number);
  if (const auto* boolean = std::get_if<bool>(&*bound)) return Operand(*boolean);
  return fail(ErrorCode::kWrongType, "a filter compares with one string, number or boolean")
      .at(value.offset);
}

// All that the text of an untyped parameter may mean: itself, and the number or boolean that it
// reads as.
void append_meanings(const std::string& text, std::vector<Operand>& meanings) {
  meanings.emplace_back(text);
  if (!text.empty() && json_number_length(text) == text.size()) {
    if (const auto number = parse_double(text)) meanings.emplace_back(*number);
  }
  if (text == "true" || text == "t") meanings.emplace_back(true);
  if (text == "false" || text == "f") meanings.emplace_back(false);
}

// Of a literal, or a parameter of a declared type, there is one.
Result<std::vector<Operand>> bind_meanings(const parser::Value& value) {
  std::vector<Operand> meanings;
  const auto* text = std::get_if<std::string>(&value.what);
  if (text != nullptr && is_unknown(value)) {
    append_meanings(*text, meanings);
  } else {
    meanings.push_back(TRY(bind_operand(value)));
  }
  return meanings;
}

// An id to compare with need not be one that could exist.
Result<std::string> bind_id_operand(const parser::Value& value) {
  return bind_text(value, "what an id is compared with");
}

// `of_id`: ids are text, whatever an untyped one reads as.
Result<std::vector<Operand>> bind_any(const parser::Value& value, bool of_id) {
  TRY(refuse_null_and_parameter(value, "the operand of ANY"));
  std::vector<Operand> operands;
  if (const auto* array = std::get_if<parser::Array>(&value.what)) {
    for (const parser::Value& item : array->items) {
      if (of_id) {
        operands.push_back(TRY(bind_operand(item)));
        continue;
      }
      std::vector<Operand> meanings = TRY(bind_meanings(item));
      std::move(meanings.begin(), meanings.end(), std::back_inserter(operands));
    }
    return operands;
  }
  if (const auto* floats = std::get_if<parser::Floats>(&value.what)) {
    for (const float each : *floats) operands.emplace_back(static_cast<double>(each));
    return operands;
  }
  const auto* text = std::get_if<std::string>(&value.what);
  if (text == nullptr) return wrong_type(value, "the operand of ANY", "an array");
  auto strings = parser::parse_text_array(*text);
  if (!strings) return strings.error().at(value.offset);
  const bool numbers = value.cast.ends_with("[]") &&
                       is_number_type(value.cast.substr(0, value.cast.size() - 2));
  for (std::string& each : *strings) {
    if (is_unknown(value) && !of_id) {
      append_meanings(each, operands);
    } else if (!numbers) {
      operands.emplace_back(std::move(each));
    } else if (!each.empty() && json_number_length(each) == each.size()) {
      operands.emplace_back(TRY(parse_double(each)));
    } else {
      return fail(ErrorCode::kInvalidText, "invalid input syntax for type {}: \"{}\"", value.cast,
                  each)
          .at(value.offset);
    }
  }
  return operands;
}

Status ids_in(const std::vector<Operand>& operands, bool negated, std::size_t offset,
              Filter& filter) {
  std::vector<std::string> ids;
  for (const Operand& operand : operands) {
    const auto* id = std::get_if<std::string>(&operand);
    if (id == nullptr) {
      return Error(ErrorCode::kWrongType, "an id is text: it is compared with strings only")
          .at(offset);
    }
    ids.push_back(*id);
  }
  filter.id_in(std::move(ids), negated);
  return {};
}

struct FilterBinder {
  Filter& filter;

  Status operator()(const parser::FilterNode::Compare& node) {
    if (node.subject.kind == Subject::Kind::kId) {
      filter.compare_id(comparison_of(node.comparison), TRY(bind_id_operand(node.value)));
      return {};
    }
    TRY(only_fields(node.subject));
    std::vector<Operand> meanings = TRY(bind_meanings(node.value));
    const std::string& field = node.subject.field;
    if (meanings.size() > 1 && node.comparison == parser::Comparison::kNotEqual) {
      filter.field_in(field, std::move(meanings), true);
      return {};
    }
    // A comparison with another type is false, so at most one of them holds.
    for (std::size_t i = 0; i < meanings.size(); ++i) {
      filter.compare_field(field, comparison_of(node.comparison), std::move(meanings[i]));
      if (i > 0) filter.logical_or();
    }
    return {};
  }
  Status operator()(const parser::FilterNode::In& node) {
    std::vector<Operand> operands;
    const bool of_id = node.subject.kind == Subject::Kind::kId;
    for (const parser::Value& value : node.values) {
      if (of_id) {
        operands.emplace_back(TRY(bind_id_operand(value)));
        continue;
      }
      std::vector<Operand> meanings = TRY(bind_meanings(value));
      std::move(meanings.begin(), meanings.end(), std::back_inserter(operands));
    }
    return in(node.subject, std::move(operands), node.negated);
  }
  Status operator()(const parser::FilterNode::EqualAny& node) {
    std::vector<Operand> operands =
        TRY(bind_any(node.value, node.subject.kind == Subject::Kind::kId));
    return in(node.subject, std::move(operands), false);
  }
  Status operator()(const parser::FilterNode::Contains& node) {
    if (node.subject.kind == Subject::Kind::kId) {
      return Error(ErrorCode::kWrongType, "an id is no list: CONTAINS asks lists of strings")
          .at(node.subject.offset);
    }
    TRY(only_fields(node.subject));
    filter.field_contains(node.subject.field, TRY(bind_text(node.value, "what CONTAINS asks for")));
    return {};
  }
  Status operator()(const parser::FilterNode::Exists& node) { return exists(node.subject, false); }
  Status operator()(const parser::FilterNode::IsNull& node) {
    return exists(node.subject, !node.negated);
  }
  Status operator()(const parser::FilterNode::Like& node) {
    if (node.subject.kind != Subject::Kind::kId) {
      return Error(ErrorCode::kNotSupported, "LIKE is supported on id only")
          .at(node.subject.offset);
    }
    filter.id_like(TRY(bind_like_pattern(node.pattern)), node.negated);
    return {};
  }
  Status operator()(const parser::FilterNode::Not&) {
    filter.logical_not();
    return {};
  }
  Status operator()(const parser::FilterNode::And&) {
    filter.logical_and();
    return {};
  }
  Status operator()(const parser::FilterNode::Or&) {
    filter.logical_or();
    return {};
  }

  static Status only_fields(const Subject& subject) {
    if (subject.kind == Subject::Kind::kField) return {};
    const char* part = subject.kind == Subject::Kind::kValues ? "values" : "metadata";
    return fail(ErrorCode::kNotSupported, "a filter cannot compare a record's {}", part)
        .with_hint("A metadata field of that name is written \"" + std::string(part) + "\".")
        .at(subject.offset);
  }
  Status in(const Subject& subject, std::vector<Operand> operands, bool negated) {
    if (subject.kind == Subject::Kind::kId) {
      return ids_in(operands, negated, subject.offset, filter);
    }
    TRY(only_fields(subject));
    filter.field_in(subject.field, std::move(operands), negated);
    return {};
  }
  Status exists(const Subject& subject, bool negated) {
    if (subject.kind == Subject::Kind::kId || subject.kind == Subject::Kind::kValues) {
      filter.constant(!negated);
      return {};
    }
    TRY(only_fields(subject));
    filter.field_exists(subject.field, negated);
    return {};
  }
};

}  // namespace

Result<Filter> bind_filter(const parser::Filter& parsed) {
  Filter filter;
  for (const parser::FilterNode& node : parsed.nodes) {
    TRY(std::visit(FilterBinder{filter}, node.what));
  }
  return filter;
}

}  // namespace alcove::executor
