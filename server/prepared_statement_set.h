#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "parser/statement.h"
#include "server/prepared_statement.h"
#include "server/server.h"

namespace alcove::server {

// The prepared statements of a session by name, whether Parse or PREPARE made them; the unnamed one
// under "". Externally synchronised.
class PreparedStatementSet {
 public:
  using Prepared = std::shared_ptr<const PreparedStatement>;

  explicit PreparedStatementSet(const ServerOptions& options) : options_(options) {}

  // Makes one that there is room for, without taking it in. Errors: kDuplicateStatement,
  // kLimitExceeded, and those of PreparedStatement::prepare().
  Result<Prepared> prepare(const ParseMessage& message) const;
  // As PREPARE says it. Errors besides: kUndefinedObject for a type that there is not.
  Result<Prepared> prepare(const parser::Prepare& statement) const;
  void insert(std::string_view name, Prepared prepared);

  Result<Prepared> find(std::string_view name) const;  // errors: kUndefinedStatement
  void erase(std::string_view name);
  void clear() { prepared_.clear(); }

 private:
  const ServerOptions& options_;
  std::map<std::string, Prepared, std::less<>> prepared_;
};

}  // namespace alcove::server
