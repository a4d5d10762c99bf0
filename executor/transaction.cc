#include "executor/transaction.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "executor/commit_record.h"

namespace alcove::executor {
namespace {

constexpr std::uint64_t kRequestBytes = 128;  // what a request costs beside its rows

void add_rows(const WriteRequest& request, Lsn sequence, segments::Memtable& overlay) {
  const std::uint32_t dimension = request.index.definition->dimension;
  std::vector<float> values(dimension);
  RowReader reader(WriteChange{0, dimension, request.row_count, request.rows});
  while (!reader.at_end()) {
    auto row = reader.next();
    CHECK(row.has_value(), "a transaction cannot read its own rows");
    if (row->tombstone) {
      overlay.erase(sequence, row->id, row->knowledge);
    } else {
      std::memcpy(values.data(), row->values.data(), row->values.size());
      overlay.upsert(sequence, row->id, values.data(), row->metadata, row->knowledge);
    }
  }
}

std::uint64_t bytes_of(const WriteRequest& request) {
  std::uint64_t bytes = kRequestBytes + request.rows.size();
  for (const auto& match : request.matches) bytes += sizeof(match) + match.id.size();
  return bytes;
}

}  // namespace

// ---- looking ------------------------------------------------------------------------------------

std::optional<IndexHandle> Transaction::find_index(Catalogue& catalogue, std::string_view name,
                                                   const Snapshot& snapshot) const {
  if (const auto place = index_changes_.find(name); place != index_changes_.end()) {
    if (place->second == nullptr) return std::nullopt;
    return IndexHandle{place->second};
  }
  auto definition = catalogue.find_index(name, snapshot);
  if (definition == nullptr) return std::nullopt;
  return IndexHandle{std::move(definition)};
}

Transaction::NamespaceSight Transaction::find_namespace(Catalogue& catalogue,
                                                        const IndexHandle& index,
                                                        std::string_view name,
                                                        const Snapshot& snapshot) const {
  auto changed = find_changed(catalogue, index, name, snapshot);
  return changed ? *std::move(changed) : find_committed(catalogue, index, name, snapshot);
}

std::optional<Transaction::NamespaceSight> Transaction::find_changed(
    Catalogue& catalogue, const IndexHandle& index, std::string_view name,
    const Snapshot& snapshot) const {
  if (namespace_changes_.empty()) return std::nullopt;
  const auto place = namespace_changes_.find({index.definition.get(), std::string(name)});
  if (place == namespace_changes_.end()) return std::nullopt;
  const NamespaceChange& change = place->second;
  NamespaceSight sight;
  if (!change.base_hidden) sight = find_committed(catalogue, index, name, snapshot);
  sight.staged = change.staged;
  sight.overlay = change.overlay;
  sight.overlay_lsn = sequence_;
  sight.exists = sight.exists || change.exists;
  return sight;
}

Transaction::NamespaceSight Transaction::find_committed(Catalogue& catalogue,
                                                        const IndexHandle& index,
                                                        std::string_view name,
                                                        const Snapshot& snapshot) {
  NamespaceSight sight;
  if (!index.created_here()) sight.base = catalogue.find_version(*index.definition, name, snapshot);
  sight.exists = sight.base != nullptr;
  return sight;
}

std::vector<std::string> Transaction::namespace_names(Catalogue& catalogue,
                                                      const IndexHandle& index,
                                                      const Snapshot& snapshot,
                                                      const std::optional<std::string>& after,
                                                      std::size_t limit) const {
  // The changes of this transaction are few; asked for so many more, the catalogue's names still
  // reach `limit` after they are taken into account.
  std::set<std::string> added;
  std::set<std::string> hidden;
  for (const auto& [key, change] : namespace_changes_) {
    if (key.first != index.definition.get() || (after && key.second <= *after)) continue;
    if (change.exists) {
      added.insert(key.second);
    } else if (change.base_hidden) {
      hidden.insert(key.second);
    }
  }
  std::vector<std::string> names;
  if (!index.created_here()) {
    const std::size_t more = hidden.size();
    names = catalogue.namespace_names(*index.definition, snapshot, after,
                                      limit > SIZE_MAX - more ? SIZE_MAX : limit + more);
  }
  if (!added.empty() || !hidden.empty()) {
    added.insert(names.begin(), names.end());
    for (const std::string& name : hidden) added.erase(name);
    names.assign(added.begin(), added.end());
  }
  if (names.size() > limit) names.resize(limit);
  return names;
}

std::vector<std::shared_ptr<const IndexDefinition>> Transaction::index_definitions(
    Catalogue& catalogue, const Snapshot& snapshot) const {
  std::map<std::string, std::shared_ptr<const IndexDefinition>> by_name;
  for (auto& definition : catalogue.index_definitions(snapshot)) {
    by_name[definition->name] = std::move(definition);
  }
  for (const auto& [name, definition] : index_changes_) by_name[name] = definition;
  std::vector<std::shared_ptr<const IndexDefinition>> all;
  for (auto& [name, definition] : by_name) {
    if (definition != nullptr) all.push_back(std::move(definition));
  }
  return all;
}

std::optional<Role> Transaction::find_role(const RoleTable& roles, const std::string& name) const {
  const auto own = role_changes_.find(name);
  return own != role_changes_.end() ? own->second : roles.find(name);
}

// ---- asking -------------------------------------------------------------------------------------

void Transaction::create_index(CreateIndexRequest request) {
  index_changes_[request.definition->name] = request.definition;
  held_.push_back(request.definition);
  bytes_ += kRequestBytes;
  requests_.emplace_back(std::move(request));
}

void Transaction::drop_index(DropIndexRequest request) {
  index_changes_[request.index] = nullptr;
  bytes_ += kRequestBytes;
  requests_.emplace_back(std::move(request));
}

Transaction::NamespaceChange& Transaction::change(const IndexHandle& index,
                                                  const std::string& name, bool exists) {
  held_.push_back(index.definition);
  NamespaceChange& change = namespace_changes_[{index.definition.get(), name}];
  change.exists = exists;
  return change;
}

void Transaction::create_namespace(CreateNamespaceRequest request) {
  change(request.index, request.name, true);
  bytes_ += kRequestBytes + request.name.size();
  requests_.emplace_back(std::move(request));
}

void Transaction::drop_namespace(DropNamespaceRequest request) {
  NamespaceChange& dropped = change(request.index, request.name, false);
  dropped.base_hidden = true;
  dropped.staged.clear();
  dropped.overlay = nullptr;
  dropped.rows_bytes = 0;
  dropped.write_request = 0;
  bytes_ += kRequestBytes + request.name.size();
  requests_.emplace_back(std::move(request));
}

Status Transaction::change_role(const RoleTable& roles, RoleRequest request) {
  std::optional<Role> changed =
      TRY(executor::change_role(request, find_role(roles, request.role)));
  bytes_ += kRequestBytes + request.role.size() + sizeof(Role);
  role_changes_[request.role] = std::move(changed);
  requests_.emplace_back(std::move(request));
  return {};
}

std::size_t Transaction::mark() {
  for (auto& [key, change] : namespace_changes_) change.write_request = 0;
  return requests_.size();
}

Status Transaction::return_to(std::size_t mark, const RoleTable& roles) {
  std::vector<CommitRequest> requests = std::move(requests_);
  const std::size_t kept = std::min(requests.size(), mark);
  requests.erase(requests.begin() + static_cast<std::ptrdiff_t>(kept), requests.end());
  const bool keeps_overlay = keeps_overlay_;
  *this = Transaction(keeps_overlay);
  struct Again {
    Transaction& transaction;
    const RoleTable& roles;
    Status operator()(CreateIndexRequest& request) {
      transaction.create_index(std::move(request));
      return {};
    }
    Status operator()(DropIndexRequest& request) {
      transaction.drop_index(std::move(request));
      return {};
    }
    Status operator()(CreateNamespaceRequest& request) {
      transaction.create_namespace(std::move(request));
      return {};
    }
    Status operator()(DropNamespaceRequest& request) {
      transaction.drop_namespace(std::move(request));
      return {};
    }
    // Marks count requests, so each stays one of its own.
    Status operator()(WriteRequest& request) {
      if (request.staged == nullptr) {
        transaction.apply(std::move(request), false);
        return {};
      }
      return transaction.write_staged(std::move(request));
    }
    // Fails where another commit has changed the role since; so will this one then.
    Status operator()(RoleRequest& request) {
      static_cast<void>(transaction.change_role(roles, std::move(request)));
      return {};
    }
  };
  for (CommitRequest& request : requests) TRY(std::visit(Again{*this, roles}, request));
  this->mark();
  return {};
}

void Transaction::write(WriteRequest request) { apply(std::move(request), true); }

void Transaction::apply(WriteRequest request, bool joins_earlier) {
  bytes_ += bytes_of(request);
  NamespaceChange& written = change(request.index, request.name, true);
  written.rows_bytes += request.rows.size();
  if (keeps_overlay_) {
    if (written.overlay == nullptr) {
      written.overlay = std::make_shared<segments::Memtable>(request.index.definition->dimension);
    }
    add_rows(request, ++sequence_, *written.overlay);
  }
  if (joins_earlier && written.write_request != 0) {
    auto& earlier = std::get<WriteRequest>(requests_[written.write_request - 1]);
    // One namespace, one request, as long as all looked at the same incarnation.
    if (earlier.seen == 0 || request.seen == 0 || earlier.seen == request.seen) {
      earlier.rows += request.rows;
      earlier.row_count += request.row_count;
      if (earlier.seen == 0) earlier.seen = request.seen;
      for (auto& match : request.matches) earlier.matches.push_back(std::move(match));
      return;
    }
  }
  requests_.emplace_back(std::move(request));
  written.write_request = requests_.size();
}

Status Transaction::write_staged(WriteRequest request) {
  NamespaceChange& written = change(request.index, request.name, true);
  written.write_request = 0;
  bytes_ += bytes_of(request);
  requests_.emplace_back(std::move(request));
  return note_staged(std::get<WriteRequest>(requests_.back()), written);
}

bool Transaction::takes_staged(const IndexHandle& index, const std::string& name) const {
  if (index.created_here()) return false;
  const auto found = namespace_changes_.find({index.definition.get(), name});
  if (found == namespace_changes_.end()) return true;
  return !found->second.base_hidden && found->second.rows_bytes == 0;
}

// ---- staging ------------------------------------------------------------------------------------

Status Transaction::stage(Stager& stager, std::uint64_t rows_bytes_max, Rest rest) {
  for (auto& [key, change] : namespace_changes_) {
    const bool follows = rest == Rest::kFollows && !change.staged.empty();
    if (change.rows_bytes == 0 || (change.rows_bytes <= rows_bytes_max && !follows)) continue;
    if (change.base_hidden || key.first->number == 0) continue;
    TRY(stage(stager, key, change));
  }
  return {};
}

Status Transaction::stage(Stager& stager, const NamespaceKey& key, NamespaceChange& change) {
  for (WriteRequest* request : unstaged(key)) {
    request->staged = TRY(stager.stage(*key.first, key.second, request->rows));
    bytes_ -= request->rows.size();
    change.rows_bytes -= request->rows.size();
    std::string().swap(request->rows);
    TRY(note_staged(*request, change));
  }
  if (keeps_overlay_) change.overlay = std::make_shared<segments::Memtable>(key.first->dimension);
  change.write_request = 0;
  return {};
}

std::vector<WriteRequest*> Transaction::unstaged(const NamespaceKey& key) {
  std::vector<WriteRequest*> writes;
  for (CommitRequest& request : requests_) {
    auto* write = std::get_if<WriteRequest>(&request);
    if (write != nullptr && write->staged == nullptr && !write->rows.empty() &&
        write->index.definition.get() == key.first && write->name == key.second) {
      writes.push_back(write);
    }
  }
  return writes;
}

Status Transaction::note_staged(const WriteRequest& request, NamespaceChange& change) {
  const auto& segment = request.staged->segment();
  if (keeps_overlay_) TRY(kill_rows(change.staged, *segment));
  change.staged.push_back({segment, nullptr});
  return {};
}

bool Transaction::has_staged() const {
  return std::any_of(requests_.begin(), requests_.end(), [](const CommitRequest& request) {
    const auto* write = std::get_if<WriteRequest>(&request);
    return write != nullptr && write->staged != nullptr;
  });
}

std::vector<WriteRequest*> Transaction::staged() {
  std::vector<WriteRequest*> writes;
  for (CommitRequest& request : requests_) {
    auto* write = std::get_if<WriteRequest>(&request);
    if (write != nullptr && write->staged != nullptr) writes.push_back(write);
  }
  return writes;
}

}  // namespace alcove::executor
