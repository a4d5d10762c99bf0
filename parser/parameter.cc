#include "parser/parameter.h"

#include <type_traits>
#include <utility>

namespace alcove::parser {
namespace {

// Shows `visit` every slot of a statement, constant or not, that may hold a parameter: a Value or a
// NamespaceName, and which slot it is. Statements without any fall to the last overload.
template <class Visit>
class Walk {
 public:
  explicit Walk(Visit visit) : visit_(std::move(visit)) {}

  template <class S>
  void statement(S& each) {
    std::visit([this](auto& of_kind) { this->parts(of_kind); }, each);
  }

 private:
  template <class T, class As>
  static constexpr bool is = std::is_same_v<std::remove_const_t<T>, As>;

  template <class S>
  void parts(S& s) {
    if constexpr (is<S, CreateIndex>) {
      value(s.dimension, Slot::kInteger);
    } else if constexpr (is<S, CreateNamespace> || is<S, DropNamespace> ||
                         is<S, DescribeNamespace> || is<S, Compact>) {
      visit_(s.name, Slot::kNamespace);
    } else if constexpr (is<S, Upsert>) {
      optional_name(s.name);
      for (auto& row : s.rows) {
        value(row.id, Slot::kId);
        value(row.values, Slot::kVector);
        optional(row.metadata, Slot::kMetadata);
      }
    } else if constexpr (is<S, Update>) {
      optional_name(s.name);
      optional(s.values, Slot::kVector);
      optional(s.metadata, Slot::kMetadata);
      for (auto& field : s.fields) value(field.value, Slot::kField);
      filter(s.filter);
    } else if constexpr (is<S, Delete>) {
      optional_name(s.name);
      filter(s.filter);
    } else if constexpr (is<S, Query>) {
      query(s);
    } else if constexpr (is<S, Explain>) {
      query(s.query);
    } else if constexpr (is<S, SelectRecords>) {
      optional_name(s.name);
      filter(s.filter);
      optional(s.limit, Slot::kInteger);
      optional(s.offset, Slot::kInteger);
    } else if constexpr (is<S, SelectConstants>) {
      for (auto& item : s.items) expression(item.nodes);
      if (s.from) expression(s.from->nodes);
    } else if constexpr (is<S, DeclareCursor>) {
      std::visit([this](auto& of_kind) { this->parts(of_kind); }, s.query);
    } else if constexpr (is<S, SystemSelect>) {
      for (auto& parameter : s.parameters) visit_(parameter.value, Slot::kConstant);
    } else if constexpr (is<S, ShowNamespaces>) {
      optional(s.like, Slot::kText);
      optional_name(s.after);
      optional(s.limit, Slot::kInteger);
    } else if constexpr (is<S, ShowRecall>) {
      visit_(s.name, Slot::kNamespace);
      optional(s.sample, Slot::kInteger);
    } else if constexpr (is<S, ShowUsage>) {
      optional_name(s.name);
    }
  }

  template <class Q>
  void query(Q& query) {
    if (auto* names = std::get_if<std::vector<NamespaceName>>(&query.namespaces)) {
      for (auto& name : *names) visit_(name, Slot::kNamespace);
    }
    if (auto* nearest = std::get_if<NearestId>(&query.nearest)) {
      value(nearest->id, Slot::kId);
    } else {
      value(std::get<Value>(query.nearest), Slot::kVector);
    }
    filter(query.filter);
    value(query.top, Slot::kInteger);
    optional(query.recall, Slot::kReal);
  }

  template <class F>
  void filter(F& filter) {
    if (!filter) return;
    for (auto& node : filter->nodes) {
      std::visit([this](auto& of_kind) { this->predicate(of_kind); }, node.what);
    }
  }

  static Slot operand_slot(const FilterSubject& subject) {
    return subject.kind == FilterSubject::Kind::kId ? Slot::kId : Slot::kOperand;
  }

  template <class P>
  void predicate(P& p) {
    if constexpr (is<P, FilterNode::Compare>) {
      value(p.value, operand_slot(p.subject));
    } else if constexpr (is<P, FilterNode::In>) {
      for (auto& each : p.values) value(each, operand_slot(p.subject));
    } else if constexpr (is<P, FilterNode::EqualAny>) {
      value(p.value, Slot::kList);
    } else if constexpr (is<P, FilterNode::Contains>) {
      value(p.value, Slot::kText);
    } else if constexpr (is<P, FilterNode::Like>) {
      value(p.pattern, Slot::kText);
    }
  }

  template <class Nodes>
  void expression(Nodes& nodes) {
    for (auto& node : nodes) {
      if (auto* written = std::get_if<Value>(&node.what)) value(*written, Slot::kConstant);
    }
  }

  template <class V>
  void value(V& value, Slot slot) {
    if (auto* array = std::get_if<Array>(&value.what)) {
      for (auto& item : array->items) {
        visit_(item, slot == Slot::kVector ? Slot::kElement : Slot::kOperand);
      }
      return;
    }
    visit_(value, slot);
  }
  template <class O>
  void optional(O& value_in, Slot slot) {
    if (value_in) value(*value_in, slot);
  }
  template <class O>
  void optional_name(O& name) {
    if (name) visit_(*name, Slot::kNamespace);
  }

  Visit visit_;
};

template <class S, class Visit>
void for_each_slot(S& statement, Visit visit) {
  Walk<Visit>(std::move(visit)).statement(statement);
}

// In a SELECT without an index a cast is a step of the expression, right behind what it casts.
void find_casts(const std::vector<ExpressionNode>& nodes, std::vector<ParameterUse>& uses) {
  for (std::size_t i = 0; i + 1 < nodes.size(); ++i) {
    const auto* value = std::get_if<Value>(&nodes[i].what);
    const auto* cast = std::get_if<ExpressionNode::Cast>(&nodes[i + 1].what);
    if (value == nullptr || cast == nullptr) continue;
    for (ParameterUse& use : uses) {
      if (use.offset == value->offset && use.cast.empty()) use.cast = cast->type;
    }
  }
}

}  // namespace

std::vector<ParameterUse> find_parameters(const Statement& statement) {
  std::vector<ParameterUse> uses;
  for_each_slot(statement, [&](const auto& place, Slot slot) {
    const auto* parameter = std::get_if<Parameter>(&place.what);
    if (parameter == nullptr) return;
    TypeName cast;
    if constexpr (std::is_same_v<std::decay_t<decltype(place)>, Value>) cast = place.cast;
    uses.push_back({parameter->number, slot, std::move(cast), place.offset});
  });
  const auto* select = std::get_if<SelectConstants>(&statement);
  if (const auto* declare = std::get_if<DeclareCursor>(&statement)) {
    select = std::get_if<SelectConstants>(&declare->query);
  }
  if (select != nullptr) {
    for (const SelectItem& item : select->items) find_casts(item.nodes, uses);
    if (select->from) find_casts(select->from->nodes, uses);
  }
  return uses;
}

Status substitute_parameters(Statement& statement, std::span<const Value> values) {
  Status status;
  for_each_slot(statement, [&](auto& place, Slot) {
    const auto* parameter = std::get_if<Parameter>(&place.what);
    if (parameter == nullptr) return;
    const Value& value = values[parameter->number - 1];
    if constexpr (std::is_same_v<std::decay_t<decltype(place)>, Value>) {
      place.what = value.what;
      if (place.cast.empty()) place.cast = value.cast;
    } else if (const auto* text = std::get_if<std::string>(&value.what)) {
      place.what = *text;
    } else if (std::holds_alternative<Null>(value.what)) {
      status = Error(ErrorCode::kNullNotAllowed, "a namespace's name must not be NULL")
                   .at(place.offset);
    } else {
      status = Error(ErrorCode::kWrongType, "a namespace's name must be text").at(place.offset);
    }
  });
  return status;
}

}  // namespace alcove::parser
