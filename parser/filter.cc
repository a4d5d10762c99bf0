#include <array>
#include <string_view>

#include <fmt/format.h>

#include "parser/vocabulary.h"

namespace alcove::parser {
namespace {

// A filter is built while it is read: rules have no value of their own, each appends its nodes to
// the one Filter of the context, which puts them into postfix order.
struct FilterTag;

template <class Context>
Filter& filter_of(const Context& context) {
  return x3::get<FilterTag>(context);
}

template <class T>
constexpr auto append_node(T node) {
  return [node](auto& context) { filter_of(context).nodes.push_back(FilterNode{node}); };
}

// ---- Predicates ---------------------------------------------------------------------------------

// The operators that stand where a predicate's field does not, so that a bare field cannot be
// called so. NOT is taken before a field is looked for.
constexpr std::array<std::string_view, 5> kOperatorWords = {"EXISTS", "IN", "LIKE", "IS",
                                                            "CONTAINS"};

bool read_predicate_subject(Input& input, const char*& at, FilterSubject& subject) {
  const std::string_view bare = input.from(at).substr(0, bare_name_length(input.from(at)));
  for (const std::string_view operator_word : kOperatorWords) {
    if (equals_keyword(bare, operator_word)) {
      return input.fail(
          ErrorCode::kSyntax, at, fmt::format("expected a field, and {} is an operator", bare),
          fmt::format("A field of that name is written \"{0}\" or metadata.{0}.", bare));
    }
  }
  return read_subject(input, at, subject);
}
constexpr Component<FilterSubject> predicate_subject{read_predicate_subject, "a field"};

// The node begins as the comparison of its field, and turns into what its operator says.
const auto begin_predicate = [](auto& context) {
  FilterNode::Compare compare{};
  compare.subject = std::move(x3::_attr(context));
  x3::_val(context).what = std::move(compare);
};

template <class T>
constexpr auto turn_into(T node) {
  return [node](auto& context) {
    T turned = node;
    turned.subject = std::move(std::get<FilterNode::Compare>(x3::_val(context).what).subject);
    x3::_val(context).what = std::move(turned);
  };
}

constexpr auto compares(Comparison comparison) {
  return [comparison](auto& context) {
    std::get<FilterNode::Compare>(x3::_val(context).what).comparison = comparison;
  };
}

template <class Context>
bool refuse_null(const Context& context, const Value& operand) {
  if (!std::holds_alternative<Null>(operand.what)) return false;
  refuse(context, ErrorCode::kSyntax, operand.offset, "nothing can be compared with NULL",
         "Use IS NULL or IS NOT NULL.");
  return true;
}

const auto operand = [](auto& context) {
  if (refuse_null(context, x3::_attr(context))) return;
  std::get<FilterNode::Compare>(x3::_val(context).what).value = std::move(x3::_attr(context));
};

template <class Context>
bool refuse_too_many(const Context& context, std::size_t items, std::size_t offset) {
  const std::size_t items_max = input_of(context).limits().in_items_max;
  if (items <= items_max) return false;
  refuse(context, ErrorCode::kLimitExceeded, offset,
         fmt::format("more than {} items in a list", items_max));
  return true;
}

const auto in_item = [](auto& context) {
  auto& values = std::get<FilterNode::In>(x3::_val(context).what).values;
  const Value& item = x3::_attr(context);
  if (refuse_null(context, item)) return;
  if (refuse_too_many(context, values.size() + 1, item.offset)) return;
  values.push_back(std::move(x3::_attr(context)));
};

const auto any_operand = [](auto& context) {
  const Value& list = x3::_attr(context);
  const auto* array = std::get_if<Array>(&list.what);
  if (array != nullptr && refuse_too_many(context, array->items.size(), list.offset)) return;
  std::get<FilterNode::EqualAny>(x3::_val(context).what).value = std::move(x3::_attr(context));
};

const auto contained = [](auto& context) {
  std::get<FilterNode::Contains>(x3::_val(context).what).value = std::move(x3::_attr(context));
};
const auto pattern = [](auto& context) {
  std::get<FilterNode::Like>(x3::_val(context).what).pattern = std::move(x3::_attr(context));
};
const auto is_not = [](auto& context) {
  std::get<FilterNode::IsNull>(x3::_val(context).what).negated = true;
};

const auto compared = value("a value")[operand];

const auto any = (word("ANY") >> symbol("("))[turn_into(FilterNode::EqualAny{})] >
                 value("a list")[any_operand] > symbol(")");

const auto comparison =
    (symbol("=")[compares(Comparison::kEqual)] > named("a value")[any | compared]) |
    ((symbol("<>") | symbol("!="))[compares(Comparison::kNotEqual)] > compared) |
    (symbol("<=")[compares(Comparison::kLessEqual)] > compared) |
    (symbol("<")[compares(Comparison::kLess)] > compared) |
    (symbol(">=")[compares(Comparison::kGreaterEqual)] > compared) |
    (symbol(">")[compares(Comparison::kGreater)] > compared);

const auto in_list = symbol("(") > list_of(value("a value")[in_item]) > symbol(")");

const auto in = word("IN")[turn_into(FilterNode::In{})] > in_list;
const auto like = word("LIKE")[turn_into(FilterNode::Like{})] > value("a pattern")[pattern];

const auto not_in =
    word("IN")[turn_into(FilterNode::In{.subject = {}, .negated = true, .values = {}})] > in_list;
const auto not_like =
    word("LIKE")[turn_into(FilterNode::Like{.subject = {}, .negated = true, .pattern = {}})] >
    value("a pattern")[pattern];

const auto contains =
    word("CONTAINS")[turn_into(FilterNode::Contains{})] > value("a value")[contained];
const auto exists = word("EXISTS")[turn_into(FilterNode::Exists{})];
const auto is_null = word("IS")[turn_into(FilterNode::IsNull{})] > -word("NOT")[is_not] >
                     word("NULL");

const auto predicate = Rule<FilterNode>("a field") =
    predicate_subject[begin_predicate] >
    named("an operator")[comparison | in | like | (word("NOT") > (not_in | not_like)) |
                         contains | exists | is_null];

const auto append_predicate = [](auto& context) {
  filter_of(context).nodes.push_back(std::move(x3::_attr(context)));
};

// ---- NOT before AND before OR -------------------------------------------------------------------

const x3::rule<struct DisjunctionTag> disjunction = "a condition";
const x3::rule<struct NegationTag> negation = "a condition";

const auto negation_def = (word("NOT") > nested[negation] > x3::eps[append_node(FilterNode::Not{})]) |
                          (symbol("(") > nested[disjunction] > symbol(")")) |
                          predicate[append_predicate];

const auto conjunction =
    negation >> *(word("AND") > negation > x3::eps[append_node(FilterNode::And{})]);

const auto disjunction_def =
    conjunction >> *(word("OR") > conjunction > x3::eps[append_node(FilterNode::Or{})]);

BOOST_SPIRIT_DEFINE(disjunction, negation)

// ---- Subjects -----------------------------------------------------------------------------------

FilterSubject::Kind part_named(const Input& input, const Name& name) {
  const bool quoted = input.begin()[name.offset] == '"';
  if (quoted) return FilterSubject::Kind::kField;
  if (equals_keyword(name.text, "ID")) return FilterSubject::Kind::kId;
  if (equals_keyword(name.text, "VALUES")) return FilterSubject::Kind::kValues;
  if (equals_keyword(name.text, "METADATA")) return FilterSubject::Kind::kMetadata;
  return FilterSubject::Kind::kField;
}

}  // namespace

bool read_subject(Input& input, const char*& at, FilterSubject& subject) {
  Name name;
  if (!read_name(input, at, name)) return false;
  subject.offset = name.offset;
  subject.kind = part_named(input, name);
  const char* after = at;
  if (subject.kind == FilterSubject::Kind::kMetadata && symbol(".").read(input, after)) {
    after = input.skip_blanks(after);
    if (!read_name(input, after, name)) {
      return input.fail(ErrorCode::kSyntax, after, "expected a field after metadata.");
    }
    at = after;
    subject.kind = FilterSubject::Kind::kField;
  }
  if (subject.kind == FilterSubject::Kind::kField) subject.field = std::move(name.text);
  return true;
}

bool read_filter(Input& input, const char*& at, Filter& filter) {
  x3::unused_type none;
  return run(x3::with<FilterTag>(filter)[disjunction], input, at, none);
}

}  // namespace alcove::parser
