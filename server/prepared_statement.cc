#include "server/prepared_statement.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "executor/constant_parameters.h"
#include "executor/system_translation.h"
#include "parser/parse.h"

namespace alcove::server {
namespace {

constexpr std::size_t kParametersMax = 65'535;  // setting parameters_max

// The SELECT that it is, or that its cursor reads; null where that is of another kind.
template <class Select>
Select* select_of(parser::Statement& statement) {
  if (auto* declare = std::get_if<parser::DeclareCursor>(&statement)) {
    return std::get_if<Select>(&declare->query);
  }
  return std::get_if<Select>(&statement);
}

}  // namespace

Result<PreparedStatement> PreparedStatement::prepare(const ParseMessage& message) {
  PreparedStatement prepared;
  prepared.text = message.text;
  std::vector<parser::Statement> statements = TRY(parser::parse(prepared.text));
  if (statements.size() > 1) {
    return Error(ErrorCode::kSyntax, "cannot insert multiple commands into a prepared statement");
  }
  for (const std::uint32_t declared : message.parameter_oids) {
    prepared.parameters.push_back({declared, false});
  }
  prepared.slots.resize(prepared.parameters.size(), parser::Slot::kConstant);
  if (statements.empty()) return prepared;
  prepared.statement = std::move(statements.front());
  if (auto* select = select_of<parser::SystemSelect>(*prepared.statement)) {
    TRY(executor::infer_parameters(*select));
  }
  if (auto* select = select_of<parser::SelectConstants>(*prepared.statement)) {
    executor::infer_parameters(*select, message.parameter_oids);
  }

  std::vector<parser::ParameterUse> uses = parser::find_parameters(*prepared.statement);
  std::size_t count = prepared.parameters.size();
  for (const parser::ParameterUse& use : uses) {
    if (use.number > kParametersMax) {
      return fail(ErrorCode::kLimitExceeded, "a statement has at most {} parameters",
                  kParametersMax)
          .at(use.offset);
    }
    count = std::max<std::size_t>(count, use.number);
  }
  prepared.parameters.resize(count);
  prepared.slots.resize(count, parser::Slot::kConstant);
  // Where one stands several times its first cast decides, else its first place.
  std::stable_sort(uses.begin(), uses.end(), [](const auto& x, const auto& y) {
    return std::pair(x.cast.empty(), x.offset) < std::pair(y.cast.empty(), y.offset);
  });
  std::vector<bool> seen(count, false);
  for (const parser::ParameterUse& use : uses) {
    const std::size_t at = use.number - 1;
    if (seen[at]) continue;
    seen[at] = true;
    prepared.slots[at] = use.slot;
    if (prepared.parameters[at].oid == 0) {
      prepared.parameters[at] = TRY(infer_parameter_type(use));
    }
  }
  for (std::size_t at = 0; at < count; ++at) {
    if (prepared.parameters[at].oid == 0) {
      return fail(ErrorCode::kUndefinedParameter, "could not determine data type of parameter ${}",
                  at + 1);
    }
  }
  return prepared;
}

Result<parser::Statement> PreparedStatement::bind(const BindMessage& message) const {
  if (message.parameters.size() != parameters.size()) {
    return fail(ErrorCode::kProtocol,
                "bind message supplies {} parameters, but prepared statement \"{}\" requires {}",
                message.parameters.size(), message.statement, parameters.size());
  }
  const std::size_t formats = message.parameter_formats.size();
  if (formats > 1 && formats != parameters.size()) {
    return fail(ErrorCode::kProtocol, "bind message has {} parameter formats but {} parameters",
                formats, parameters.size());
  }
  std::vector<parser::Value> values(parameters.size());
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const auto& bytes = message.parameters[i];
    if (!bytes) continue;  // a Value is NULL from the start
    values[i] = TRY(read_parameter(*bytes, format_of(message.parameter_formats, i), parameters[i],
                                   slots[i]));
  }
  parser::Statement bound = *statement;
  TRY(parser::substitute_parameters(bound, values));
  return bound;
}

Result<parser::Statement> PreparedStatement::bind(const parser::Execute& execute) const {
  if (execute.values.size() != parameters.size()) {
    return fail(ErrorCode::kSyntax, "wrong number of parameters for prepared statement \"{}\"",
                execute.name.text)
        .with_detail(fmt::format("Expected {} parameters but got {}.", parameters.size(),
                                 execute.values.size()));
  }
  std::vector<parser::Value> values;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    values.push_back(TRY(read_argument(execute.values[i], parameters[i], slots[i])));
  }
  parser::Statement bound = *statement;
  TRY(parser::substitute_parameters(bound, values));
  return bound;
}

Result<parser::Statement> PreparedStatement::sample() const {
  std::vector<parser::Value> values;
  for (const ParameterType type : parameters) values.push_back(sample_parameter(type));
  parser::Statement bound = *statement;
  TRY(parser::substitute_parameters(bound, values));
  return bound;
}

}  // namespace alcove::server
