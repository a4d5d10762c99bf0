#include "segments/filter.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <optional>
#include <utility>

#include "base/bytes.h"
#include "base/check.h"
#include "segments/like_pattern.h"

namespace alcove::segments {
namespace {

template <class T>
bool holds(Comparison comparison, const T& x, const T& y) {
  switch (comparison) {
    case Comparison::kEqual: return x == y;
    case Comparison::kNotEqual: return x != y;
    case Comparison::kLess: return x < y;
    case Comparison::kLessEqual: return x <= y;
    case Comparison::kGreater: return x > y;
    case Comparison::kGreaterEqual: return x >= y;
  }
  CHECK(false, "a comparison is one of six");
  return false;
}

template <class T>
void sort_unique(std::vector<T>& values) {
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
}

bool has(const std::vector<std::string>& sorted, std::string_view value) {
  return std::binary_search(sorted.begin(), sorted.end(), value, std::less<>());
}

// The operands of an IN over a field, by type.
class OperandSet {
 public:
  explicit OperandSet(std::vector<Operand> operands) {
    for (Operand& operand : operands) {
      if (auto* text = std::get_if<std::string>(&operand)) {
        strings_.push_back(std::move(*text));
      } else if (const auto* number = std::get_if<double>(&operand)) {
        // NaN equals nothing, and would spoil the order.
        if (*number == *number) numbers_.push_back(*number);
      } else {
        (std::get<bool>(operand) ? has_true_ : has_false_) = true;
      }
    }
    sort_unique(strings_);
    sort_unique(numbers_);
  }

  const std::vector<std::string>& strings() const { return strings_; }
  const std::vector<double>& numbers() const { return numbers_; }

  bool contains(std::string_view value) const { return has(strings_, value); }
  bool contains(double value) const {
    return std::binary_search(numbers_.begin(), numbers_.end(), value);
  }
  bool contains(bool value) const { return value ? has_true_ : has_false_; }
  // Any of the list's.
  bool contains(const MetadataList& list) const {
    ByteReader reader(list.encoded);
    for (std::uint64_t i = 0; i < list.count; ++i) {
      if (has(strings_, reader.string())) return true;
    }
    return false;
  }

 private:
  std::vector<std::string> strings_;
  std::vector<double> numbers_;
  bool has_true_ = false;
  bool has_false_ = false;
};

bool compare_values(const MetadataField& value, Comparison comparison, const Operand& operand) {
  const bool unequal = comparison == Comparison::kNotEqual;  // what a wrong type answers
  const auto* const text = std::get_if<std::string>(&operand);
  if (const auto* list = std::get_if<MetadataList>(&value)) {
    if (text == nullptr) return unequal;
    if (comparison == Comparison::kEqual) return list->contains(*text);
    return unequal && !list->contains(*text);
  }
  if (const auto* string = std::get_if<std::string_view>(&value)) {
    return text != nullptr ? holds(comparison, *string, std::string_view(*text)) : unequal;
  }
  if (const auto* number = std::get_if<double>(&value)) {
    const auto* const other = std::get_if<double>(&operand);
    return other != nullptr ? holds(comparison, *number, *other) : unequal;
  }
  const auto* const other = std::get_if<bool>(&operand);
  return other != nullptr ? holds(comparison, std::get<bool>(value), *other) : unequal;
}

// The smallest string above every string that begins with `prefix`; empty if there is none.
std::string after_prefix(std::string prefix) {
  while (!prefix.empty() && prefix.back() == '\xff') prefix.pop_back();
  if (!prefix.empty()) {
    prefix.back() = static_cast<char>(static_cast<unsigned char>(prefix.back()) + 1);
  }
  return prefix;
}

// Each of the predicates below also selects: into a set that is empty at first it puts the rows that match. False:
// terms do not tell.

// The smallest string above `id`.
std::string after_id(std::string id) {
  id.push_back('\0');
  return id;
}

// Looked up one by one, more operands, and more predicates in a filter, would take longer than a scan may hold up
// others: records are looked at in smaller steps.
constexpr std::size_t kSelectedOperandsMax = 1000;
constexpr std::size_t kSelectedNodesMax = 1000;

Result<bool> tells_strings(Filter::Rows& rows, const std::string& field) {
  const bool partial = TRY(rows.has(term_of(field, TermKind::kPartial)));
  return !partial;
}

// The rows in [first, last) by id whose id passes.
template <class Test>
Status select_ids(Filter::Rows& rows, std::uint32_t first, std::uint32_t last, const Test& test,
                  RowSet& selected) {
  for (std::uint32_t row = first; row < last; ++row) {
    if (test(TRY(rows.id(row)))) selected.insert(row);
  }
  return {};
}

// Terms of one field and kind, of which `term` is one, that compare so with it. Requires: not kNotEqual.
TermRange compared_terms(const std::string& field, TermKind kind, Comparison comparison, std::string term) {
  TermRange only = TermRange::only(std::move(term));
  TermRange all = TermRange::all(field, kind);
  switch (comparison) {
    case Comparison::kLess: return {std::move(all.from), std::move(only.from)};
    case Comparison::kLessEqual: return {std::move(all.from), std::move(only.to)};
    case Comparison::kGreater: return {std::move(only.to), std::move(all.to)};
    case Comparison::kGreaterEqual: return {std::move(only.from), std::move(all.to)};
    default: return only;
  }
}

struct CompareId {
  Comparison comparison;
  std::string operand;
  bool matches(std::string_view id, MetadataView) const {
    return holds(comparison, id, std::string_view(operand));
  }
  Result<bool> select(Filter::Rows& rows, RowSet& selected) const {
    const std::uint32_t from = TRY(rows.lower_bound(operand));
    const std::uint32_t past = TRY(rows.lower_bound(after_id(operand)));
    switch (comparison) {
      case Comparison::kEqual: selected.insert_range(from, past); break;
      case Comparison::kNotEqual:
        selected.insert_range(0, from);
        selected.insert_range(past, rows.count());
        break;
      case Comparison::kLess: selected.insert_range(0, from); break;
      case Comparison::kLessEqual: selected.insert_range(0, past); break;
      case Comparison::kGreater: selected.insert_range(past, rows.count()); break;
      case Comparison::kGreaterEqual: selected.insert_range(from, rows.count()); break;
    }
    return true;
  }
};
struct IdIn {
  std::vector<std::string> operands;  // sorted, unique
  bool negated;
  bool matches(std::string_view id, MetadataView) const { return has(operands, id) != negated; }
  Result<bool> select(Filter::Rows& rows, RowSet& selected) const {
    if (operands.size() > kSelectedOperandsMax) return false;
    for (const std::string& operand : operands) {
      const CompareId same{Comparison::kEqual, operand};
      TRY(same.select(rows, selected));
    }
    if (negated) selected.complement();
    return true;
  }
};
struct IdLike {
  LikePattern pattern;
  bool negated;
  bool matches(std::string_view id, MetadataView) const { return pattern.matches(id) != negated; }
  Result<bool> select(Filter::Rows& rows, RowSet& selected) const {
    const std::string end = after_prefix(pattern.prefix());
    const std::uint32_t first = TRY(rows.lower_bound(pattern.prefix()));
    const std::uint32_t last = end.empty() ? rows.count() : TRY(rows.lower_bound(end));
    TRY(select_ids(rows, first, last, [&](std::string_view id) { return pattern.matches(id); }, selected));
    if (negated) selected.complement();
    return true;
  }
};
struct CompareField {
  std::string field;
  Comparison comparison;
  Operand operand;
  bool matches(std::string_view, MetadataView metadata) const {
    const std::optional<MetadataField> value = metadata.find(field);
    if (!value) return comparison == Comparison::kNotEqual;
    return compare_values(*value, comparison, operand);
  }
  Result<bool> select(Filter::Rows& rows, RowSet& selected) const {
    const bool unequal = comparison == Comparison::kNotEqual;
    const Comparison wanted = unequal ? Comparison::kEqual : comparison;
    if (const auto* text = std::get_if<std::string>(&operand)) {
      if (!TRY(tells_strings(rows, field))) return false;
      TRY(rows.collect(compared_terms(field, TermKind::kString, wanted, string_term(field, *text)), selected));
      if (wanted == Comparison::kEqual) {
        TRY(rows.collect(TermRange::only(listed_term(field, *text)), selected));
      }
    } else if (const auto* number = std::get_if<double>(&operand)) {
      // NaN compares with nothing.
      if (*number == *number) {
        TRY(rows.collect(compared_terms(field, TermKind::kNumber, wanted, number_term(field, *number)), selected));
      }
    } else {
      TRY(rows.collect(compared_terms(field, TermKind::kBoolean, wanted,
                                      boolean_term(field, std::get<bool>(operand))),
                       selected));
    }
    if (unequal) selected.complement();
    return true;
  }
};
struct FieldIn {
  std::string field;
  OperandSet operands;
  bool negated;
  bool matches(std::string_view, MetadataView metadata) const {
    const std::optional<MetadataField> value = metadata.find(field);
    const bool found =
        value && std::visit([this](const auto& one) { return operands.contains(one); }, *value);
    return found != negated;
  }
  Result<bool> select(Filter::Rows& rows, RowSet& selected) const {
    if (operands.strings().size() + operands.numbers().size() > kSelectedOperandsMax) return false;
    if (!operands.strings().empty() && !TRY(tells_strings(rows, field))) return false;
    for (const std::string& each : operands.strings()) {
      TRY(rows.collect(TermRange::only(string_term(field, each)), selected));
      TRY(rows.collect(TermRange::only(listed_term(field, each)), selected));
    }
    for (const double each : operands.numbers()) {
      TRY(rows.collect(TermRange::only(number_term(field, each)), selected));
    }
    for (const bool each : {false, true}) {
      if (operands.contains(each)) TRY(rows.collect(TermRange::only(boolean_term(field, each)), selected));
    }
    if (negated) selected.complement();
    return true;
  }
};
struct FieldContains {
  std::string field;
  std::string operand;
  bool matches(std::string_view, MetadataView metadata) const {
    const std::optional<MetadataField> value = metadata.find(field);
    const auto* const list = value ? std::get_if<MetadataList>(&*value) : nullptr;
    return list != nullptr && list->contains(operand);
  }
  Result<bool> select(Filter::Rows& rows, RowSet& selected) const {
    if (!TRY(tells_strings(rows, field))) return false;
    TRY(rows.collect(TermRange::only(listed_term(field, operand)), selected));
    return true;
  }
};
struct FieldExists {
  std::string field;
  bool negated;
  bool matches(std::string_view, MetadataView metadata) const {
    return metadata.find(field).has_value() != negated;
  }
  Result<bool> select(Filter::Rows& rows, RowSet& selected) const {
    TRY(rows.collect(TermRange::only(term_of(field, TermKind::kPresent)), selected));
    if (negated) selected.complement();
    return true;
  }
};
struct Constant {
  bool value;
  bool matches(std::string_view, MetadataView) const { return value; }
  Result<bool> select(Filter::Rows& rows, RowSet& selected) const {
    if (value) selected.insert_range(0, rows.count());
    return true;
  }
};
struct Not {};
struct And {};
struct Or {};

using Part = std::variant<CompareId, IdIn, IdLike, CompareField, FieldIn, FieldContains,
                          FieldExists, Constant, Not, And, Or>;

template <class T>
concept Predicate = requires(const T& part, std::string_view id, MetadataView metadata) {
  part.matches(id, metadata);
};

// Bounds that grow tighter with each condition of an AND.
class BoundsBuilder {
 public:
  void apply(const Part& part) {
    if (const auto* comparison = std::get_if<CompareId>(&part)) {
      apply_comparison(*comparison);
    } else if (const auto* in = std::get_if<IdIn>(&part)) {
      if (!in->negated) only(in->operands);
    } else if (const auto* like = std::get_if<IdLike>(&part)) {
      if (!like->negated) apply_pattern(like->pattern);
    } else if (const auto* constant = std::get_if<Constant>(&part)) {
      if (!constant->value) only({});
    }
  }

  Filter::IdBounds take() {
    std::erase_if(bounds_.ids, [this](const std::string& id) {
      return id < bounds_.first || (!bounds_.last.empty() && id >= bounds_.last);
    });
    return std::move(bounds_);
  }

 private:
  void apply_comparison(const CompareId& part) {
    switch (part.comparison) {
      case Comparison::kEqual: return only({part.operand});
      case Comparison::kNotEqual: return;
      case Comparison::kLess: return part.operand.empty() ? only({}) : below(part.operand);
      case Comparison::kLessEqual: return below(after_id(part.operand));
      case Comparison::kGreater: return from(after_id(part.operand));
      case Comparison::kGreaterEqual: return from(part.operand);
    }
  }
  void apply_pattern(const LikePattern& pattern) {
    if (pattern.literal()) return only({pattern.prefix()});
    from(pattern.prefix());
    const std::string end = after_prefix(pattern.prefix());
    if (!end.empty()) below(end);
  }

  void from(const std::string& id) { bounds_.first = std::max(bounds_.first, id); }
  void below(const std::string& id) {  // Requires: not empty, which would mean unbounded
    if (bounds_.last.empty() || id < bounds_.last) bounds_.last = id;
  }
  void only(const std::vector<std::string>& ids) {
    if (!bounds_.has_ids) {
      bounds_.has_ids = true;
      bounds_.ids = ids;
      return;
    }
    std::vector<std::string> both;
    std::set_intersection(bounds_.ids.begin(), bounds_.ids.end(), ids.begin(), ids.end(),
                          std::back_inserter(both));
    bounds_.ids = std::move(both);
  }

  Filter::IdBounds bounds_;
};

}  // namespace

// One step of the postfix program. A single truth value runs through it: a predicate sets it, NOT
// turns it, AND and OR leave it as their right operand did. For a left operand that alone decides
// its operator, the program goes on behind that operator, so no stack of values is needed.
struct Filter::Node {
  Part part;
  std::size_t begin;               // where the expression that ends here begins
  std::size_t operator_index = 0;  // of the operator whose left operand ends here; 0: none
  bool decides = false;            // the truth value that decides that operator
};

Filter::Filter() = default;
Filter::~Filter() = default;
Filter::Filter(Filter&&) noexcept = default;
Filter& Filter::operator=(Filter&&) noexcept = default;
Filter::Filter(const Filter&) = default;
Filter& Filter::operator=(const Filter&) = default;

void Filter::compare_id(Comparison comparison, std::string operand) {
  nodes_.push_back({CompareId{comparison, std::move(operand)}, nodes_.size()});
}

void Filter::id_in(std::vector<std::string> operands, bool negated) {
  sort_unique(operands);
  nodes_.push_back({IdIn{std::move(operands), negated}, nodes_.size()});
}

void Filter::id_like(std::string_view pattern, bool negated) {
  nodes_.push_back({IdLike{LikePattern(pattern), negated}, nodes_.size()});
}

void Filter::compare_field(std::string field, Comparison comparison, Operand operand) {
  nodes_.push_back(
      {CompareField{std::move(field), comparison, std::move(operand)}, nodes_.size()});
  needs_metadata_ = true;
}

void Filter::field_in(std::string field, std::vector<Operand> operands, bool negated) {
  nodes_.push_back(
      {FieldIn{std::move(field), OperandSet(std::move(operands)), negated}, nodes_.size()});
  needs_metadata_ = true;
}

void Filter::field_contains(std::string field, std::string operand) {
  nodes_.push_back({FieldContains{std::move(field), std::move(operand)}, nodes_.size()});
  needs_metadata_ = true;
}

void Filter::field_exists(std::string field, bool negated) {
  nodes_.push_back({FieldExists{std::move(field), negated}, nodes_.size()});
  needs_metadata_ = true;
}

void Filter::constant(bool value) { nodes_.push_back({Constant{value}, nodes_.size()}); }

void Filter::logical_not() {
  CHECK(!nodes_.empty(), "NOT has an operand");
  nodes_.push_back({Not{}, nodes_.back().begin});
}

void Filter::logical_and() { push_operator(And{}, false); }

void Filter::logical_or() { push_operator(Or{}, true); }

template <class Operator>
void Filter::push_operator(Operator part, bool decides) {
  CHECK(!nodes_.empty() && nodes_.back().begin > 0, "AND and OR have two operands");
  Node& left = nodes_[nodes_.back().begin - 1];
  left.operator_index = nodes_.size();
  left.decides = decides;
  nodes_.push_back({part, left.begin});
}

bool Filter::matches(std::string_view id, MetadataView metadata) const {
  if (nodes_.empty()) return true;
  CHECK(nodes_.back().begin == 0, "a filter is one complete expression");
  bool value = true;
  const auto run = [&]<class T>(const T& part) {
    if constexpr (Predicate<T>) {
      value = part.matches(id, metadata);
    } else if constexpr (std::is_same_v<T, Not>) {
      value = !value;
    }
  };
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    std::visit(run, nodes_[i].part);
    while (nodes_[i].operator_index != 0 && value == nodes_[i].decides) {
      i = nodes_[i].operator_index;
    }
  }
  return value;
}

Result<std::optional<RowSet>> Filter::select(Rows& rows) const {
  // Sets that wait for their operator; a filter that nests deeper is rare and would take much memory.
  constexpr std::size_t kWaitingMax = 64;
  CHECK(!nodes_.empty() && nodes_.back().begin == 0, "a filter is one complete expression");
  if (nodes_.size() > kSelectedNodesMax) return std::optional<RowSet>();
  std::vector<RowSet> stack;
  const auto run = [&]<class T>(const T& part) -> Result<bool> {
    if constexpr (Predicate<T>) {
      if (stack.size() == kWaitingMax) return false;
      stack.emplace_back(rows.count());
      return part.select(rows, stack.back());
    } else if constexpr (std::is_same_v<T, Not>) {
      stack.back().complement();
    } else {
      const RowSet right = std::move(stack.back());
      stack.pop_back();
      if constexpr (std::is_same_v<T, And>) {
        stack.back().intersect(right);
      } else {
        stack.back().unite(right);
      }
    }
    return true;
  };
  for (const Node& node : nodes_) {
    if (!TRY(std::visit(run, node.part))) return std::optional<RowSet>();
  }
  return std::optional(std::move(stack.back()));
}

Filter::IdBounds Filter::id_bounds() const {
  BoundsBuilder builder;
  std::vector<std::size_t> conditions;  // where the operands of the top-level ANDs end
  if (!nodes_.empty()) conditions.push_back(nodes_.size() - 1);
  while (!conditions.empty()) {
    const std::size_t end = conditions.back();
    conditions.pop_back();
    if (std::holds_alternative<And>(nodes_[end].part)) {
      conditions.push_back(end - 1);
      conditions.push_back(nodes_[end - 1].begin - 1);
    } else {
      builder.apply(nodes_[end].part);
    }
  }
  return builder.take();
}

}  // namespace alcove::segments
