#include "tests/parser/statement_text.h"

#include <charconv>
#include <string_view>
#include <utility>

#include "base/check.h"

namespace alcove::parser {
namespace {

using Pieces = std::vector<std::string>;

std::string quoted(std::string_view text, char quote) {
  std::string out(1, quote);
  for (const char c : text) out.append(c == quote ? 2 : 1, c);
  return out + quote;
}

// Writes one statement's pieces.
class Writer {
 public:
  Pieces take() { return std::move(pieces_); }

  Writer& word(std::string_view text) {
    pieces_.emplace_back(text);
    return *this;
  }
  Writer& words(std::initializer_list<std::string_view> texts) {
    for (const std::string_view text : texts) word(text);
    return *this;
  }
  Writer& name(const Name& it) { return word(quoted(it.text, '"')); }
  Writer& name(const NamespaceName& it) {
    const auto* text = std::get_if<std::string>(&it.what);
    return text != nullptr ? word(quoted(*text, '"')) : parameter(std::get<Parameter>(it.what));
  }
  Writer& parameter(Parameter it) { return word("$" + std::to_string(it.number)); }
  Writer& value(const Value& it);
  Writer& filter(const Filter& it);
  Writer& where(const std::optional<Filter>& it) { return it ? word("WHERE").filter(*it) : *this; }
  Writer& in_namespace(const std::optional<NamespaceName>& it) {
    return it ? word("NAMESPACE").name(*it) : *this;
  }

  // `a , b , c`, each written by `write`.
  template <class Items, class Write>
  Writer& list(const Items& items, Write write) {
    bool first = true;
    for (const auto& item : items) {
      if (!std::exchange(first, false)) word(",");
      write(item);
    }
    return *this;
  }

 private:
  Pieces pieces_;
};

Writer& Writer::value(const Value& it) {
  struct What {
    Writer& out;
    void operator()(Null) const { out.word("NULL"); }
    void operator()(bool truth) const { out.word(truth ? "TRUE" : "FALSE"); }
    void operator()(const Number& number) const { out.word(number.text); }
    void operator()(const std::string& text) const { out.word(quoted(text, '\'')); }
    void operator()(const Floats& floats) const {
      out.word("[").list(floats, [this](float number) {
        char text[32];
        const auto end = std::to_chars(text, text + sizeof(text), number).ptr;
        out.word({text, end});
      });
      out.word("]");
    }
    void operator()(const Object& object) const { out.word(object.json); }
    void operator()(const Array& array) const {
      out.words({"ARRAY", "["}).list(array.items, [this](const Value& item) { out.value(item); });
      out.word("]");
    }
    void operator()(Parameter parameter) const { out.parameter(parameter); }
  };
  std::visit(What{*this}, it.what);
  return it.cast.empty() ? *this : word("::").word(it.cast);
}

std::string subject_text(const FilterSubject& subject) {
  switch (subject.kind) {
    case FilterSubject::Kind::kId: return "ID";
    case FilterSubject::Kind::kValues: return "VALUES";
    case FilterSubject::Kind::kMetadata: return "METADATA";
    case FilterSubject::Kind::kField: break;
  }
  return quoted(subject.field, '"');
}

// One predicate's pieces.
struct PredicateText {
  template <class T>
  static Writer begin(const T& it) {
    Writer out;
    out.word(subject_text(it.subject));
    return out;
  }
  Pieces operator()(const FilterNode::Compare& it) const {
    constexpr const char* kSymbols[] = {"=", "<>", "<", "<=", ">", ">="};
    const char* const symbol = kSymbols[static_cast<std::size_t>(it.comparison)];
    return begin(it).word(symbol).value(it.value).take();
  }
  Pieces operator()(const FilterNode::In& it) const {
    Writer out = begin(it);
    if (it.negated) out.word("NOT");
    out.words({"IN", "("}).list(it.values, [&out](const Value& item) { out.value(item); });
    return out.word(")").take();
  }
  Pieces operator()(const FilterNode::EqualAny& it) const {
    return begin(it).words({"=", "ANY", "("}).value(it.value).word(")").take();
  }
  Pieces operator()(const FilterNode::Contains& it) const {
    return begin(it).word("CONTAINS").value(it.value).take();
  }
  Pieces operator()(const FilterNode::Exists& it) const { return begin(it).word("EXISTS").take(); }
  Pieces operator()(const FilterNode::IsNull& it) const {
    Writer out = begin(it).word("IS");
    if (it.negated) out.word("NOT");
    return out.word("NULL").take();
  }
  Pieces operator()(const FilterNode::Like& it) const {
    Writer out = begin(it);
    if (it.negated) out.word("NOT");
    return out.word("LIKE").value(it.pattern).take();
  }
  Pieces operator()(FilterNode::Not) const { return {"NOT"}; }
  Pieces operator()(FilterNode::And) const { return {"AND"}; }
  Pieces operator()(FilterNode::Or) const { return {"OR"}; }
};

// Back to infix, by a stack of the operands written so far.
Writer& Writer::filter(const Filter& it) {
  std::vector<Pieces> stack;
  const auto pop = [&stack] {
    CHECK(!stack.empty(), "a filter in postfix order has its operands");
    Pieces top = std::move(stack.back());
    stack.pop_back();
    return top;
  };
  const auto join = [](Pieces& to, const Pieces& from) {
    to.insert(to.end(), from.begin(), from.end());
  };
  for (const FilterNode& node : it.nodes) {
    const bool negates = std::holds_alternative<FilterNode::Not>(node.what);
    const bool joins = std::holds_alternative<FilterNode::And>(node.what) ||
                       std::holds_alternative<FilterNode::Or>(node.what);
    Pieces text = std::visit(PredicateText(), node.what);
    if (negates || joins) {
      Pieces right = pop();
      Pieces whole = {"("};
      if (joins) join(whole, pop());
      join(whole, text);
      join(whole, right);
      whole.emplace_back(")");
      text = std::move(whole);
    }
    stack.push_back(std::move(text));
  }
  CHECK(stack.size() == 1, "a filter has one value");
  join(pieces_, stack.front());
  return *this;
}

const char* column_text(RecordColumn column) {
  switch (column) {
    case RecordColumn::kId: return "id";
    case RecordColumn::kValues: return "values";
    case RecordColumn::kMetadata: return "metadata";
    case RecordColumn::kCount: break;
  }
  return "count(*)";
}

struct StatementText {
  Pieces operator()(const CreateIndex& it) const {
    Writer out;
    out.words({"CREATE", "INDEX"});
    if (it.if_not_exists) out.words({"IF", "NOT", "EXISTS"});
    out.name(it.index).word("DIMENSION").value(it.dimension);
    if (it.metric) out.word("METRIC").name(*it.metric);
    return out.take();
  }
  Pieces operator()(const DropNamespace& it) const {
    Writer out;
    out.words({"DROP", "NAMESPACE"});
    if (it.if_exists) out.words({"IF", "EXISTS"});
    return out.name(it.name).word("FROM").name(it.index).take();
  }
  Pieces operator()(const Upsert& it) const {
    Writer out;
    out.words({"UPSERT", "INTO"}).name(it.index).in_namespace(it.name).word("VALUES");
    out.list(it.rows, [&out](const UpsertRow& row) {
      out.word("(").value(row.id).word(",").value(row.values);
      if (row.metadata) out.word(",").value(*row.metadata);
      out.word(")");
    });
    return out.take();
  }
  Pieces operator()(const Update& it) const {
    Writer out;
    out.word("UPDATE").name(it.index).in_namespace(it.name).word("SET");
    std::vector<std::pair<std::string, const Value*>> assignments;
    if (it.values) assignments.emplace_back("VALUES", &*it.values);
    if (it.metadata) assignments.emplace_back("METADATA", &*it.metadata);
    for (const FieldAssignment& field : it.fields) {
      assignments.emplace_back(quoted(field.field.text, '"'), &field.value);
    }
    out.list(assignments, [&out](const auto& assignment) {
      out.word(assignment.first).word("=").value(*assignment.second);
    });
    return out.where(it.filter).take();
  }
  Pieces operator()(const Delete& it) const {
    Writer out;
    out.words({"DELETE", "FROM"}).name(it.index).in_namespace(it.name).where(it.filter);
    return out.take();
  }
  Pieces operator()(const Query& it) const {
    Writer out;
    out.word("QUERY");
    if (it.index) out.name(*it.index);
    if (const auto* names = std::get_if<std::vector<NamespaceName>>(&it.namespaces)) {
      out.word("NAMESPACE").list(*names, [&out](const NamespaceName& name) { out.name(name); });
    } else if (std::holds_alternative<AllNamespaces>(it.namespaces)) {
      out.words({"ALL", "NAMESPACES"});
    }
    out.word("NEAREST");
    if (const auto* id = std::get_if<NearestId>(&it.nearest)) {
      out.word("ID").value(id->id);
    } else {
      out.value(std::get<Value>(it.nearest));
    }
    out.where(it.filter).word("TOP").value(it.top);
    if (it.include_values) {
      out.words({"INCLUDE", "VALUES"});
      if (it.include_metadata) out.words({",", "METADATA"});
    } else if (it.include_metadata) {
      out.words({"INCLUDE", "METADATA"});
    }
    if (it.exact) out.word("EXACT");
    if (it.recall) out.words({"WITH", "(", "RECALL", "="}).value(*it.recall).word(")");
    return out.take();
  }
  Pieces operator()(const SelectRecords& it) const {
    Writer out;
    out.word("SELECT").list(it.columns, [&out](const auto& column) {
      out.word(column_text(column.first));
      out.word("AS").word(quoted(column.second, '"'));
    });
    out.word("FROM").name(it.index).in_namespace(it.name).where(it.filter);
    if (it.order != SelectRecords::Order::kNone) {
      const bool descending = it.order == SelectRecords::Order::kDescending;
      out.words({"ORDER", "BY", "ID"}).word(descending ? "DESC" : "ASC");
    }
    if (it.limit) out.word("LIMIT").value(*it.limit);
    if (it.offset) out.word("OFFSET").value(*it.offset);
    return out.take();
  }
  Pieces operator()(const Grant& it) const {
    constexpr const char* kPrivileges[] = {"READ", "WRITE", "ADMIN"};
    Writer out;
    out.word(it.revoke ? "REVOKE" : "GRANT");
    out.word(kPrivileges[static_cast<std::size_t>(it.privilege)]).word("ON");
    if (it.name) {
      out.in_namespace(it.name).word("OF");
    } else {
      out.word("INDEX");
    }
    out.name(it.index).word(it.revoke ? "FROM" : "TO").name(it.role);
    return out.take();
  }
  Pieces operator()(const Prepare& it) const {
    Writer out;
    out.word("PREPARE").name(it.name);
    if (!it.types.empty()) {
      out.word("(").list(it.types, [&out](const Name& type) { out.word(type.text); }).word(")");
    }
    return out.word("AS").word(it.text).take();
  }
  Pieces operator()(const Execute& it) const {
    Writer out;
    out.word("EXECUTE").name(it.name);
    if (it.values.empty()) return out.take();
    out.word("(").list(it.values, [&out](const Value& value) { out.value(value); });
    return out.word(")").take();
  }
  Pieces operator()(const DeclareCursor& it) const {
    Writer out;
    out.word("DECLARE").name(it.name);
    if (it.binary) out.word("BINARY");
    if (it.scroll) out.word("SCROLL");
    out.word("CURSOR");
    if (it.hold) out.words({"WITH", "HOLD"});
    out.word("FOR");
    const Pieces query = std::visit(
        [](const auto& kind) { return pieces_of(Statement(kind)); }, it.query);
    for (const std::string& piece : query) out.word(piece);
    return out.take();
  }
  Pieces operator()(const FetchCursor& it) const {
    constexpr const char* kKinds[] = {"FORWARD", "BACKWARD", "ABSOLUTE", "RELATIVE"};
    const std::int64_t count = it.direction.count;
    Writer out;
    out.word(it.move ? "MOVE" : "FETCH").word(kKinds[static_cast<std::size_t>(it.direction.kind)]);
    out.word(count == FetchDirection::kAll ? "ALL" : std::to_string(count));
    return out.word("FROM").name(it.name).take();
  }
  template <class T>
  Pieces operator()(const T&) const {
    CHECK(false, "random_statement() makes no such statement");
  }
};

}  // namespace

std::vector<std::string> pieces_of(const Statement& statement) {
  return std::visit(StatementText(), statement);
}

}  // namespace alcove::parser
