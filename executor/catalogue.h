#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/record.h"
#include "executor/memory_budget.h"
#include "executor/segment_set.h"
#include "executor/snapshot.h"
#include "segments/memtable.h"
#include "segments/segment_descriptor.h"

namespace alcove::executor {

// What an index fixes; shared by everything that belongs to it.
struct IndexDefinition {
  IndexNumber number = 0;
  std::string name;
  std::uint32_t dimension = 0;
  Metric metric = Metric::kCosine;
  Lsn created_lsn = 0;
};

// What one namespace holds, as of every LSN from `installed_lsn` until the next version's. Immutable
// but for the memtable that takes writes. Readers keep it alive.
struct Version {
  std::shared_ptr<const IndexDefinition> index;
  NamespaceNumber name_space = 0;
  Lsn installed_lsn = 0;
  std::shared_ptr<const SegmentSet> segments;
  std::vector<std::shared_ptr<const segments::Memtable>> sealed;  // being flushed, oldest first
  std::shared_ptr<segments::Memtable> memtable;
};

// One incarnation of a namespace. While idle it is this entry and nothing else: with its place in the
// index's set, one descriptor, and what malloc adds, 192 bytes and a name of more than 15.
struct Namespace {
  NamespaceNumber number = 0;
  std::string name;
  Lsn created_lsn = 0;
  Lsn flushed_lsn = 0;  // every write up to here is in `descriptors`
  std::vector<segments::SegmentDescriptor> descriptors;  // oldest first

  // What is in memory because somebody reads or writes.
  struct Open {
    std::shared_ptr<const Version> version;
    // Versions before, oldest first, kept while a snapshot needs them.
    std::vector<std::shared_ptr<const Version>> history;
    std::atomic<std::uint64_t> used_us{0};
    // Whoever merges its segments holds a copy, taken under the mutex: until it is let go of the namespace stays open, for one
    // that is not open passes for dropped where the merge is published.
    std::shared_ptr<const void> pin = std::make_shared<char>();
  };
  std::unique_ptr<Open> open;

  std::uint64_t segment_bytes() const;
  // Rows of segments less those replaced: exact when nothing is in memory.
  std::uint64_t segment_records() const;
};

struct ByName {
  using is_transparent = void;
  static std::string_view name(const Namespace& each) { return each.name; }
  static std::string_view name(std::string_view each) { return each; }
  template <class X, class Y>
  bool operator()(const X& x, const Y& y) const {
    return name(x) < name(y);
  }
};
using NamespaceSet = std::set<Namespace, ByName>;

struct Index {
  std::shared_ptr<const IndexDefinition> definition;
  NamespaceSet namespaces;
};

// What a reader learns of a namespace by name.
struct NamespaceFacts {
  std::string name;
  NamespaceNumber number = 0;
  std::uint64_t records = 0;
  std::uint64_t bytes = 0;
  std::uint64_t segment_count = 0;
  std::uint64_t memory_bytes = 0;
};
struct IndexFacts {
  std::shared_ptr<const IndexDefinition> definition;
  std::uint64_t namespaces = 0;
  std::uint64_t records = 0;
  std::uint64_t bytes = 0;
};

// The indexes and namespaces that exist, by name, and those dropped that a snapshot still sees.
//
// Thread-safety: the functions that take a snapshot are thread-safe and short. All that changes
// anything, and all that hands out pointers into the catalogue, requires the caller to hold
// mutex(): shared to look, exclusive to change. The pipeline and the background hold apply_mutex
// (see engine.h) around it, so between themselves nothing moves.
class Catalogue {
 public:
  Catalogue(Env& env, std::string segment_directory, SnapshotRegistry& snapshots,
            MemoryBudget& budget)
      : env_(env),
        segment_directory_(std::move(segment_directory)),
        snapshots_(snapshots),
        budget_(budget) {}

  std::shared_mutex& mutex() const { return mutex_; }

  // ---- readers ----
  // The definition that `snapshot` sees under this name, or null.
  std::shared_ptr<const IndexDefinition> find_index(std::string_view name,
                                                    const Snapshot& snapshot);
  // The version of a namespace that `snapshot` sees, or null where it does not exist.
  std::shared_ptr<const Version> find_version(const IndexDefinition& index, std::string_view name,
                                              const Snapshot& snapshot);
  // Names of the namespaces that `snapshot` sees, above `after`, in order, at most `limit`.
  std::vector<std::string> namespace_names(const IndexDefinition& index, const Snapshot& snapshot,
                                           const std::optional<std::string>& after,
                                           std::size_t limit);
  std::vector<std::shared_ptr<const IndexDefinition>> index_definitions(const Snapshot& snapshot);
  std::vector<NamespaceFacts> namespace_facts(const IndexDefinition& index,
                                              const Snapshot& snapshot,
                                              const std::vector<std::string>& names);

  // ---- under mutex() ----
  Index* index_by_name(std::string_view name);
  Index* index_by_number(IndexNumber number);
  Namespace* namespace_by_name(Index& index, std::string_view name);

  void create_index(std::shared_ptr<const IndexDefinition> definition);
  Namespace& create_namespace(Index& index, NamespaceNumber number, std::string_view name, Lsn lsn);
  // Moves the entry out of sight of new readers. Returns what was dropped: it stays alive (and
  // findable by older snapshots) until prune().
  std::shared_ptr<const Index> drop_index(IndexNumber number, Lsn lsn);
  const Namespace* drop_namespace(Index& index, std::string_view name, Lsn lsn);

  // The version in force, made if the namespace was idle.
  std::shared_ptr<const Version> open_version(const Index& index, Namespace& name_space);
  // Makes `version` the one in force from visible_lsn on, or from `lsn` if that is later: for a
  // version with something that is not visible yet.
  void install(Namespace& name_space, std::shared_ptr<Version> version, Lsn lsn = 0);

  // Forgets what no snapshot needs any more; what is returned is destroyed by the caller, without
  // the lock.
  struct Pruned {
    std::vector<std::shared_ptr<const Index>> indexes;
    std::vector<NamespaceSet::node_type> namespaces;
    std::vector<std::shared_ptr<const Version>> versions;
  };
  Pruned prune();
  // Closes namespaces that nothing is in memory for, that nobody merges, and that were not used since `before_us`, or,
  // beyond `open_max` and beyond so many mapped files, the least recently used.
  Pruned close_idle(std::uint64_t before_us, std::size_t open_max, std::size_t mapped_files_max);
  std::size_t open_count() const { return open_.size(); }
  // The live namespace with this number if it is open, else null.
  Namespace* open_namespace(NamespaceNumber number);
  template <class Visit>
  void each_open(Visit&& visit) {
    for (auto& [number, entry] : open_) visit(*entry);
  }

  template <class Visit>
  void each_index(Visit&& visit) {
    for (auto& [name, index] : indexes_) visit(*index);
  }

  std::shared_ptr<const SegmentSet> segment_set(const IndexDefinition& index,
                                                const Namespace& name_space) const;
  segments::SegmentIdentity identity(const IndexDefinition& index, NamespaceNumber number) const;
  const std::string& segment_directory() const { return segment_directory_; }
  static std::string owner(const IndexDefinition& index, std::string_view name);

 private:
  void note_kept(const Version& version);
  struct DroppedNamespace {
    IndexNumber index;
    Lsn dropped_lsn;
    NamespaceSet::node_type name_space;
  };
  struct DroppedIndex {
    Lsn dropped_lsn;
    std::shared_ptr<Index> index;
    std::vector<Namespace*> open;  // of its namespaces, those that were
  };
  // Of an open namespace, up to `end`: versions that no snapshot in `held` needs, and what such as are needed have in
  // memory above it.
  void prune_history(Namespace::Open& open, Lsn end, const std::vector<Lsn>& held, Pruned& pruned);
  void strip(std::shared_ptr<const Version>& version, Lsn seen, Pruned& pruned);
  // The entries that a snapshot sees, live or dropped; they require mutex().
  Index* see_index(IndexNumber number, Lsn lsn);
  Namespace* see_namespace(Index& index, std::string_view name, Lsn lsn);

  Env& env_;
  std::string segment_directory_;
  SnapshotRegistry& snapshots_;
  MemoryBudget& budget_;
  mutable std::shared_mutex mutex_;
  std::map<std::string, std::shared_ptr<Index>, std::less<>> indexes_;
  std::map<IndexNumber, Index*> by_number_;
  std::vector<DroppedIndex> dropped_indexes_;
  std::vector<DroppedNamespace> dropped_namespaces_;
  std::unordered_map<NamespaceNumber, Namespace*> open_;  // live and open
};

}  // namespace alcove::executor
