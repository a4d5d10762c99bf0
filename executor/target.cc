#include "executor/target.h"

#include "executor/binder.h"
#include "executor/engine.h"

namespace alcove::executor {

Result<IndexHandle> find_index(Session& session, const parser::Name& name,
                               const Snapshot& snapshot) {
  auto index = session.transaction().find_index(session.engine().catalogue, name.text, snapshot);
  if (!index) {
    return fail(ErrorCode::kUndefinedIndex, "index \"{}\" does not exist", name.text)
        .at(name.offset);
  }
  return *index;
}

Result<parser::Name> index_or_default(Session& session, const std::optional<parser::Name>& name,
                                      std::size_t statement_offset) {
  if (name) return *name;
  std::string index = session.settings().default_index();
  if (index.empty()) {
    return Error(ErrorCode::kSyntax, "expected the name of an index after QUERY")
        .with_hint("SET index = '…' gives a session a default.")
        .at(statement_offset);
  }
  return parser::Name{std::move(index), statement_offset};
}

Result<std::string> namespace_or_default(Session& session,
                                         const std::optional<parser::NamespaceName>& name,
                                         std::size_t index_offset) {
  if (name) return bind_namespace(*name);
  if (session.settings().require_namespace()) {
    return Error(ErrorCode::kSyntax,
                 "the NAMESPACE clause must be written out: require_namespace is on")
        .at(index_offset);
  }
  std::string text = session.settings().default_namespace();
  if (text.empty()) return std::string(kDefaultNamespace);
  TRY(check_namespace_name(text, index_offset));
  return text;
}

}  // namespace alcove::executor
