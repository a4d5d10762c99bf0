#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "executor/access.h"
#include "executor/session.h"
#include "executor/transaction.h"
#include "parser/statement.h"

namespace alcove::executor {

inline constexpr const char* kDefaultNamespace = "__default__";

// Which index and namespace a statement means, by its words and the session's defaults, and whether
// the session's role may: rights are checked before anything is looked up.
// Errors: kNotGranted; kUndefinedIndex; kSyntax where `require_namespace` or a missing default
// forbids to leave a name out.

// The index, to do with its namespace `name_space` what takes `privilege`.
Result<IndexHandle> find_index(Session& session, Privilege privilege, const parser::Name& index,
                               const std::string& name_space, const Snapshot& snapshot);
// The index, to look at what the role may read of it.
Result<IndexHandle> find_known_index(Session& session, const parser::Name& index,
                                     const Snapshot& snapshot);
// For QUERY, which may leave the index to the setting `index` or to where the role is bound.
Result<parser::Name> index_or_default(Session& session, const std::optional<parser::Name>& name,
                                      std::size_t statement_offset);
// The namespace as written, where a bound role lives, or the setting `namespace`.
Result<std::string> namespace_or_default(Session& session,
                                         const std::optional<parser::NamespaceName>& name,
                                         std::size_t index_offset);

// Names of the namespaces of an index that exist and that the role may read, above `after`, in
// order, at most `limit`. Takes no longer for those that it may not read.
std::vector<std::string> readable_namespaces(Session& session, const IndexHandle& index,
                                             const Snapshot& snapshot,
                                             const std::optional<std::string>& after,
                                             std::size_t limit);
// The indexes that the role may know of, by name.
std::vector<IndexHandle> known_indexes(Session& session, const Snapshot& snapshot);

}  // namespace alcove::executor
