#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "parser/vocabulary.h"

// What a SELECT without an index computes: constants, parameters, columns, functions, casts, and
// + - * / ||.

namespace alcove::parser {
namespace {

// An expression is built while it is read, as a filter is: rules append to the one SelectItem of
// the context, operators after their operands. Nothing here expects (`>`): what does not fit is not
// this grammar's, and ends as a SELECT that is not supported.
struct ItemTag;

template <class Context>
SelectItem& item_of(const Context& context) {
  return x3::get<ItemTag>(context);
}

// Words that end an expression, or begin one beyond this grammar, rather than name a column.
bool is_reserved(std::string_view word) {
  constexpr std::array<std::string_view, 48> kReserved = {
      "all",       "and",     "any",    "array",  "as",     "asc",      "between", "case",
      "cast",      "collate", "cross",  "desc",   "distinct", "else",   "end",     "except",
      "exists",    "false",   "fetch",  "for",    "from",   "full",     "group",   "having",
      "ilike",     "in",      "inner",  "intersect", "into", "is",      "join",    "left",
      "like",      "limit",   "not",    "null",   "offset", "on",       "or",      "order",
      "right",     "select",  "then",   "true",   "union",  "when",     "where",   "with"};
  return std::find(kReserved.begin(), kReserved.end(), word) != kReserved.end();
}

bool read_unreserved(Input& input, const char*& at, Name& name) {
  const char* const begin = at;
  if (!read_identifier(input, at, name)) return false;
  if (*begin == '"' || !is_reserved(name.text)) return true;
  at = begin;
  return false;
}
constexpr Component<Name> unreserved{read_unreserved, "a name"};

const x3::rule<struct ExpressionTag> expression = "an expression";
const x3::rule<struct UnaryTag> unary = "an expression";

// ---- Nodes --------------------------------------------------------------------------------------

const auto take_constant = [](auto& context) {
  x3::_val(context).what = std::move(x3::_attr(context));
};
const auto column = [](auto& context) {
  x3::_val(context).what = ExpressionNode::ColumnName{std::move(x3::_attr(context).text)};
};
const auto cast = [](auto& context) {
  x3::_val(context).what = ExpressionNode::Cast{std::move(x3::_attr(context))};
};
const auto call_of = [](auto& context) {
  x3::_val(context).what = ExpressionNode::Call{std::move(x3::_attr(context).text), 0};
};
const auto count_argument = [](auto& context) {
  ++std::get<ExpressionNode::Call>(x3::_val(context).what).arguments;
};
template <char Sign>
const auto operation = [](auto& context) {
  x3::_val(context).what = ExpressionNode::Operator{Sign};
};
const auto append = [](auto& context) {
  item_of(context).nodes.push_back(std::move(x3::_attr(context)));
};

using Node = Rule<ExpressionNode>;
const auto at_offset = here[to<&ExpressionNode::offset>];

// ---- Grammar ------------------------------------------------------------------------------------

const auto argument = nested[expression] >> x3::eps[count_argument];

const auto call = Node("a function") =
    at_offset >> -(word("PG_CATALOG") >> symbol(".")) >> unreserved[call_of] >> symbol("(") >>
    -(argument >> *(symbol(",") >> argument)) >> symbol(")");

const auto cast_call = Node("CAST") = at_offset >> word("CAST") >> symbol("(") >>
                                      nested[expression] >> word("AS") >> type_name[cast] >>
                                      symbol(")");

const auto constant_node = Node("a constant") = at_offset >> constant[take_constant];
const auto column_node = Node("a column") = at_offset >> unreserved[column];
const auto cast_node = Node("a cast") = at_offset >> symbol("::") >> type_name[cast];
const auto minus_node = Node("-") = at_offset >> symbol("-")[operation<'n'>] >> nested[unary];

const auto primary = constant_node[append] | cast_call[append] | call[append] |
                     (symbol("(") >> nested[expression] >> symbol(")")) | column_node[append];

const auto unary_def = minus_node[append] | (symbol("+") >> nested[unary]) |
                       (primary >> *cast_node[append]);

const auto factor = Node("a factor") =
    at_offset >> (symbol("*")[operation<'*'>] | symbol("/")[operation<'/'>]) >> unary;
const auto product = unary >> *factor[append];

const auto summand = Node("a summand") =
    at_offset >> (symbol("+")[operation<'+'>] | symbol("-")[operation<'-'>]) >> product;
const auto sum = product >> *summand[append];

const auto joined = Node("a text") = at_offset >> symbol("||")[operation<'|'>] >> sum;
const auto expression_def = sum >> *joined[append];

BOOST_SPIRIT_DEFINE(expression, unary)

const auto star = Node("*") = at_offset >> symbol("*")[([](auto& context) {
  x3::_val(context).what = ExpressionNode::ColumnName{"*"};
})];

const auto labelled = column_label[([](auto& context) {
  item_of(context).label = std::move(x3::_attr(context).text);
})];

// ---- Labels -------------------------------------------------------------------------------------

// The name that PostgreSQL's catalogue has for a type, which is what a column of it is called.
std::string catalogue_name(std::string type) {
  while (type.ends_with("[]")) type.resize(type.size() - 2);
  constexpr std::array<std::pair<std::string_view, std::string_view>, 17> kNames = {{
      {"int", "int4"},
      {"integer", "int4"},
      {"bigint", "int8"},
      {"smallint", "int2"},
      {"real", "float4"},
      {"float", "float8"},
      {"double precision", "float8"},
      {"decimal", "numeric"},
      {"dec", "numeric"},
      {"boolean", "bool"},
      {"char", "bpchar"},
      {"character", "bpchar"},
      {"\"char\"", "char"},
      {"character varying", "varchar"},
      {"time with time zone", "timetz"},
      {"timestamp with time zone", "timestamptz"},
      {"bit varying", "varbit"},
  }};
  for (const auto& [spelling, name] : kNames) {
    if (type == spelling) return std::string(name);
  }
  constexpr std::string_view kWithoutZone = " without time zone";
  if (type.ends_with(kWithoutZone)) type.resize(type.size() - kWithoutZone.size());
  return type;
}

// As PostgreSQL names a column without AS.
std::string default_label(const std::vector<ExpressionNode>& nodes) {
  const ExpressionNode::Cast* outermost = nullptr;
  auto top = nodes.rbegin();
  for (; top != nodes.rend(); ++top) {
    const auto* it = std::get_if<ExpressionNode::Cast>(&top->what);
    if (it == nullptr) break;
    if (outermost == nullptr) outermost = it;
  }
  if (top != nodes.rend()) {
    if (const auto* it = std::get_if<ExpressionNode::Call>(&top->what)) return it->function;
    if (const auto* it = std::get_if<ExpressionNode::ColumnName>(&top->what)) return it->name;
    const auto* value = std::get_if<Value>(&top->what);
    if (value != nullptr && std::holds_alternative<Array>(value->what)) return "array";
  }
  return outermost == nullptr ? "?column?" : catalogue_name(outermost->type);
}

template <class Grammar>
bool read_item(const Grammar& grammar, Input& input, const char*& at, SelectItem& item) {
  x3::unused_type none;
  if (!run(x3::with<ItemTag>(item)[grammar], input, at, none)) return false;
  if (item.label.empty()) item.label = default_label(item.nodes);
  return true;
}

}  // namespace

bool read_label(Input& input, const char*& at, Name& label) {
  if (!word("AS").read(input, at)) return read_unreserved(input, at, label);
  at = input.skip_blanks(at);
  return read_identifier(input, at, label);
}

bool read_select_item(Input& input, const char*& at, SelectItem& item) {
  static const auto grammar = star[append] | (expression >> -labelled);
  return read_item(grammar, input, at, item);
}

bool read_table_function(Input& input, const char*& at, SelectItem& item) {
  static const auto grammar = call[append] >> -labelled;
  return read_item(grammar, input, at, item);
}

}  // namespace alcove::parser
