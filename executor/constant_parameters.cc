#include "executor/constant_parameters.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "executor/constant_function.h"
#include "executor/constant_value.h"
#include "executor/postgres_type.h"

namespace alcove::executor {
namespace {

using parser::ExpressionNode;

// What an expression leaves: its type, and the parameter that it is if nothing is known of that.
struct Operand {
  ConstantType type = ConstantType::kUnknown;
  std::optional<std::uint32_t> open;
};

ConstantType type_of(const std::optional<PostgresType>& type) {
  return type && type->constant ? *type->constant : ConstantType::kUnknown;
}

// Of a value as it is written, without its cast.
struct WrittenType {
  ConstantType operator()(bool) const { return ConstantType::kBool; }
  ConstantType operator()(const parser::Number& number) const {
    const Result<ConstantValue> read = number_constant(number.text);
    return read ? read->type : ConstantType::kUnknown;
  }
  ConstantType operator()(const parser::Array&) const { return ConstantType::kVector; }
  ConstantType operator()(const parser::Floats&) const { return ConstantType::kVector; }
  ConstantType operator()(const parser::Object&) const { return ConstantType::kJsonb; }
  template <class Other>
  ConstantType operator()(const Other&) const {
    return ConstantType::kUnknown;
  }
};

class Inference {
 public:
  explicit Inference(std::span<const std::uint32_t> declared) : declared_(declared) {}

  Operand walk(const std::vector<ExpressionNode>& nodes) {
    stack_.clear();
    for (const ExpressionNode& node : nodes) {
      Operand left = std::visit([this](const auto& what) { return step(what); }, node.what);
      stack_.push_back(left);
    }
    return stack_.empty() ? Operand() : stack_.back();
  }

  // The only table, by whose name items name its value.
  void set_source(std::string name, ConstantType type) {
    source_name_ = std::move(name);
    source_type_ = type;
  }

  void write(std::vector<ExpressionNode>& nodes) const {
    for (ExpressionNode& node : nodes) {
      auto* value = std::get_if<parser::Value>(&node.what);
      const auto* parameter =
          value == nullptr ? nullptr : std::get_if<parser::Parameter>(&value->what);
      if (parameter == nullptr || !value->cast.empty()) continue;
      const auto found = found_.find(parameter->number);
      if (found != found_.end()) value->cast = type_name(found->second);
    }
  }

 private:
  Operand step(const parser::Value& value) {
    if (!value.cast.empty()) return {type_of(find_type(value.cast)), {}};
    const auto* parameter = std::get_if<parser::Parameter>(&value.what);
    if (parameter == nullptr) return {std::visit(WrittenType(), value.what), {}};
    const std::uint32_t number = parameter->number;
    if (number <= declared_.size() && declared_[number - 1] != 0) {
      return {type_of(find_type(declared_[number - 1])), {}};
    }
    const auto found = found_.find(number);
    if (found != found_.end()) return {found->second, {}};
    return {ConstantType::kUnknown, number};
  }

  Operand step(const ExpressionNode::Cast& cast) {
    Operand from = pop();
    const ConstantType type = type_of(find_type(cast.type));
    settle(from, type);
    return {type, {}};
  }

  Operand step(const ExpressionNode::Operator& op) {
    Operand right = pop();
    if (op.symbol == 'n') return right;
    Operand left = pop();
    settle(left, beside(op.symbol, right.type));
    settle(right, beside(op.symbol, left.type));
    const auto result = apply_operator(op.symbol, {left.type, {}}, {right.type, {}});
    return {result ? result->type : ConstantType::kUnknown, {}};
  }

  Operand step(const ExpressionNode::ColumnName& column) {
    if (column.name == source_name_) return {source_type_, {}};
    const ConstantFunction* function = find_bare_function(column.name);
    return {function == nullptr ? ConstantType::kUnknown : function->result, {}};
  }

  Operand step(const ExpressionNode::Call& call) {
    std::vector<Operand> arguments(call.arguments);
    std::generate(arguments.rbegin(), arguments.rend(), [this] { return pop(); });
    std::vector<ConstantType> types;
    for (const Operand& argument : arguments) types.push_back(argument.type);
    if (call.function == "generate_series") {
      const bool large = std::find(types.begin(), types.end(), ConstantType::kInt8) != types.end();
      const ConstantType type = large ? ConstantType::kInt8 : ConstantType::kInt4;
      for (Operand& argument : arguments) settle(argument, type);
      return {type, {}};
    }
    const Result<const ConstantFunction*> function = find_function(call.function, types);
    if (!function) return {};
    for (std::size_t i = 0; i < arguments.size(); ++i) {
      settle(arguments[i], (*function)->parameters[i].value_or(ConstantType::kUnknown));
    }
    return {(*function)->result, {}};
  }

  // What an open parameter is beside an operand of the type.
  static ConstantType beside(char symbol, ConstantType type) {
    const bool joins = symbol == '|' && type == ConstantType::kName;
    return joins ? ConstantType::kText : type;
  }

  void settle(Operand& operand, ConstantType type) {
    if (!operand.open || type == ConstantType::kUnknown) return;
    found_.emplace(*operand.open, type);
    operand = {type, {}};
  }

  // Nothing is on the stack for an expression that is none; the plan will say so.
  Operand pop() {
    if (stack_.empty()) return {};
    const Operand top = stack_.back();
    stack_.pop_back();
    return top;
  }

  const std::span<const std::uint32_t> declared_;
  std::map<std::uint32_t, ConstantType> found_;
  std::vector<Operand> stack_;
  std::string source_name_;
  ConstantType source_type_ = ConstantType::kUnknown;
};

}  // namespace

void infer_parameters(parser::SelectConstants& select, std::span<const std::uint32_t> declared) {
  Inference inference(declared);
  // Twice: what is found at one place of a parameter may tell of another before it.
  for (int pass = 0; pass < 2; ++pass) {
    if (select.from) {
      const Operand source = inference.walk(select.from->nodes);
      inference.set_source(select.from->label, source.type);
    }
    for (const parser::SelectItem& item : select.items) inference.walk(item.nodes);
  }
  if (select.from) inference.write(select.from->nodes);
  for (parser::SelectItem& item : select.items) inference.write(item.nodes);
}

}  // namespace alcove::executor
