#include "executor/applier.h"

#include <cstring>
#include <mutex>
#include <shared_mutex>

#include "base/check.h"

namespace alcove::executor {

Status Applier::apply(Lsn lsn, const std::vector<Change>& changes) {
  for (const Change& change : changes) TRY(apply(lsn, change));
  return {};
}

Status Applier::apply(Lsn lsn, const Change& change) {
  if (const auto* write_change = std::get_if<WriteChange>(&change)) {
    return write(lsn, *write_change);
  }
  if (apply_to_roles(lsn, change)) return {};
  std::unique_lock lock(catalogue_.mutex());
  if (const auto* create = std::get_if<CreateIndexChange>(&change)) {
    auto definition = std::make_shared<IndexDefinition>();
    definition->number = create->index;
    definition->name = create->name;
    definition->dimension = create->dimension;
    definition->metric = create->metric;
    definition->created_lsn = lsn;
    ledger_.note_definition(segments::CreateIndexEdit{create->index, definition->name,
                                                      create->dimension, create->metric, lsn},
                            lsn);
    catalogue_.create_index(std::move(definition));
  } else if (const auto* drop = std::get_if<DropIndexChange>(&change)) {
    const auto index = catalogue_.drop_index(drop->index, lsn);
    CHECK(index != nullptr, "a commit drops an index that does not exist");
    ledger_.note_definition(segments::DropIndexEdit{drop->index}, lsn);
    for (const Namespace& entry : index->namespaces) ledger_.note_garbage(entry.descriptors, lsn);
  } else if (const auto* make = std::get_if<CreateNamespaceChange>(&change)) {
    Index* index = catalogue_.index_by_number(make->index);
    CHECK(index != nullptr, "a commit creates a namespace of no index");
    Namespace& made = catalogue_.create_namespace(*index, make->name_space, make->name, lsn);
    catalogue_.open_version(*index, made);
    ledger_.note_definition(
        segments::CreateNamespaceEdit{make->name_space, make->index, made.name, lsn}, lsn);
  } else if (const auto* add = std::get_if<AddSegmentChange>(&change)) {
    add_segment(lsn, *add);
  } else {
    const auto& gone = std::get<DropNamespaceChange>(change);
    Index* index = catalogue_.index_by_number(gone.index);
    const Namespace* entry =
        index == nullptr ? nullptr : catalogue_.drop_namespace(*index, gone.name, lsn);
    CHECK(entry != nullptr && entry->number == gone.name_space,
          "a commit drops a namespace that does not exist");
    ledger_.note_definition(segments::DropNamespaceEdit{gone.name_space}, lsn);
    ledger_.note_garbage(entry->descriptors, lsn);
  }
  return {};
}

void Applier::add_segment(Lsn lsn, const AddSegmentChange& change) {
  Namespace* entry = catalogue_.open_namespace(change.name_space);
  CHECK(entry != nullptr, "a commit adds a segment to a namespace that is not open");
  segments::SegmentDescriptor descriptor = change.segment;
  descriptor.first_lsn = descriptor.last_lsn = lsn;
  entry->descriptors.push_back(descriptor);
  ledger_.note_definition(segments::ReplaceSegmentsEdit{change.name_space, {}, {descriptor}, 0},
                          lsn);
  auto version = std::make_shared<Version>(*entry->open->version);
  version->segments = catalogue_.segment_set(*version->index, *entry);
  catalogue_.install(*entry, std::move(version), lsn);
}

// Whether the change was about a role.
bool Applier::apply_to_roles(Lsn lsn, const Change& change) {
  if (const auto* put = std::get_if<PutRoleChange>(&change)) {
    roles_.put(put->name, put->role);
    ledger_.note_definition(
        segments::PutRoleEdit{std::string(put->name), std::string(put->role)}, lsn);
    return true;
  }
  const auto* drop = std::get_if<DropRoleChange>(&change);
  if (drop == nullptr) return false;
  roles_.drop(drop->name);
  ledger_.note_definition(segments::DropRoleEdit{std::string(drop->name)}, lsn);
  return true;
}

Status Applier::write(Lsn lsn, const WriteChange& change) {
  std::shared_ptr<segments::Memtable> memtable;
  {
    std::shared_lock lock(catalogue_.mutex());
    const Namespace* name_space = catalogue_.open_namespace(change.name_space);
    CHECK(name_space != nullptr, "a commit writes to a namespace that is not open");
    memtable = name_space->open->version->memtable;
  }
  const std::size_t before = memtable->bytes();
  values_.resize(change.dimension);
  RowReader rows(change);
  while (!rows.at_end()) {
    const Row row = TRY(rows.next());
    if (row.tombstone) {
      memtable->erase(lsn, row.id, row.knowledge);
    } else {
      std::memcpy(values_.data(), row.values.data(), row.values.size());
      memtable->upsert(lsn, row.id, values_.data(), row.metadata, row.knowledge);
    }
  }
  budget_.note_growth(memtable->bytes() - before);
  return {};
}

}  // namespace alcove::executor
