#include <array>
#include <string_view>

#include "parser/vocabulary.h"

namespace alcove::parser {
namespace {

// ---- Types --------------------------------------------------------------------------------------

using TypeRule = x3::rule<struct TypeTag, TypeName>;

constexpr auto spelled(const char* type) {
  return [type](auto& context) { x3::_val(context) = type; };
}

const auto name_of_type = [](auto& context) {
  const Name& name = x3::_attr(context);
  // "char" in quotes is not char.
  x3::_val(context) = name.text == "char" && input_of(context).begin()[name.offset] == '"'
                          ? "\"char\""
                          : name.text;
};

const auto append_brackets = [](auto& context) { x3::_val(context) += "[]"; };
const auto append_time_zone = [](auto& context) { x3::_val(context) += " with time zone"; };
const auto append_no_time_zone = [](auto& context) { x3::_val(context) += " without time zone"; };

const auto modifiers = symbol("(") >> unsigned_number >> *(symbol(",") >> unsigned_number) >>
                       symbol(")");

const auto time_zone =
    (word("WITH") >> word("TIME") >> word("ZONE"))[append_time_zone] |
    (word("WITHOUT") >> word("TIME") >> word("ZONE"))[append_no_time_zone];

const auto type_definition = TypeRule("a type") =
    -((word("PG_CATALOG") | word("PUBLIC")) >> symbol(".")) >>
    ((word("DOUBLE") >> word("PRECISION"))[spelled("double precision")] |
     (word("CHARACTER") >> word("VARYING"))[spelled("character varying")] |
     (word("BIT") >> word("VARYING"))[spelled("bit varying")] |
     identifier("a type")[name_of_type]) >>
    -modifiers >> -time_zone >>
    *((symbol("[") >> -unsigned_number >> symbol("]") | word("ARRAY"))[append_brackets]);

// ---- Values -------------------------------------------------------------------------------------

// Rules that recurse have a tag, by which X3 finds their definition.
const x3::rule<struct ValueTag, Value> any_value = "a value";
const x3::rule<struct CastTag, Value> cast_call = "CAST";

const auto what = [](auto& context) {
  x3::_val(context).what = std::move(x3::_attr(context));
};
template <class T>
constexpr auto is(T value) {
  return [value](auto& context) { x3::_val(context).what = value; };
}

const auto add_item = [](auto& context) {
  auto* array = std::get_if<Array>(&x3::_val(context).what);
  if (array == nullptr) array = &x3::_val(context).what.template emplace<Array>();
  array->items.push_back(std::move(x3::_attr(context)));
};
const auto no_items = is(Array{});

// Under CAST stands a value of its own; the whole begins where CAST does.
const auto absorb = [](auto& context) {
  Value& inner = x3::_attr(context);
  x3::_val(context).what = std::move(inner.what);
  x3::_val(context).cast = std::move(inner.cast);
};

const auto casts = *(symbol("::") > type_name[to<&Value::cast>]);

const auto truth = word("TRUE")[is(true)] | word("FALSE")[is(false)] |
                   word("NULL")[is(Null{})];
const auto scalar = number_literal[what] | string_literal[what] | parameter_literal[what] | truth;

const auto item = Rule<Value>("a value") = here[to<&Value::offset>] >> scalar >> casts;

const auto array =
    (word("ARRAY") >> symbol("["))[no_items] > -list_of(item[add_item]) > symbol("]");
// Strings in brackets: read_vector leaves them.
const auto list = symbol("[") >> list_of(item[add_item]) > symbol("]");

// For expressions: there casts and signs are operators.
const auto constant_value = Rule<Value>("a constant") =
    here[to<&Value::offset>] >>
    (unsigned_number[what] | string_literal[what] | parameter_literal[what] | truth | array);

const auto cast_call_def = word("CAST") >> symbol("(") > nested[any_value][absorb] > word("AS") >
                           type_name[to<&Value::cast>] > symbol(")");

const auto any_value_def =
    here[to<&Value::offset>] >>
    (vector_literal[what] | scalar | object_literal[what] | array | list | cast_call[absorb]) >>
    casts;

BOOST_SPIRIT_DEFINE(any_value, cast_call)

// ---- Namespaces ---------------------------------------------------------------------------------

// Where a string or a parameter begins rather than a bare name.
bool begins_value(Input& input, const char* at) {
  if (begins_string(input, at) || (at != input.end() && *at == '$')) return true;
  return word("CAST").read(input, at) && symbol("(").read(input, at);
}

bool is_text_type(std::string_view type) {
  constexpr std::array<std::string_view, 7> kTypes = {"",     "text",      "varchar",  "name",
                                                      "char", "character", "character varying"};
  for (const std::string_view text_type : kTypes) {
    if (type == text_type) return true;
  }
  return false;
}

}  // namespace

bool read_value(Input& input, const char*& at, Value& value) {
  return run(any_value, input, at, value);
}

bool read_constant(Input& input, const char*& at, Value& value) {
  return run(constant_value, input, at, value);
}

bool read_type_name(Input& input, const char*& at, TypeName& type) {
  return run(type_definition, input, at, type);
}

bool read_namespace_name(Input& input, const char*& at, NamespaceName& name) {
  name.offset = input.offset(at);
  if (!begins_value(input, at)) {
    Name bare;
    if (!read_name(input, at, bare)) return false;
    name.what = std::move(bare.text);
    return true;
  }
  Value value;
  if (!read_value(input, at, value)) return false;
  const char* const begin = input.begin() + name.offset;
  if (!is_text_type(value.cast)) {
    return input.fail(ErrorCode::kWrongType, begin,
                      "a namespace's name is text, not " + value.cast);
  }
  if (auto* text = std::get_if<std::string>(&value.what)) {
    name.what = std::move(*text);
  } else if (const auto* parameter = std::get_if<Parameter>(&value.what)) {
    name.what = *parameter;
  } else {
    return input.fail(ErrorCode::kSyntax, begin, "expected a namespace");
  }
  return true;
}

}  // namespace alcove::parser
