#include "executor/catalogue.h"

#include <algorithm>
#include <mutex>
#include <set>

#include "base/check.h"

namespace alcove::executor {

std::uint64_t Namespace::segment_bytes() const {
  std::uint64_t bytes = 0;
  for (const auto& descriptor : descriptors) bytes += descriptor.disk_bytes();
  return bytes;
}

std::uint64_t Namespace::segment_records() const {
  std::uint64_t rows = 0;
  std::uint64_t replaced = 0;
  for (const auto& descriptor : descriptors) {
    rows += descriptor.rows;
    replaced += descriptor.replaced;
  }
  return rows - std::min(rows, replaced);
}

namespace {

// The elements of a set are const so that they stay in order, which nothing but the name decides: and
// a name never changes.
Namespace& entry_at(NamespaceSet::const_iterator place) { return const_cast<Namespace&>(*place); }

}  // namespace

// ---- readers ------------------------------------------------------------------------------------

std::shared_ptr<const IndexDefinition> Catalogue::find_index(std::string_view name,
                                                             const Snapshot& snapshot) {
  std::shared_lock lock(mutex_);
  const auto place = indexes_.find(name);
  if (place != indexes_.end() && place->second->definition->created_lsn <= snapshot.lsn()) {
    return place->second->definition;
  }
  for (const DroppedIndex& dropped : dropped_indexes_) {
    const IndexDefinition& definition = *dropped.index->definition;
    if (definition.name == name && definition.created_lsn <= snapshot.lsn() &&
        snapshot.lsn() < dropped.dropped_lsn) {
      return dropped.index->definition;
    }
  }
  return nullptr;
}

Index* Catalogue::see_index(IndexNumber number, Lsn lsn) {
  if (const auto place = by_number_.find(number); place != by_number_.end()) return place->second;
  for (const DroppedIndex& dropped : dropped_indexes_) {
    if (dropped.index->definition->number == number && lsn < dropped.dropped_lsn) {
      return dropped.index.get();
    }
  }
  return nullptr;
}

Namespace* Catalogue::see_namespace(Index& index, std::string_view name, Lsn lsn) {
  const auto place = index.namespaces.find(name);
  if (place != index.namespaces.end() && place->created_lsn <= lsn) return &entry_at(place);
  for (DroppedNamespace& dropped : dropped_namespaces_) {
    Namespace& entry = dropped.name_space.value();
    if (dropped.index == index.definition->number && entry.name == name &&
        entry.created_lsn <= lsn && lsn < dropped.dropped_lsn) {
      return &entry;
    }
  }
  return nullptr;
}

namespace {

std::shared_ptr<const Version> version_at(const Namespace::Open& open, Lsn lsn) {
  if (open.version->installed_lsn <= lsn) return open.version;
  for (auto older = open.history.rbegin(); older != open.history.rend(); ++older) {
    if ((*older)->installed_lsn <= lsn) return *older;
  }
  // A snapshot that was held when the version went was kept in the history: see install().
  CHECK(false, "a held snapshot has lost its version");
}

}  // namespace

std::shared_ptr<const Version> Catalogue::find_version(const IndexDefinition& definition,
                                                       std::string_view name,
                                                       const Snapshot& snapshot) {
  const std::uint64_t now_us = env_.clock.monotonic_us();
  {
    std::shared_lock lock(mutex_);
    Index* index = see_index(definition.number, snapshot.lsn());
    if (index == nullptr) return nullptr;
    const Namespace* found = see_namespace(*index, name, snapshot.lsn());
    if (found == nullptr) return nullptr;
    if (found->open) {
      found->open->used_us.store(now_us, std::memory_order_relaxed);
      return version_at(*found->open, snapshot.lsn());
    }
  }
  std::unique_lock lock(mutex_);
  Index* index = see_index(definition.number, snapshot.lsn());
  if (index == nullptr) return nullptr;
  Namespace* found = see_namespace(*index, name, snapshot.lsn());
  if (found == nullptr) return nullptr;
  open_version(*index, *found);
  return version_at(*found->open, snapshot.lsn());
}

std::vector<std::string> Catalogue::namespace_names(const IndexDefinition& definition,
                                                    const Snapshot& snapshot,
                                                    const std::optional<std::string>& after,
                                                    std::size_t limit) {
  std::vector<std::string> names;
  std::shared_lock lock(mutex_);
  Index* index = see_index(definition.number, snapshot.lsn());
  if (index == nullptr) return names;
  std::set<std::string_view> dropped;
  for (const DroppedNamespace& each : dropped_namespaces_) {
    const Namespace& entry = each.name_space.value();
    if (each.index == definition.number && entry.created_lsn <= snapshot.lsn() &&
        snapshot.lsn() < each.dropped_lsn && (!after || entry.name > *after)) {
      dropped.insert(entry.name);
    }
  }
  auto live = after ? index->namespaces.upper_bound(*after) : index->namespaces.begin();
  auto gone = dropped.begin();
  while (names.size() < limit && (live != index->namespaces.end() || gone != dropped.end())) {
    if (gone == dropped.end() || (live != index->namespaces.end() && live->name < *gone)) {
      if (live->created_lsn <= snapshot.lsn()) names.push_back(live->name);
      ++live;
    } else {
      names.emplace_back(*gone++);
    }
  }
  return names;
}

std::vector<std::shared_ptr<const IndexDefinition>> Catalogue::index_definitions(
    const Snapshot& snapshot) {
  std::vector<std::shared_ptr<const IndexDefinition>> all;
  std::shared_lock lock(mutex_);
  for (const auto& [name, index] : indexes_) {
    if (index->definition->created_lsn <= snapshot.lsn()) all.push_back(index->definition);
  }
  return all;
}

namespace {

NamespaceFacts facts_of(const Namespace& entry) {
  NamespaceFacts facts{entry.name, entry.number, 0, entry.segment_bytes(),
                       entry.descriptors.size(), 0};
  auto records = static_cast<std::int64_t>(entry.segment_records());
  if (entry.open) {
    const Version& version = *entry.open->version;
    for (const auto& sealed : version.sealed) {
      records += sealed->record_delta();
      facts.memory_bytes += sealed->bytes();
    }
    if (version.memtable) {
      records += version.memtable->record_delta();
      if (!version.memtable->empty()) facts.memory_bytes += version.memtable->bytes();
    }
  }
  facts.records = static_cast<std::uint64_t>(std::max<std::int64_t>(records, 0));
  return facts;
}

}  // namespace

std::vector<NamespaceFacts> Catalogue::namespace_facts(const IndexDefinition& definition,
                                                       const Snapshot& snapshot,
                                                       const std::vector<std::string>& names) {
  std::vector<NamespaceFacts> all;
  std::shared_lock lock(mutex_);
  Index* index = see_index(definition.number, snapshot.lsn());
  if (index == nullptr) return all;
  for (const std::string& name : names) {
    const Namespace* entry = see_namespace(*index, name, snapshot.lsn());
    if (entry != nullptr) all.push_back(facts_of(*entry));
  }
  return all;
}

// ---- under mutex() ------------------------------------------------------------------------------

Index* Catalogue::index_by_name(std::string_view name) {
  const auto place = indexes_.find(name);
  return place == indexes_.end() ? nullptr : place->second.get();
}

Namespace* Catalogue::open_namespace(NamespaceNumber number) {
  const auto place = open_.find(number);
  return place == open_.end() ? nullptr : place->second;
}

Index* Catalogue::index_by_number(IndexNumber number) {
  const auto place = by_number_.find(number);
  return place == by_number_.end() ? nullptr : place->second;
}

Namespace* Catalogue::namespace_by_name(Index& index, std::string_view name) {
  const auto place = index.namespaces.find(name);
  return place == index.namespaces.end() ? nullptr : &entry_at(place);
}

void Catalogue::create_index(std::shared_ptr<const IndexDefinition> definition) {
  auto index = std::make_shared<Index>();
  by_number_[definition->number] = index.get();
  std::string name = definition->name;
  index->definition = std::move(definition);
  const bool added = indexes_.emplace(std::move(name), std::move(index)).second;
  CHECK(added, "an index is created twice");
}

Namespace& Catalogue::create_namespace(Index& index, NamespaceNumber number,
                                       std::string_view name, Lsn lsn) {
  Namespace entry;
  entry.number = number;
  entry.name = name;
  entry.created_lsn = lsn;
  const auto [place, added] = index.namespaces.insert(std::move(entry));
  CHECK(added, "a namespace is created twice");
  return entry_at(place);
}

std::shared_ptr<const Index> Catalogue::drop_index(IndexNumber number, Lsn lsn) {
  const auto place = by_number_.find(number);
  if (place == by_number_.end()) return nullptr;
  const auto named = indexes_.find(place->second->definition->name);
  std::shared_ptr<Index> index = std::move(named->second);
  indexes_.erase(named);
  by_number_.erase(place);
  std::vector<Namespace*> open;
  std::erase_if(open_, [&](const auto& each) {
    if (each.second->open->version->index->number != number) return false;
    note_kept(*each.second->open->version);
    open.push_back(each.second);
    return true;
  });
  dropped_indexes_.push_back({lsn, index, std::move(open)});
  return index;
}

const Namespace* Catalogue::drop_namespace(Index& index, std::string_view name, Lsn lsn) {
  const auto place = index.namespaces.find(name);
  if (place == index.namespaces.end()) return nullptr;
  open_.erase(place->number);
  if (place->open) note_kept(*place->open->version);
  dropped_namespaces_.push_back({index.definition->number, lsn, index.namespaces.extract(place)});
  return &dropped_namespaces_.back().name_space.value();
}

// Nothing of it will be flushed.
void Catalogue::note_kept(const Version& version) {
  for (const auto& sealed : version.sealed) budget_.note_kept(*sealed);
  budget_.note_kept(*version.memtable);
}

std::shared_ptr<const Version> Catalogue::open_version(const Index& index,
                                                       Namespace& name_space) {
  if (!name_space.open) {
    auto version = std::make_shared<Version>();
    version->index = index.definition;
    version->name_space = name_space.number;
    // Nothing of an idle namespace is newer than any snapshot still held that sees it: see close_idle().
    version->installed_lsn = name_space.created_lsn;
    version->segments = segment_set(*index.definition, name_space);
    version->memtable = budget_.make_memtable(index.definition->dimension);
    name_space.open = std::make_unique<Namespace::Open>();
    name_space.open->version = std::move(version);
    // A dropped namespace that an old snapshot opens again is not among the live.
    const auto live = index.namespaces.find(name_space.name);
    if (live != index.namespaces.end() && &*live == &name_space &&
        index_by_number(index.definition->number) == &index) {
      open_[name_space.number] = &name_space;
    }
  }
  name_space.open->used_us.store(env_.clock.monotonic_us(), std::memory_order_relaxed);
  return name_space.open->version;
}

void Catalogue::install(Namespace& name_space, std::shared_ptr<Version> version, Lsn lsn) {
  Namespace::Open& open = *name_space.open;
  // What the old one holds the new one holds too.
  version->installed_lsn = std::max({snapshots_.visible_lsn(), open.version->installed_lsn, lsn});
  std::shared_ptr<const Version> old = std::exchange(open.version, std::move(version));
  // Snapshots taken from now on are at installed_lsn or above; only a held one can need the old.
  if (snapshots_.oldest_lsn() < open.version->installed_lsn) {
    open.history.push_back(std::move(old));
  }
}

namespace {

// The newest of the snapshots held that are from `first` up to, not including, `end`; none: 0.
Lsn newest_between(const std::vector<Lsn>& held, Lsn first, Lsn end) {
  const auto after = std::lower_bound(held.begin(), held.end(), end);
  if (after == held.begin() || *std::prev(after) < first) return 0;
  return *std::prev(after);
}

}  // namespace

void Catalogue::prune_history(Namespace::Open& open, Lsn end, const std::vector<Lsn>& held,
                              Pruned& pruned) {
  std::vector<std::shared_ptr<const Version>> needed;
  Lsn next = open.version->installed_lsn;
  for (auto version = open.history.rbegin(); version != open.history.rend(); ++version) {
    const Lsn own = (*version)->installed_lsn;
    const Lsn seen = newest_between(held, own, next);
    next = own;
    if (seen == 0) {
      pruned.versions.push_back(std::move(*version));
    } else {
      strip(*version, seen, pruned);
      needed.push_back(std::move(*version));
    }
  }
  open.history.assign(needed.rbegin(), needed.rend());
  // Nobody will look at the version in force any more who does not now.
  if (end != kLsnMax) strip(open.version, newest_between(held, open.version->installed_lsn, end), pruned);
}

void Catalogue::strip(std::shared_ptr<const Version>& version, Lsn seen, Pruned& pruned) {
  const auto is_above = [seen](const auto& memtable) { return memtable->first_lsn() > seen; };
  const auto& sealed = version->sealed;
  if (!is_above(version->memtable) && std::none_of(sealed.begin(), sealed.end(), is_above)) return;
  auto stripped = std::make_shared<Version>(*version);
  std::erase_if(stripped->sealed, is_above);
  if (is_above(version->memtable)) stripped->memtable = budget_.make_memtable(version->index->dimension);
  pruned.versions.push_back(std::exchange(version, std::move(stripped)));
}

// An old snapshot is no reason to keep what has come and gone since, nor what has been written since.
Catalogue::Pruned Catalogue::prune() {
  Pruned pruned;
  const std::vector<Lsn> held = snapshots_.held_lsns();
  std::erase_if(dropped_indexes_, [&](DroppedIndex& dropped) {
    const Lsn created_lsn = dropped.index->definition->created_lsn;
    if (newest_between(held, created_lsn, dropped.dropped_lsn) != 0) {
      for (Namespace* entry : dropped.open) {
        prune_history(*entry->open, dropped.dropped_lsn, held, pruned);
      }
      return false;
    }
    pruned.indexes.push_back(std::move(dropped.index));
    return true;
  });
  std::erase_if(dropped_namespaces_, [&](DroppedNamespace& dropped) {
    Namespace& entry = dropped.name_space.value();
    if (newest_between(held, entry.created_lsn, dropped.dropped_lsn) != 0) {
      if (entry.open) prune_history(*entry.open, dropped.dropped_lsn, held, pruned);
      return false;
    }
    pruned.namespaces.push_back(std::move(dropped.name_space));
    return true;
  });
  for (auto& [number, entry] : open_) prune_history(*entry->open, kLsnMax, held, pruned);
  return pruned;
}

Catalogue::Pruned Catalogue::close_idle(std::uint64_t before_us, std::size_t open_max,
                                        std::size_t mapped_files_max) {
  Pruned pruned;
  const std::vector<Lsn> held = snapshots_.held_lsns();
  struct Idle {
    std::uint64_t used_us;
    std::size_t mapped_files;  // a set may be opened while it is looked at
    Namespace* entry;
  };
  std::vector<Idle> idle;
  std::size_t mapped_files = 0;
  for (auto& [number, entry] : open_) {
    const Version& version = *entry->open->version;
    const std::size_t files = version.segments->mapped_files();
    mapped_files += files;
    if (!entry->open->history.empty() || !version.sealed.empty() || !version.memtable->empty() ||
        entry->open->pin.use_count() > 1) {
      continue;
    }
    // A snapshot below the version would see too much after the entry is opened again.
    if (newest_between(held, entry->created_lsn, version.installed_lsn) != 0) continue;
    idle.push_back({entry->open->used_us.load(std::memory_order_relaxed), files, entry});
  }
  std::sort(idle.begin(), idle.end(), [](const Idle& x, const Idle& y) { return x.used_us < y.used_us; });
  for (const Idle& each : idle) {
    const bool too_many = open_count() > open_max;
    const bool too_many_files = mapped_files > mapped_files_max;
    if (each.used_us >= before_us && !too_many && !too_many_files) break;
    if (each.used_us >= before_us && !too_many && each.mapped_files == 0) continue;
    mapped_files -= each.mapped_files;
    pruned.versions.push_back(std::move(each.entry->open->version));
    each.entry->open.reset();
    open_.erase(each.entry->number);
  }
  return pruned;
}

// ---- what is made of an entry -------------------------------------------------------------------

std::string Catalogue::owner(const IndexDefinition& index, std::string_view name) {
  return fmt::format("namespace \"{}\" of index \"{}\"", name, index.name);
}

segments::SegmentIdentity Catalogue::identity(const IndexDefinition& index,
                                              NamespaceNumber number) const {
  return {0, index.number, number, index.dimension, index.metric};
}

std::shared_ptr<const SegmentSet> Catalogue::segment_set(const IndexDefinition& index,
                                                         const Namespace& name_space) const {
  return std::make_shared<SegmentSet>(env_.file_system, segment_directory_,
                                      identity(index, name_space.number),
                                      owner(index, name_space.name), name_space.descriptors);
}

}  // namespace alcove::executor
