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
  NamespaceSight sight;
  const auto place = namespace_changes_.find({index.definition.get(), std::string(name)});
  const NamespaceChange* change = place == namespace_changes_.end() ? nullptr : &place->second;
  if (!index.created_here() && (change == nullptr || !change->base_hidden)) {
    sight.base = catalogue.find_version(*index.definition, name, snapshot);
  }
  if (change != nullptr) sight.overlay = change->overlay;
  sight.exists = sight.base != nullptr || (change != nullptr && change->exists);
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
  dropped.overlay = nullptr;
  dropped.write_request = 0;
  bytes_ += kRequestBytes + request.name.size();
  requests_.emplace_back(std::move(request));
}

std::size_t Transaction::mark() {
  for (auto& [key, change] : namespace_changes_) change.write_request = 0;
  return requests_.size();
}

void Transaction::return_to(std::size_t mark) {
  std::vector<CommitRequest> requests = std::move(requests_);
  const std::size_t kept = std::min(requests.size(), mark);
  requests.erase(requests.begin() + static_cast<std::ptrdiff_t>(kept), requests.end());
  const bool keeps_overlay = keeps_overlay_;
  *this = Transaction(keeps_overlay);
  struct Again {
    Transaction& transaction;
    void operator()(CreateIndexRequest& request) { transaction.create_index(std::move(request)); }
    void operator()(DropIndexRequest& request) { transaction.drop_index(std::move(request)); }
    void operator()(CreateNamespaceRequest& request) {
      transaction.create_namespace(std::move(request));
    }
    void operator()(DropNamespaceRequest& request) {
      transaction.drop_namespace(std::move(request));
    }
    // Marks count requests, so each stays one of its own.
    void operator()(WriteRequest& request) { transaction.apply(std::move(request), false); }
  };
  for (CommitRequest& request : requests) std::visit(Again{*this}, request);
  this->mark();
}

void Transaction::write(WriteRequest request) { apply(std::move(request), true); }

void Transaction::apply(WriteRequest request, bool joins_earlier) {
  bytes_ += kRequestBytes + request.rows.size();
  for (const auto& match : request.matches) bytes_ += sizeof(match) + match.id.size();
  if (!keeps_overlay_) {
    requests_.emplace_back(std::move(request));
    return;
  }
  NamespaceChange& written = change(request.index, request.name, true);
  if (written.overlay == nullptr) {
    written.overlay = std::make_shared<segments::Memtable>(request.index.definition->dimension);
  }
  add_rows(request, ++sequence_, *written.overlay);
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

}  // namespace alcove::executor
