#pragma once

// The words the grammars are written in: X3 components over the readers of name.h,
// string_literal.h, number_literal.h, vector_literal.h and object_literal.h, and the semantic
// actions that put what they read into a statement. Only grammars (the .cc files of this room)
// include it: X3 is slow to compile.
//
// A grammar reads as the language does:
//
//   const auto drop_index = Rule<DropIndex>("INDEX") =
//       word("INDEX") >> -if_exists[flag<&DropIndex::if_exists>] > index_name[to<&…>];
//
// `>>` is where another alternative may still hold, `>` where nothing else can follow: X3 throws
// there, parse() catches, and says "expected an index name after INDEX" from the component's name
// and the text before it. So every component has a name for what it reads, and a rule's name is
// what an error says was expected where the rule begins.

#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <boost/spirit/home/x3/auxiliary/eps.hpp>
#include <boost/spirit/home/x3/core.hpp>
#include <boost/spirit/home/x3/directive/with.hpp>
#include <boost/spirit/home/x3/nonterminal/rule.hpp>
#include <boost/spirit/home/x3/operator.hpp>

#include "parser/input.h"
#include "parser/name.h"
#include "parser/number_literal.h"
#include "parser/object_literal.h"
#include "parser/statement.h"
#include "parser/string_literal.h"
#include "parser/vector_literal.h"

namespace alcove::parser {

namespace x3 = boost::spirit::x3;

struct InputTag;

// ---- Components ---------------------------------------------------------------------------------

struct ComponentBase {};

// What a reader reads, with blanks and comments before it. `what` is its name in errors.
template <class Attribute>
struct Component : x3::parser<Component<Attribute>>, ComponentBase {
  using attribute_type = Attribute;
  using Reader = bool (*)(Input&, const char*&, Attribute&);
  static constexpr bool has_attribute = !std::is_same_v<Attribute, x3::unused_type>;

  constexpr Component(Reader component_reader, const char* component_what)
      : reader(component_reader), what(component_what) {}

  template <class Context, class RuleContext, class Target>
  bool parse(const char*& first, const char* const&, const Context& context, RuleContext&,
             Target& target) const {
    Input& input = x3::get<InputTag>(context);
    const char* at = input.skip_blanks(first);
    if (input.failed()) return false;
    bool took = false;
    if constexpr (std::is_same_v<Target, Attribute>) {
      took = reader(input, at, target);
    } else {
      Attribute ignored{};
      took = reader(input, at, ignored);
    }
    if (took) first = at;
    return took;
  }
  std::string name() const { return what; }

  Reader reader;
  const char* what;
};

// A keyword: the longest bare name here is this word, in any case.
struct Word : x3::parser<Word>, ComponentBase {
  using attribute_type = x3::unused_type;
  static constexpr bool has_attribute = false;

  explicit constexpr Word(std::string_view upper) : text(upper) {}

  template <class Context, class RuleContext, class Target>
  bool parse(const char*& first, const char* const&, const Context& context, RuleContext&,
             Target&) const {
    return read(x3::get<InputTag>(context), first);
  }
  bool read(Input& input, const char*& first) const;
  std::string name() const { return std::string(text); }

  std::string_view text;
};

// Punctuation.
struct Symbol : x3::parser<Symbol>, ComponentBase {
  using attribute_type = x3::unused_type;
  static constexpr bool has_attribute = false;

  explicit constexpr Symbol(std::string_view symbol) : text(symbol) {}

  template <class Context, class RuleContext, class Target>
  bool parse(const char*& first, const char* const&, const Context& context, RuleContext&,
             Target&) const {
    return read(x3::get<InputTag>(context), first);
  }
  bool read(Input& input, const char*& first) const;
  std::string name() const { return '"' + std::string(text) + '"'; }

  std::string_view text;
};

// Its subject under another name.
template <class Subject>
struct Named : x3::unary_parser<Subject, Named<Subject>>, ComponentBase {
  using Base = x3::unary_parser<Subject, Named<Subject>>;
  static constexpr bool is_pass_through_unary = true;

  constexpr Named(const Subject& named_subject, const char* named_what)
      : Base(named_subject), what(named_what) {}

  template <class Context, class RuleContext, class Target>
  bool parse(const char*& first, const char* const& last, const Context& context,
             RuleContext& rule_context, Target& target) const {
    return this->subject.parse(first, last, context, rule_context, target);
  }
  std::string name() const { return what; }

  const char* what;
};

// Its subject one level deeper: what keeps recursive rules within filter_nesting_max.
template <class Subject>
struct Nested : x3::unary_parser<Subject, Nested<Subject>> {
  using Base = x3::unary_parser<Subject, Nested<Subject>>;
  static constexpr bool is_pass_through_unary = true;

  explicit constexpr Nested(const Subject& nested_subject) : Base(nested_subject) {}

  template <class Context, class RuleContext, class Target>
  bool parse(const char*& first, const char* const& last, const Context& context,
             RuleContext& rule_context, Target& target) const {
    Input& input = x3::get<InputTag>(context);
    if (!input.enter(input.skip_blanks(first))) return false;
    const bool took = this->subject.parse(first, last, context, rule_context, target);
    input.leave();
    return took;
  }
};

struct NamedDirective {
  template <class Subject>
  constexpr auto operator[](const Subject& subject) const {
    return Named<typename x3::extension::as_parser<Subject>::value_type>(x3::as_parser(subject),
                                                                         what);
  }
  const char* what;
};
struct NestedDirective {
  template <class Subject>
  constexpr auto operator[](const Subject& subject) const {
    return Nested<typename x3::extension::as_parser<Subject>::value_type>(x3::as_parser(subject));
  }
};

constexpr Word word(std::string_view upper) { return Word(upper); }
constexpr Symbol symbol(std::string_view text) { return Symbol(text); }
constexpr NamedDirective named(const char* what) { return {what}; }
inline constexpr NestedDirective nested;

constexpr Component<Name> name(const char* what) { return {read_name, what}; }
constexpr Component<Name> folded_name(const char* what) { return {read_folded_name, what}; }
inline constexpr Component<Name> index_name = name("an index name");
constexpr Component<Name> identifier(const char* what) { return {read_identifier, what}; }
inline constexpr Component<Name> setting_name{read_setting_name, "a setting's name"};
inline constexpr Component<std::string> string_literal{read_string, "a string"};
inline constexpr Component<Number> number_literal{read_number, "a number"};
inline constexpr Component<Number> unsigned_number{read_unsigned_number, "a number"};
inline constexpr Component<Parameter> parameter_literal{read_parameter, "a parameter"};
inline constexpr Component<Floats> vector_literal{read_vector, "a vector"};
inline constexpr Component<Object> object_literal{read_object, "an object"};

// Grammars of their own, compiled apart, as components.
bool read_value(Input& input, const char*& at, Value& value);                  // value.cc
bool read_constant(Input& input, const char*& at, Value& value);               // value.cc
bool read_type_name(Input& input, const char*& at, TypeName& type);            // value.cc
bool read_namespace_name(Input& input, const char*& at, NamespaceName& name);  // value.cc
bool read_subject(Input& input, const char*& at, FilterSubject& subject);      // filter.cc
bool read_filter(Input& input, const char*& at, Filter& filter);               // filter.cc
bool read_label(Input& input, const char*& at, Name& label);                   // expression.cc
bool read_select_item(Input& input, const char*& at, SelectItem& item);        // expression.cc
bool read_table_function(Input& input, const char*& at, SelectItem& item);     // expression.cc
bool read_rest(Input& input, const char*& at, x3::unused_type&);               // rest.cc

constexpr Component<Value> value(const char* what) { return {read_value, what}; }
inline constexpr Component<Value> constant{read_constant, "a constant"};
inline constexpr Component<TypeName> type_name{read_type_name, "a type"};
inline constexpr Component<NamespaceName> namespace_name{read_namespace_name, "a namespace"};
inline constexpr Component<FilterSubject> field{read_subject, "a field"};
inline constexpr Component<Filter> condition{read_filter, "a condition"};
// `AS name`, or a name that is no keyword.
inline constexpr Component<Name> column_label{read_label, "a label"};
inline constexpr Component<SelectItem> select_item{read_select_item, "an expression"};
inline constexpr Component<SelectItem> table_function{read_table_function, "a function"};
// Whatever stands before the statement's end, if strings, comments and brackets close and it does
// not end where something must follow.
inline constexpr Component<x3::unused_type> rest_of_statement{read_rest,
                                                              "the rest of the statement"};

inline bool read_position(Input& input, const char*& at, std::size_t& offset) {
  offset = input.offset(at);
  return true;
}
// Where what follows stands.
inline constexpr Component<std::size_t> here{read_position, "something"};

template <class Item>
constexpr auto list_of(const Item& item) {
  return item >> *(symbol(",") > item);
}

// ---- Rules and actions --------------------------------------------------------------------------

template <class Attribute>
using Rule = x3::rule<Attribute, Attribute>;

template <class Context>
Input& input_of(const Context& context) {
  return x3::get<InputTag>(context);
}

// From an action: the parse fails here, with a fault at `offset`.
template <class Context>
void refuse(const Context& context, ErrorCode code, std::size_t offset, std::string message,
            std::string hint = {}) {
  Input& input = input_of(context);
  input.fail(code, input.begin() + offset, std::move(message), std::move(hint));
  x3::_pass(context) = false;
}

// What is read clause by clause, in any order, each at most once.
template <class T>
struct Draft : T {
  unsigned clauses = 0;  // bits of those read
};

// The keyword that begins a clause of a Draft.
constexpr auto clause(unsigned bit, std::string_view upper) {
  return word(upper)[([bit, upper](auto& context) {
    auto& draft = x3::_val(context);
    if ((draft.clauses & bit) != 0) {
      const std::size_t after = input_of(context).offset(x3::_where(context).begin());
      refuse(context, ErrorCode::kSyntax, after - upper.size(),
             std::string(upper) + " is given twice");
    }
    draft.clauses |= bit;
  })];
}

// The rule's value is what was read.
inline constexpr auto become = [](auto& context) {
  x3::_val(context) = std::move(x3::_attr(context));
};
// The rule's value is a T of no content.
template <class T>
inline constexpr auto plain = [](auto& context) { x3::_val(context) = T{}; };
// A member of the rule's value is what was read,
template <auto Member>
inline constexpr auto to = [](auto& context) {
  x3::_val(context).*Member = std::move(x3::_attr(context));
};
// has it added at its end,
template <auto Member>
inline constexpr auto add_to = [](auto& context) {
  (x3::_val(context).*Member).push_back(std::move(x3::_attr(context)));
};
// is the text of the name that was read,
template <auto Member>
inline constexpr auto text_to = [](auto& context) {
  x3::_val(context).*Member = std::move(x3::_attr(context).text);
};
// is a constant.
template <auto Member, auto Constant>
inline constexpr auto set = [](auto& context) { x3::_val(context).*Member = Constant; };
template <auto Member>
inline constexpr auto flag = set<Member, true>;

// Reads with a grammar from outside X3: the way in for read_… functions.
template <class Grammar, class Attribute>
bool run(const Grammar& grammar, Input& input, const char*& at, Attribute& attribute) {
  const char* const end = input.end();
  return grammar.parse(at, end, x3::make_context<InputTag>(input), x3::unused, attribute);
}

}  // namespace alcove::parser

// Names of what can stand behind `>`.
namespace boost::spirit::x3 {

template <class T>
struct get_info<T, std::enable_if_t<std::is_base_of_v<alcove::parser::ComponentBase, T>>> {
  std::string operator()(const T& component) const { return component.name(); }
};
template <class Subject, class Action>
struct get_info<action<Subject, Action>> {
  std::string operator()(const action<Subject, Action>& it) const { return what(it.subject); }
};
template <class Subject>
struct get_info<alcove::parser::Nested<Subject>> {
  std::string operator()(const alcove::parser::Nested<Subject>& it) const {
    return what(it.subject);
  }
};
template <class Left, class Right>
struct get_info<sequence<Left, Right>> {
  std::string operator()(const sequence<Left, Right>& it) const { return what(it.left); }
};
// "A, B or C"
template <class Left, class Right>
struct get_info<alternative<Left, Right>> {
  std::string operator()(const alternative<Left, Right>& it) const {
    std::string left = what(it.left);
    if (const std::size_t at = left.rfind(" or "); at != std::string::npos) {
      left.replace(at, 4, ", ");
    }
    return left + " or " + what(it.right);
  }
};

}  // namespace boost::spirit::x3
