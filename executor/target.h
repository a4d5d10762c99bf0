#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "executor/session.h"
#include "executor/transaction.h"
#include "parser/statement.h"

namespace alcove::executor {

inline constexpr const char* kDefaultNamespace = "__default__";

// Which index and namespace a statement means, by its words and the session's defaults.
// Errors: kUndefinedIndex; kSyntax where `require_namespace` or a missing default forbids to leave
// a name out.

Result<IndexHandle> find_index(Session& session, const parser::Name& name,
                               const Snapshot& snapshot);
// For QUERY, which may leave the index to the setting `index`.
Result<parser::Name> index_or_default(Session& session, const std::optional<parser::Name>& name,
                                      std::size_t statement_offset);
Result<std::string> namespace_or_default(Session& session,
                                         const std::optional<parser::NamespaceName>& name,
                                         std::size_t index_offset);

}  // namespace alcove::executor
