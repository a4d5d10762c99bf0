#include "tests/parser/random_statement.h"

#include <charconv>
#include <cmath>
#include <cstdlib>

#include <fmt/format.h>

#include "tests/parser/statement_text.h"

namespace alcove::parser {

std::string RandomStatement::text() {
  static constexpr const char* kParts[] = {
      "a",  "Z",  "0",  "-",  "--", "'", "\"", "''", "\\", " ",    "\n", ";", "é", "😀", "/*",
      "*/", "$$", "$1", "(",  ")",  "[", ",",  "id", "IN", "NULL", "{",  "}", "%", "_",  "."};
  std::string text;
  const std::size_t parts = 1 + below(6);
  for (std::size_t i = 0; i < parts; ++i) text += kParts[below(std::size(kParts))];
  return text;
}

NamespaceName RandomStatement::namespace_name() {
  if (one_in(4)) return {Parameter{static_cast<std::uint32_t>(1 + below(65'535))}, 0};
  return {text(), 0};
}

std::optional<NamespaceName> RandomStatement::maybe_namespace() {
  if (one_in(2)) return std::nullopt;
  return namespace_name();
}

Value RandomStatement::number() {
  const int power = static_cast<int>(below(100)) - 80;
  const double value = std::ldexp(static_cast<double>(random_()), power);
  const std::string text = fmt::format("{}{}", one_in(2) ? "-" : "", value);
  return {Number{std::strtod(text.c_str(), nullptr), text}, {}, 0};
}

Value RandomStatement::parameter() {
  static constexpr const char* kTypes[] = {"", "text", "int", "double precision", "real[]"};
  return {Parameter{static_cast<std::uint32_t>(1 + below(65'535))}, kTypes[below(5)], 0};
}

Value RandomStatement::vector() {
  Floats floats;
  for (std::size_t i = below(5); i > 0; --i) {
    floats.push_back(std::ldexp(static_cast<float>(random_()), static_cast<int>(below(100)) - 110));
  }
  return {std::move(floats), {}, 0};
}

// What may be compared: no NULL.
Value RandomStatement::operand() {
  switch (below(4)) {
    case 0: return number();
    case 1: return parameter();
    case 2: return {one_in(2), {}, 0};
    default: return {text(), one_in(4) ? "text" : "", 0};
  }
}

Value RandomStatement::value() {
  switch (below(6)) {
    case 0: return {Null(), {}, 0};
    case 1: return vector();
    case 2: return {Object{"{\"a\": [\"}\", \"'\"], \"b\": 1.5, \"c\": null}"}, {}, 0};
    case 3: {
      Array array;
      for (std::size_t i = below(4); i > 0; --i) array.items.push_back(operand());
      return {std::move(array), "", 0};
    }
    default: return operand();
  }
}

FilterSubject RandomStatement::subject() {
  switch (below(8)) {
    case 0: return {FilterSubject::Kind::kId, {}, 0};
    case 1: return {FilterSubject::Kind::kValues, {}, 0};
    case 2: return {FilterSubject::Kind::kMetadata, {}, 0};
    default: return {FilterSubject::Kind::kField, text(), 0};
  }
}

FilterNode RandomStatement::predicate() {
  switch (below(9)) {
    case 0: {
      FilterNode::In in{subject(), one_in(2), {}};
      for (std::size_t i = 1 + below(4); i > 0; --i) in.values.push_back(operand());
      return {in};
    }
    case 1: return {FilterNode::EqualAny{subject(), value()}};
    case 2: return {FilterNode::Contains{subject(), value()}};
    case 3: return {FilterNode::Exists{subject()}};
    case 4: return {FilterNode::IsNull{subject(), one_in(2)}};
    case 5: return {FilterNode::Like{subject(), one_in(2), operand()}};
    default:
      return {FilterNode::Compare{subject(), static_cast<Comparison>(below(6)), operand()}};
  }
}

void RandomStatement::add_condition(Filter& filter, std::size_t depth) {
  const std::size_t kind = depth == 0 ? 0 : below(4);
  if (kind <= 1) {
    filter.nodes.push_back(predicate());
    return;
  }
  add_condition(filter, depth - 1);
  if (kind == 2) {
    filter.nodes.push_back({FilterNode::Not()});
    return;
  }
  add_condition(filter, depth - 1);
  if (one_in(2)) {
    filter.nodes.push_back({FilterNode::And()});
  } else {
    filter.nodes.push_back({FilterNode::Or()});
  }
}

Filter RandomStatement::filter() {
  Filter filter;
  add_condition(filter, below(7));
  return filter;
}

CreateIndex RandomStatement::create_index() {
  CreateIndex it{name(), one_in(2), one_in(2) ? number() : parameter(), {}};
  if (one_in(2)) it.metric = name();
  return it;
}

Upsert RandomStatement::upsert() {
  Upsert it{name(), maybe_namespace(), {}};
  for (std::size_t i = 1 + below(4); i > 0; --i) {
    UpsertRow row{operand(), value(), {}};
    if (one_in(2)) row.metadata = value();
    it.rows.push_back(std::move(row));
  }
  return it;
}

Update RandomStatement::update() {
  Update it;
  it.index = name();
  it.filter = filter();
  it.name = maybe_namespace();
  if (one_in(2)) it.values = value();
  if (one_in(3)) {
    it.metadata = value();
    return it;
  }
  for (std::size_t i = 1 + below(3); i > 0; --i) {
    it.fields.push_back({{text() + std::to_string(i), 0}, value()});
  }
  return it;
}

Query RandomStatement::query() {
  Query it;
  if (!one_in(4)) it.index = name();
  if (one_in(4)) {
    it.namespaces = AllNamespaces();
  } else if (one_in(2)) {
    std::vector<NamespaceName> names;
    for (std::size_t i = 1 + below(3); i > 0; --i) names.push_back(namespace_name());
    it.namespaces = std::move(names);
  }
  if (one_in(3)) {
    it.nearest = NearestId{operand()};
  } else {
    it.nearest = value();
  }
  if (one_in(2)) it.filter = filter();
  it.top = one_in(2) ? number() : parameter();
  it.exact = one_in(2);
  it.include_values = one_in(2);
  it.include_metadata = one_in(2);
  if (one_in(2)) it.recall = number();
  return it;
}

SelectRecords RandomStatement::select_records() {
  SelectRecords it;
  if (one_in(4)) {
    it.columns.emplace_back(RecordColumn::kCount, text());
  } else {
    for (std::size_t i = 1 + below(3); i > 0; --i) {
      it.columns.emplace_back(static_cast<RecordColumn>(below(3)), text());
    }
  }
  it.index = name();
  it.name = maybe_namespace();
  if (one_in(2)) it.filter = filter();
  it.order = static_cast<SelectRecords::Order>(below(3));
  if (one_in(2)) it.limit = number();
  if (one_in(2)) it.offset = parameter();
  return it;
}

Prepare RandomStatement::prepare() {
  static constexpr const char* kTypes[] = {"text", "real[]", "double precision", "vector"};
  Prepare it{name(), {}, {}, 0};
  for (std::size_t i = below(3); i > 0; --i) it.types.push_back({kTypes[below(4)], 0});
  const Statement inner = one_in(2) ? Statement(query()) : Statement(upsert());
  for (const std::string& piece : pieces_of(inner)) it.text += (it.text.empty() ? "" : " ") + piece;
  return it;
}

Execute RandomStatement::execute() {
  Execute it{name(), {}};
  for (std::size_t i = below(4); i > 0; --i) it.values.push_back(value());
  return it;
}

DeclareCursor RandomStatement::declare() {
  DeclareCursor it;
  it.name = name();
  it.binary = one_in(2);
  it.scroll = one_in(4);
  it.hold = one_in(2);
  if (one_in(2)) {
    it.query = query();
  } else {
    it.query = select_records();
  }
  return it;
}

FetchCursor RandomStatement::fetch() {
  FetchCursor it{name(), one_in(2), {}};
  it.direction.kind = static_cast<FetchDirection::Kind>(below(4));
  it.direction.count = static_cast<std::int64_t>(below(100)) - 50;
  const bool has_all = it.direction.kind == FetchDirection::Kind::kForward ||
                       it.direction.kind == FetchDirection::Kind::kBackward;
  if (has_all && one_in(3)) it.direction.count = FetchDirection::kAll;
  return it;
}

Statement RandomStatement::statement() {
  switch (below(12)) {
    case 0: return create_index();
    case 1: return DropNamespace{namespace_name(), name(), one_in(2)};
    case 2: return upsert();
    case 3: return update();
    case 4: {
      Delete it{name(), namespace_name(), {}, 0};
      if (one_in(2)) it.filter = filter();
      return it;
    }
    case 5: return select_records();
    case 6:
      return Grant{one_in(2), static_cast<Privilege>(below(3)), maybe_namespace(), name(), name()};
    case 7: return prepare();
    case 8: return execute();
    case 9: return declare();
    case 10: return fetch();
    default: return query();
  }
}

}  // namespace alcove::parser
