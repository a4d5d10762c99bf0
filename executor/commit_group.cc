#include "executor/commit_group.h"

#include <algorithm>
#include <mutex>

namespace alcove::executor {
namespace {

// Whether only the applied state can tell what the transaction does, or what it leaves to others:
// when it defines anything beyond namespaces, or has staged segments. Such a one is alone in its group.
bool stands_alone(const Transaction& transaction) {
  return std::any_of(transaction.requests().begin(), transaction.requests().end(),
                     [](const CommitRequest& request) {
                       const auto* write = std::get_if<WriteRequest>(&request);
                       return (write != nullptr && write->staged != nullptr) ||
                              std::holds_alternative<CreateIndexRequest>(request) ||
                              std::holds_alternative<DropIndexRequest>(request) ||
                              std::holds_alternative<RoleRequest>(request) ||
                              std::holds_alternative<DropNamespaceRequest>(request);
                     });
}

Error conflict(const std::string& name, const std::string& id) {
  return fail(ErrorCode::kConflict,
              "could not commit: record \"{}\" of namespace \"{}\" was written by another commit",
              id, name)
      .with_hint("Run the transaction again.");
}

Error undefined_index(const std::string& name) {
  return fail(ErrorCode::kUndefinedIndex, "index \"{}\" does not exist", name);
}

// The LSN of the newest version of `id`, as far as it is above `snapshot_lsn`; else 0.
Result<Lsn> newest_above(const Version& version, std::string_view id, Lsn snapshot_lsn) {
  if (version.memtable->last_lsn() > snapshot_lsn) {
    if (const auto* entry = version.memtable->find(id, kLsnMax)) return entry->lsn;
  }
  for (auto sealed = version.sealed.rbegin(); sealed != version.sealed.rend(); ++sealed) {
    if ((*sealed)->last_lsn() <= snapshot_lsn) continue;
    if (const auto* entry = (*sealed)->find(id, kLsnMax)) return entry->lsn;
  }
  // A staged segment may be newer than what was flushed behind it, of other ids.
  const auto& descriptors = version.segments->descriptors();
  if (std::none_of(descriptors.begin(), descriptors.end(),
                   [&](const auto& each) { return each.last_lsn > snapshot_lsn; })) {
    return Lsn{0};
  }
  const auto open = TRY(version.segments->open());
  for (auto each = open.rbegin(); each != open.rend(); ++each) {
    const segments::Segment& segment = *each->segment;
    if (segment.descriptor().last_lsn <= snapshot_lsn) continue;
    if (const auto row = TRY(segment.find(id))) return segment.lsn(*row);
    if (TRY(segment.has_tombstone(id))) return segment.descriptor().last_lsn;
  }
  return Lsn{0};
}

}  // namespace

bool CommitGroup::frees_space() const {
  return std::any_of(members_.begin(), members_.end(),
                     [](const Member& member) { return member.frees_space; });
}

Result<bool> CommitGroup::add(const Transaction& transaction) {
  if (closed_ || (stands_alone(transaction) && !members_.empty())) return false;
  Scope scope;
  for (const CommitRequest& request : transaction.requests()) {
    TRY(std::visit([&](const auto& each) { return resolve(each, scope); }, request));
    if (scope.next_group) return false;
  }
  TRY(add_roles(scope));
  std::string record;
  encode_commit_record(scope.member.changes, record);
  bytes_ += record.size();
  records_.push_back(std::move(record));
  members_.push_back(std::move(scope.member));
  created_.insert(scope.namespaces.begin(), scope.namespaces.end());
  written_.insert(scope.written.begin(), scope.written.end());
  closed_ = stands_alone(transaction);
  return true;
}

// ---- definitions --------------------------------------------------------------------------------

Status CommitGroup::resolve(const CreateIndexRequest& request, Scope& scope) {
  const std::string& name = request.definition->name;
  bool exists;
  if (const auto own = scope.index_names.find(name); own != scope.index_names.end()) {
    exists = own->second;
  } else {
    std::unique_lock lock(catalogue_.mutex());
    exists = catalogue_.index_by_name(name) != nullptr;
  }
  if (exists) {
    if (request.if_not_exists) return {};
    return fail(ErrorCode::kIndexExists, "index \"{}\" already exists", name);
  }
  const IndexNumber number = numbers_.index.fetch_add(1);
  scope.indexes[request.definition.get()] = number;
  scope.index_names[name] = true;
  scope.member.changes.push_back(
      CreateIndexChange{number, name, request.definition->dimension, request.definition->metric});
  return {};
}

Status CommitGroup::resolve(const DropIndexRequest& request, Scope& scope) {
  scope.member.frees_space = true;
  for (auto created = scope.indexes.begin(); created != scope.indexes.end(); ++created) {
    if (created->first->name != request.index || !scope.index_names[request.index]) continue;
    scope.member.changes.push_back(DropIndexChange{created->second});
    scope.index_names[request.index] = false;
    scope.indexes.erase(created);
    return {};
  }
  std::unique_lock lock(catalogue_.mutex());
  Index* index = catalogue_.index_by_name(request.index);
  const auto own = scope.index_names.find(request.index);
  if (index == nullptr || (own != scope.index_names.end() && !own->second)) {
    if (request.if_exists) return {};
    return undefined_index(request.index);
  }
  scope.member.changes.push_back(DropIndexChange{index->definition->number});
  scope.index_names[request.index] = false;
  return {};
}

Status CommitGroup::resolve(const CreateNamespaceRequest& request, Scope& scope) {
  const IndexNumber index = TRY(index_number(request.index, scope));
  const NamespaceKey key{index, request.name};
  if (namespace_number(key, scope) != 0) {
    if (request.if_not_exists) return {};
    return fail(ErrorCode::kNamespaceExists, "namespace \"{}\" already exists", request.name);
  }
  make_namespace(key, scope);
  return {};
}

Status CommitGroup::resolve(const DropNamespaceRequest& request, Scope& scope) {
  scope.member.frees_space = true;
  const IndexNumber index = TRY(index_number(request.index, scope));
  const NamespaceKey key{index, request.name};
  const NamespaceNumber number = namespace_number(key, scope);
  if (number == 0) {
    if (request.if_exists) return {};
    return fail(ErrorCode::kUndefinedNamespace, "namespace \"{}\" does not exist", request.name);
  }
  scope.member.changes.push_back(DropNamespaceChange{number, key.first, request.name});
  scope.namespaces[key] = 0;
  return {};
}

Status CommitGroup::resolve(const RoleRequest& request, Scope& scope) {
  auto place = scope.roles.find(request.role);
  if (place == scope.roles.end()) {
    place = scope.roles.emplace(request.role, roles_.find(request.role)).first;
  }
  place->second = TRY(change_role(request, place->second));
  return {};
}

// Roles are logged whole, each once.
Status CommitGroup::add_roles(Scope& scope) {
  std::size_t count = roles_.size();
  for (const auto& [name, role] : scope.roles) {
    const bool exists = roles_.contains(name);
    if (role) {
      std::string& encoded = scope.member.made.emplace_back();
      encode_role(*role, encoded);
      scope.member.changes.push_back(PutRoleChange{name, encoded});
      if (!exists) ++count;
    } else if (exists) {
      scope.member.changes.push_back(DropRoleChange{name});
      --count;
    }
  }
  if (count > std::max(kRolesMax, roles_.size())) {
    return fail(ErrorCode::kLimitExceeded, "there may be roles_max = {} roles", kRolesMax)
        .with_hint("DROP those that are not needed any more.");
  }
  return {};
}

// ---- writes -------------------------------------------------------------------------------------

Status CommitGroup::resolve(const WriteRequest& request, Scope& scope) {
  const IndexNumber index = TRY(index_number(request.index, scope));
  const NamespaceKey key{index, request.name};
  NamespaceNumber number = namespace_number(key, scope);
  if (!request.matches.empty()) {
    if (written_.contains(number) || (number != 0 && created_.contains(key))) {
      scope.next_group = true;
      return {};
    }
    if (!scope.namespaces.contains(key)) TRY(check_matches(request, key, number));
  }
  if (request.staged != nullptr) return resolve_staged(request, key, number, scope);
  if (number == 0) number = make_namespace(key, scope);
  scope.written.push_back(number);
  scope.member.changes.push_back(WriteChange{number, request.index.definition->dimension,
                                             request.row_count, request.rows});
  return {};
}

namespace {

// The newest rows in memory of ids that `staged` knows, as `staged` has them.
Status copy_overlap(const Version& version, const segments::Segment& staged, std::string& rows,
                    std::uint64_t& row_count) {
  std::vector<std::shared_ptr<const segments::Memtable>> layers = version.sealed;
  layers.push_back(version.memtable);
  for (const auto& layer : layers) {
    if (layer->empty()) continue;
    segments::Memtable::Cursor cursor(*layer);
    for (cursor.seek({}); cursor.valid(); cursor.next()) {
      const std::string_view id = cursor.id();
      if (const auto row = TRY(staged.find(id))) {
        TRY(encode_row_of(staged, *row, rows));
      } else if (TRY(staged.has_tombstone(id))) {
        encode_tombstone(id, segments::Knowledge::kBlind, rows);
      } else {
        continue;
      }
      ++row_count;
    }
  }
  return staged.check_mapping();
}

}  // namespace

// The segment comes to stand below the memtables, so what these hold of its ids is written again over
// them: little, since the namespace was flushed just now.
Status CommitGroup::resolve_staged(const WriteRequest& request, NamespaceKey key,
                                   NamespaceNumber current, Scope& scope) {
  const StagedSegment& staged = *request.staged;
  const bool made_here = scope.namespaces.contains(key);
  if (current == 0 && staged.may_make()) current = make_namespace(key, scope);
  if (current != staged.name_space()) {
    return fail(ErrorCode::kConflict,
                "could not commit: namespace \"{}\" was dropped while rows were loaded into it",
                request.name)
        .with_hint("Run the transaction again.");
  }
  scope.written.push_back(current);
  scope.member.changes.push_back(AddSegmentChange{current, staged.segment()->descriptor()});
  std::get<AddSegmentChange>(scope.member.changes.back()).segment.replaced = request.replaced;
  if (made_here || scope.namespaces.contains(key)) return {};
  std::shared_ptr<const Version> version;
  {
    std::unique_lock lock(catalogue_.mutex());
    Index* index = catalogue_.index_by_number(key.first);
    version = catalogue_.open_version(*index, *catalogue_.namespace_by_name(*index, key.second));
  }
  std::string& rows = scope.member.made.emplace_back();
  std::uint64_t row_count = 0;
  TRY(copy_overlap(*version, *staged.segment(), rows, row_count));
  if (row_count == 0) return {};
  scope.member.changes.push_back(
      WriteChange{current, request.index.definition->dimension, row_count, rows});
  return {};
}

Result<IndexNumber> CommitGroup::index_number(const IndexHandle& index, const Scope& scope) {
  if (index.created_here()) {
    const auto created = scope.indexes.find(index.definition.get());
    if (created == scope.indexes.end()) return undefined_index(index.definition->name);
    return created->second;
  }
  std::unique_lock lock(catalogue_.mutex());
  const auto own = scope.index_names.find(index.definition->name);
  if (catalogue_.index_by_number(index.definition->number) == nullptr ||
      (own != scope.index_names.end() && !own->second)) {
    return undefined_index(index.definition->name);
  }
  return index.definition->number;
}

NamespaceNumber CommitGroup::namespace_number(NamespaceKey key, const Scope& scope) {
  if (const auto own = scope.namespaces.find(key); own != scope.namespaces.end()) {
    return own->second;
  }
  if (const auto earlier = created_.find(key); earlier != created_.end()) return earlier->second;
  std::unique_lock lock(catalogue_.mutex());
  Index* index = catalogue_.index_by_number(key.first);
  if (index == nullptr) return 0;
  Namespace* name_space = catalogue_.namespace_by_name(*index, key.second);
  if (name_space == nullptr) return 0;
  // Stays open until it is applied to: only the leader closes namespaces.
  catalogue_.open_version(*index, *name_space);
  return name_space->number;
}

NamespaceNumber CommitGroup::make_namespace(NamespaceKey key, Scope& scope) {
  const NamespaceNumber number = numbers_.take_namespace(key.first, key.second);
  scope.namespaces[key] = number;
  scope.member.changes.push_back(CreateNamespaceChange{number, key.first, key.second});
  return number;
}

Status CommitGroup::check_matches(const WriteRequest& request, NamespaceKey key,
                                  NamespaceNumber current) {
  if (current != request.seen) return conflict(request.name, request.matches.front().id);
  std::shared_ptr<const Version> version;
  {
    std::unique_lock lock(catalogue_.mutex());
    Index* index = catalogue_.index_by_number(key.first);
    version = catalogue_.open_version(*index, *catalogue_.namespace_by_name(*index, key.second));
  }
  for (const auto& match : request.matches) {
    const Lsn newest = TRY(newest_above(*version, match.id, match.snapshot_lsn));
    if (newest > match.snapshot_lsn) return conflict(request.name, match.id);
  }
  return {};
}

}  // namespace alcove::executor
