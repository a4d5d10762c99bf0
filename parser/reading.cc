#include "parser/grammars.h"
#include "parser/vocabulary.h"

// QUERY, and EXPLAIN of it.

namespace alcove::parser {
namespace {

enum QueryClause : unsigned {
  kWhere = 1,
  kTop = 2,
  kInclude = 4,
  kExact = 8,
  kWith = 16,
};

const auto add_namespace = [](auto& context) {
  auto& namespaces = x3::_val(context).namespaces;
  auto* names = std::get_if<std::vector<NamespaceName>>(&namespaces);
  if (names == nullptr) names = &namespaces.template emplace<std::vector<NamespaceName>>();
  names->push_back(std::move(x3::_attr(context)));
};
const auto all_namespaces = [](auto& context) { x3::_val(context).namespaces = AllNamespaces{}; };

const auto nearest_id = [](auto& context) {
  x3::_val(context).nearest = NearestId{std::move(x3::_attr(context))};
};

// The index may be left out: then what follows is a keyword, and the keyword reading wins.
const auto next_clause =
    word("NAMESPACE") | (word("ALL") >> word("NAMESPACES")) | word("NEAREST");

const auto include_part = word("VALUES")[flag<&Query::include_values>] |
                          word("METADATA")[flag<&Query::include_metadata>];

const auto query_clauses =
    *((clause(kWhere, "WHERE") > condition[to<&Query::filter>]) |
      (clause(kTop, "TOP") > value("a number")[to<&Query::top>]) |
      (clause(kInclude, "INCLUDE") > list_of(include_part)) |
      (clause(kExact, "EXACT") > x3::eps[flag<&Query::exact>]) |
      (clause(kWith, "WITH") > symbol("(") > word("RECALL") > symbol("=") >
       value("a number")[to<&Query::recall>] > symbol(")")));

const auto top_is_given = [](auto& context) {
  x3::_pass(context) = (x3::_val(context).clauses & kTop) != 0;
};

const auto query_draft = Rule<Draft<Query>>("QUERY") =
    here[to<&Query::offset>] >> word("QUERY") >
    -(!next_clause >> index_name[to<&Query::index>]) >
    -((word("NAMESPACE") > list_of(namespace_name[add_namespace])) |
      (word("ALL") >> word("NAMESPACES"))[all_namespaces]) > word("NEAREST") >
    named("a vector")[(word("ID") > value("a record's id")[nearest_id]) |
                      value("a vector")[to<&Query::nearest>]] >
    query_clauses > named("TOP")[x3::eps[top_is_given]];

const auto query = Rule<Query>("QUERY") = query_draft[become];

const auto explain = Rule<Explain>("EXPLAIN") =
    word("EXPLAIN") > -word("ANALYZE")[flag<&Explain::analyze>] > query[to<&Explain::query>];

const auto reading = Rule<Statement>("a query") = query[become] | explain[become];

}  // namespace

bool read_reading(Input& input, const char*& at, Statement& statement) {
  return run(reading, input, at, statement);
}

}  // namespace alcove::parser
