#include "executor/constant_select.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/number_text.h"

namespace alcove::executor {
namespace {

using parser::ExpressionNode;

constexpr std::string_view kSeriesName = "generate_series";

bool is_series(const ExpressionNode& node) {
  const auto* call = std::get_if<ExpressionNode::Call>(&node.what);
  return call != nullptr && call->function == kSeriesName;
}

// Where the arguments of the call at `end - 1` begin: nodes stand in postfix order, so each takes
// as many values as it has operands and leaves one.
std::size_t call_begin(std::span<const ExpressionNode> nodes, std::size_t end) {
  std::size_t wanted = 1;
  for (std::size_t at = end; at-- > 0;) {
    std::size_t operands = 0;
    const auto& what = nodes[at].what;
    if (const auto* call = std::get_if<ExpressionNode::Call>(&what)) operands = call->arguments;
    if (std::holds_alternative<ExpressionNode::Cast>(what)) operands = 1;
    if (const auto* op = std::get_if<ExpressionNode::Operator>(&what)) {
      operands = op->symbol == 'n' ? 1 : 2;
    }
    wanted = wanted - 1 + operands;
    if (wanted == 0) return at;
  }
  CHECK(false, "an expression in postfix order leaves one value");
}

Error at_node(const Error& error, std::size_t offset) {
  return error.offset() ? error : error.at(offset);
}

Result<PostgresType> type_named(const std::string& name) {
  std::optional<PostgresType> type = find_type(name);
  if (!type) return fail(ErrorCode::kUndefinedObject, "type \"{}\" does not exist", name);
  return *std::move(type);
}

Result<ConstantValue> vector_of(const parser::Array& array) {
  std::vector<float> values;
  values.reserve(array.items.size());
  for (const parser::Value& item : array.items) {
    const auto* number = std::get_if<parser::Number>(&item.what);
    if (number == nullptr) {
      return fail(ErrorCode::kNotSupported, "an array here holds numbers only").at(item.offset);
    }
    const float rounded = TRY(parse_float(number->text));
    values.push_back(rounded);
  }
  return ConstantValue{ConstantType::kVector, std::move(values)};
}

Result<ConstantValue> constant(const parser::Value& value) {
  struct Read {
    Result<ConstantValue> operator()(const parser::Null&) const { return ConstantValue{}; }
    Result<ConstantValue> operator()(bool is) const {
      return ConstantValue{ConstantType::kBool, is};
    }
    Result<ConstantValue> operator()(const parser::Number& number) const {
      return number_constant(number.text);
    }
    Result<ConstantValue> operator()(const std::string& text) const {
      return ConstantValue{ConstantType::kUnknown, text};
    }
    Result<ConstantValue> operator()(const parser::Floats& values) const {
      return ConstantValue{ConstantType::kVector, values};
    }
    Result<ConstantValue> operator()(const parser::Object& object) const {
      return cast({ConstantType::kUnknown, object.json}, ConstantType::kJsonb);
    }
    Result<ConstantValue> operator()(const parser::Array& array) const { return vector_of(array); }
    Result<ConstantValue> operator()(const parser::Parameter& parameter) const {
      return fail(ErrorCode::kUndefinedParameter, "there is no parameter ${}", parameter.number);
    }
  };
  return std::visit(Read{}, value.what);
}

// The type of a series' numbers: integer if all its arguments are, else bigint.
Result<ConstantType> series_type(std::span<const ConstantValue> arguments) {
  bool sound = arguments.size() == 2 || arguments.size() == 3;
  bool typed = false;
  ConstantType type = ConstantType::kInt4;
  std::string types;
  for (const ConstantValue& argument : arguments) {
    if (!types.empty()) types += ", ";
    types += type_name(argument.type);
    if (argument.type == ConstantType::kUnknown) continue;
    typed = true;
    sound = sound && converts_implicitly(argument.type, ConstantType::kInt8);
    if (argument.type != ConstantType::kInt4) type = ConstantType::kInt8;
  }
  if (sound && typed) return type;
  return fail(ErrorCode::kUndefinedFunction, "function {}({}) does not exist", kSeriesName, types);
}

// A regtype is sent as the name of its type.
Result<ConstantValue> sendable(ConstantValue value) {
  if (value.type != ConstantType::kRegtype) return value;
  return cast(std::move(value), ConstantType::kText);
}

}  // namespace

void ConstantRow::send(RowSink& sink) const {
  std::vector<Cell> cells;
  cells.reserve(values.size());
  for (const ConstantValue& value : values) cells.push_back(cell_of(value));
  sink.row(cells);
}

// Values are computed as they stand in postfix order. While planning, every constant is a NULL of
// its type and no function is called: types follow from types alone, so what comes out has the
// types of the rows.
struct ConstantSelect::Evaluation {
  ConstantContext* context = nullptr;  // none: planning
  const ConstantValue* source = nullptr;  // none: the source itself is being computed
  ConstantFunction::Effects effects{};

  bool planning() const { return context == nullptr; }

  Result<ConstantValue> value(const parser::Value& written) const {
    ConstantValue result = TRY(constant(written));
    if (planning()) result.what = std::monostate{};
    if (written.cast.empty()) return result;
    return convert(std::move(result), written.cast);
  }

  Result<ConstantValue> convert(ConstantValue from, const std::string& type_text) const {
    const PostgresType type = TRY(type_named(type_text));
    return cast(std::move(from), type);
  }

  Result<ConstantValue> call_function(const std::string& name,
                                      std::vector<ConstantValue> arguments) {
    std::vector<ConstantType> types;
    for (const ConstantValue& argument : arguments) types.push_back(argument.type);
    const ConstantFunction* function = TRY(find_function(name, types));
    return run(*function, std::move(arguments));
  }

  Result<ConstantValue> run(const ConstantFunction& function,
                            std::vector<ConstantValue> arguments) {
    if (planning()) return ConstantValue{function.result, {}};
    return call(function, std::move(arguments), *context, effects);
  }

  // Takes the operands of `node` off `stack`. Requires: not a column's name.
  Result<ConstantValue> apply(const ExpressionNode& node, std::vector<ConstantValue>& stack) {
    const auto pop = [&stack]() {
      CHECK(!stack.empty(), "an operator finds its operands");
      ConstantValue top = std::move(stack.back());
      stack.pop_back();
      return top;
    };
    if (const auto* written = std::get_if<parser::Value>(&node.what)) return value(*written);
    if (const auto* to = std::get_if<ExpressionNode::Cast>(&node.what)) {
      return convert(pop(), to->type);
    }
    if (const auto* op = std::get_if<ExpressionNode::Operator>(&node.what)) {
      ConstantValue right = pop();
      if (op->symbol == 'n') return negate(std::move(right));
      return apply_operator(op->symbol, pop(), std::move(right));
    }
    const auto& function = std::get<ExpressionNode::Call>(node.what);
    CHECK(stack.size() >= function.arguments, "a function finds its arguments");
    const auto first = stack.end() - static_cast<std::ptrdiff_t>(function.arguments);
    std::vector<ConstantValue> arguments(std::make_move_iterator(first),
                                         std::make_move_iterator(stack.end()));
    stack.erase(first, stack.end());
    return call_function(function.function, std::move(arguments));
  }
};

// ---- Expressions --------------------------------------------------------------------------------

Result<ConstantValue> ConstantSelect::column(const std::string& name,
                                             Evaluation& evaluation) const {
  const bool from_source = evaluation.source != nullptr && !source_name_.empty();
  if (from_source && (name == source_name_ || name == "*")) return *evaluation.source;
  if (const ConstantFunction* function = find_bare_function(name)) {
    return evaluation.run(*function, {});
  }
  return fail(ErrorCode::kUndefinedColumn, "column \"{}\" does not exist", name);
}

// The values that `nodes` leave, one for each of the expressions that stand there.
Result<std::vector<ConstantValue>> ConstantSelect::values_of(Nodes nodes,
                                                             Evaluation& evaluation) const {
  std::vector<ConstantValue> stack;
  for (std::size_t at = 0; at < nodes.size(); ++at) {
    // The series stands inside this item: its value takes the place of the call.
    if (evaluation.source != nullptr && nodes.data() + at == source_nodes_.data()) {
      stack.push_back(*evaluation.source);
      at += source_nodes_.size() - 1;
      continue;
    }
    const auto* named = std::get_if<ExpressionNode::ColumnName>(&nodes[at].what);
    Result<ConstantValue> value = named != nullptr ? column(named->name, evaluation)
                                                   : evaluation.apply(nodes[at], stack);
    if (!value) return at_node(value.error(), nodes[at].offset);
    stack.push_back(*std::move(value));
  }
  return stack;
}

Result<ConstantValue> ConstantSelect::value_of(Nodes nodes, Evaluation& evaluation) const {
  std::vector<ConstantValue> values = TRY(values_of(nodes, evaluation));
  CHECK(values.size() == 1, "an expression leaves one value");
  return std::move(values.front());
}

// ---- The source of rows -------------------------------------------------------------------------

Status ConstantSelect::find_source() {
  if (statement_->from) {
    source_nodes_ = statement_->from->nodes;
    CHECK(!source_nodes_.empty(), "FROM names a function");
    source_ = is_series(source_nodes_.back()) ? Source::kSeries : Source::kFunction;
    source_name_ = statement_->from->label;
  }
  for (const parser::SelectItem& item : statement_->items) {
    const Nodes nodes = item.nodes;
    for (std::size_t at = 0; at < nodes.size(); ++at) {
      if (!is_series(nodes[at])) continue;
      if (source_ != Source::kOnce) {
        return fail(ErrorCode::kNotSupported, "only one function of a SELECT may make rows")
            .at(nodes[at].offset);
      }
      const std::size_t begin = call_begin(nodes, at + 1);
      source_ = Source::kSeries;
      source_nodes_ = nodes.subspan(begin, at + 1 - begin);
    }
  }
  return {};
}

Status ConstantSelect::start_series(Evaluation& evaluation) {
  std::vector<ConstantValue> arguments =
      TRY(values_of(source_nodes_.first(source_nodes_.size() - 1), evaluation));
  const ConstantType type = TRY(series_type(arguments));
  source_value_ = {type, {}};
  rows_left_ = 0;
  for (ConstantValue& argument : arguments) {
    ConstantValue number = TRY(cast(std::move(argument), type));
    argument = std::move(number);
    if (argument.is_null()) return {};
  }
  source_value_ = arguments[0];
  step_ = arguments.size() == 3 ? arguments[2].integer() : 1;
  if (step_ == 0) return Error(ErrorCode::kInvalidValue, "step size cannot equal zero");
  const std::int64_t first = arguments[0].integer();
  const std::int64_t last = arguments[1].integer();
  if (step_ > 0 ? first > last : first < last) return {};
  // Unsigned, because the distance between two numbers may be beyond the signed range.
  const auto low = static_cast<std::uint64_t>(std::min(first, last));
  const std::uint64_t distance = static_cast<std::uint64_t>(std::max(first, last)) - low;
  const auto step = static_cast<std::uint64_t>(step_);
  const std::uint64_t stride = step_ > 0 ? step : 0 - step;
  if (distance / stride >= kRowsMax) {
    return fail(ErrorCode::kLimitExceeded, "{} makes at most {} rows", kSeriesName, kRowsMax);
  }
  rows_left_ = distance / stride + 1;
  return {};
}

Status ConstantSelect::start(Evaluation& evaluation) {
  switch (source_) {
    case Source::kOnce: return {};
    case Source::kFunction: {
      ConstantValue value = TRY(value_of(source_nodes_, evaluation));
      source_value_ = std::move(value);
      return {};
    }
    case Source::kSeries: {
      const Status started = start_series(evaluation);
      if (!started) return at_node(started.error(), source_nodes_.back().offset);
      return {};
    }
  }
  CHECK(false, "rows have a source");
}

// ---- Plan and rows ------------------------------------------------------------------------------

Result<ConstantSelect> ConstantSelect::plan(const parser::SelectConstants& statement) {
  ConstantSelect select(statement);
  TRY(select.find_source());
  Evaluation planning;
  TRY(select.start(planning));
  planning.source = &select.source_value_;
  for (const parser::SelectItem& item : statement.items) {
    const ConstantValue value = TRY(select.value_of(item.nodes, planning));
    const std::string& label = item.label == "*" ? select.source_name_ : item.label;
    select.columns_.push_back({.name = label, .type = column_type(value.type)});
  }
  select.rows_left_ = 1;
  return select;
}

Result<bool> ConstantSelect::next(ConstantContext& context, ConstantRow& row) {
  Evaluation evaluation{.context = &context};
  if (!started_) {
    TRY(start(evaluation));
    started_ = true;
  }
  if (rows_left_ == 0) return false;
  evaluation.source = &source_value_;
  row.values.clear();
  for (const parser::SelectItem& item : statement_->items) {
    ConstantValue value = TRY(value_of(item.nodes, evaluation));
    ConstantValue sent = TRY(sendable(std::move(value)));
    row.values.push_back(std::move(sent));
  }
  constexpr double kDelayUsMax = 1e15;
  row.delay_us =
      static_cast<std::uint64_t>(std::min(evaluation.effects.sleep_seconds * 1e6, kDelayUsMax));
  --rows_left_;
  if (source_ == Source::kSeries && rows_left_ > 0) {
    source_value_.what = source_value_.integer() + step_;
  }
  return true;
}

}  // namespace alcove::executor
