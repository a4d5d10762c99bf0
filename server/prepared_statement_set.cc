#include "server/prepared_statement_set.h"

#include <cstdint>
#include <utility>

#include "executor/postgres_type.h"

namespace alcove::server {
namespace {

Result<std::uint32_t> declared_oid(const parser::Name& type) {
  if (type.text == "unknown") return 0U;  // as though it had not been declared
  const auto known = executor::find_type(type.text);
  if (known) return known->oid;
  return fail(ErrorCode::kUndefinedObject, "type \"{}\" does not exist", type.text).at(type.offset);
}

}  // namespace

Result<PreparedStatementSet::Prepared> PreparedStatementSet::prepare(
    const ParseMessage& message) const {
  if (!message.name.empty() && prepared_.contains(message.name)) {
    return fail(ErrorCode::kDuplicateStatement, "prepared statement \"{}\" already exists",
                message.name);
  }
  if (prepared_.size() >= options_.prepared_statements_max) {
    return fail(ErrorCode::kLimitExceeded,
                "a session has at most prepared_statements_max = {} prepared statements",
                options_.prepared_statements_max)
        .with_hint("DEALLOCATE ALL forgets them.");
  }
  if (message.text.size() > kSmallBytes) {
    std::uint64_t bytes = message.text.size();
    for (const auto& [name, other] : prepared_) bytes += other->text.size();
    if (bytes > options_.statement_bytes_max) {
      return fail(ErrorCode::kLimitExceeded,
                  "a session's prepared statements take more than statement_bytes_max = {} bytes",
                  options_.statement_bytes_max);
    }
  }
  auto prepared = TRY(PreparedStatement::prepare(message));
  return std::make_shared<const PreparedStatement>(std::move(prepared));
}

Result<PreparedStatementSet::Prepared> PreparedStatementSet::prepare(
    const parser::Prepare& statement) const {
  ParseMessage message{.name = statement.name.text, .text = statement.text, .parameter_oids = {}};
  for (const parser::Name& type : statement.types) {
    message.parameter_oids.push_back(TRY(declared_oid(type)));
  }
  Result<Prepared> prepared = prepare(message);
  if (prepared || !prepared.error().offset()) return prepared;
  return prepared.error().at(statement.offset + *prepared.error().offset());
}

void PreparedStatementSet::insert(std::string_view name, Prepared prepared) {
  prepared_.insert_or_assign(std::string(name), std::move(prepared));
}

Result<PreparedStatementSet::Prepared> PreparedStatementSet::find(std::string_view name) const {
  const auto found = prepared_.find(name);
  if (found != prepared_.end()) return found->second;
  if (name.empty()) {
    return Error(ErrorCode::kUndefinedStatement, "unnamed prepared statement does not exist");
  }
  return fail(ErrorCode::kUndefinedStatement, "prepared statement \"{}\" does not exist", name);
}

void PreparedStatementSet::erase(std::string_view name) {
  const auto found = prepared_.find(name);
  if (found != prepared_.end()) prepared_.erase(found);
}

}  // namespace alcove::server
