#include "executor/target.h"

#include "executor/binder.h"
#include "executor/engine.h"

namespace alcove::executor {

namespace {

Result<IndexHandle> look_up(Session& session, const parser::Name& name, const Snapshot& snapshot) {
  auto index = session.transaction().find_index(session.engine().catalogue, name.text, snapshot);
  if (!index) {
    return fail(ErrorCode::kUndefinedIndex, "index \"{}\" does not exist", name.text)
        .at(name.offset);
  }
  return *index;
}

}  // namespace

Result<IndexHandle> find_index(Session& session, Privilege privilege, const parser::Name& index,
                               const std::string& name_space, const Snapshot& snapshot) {
  TRY(session.access().check_namespace(privilege, index.text, name_space, index.offset));
  return look_up(session, index, snapshot);
}

Result<IndexHandle> find_known_index(Session& session, const parser::Name& index,
                                     const Snapshot& snapshot) {
  TRY(session.access().check_knows(index.text, index.offset));
  return look_up(session, index, snapshot);
}

Result<parser::Name> index_or_default(Session& session, const std::optional<parser::Name>& name,
                                      std::size_t statement_offset) {
  if (name) return *name;
  const Access access = session.access();
  if (const auto* home = access.binding()) return parser::Name{home->index, statement_offset};
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
  const Access access = session.access();
  if (const auto* home = access.binding()) return home->name_space;
  std::string text = session.settings().default_namespace();
  if (text.empty()) return std::string(kDefaultNamespace);
  TRY(check_namespace_name(text, index_offset));
  return text;
}

std::vector<std::string> readable_namespaces(Session& session, const IndexHandle& index,
                                             const Snapshot& snapshot,
                                             const std::optional<std::string>& after,
                                             std::size_t limit) {
  Catalogue& catalogue = session.engine().catalogue;
  const auto granted = session.access().readable_namespaces(index.definition->name);
  if (!granted) {
    return session.transaction().namespace_names(catalogue, index, snapshot, after, limit);
  }
  std::vector<std::string> names;
  for (const std::string& name : *granted) {
    if (names.size() == limit) break;
    if (after && name <= *after) continue;
    if (session.transaction().find_namespace(catalogue, index, name, snapshot).exists) {
      names.push_back(name);
    }
  }
  return names;
}

std::vector<IndexHandle> known_indexes(Session& session, const Snapshot& snapshot) {
  Catalogue& catalogue = session.engine().catalogue;
  std::vector<IndexHandle> indexes;
  const auto known = session.access().known_indexes();
  if (!known) {
    for (auto& definition : session.transaction().index_definitions(catalogue, snapshot)) {
      indexes.push_back({std::move(definition)});
    }
    return indexes;
  }
  for (const std::string& name : *known) {
    auto index = session.transaction().find_index(catalogue, name, snapshot);
    if (index) indexes.push_back(*std::move(index));
  }
  return indexes;
}

}  // namespace alcove::executor
