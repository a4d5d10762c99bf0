#include "executor/recovery.h"

#include <algorithm>
#include <set>
#include <shared_mutex>
#include <unordered_map>
#include <utility>

#include "base/log.h"
#include "wal/log_dump.h"

namespace alcove::executor {
namespace {

constexpr const char* kLogDirectory = "/log";

wal::LogOptions log_options(const DatabaseOptions& options, std::uint64_t database_id) {
  wal::LogOptions log;
  log.directory = options.directory + kLogDirectory;
  log.database_id = database_id;
  log.file_bytes = options.log_file_bytes;
  return log;
}

// Where CURRENT is missing, only the leftovers of a creation that did not finish may be swept away.
Status refuse_if_log_has_records(FileSystem& file_system, const std::string& directory) {
  for (const std::string& name : TRY(file_system.list(directory))) {
    const std::string path = directory + "/" + name;
    bool has_records = false;
    const auto dumped = wal::dump_log_file(
        file_system, path, [](const wal::LogFileHeader&) {}, [](const wal::LogFrame&) {},
        [&](Lsn, std::string_view) { has_records = true; });
    if (dumped && has_records) {
      return fail(ErrorCode::kCorruption,
                  "{}: the log holds commits, but the file CURRENT beside it is missing", path)
          .with_hint("Restore CURRENT from a backup; it names the manifest in force.");
    }
    TRY(file_system.unlink(path));
  }
  return {};
}

// A staged segment may be in the manifest's state before the edit that adds it, and before the log's
// record counts as applied: a rewrite of the manifest ran beside its commit.
bool has_file(const std::vector<segments::SegmentDescriptor>& descriptors, FileNumber file) {
  return std::any_of(descriptors.begin(), descriptors.end(),
                     [&](const auto& each) { return each.file == file; });
}

// Applies manifest edits to an empty catalogue and remembers what else they say.
class StateReader {
 public:
  explicit StateReader(Engine& engine) : engine_(engine) {}

  Status apply(const segments::ManifestEdit& edit) {
    return std::visit([this](const auto& each) { return on(each); }, edit);
  }

  struct Place {
    Index* index;
    Namespace* name_space;
  };
  std::unordered_map<NamespaceNumber, Place> namespaces;
  std::set<FileNumber> pending_unlinks;
  segments::CheckpointEdit checkpoint;
  segments::ReserveFilesEdit reserved;

 private:
  Status on(const segments::CreateIndexEdit& edit) {
    if (engine_.catalogue.index_by_number(edit.index) != nullptr ||
        engine_.catalogue.index_by_name(edit.name) != nullptr) {
      return twice("index", edit.name);
    }
    auto definition = std::make_shared<IndexDefinition>();
    definition->number = edit.index;
    definition->name = edit.name;
    definition->dimension = edit.dimension;
    definition->metric = edit.metric;
    definition->created_lsn = edit.lsn;
    engine_.catalogue.create_index(std::move(definition));
    return {};
  }
  // About something unknown: a rewrite of the manifest ran beside its drop. See Ledger::emit_state.
  Status on(const segments::DropIndexEdit& edit) {
    Index* index = engine_.catalogue.index_by_number(edit.index);
    if (index == nullptr) return {};
    for (const Namespace& entry : index->namespaces) {
      give_up_files(entry);
      namespaces.erase(entry.number);
    }
    engine_.catalogue.drop_index(edit.index, 0);
    return {};
  }
  Status on(const segments::CreateNamespaceEdit& edit) {
    Index* index = engine_.catalogue.index_by_number(edit.index);
    if (index == nullptr) return {};
    if (engine_.catalogue.namespace_by_name(*index, edit.name) != nullptr) {
      return twice("namespace", edit.name);
    }
    Namespace& made =
        engine_.catalogue.create_namespace(*index, edit.name_space, edit.name, edit.lsn);
    namespaces[edit.name_space] = {index, &made};
    return {};
  }
  Status on(const segments::DropNamespaceEdit& edit) {
    const auto place = namespaces.find(edit.name_space);
    if (place == namespaces.end()) return {};
    give_up_files(*place->second.name_space);
    engine_.catalogue.drop_namespace(*place->second.index, place->second.name_space->name, 0);
    namespaces.erase(place);
    return {};
  }
  Status on(const segments::ReplaceSegmentsEdit& edit) {
    const auto place = namespaces.find(edit.name_space);
    if (place == namespaces.end()) {
      for (const auto& descriptor : edit.added) pending_unlinks.insert(descriptor.file);
      return {};
    }
    auto& descriptors = place->second.name_space->descriptors;
    if (edit.removed.empty() && edit.added.size() == 1 &&
        has_file(descriptors, edit.added.front().file)) {
      return {};
    }
    std::size_t at = descriptors.size();
    if (!edit.removed.empty()) {
      const auto first = std::find_if(
          descriptors.begin(), descriptors.end(),
          [&](const auto& each) { return each.file == edit.removed.front(); });
      at = static_cast<std::size_t>(first - descriptors.begin());
      if (edit.removed.size() > descriptors.size() - at) {
        return Error(ErrorCode::kCorruption, "the manifest replaces segments that do not exist");
      }
      pending_unlinks.insert(edit.removed.begin(), edit.removed.end());
      descriptors.erase(first, first + static_cast<std::ptrdiff_t>(edit.removed.size()));
    }
    descriptors.insert(descriptors.begin() + static_cast<std::ptrdiff_t>(at), edit.added.begin(),
                       edit.added.end());
    Lsn& flushed_lsn = place->second.name_space->flushed_lsn;
    flushed_lsn = std::max(flushed_lsn, edit.flushed_lsn);
    return {};
  }
  Status on(const segments::UnlinkedEdit& edit) {
    pending_unlinks.erase(edit.file);
    return {};
  }
  Status on(const segments::PendingUnlinkEdit& edit) {
    pending_unlinks.insert(edit.file);
    return {};
  }
  Status on(const segments::ReserveFilesEdit& edit) {
    reserved = edit;
    return {};
  }
  Status on(const segments::CheckpointEdit& edit) {
    checkpoint = edit;
    return {};
  }

  Status on(const segments::PutRoleEdit& edit) {
    TRY(decode_role(edit.name, edit.role));
    engine_.roles.put(edit.name, edit.role);
    return {};
  }
  Status on(const segments::DropRoleEdit& edit) {
    engine_.roles.drop(edit.name);
    return {};
  }

  static Error twice(const char* what, const std::string& name) {
    return fail(ErrorCode::kCorruption, "the manifest creates {} \"{}\" twice", what, name);
  }
  void give_up_files(const Namespace& entry) {
    for (const auto& descriptor : entry.descriptors) pending_unlinks.insert(descriptor.file);
  }

  Engine& engine_;
};

// Applies the log's records over that state.
class Replayer {
 public:
  Replayer(Engine& engine, StateReader& state) : engine_(engine), state_(state) {}

  Status operator()(Lsn lsn, std::string_view record) {
    const auto changes = TRY(decode_commit_record(record));
    for (const Change& change : changes) {
      if (Status applied = apply(lsn, change); !applied) {
        return applied.error().in(fmt::format("log record {}", lsn));
      }
    }
    engine_.ledger.note_applied(lsn);
    last_lsn = lsn;
    return {};
  }
  Lsn last_lsn = 0;

 private:
  Status apply(Lsn lsn, const Change& change) {
    if (const auto* write = std::get_if<WriteChange>(&change)) {
      const auto place = state_.namespaces.find(write->name_space);
      if (place == state_.namespaces.end()) return {};
      auto [index, name_space] = place->second;
      if (lsn <= name_space->flushed_lsn) return {};
      if (write->dimension != index->definition->dimension) return mismatch();
      {
        std::unique_lock lock(engine_.catalogue.mutex());
        engine_.catalogue.open_version(*index, *name_space);
      }
      return engine_.applier.apply(lsn, change);
    }
    note_numbers(change);
    if (lsn <= state_.checkpoint.definitions_lsn) return {};
    if (const auto* add = std::get_if<AddSegmentChange>(&change)) {
      const auto place = state_.namespaces.find(add->name_space);
      if (place == state_.namespaces.end() ||
          has_file(place->second.name_space->descriptors, add->segment.file)) {
        return {};
      }
      {
        std::unique_lock lock(engine_.catalogue.mutex());
        engine_.catalogue.open_version(*place->second.index, *place->second.name_space);
      }
      return engine_.applier.apply(lsn, change);
    }
    if (const auto* create = std::get_if<CreateIndexChange>(&change)) {
      if (engine_.catalogue.index_by_name(create->name) != nullptr) return mismatch();
      return engine_.applier.apply(lsn, change);
    }
    if (const auto* drop = std::get_if<DropIndexChange>(&change)) return drop_index(lsn, *drop);
    if (std::holds_alternative<PutRoleChange>(change) ||
        std::holds_alternative<DropRoleChange>(change)) {
      return engine_.applier.apply(lsn, change);
    }
    if (const auto* make = std::get_if<CreateNamespaceChange>(&change)) {
      Index* index = engine_.catalogue.index_by_number(make->index);
      if (index == nullptr ||
          engine_.catalogue.namespace_by_name(*index, make->name) != nullptr) {
        return mismatch();
      }
      TRY(engine_.applier.apply(lsn, change));
      state_.namespaces[make->name_space] = {
          index, engine_.catalogue.namespace_by_name(*index, make->name)};
      return {};
    }
    const auto& gone = std::get<DropNamespaceChange>(change);
    const auto place = state_.namespaces.find(gone.name_space);
    if (place == state_.namespaces.end() || place->second.name_space->name != gone.name ||
        place->second.index->definition->number != gone.index) {
      return mismatch();
    }
    state_.namespaces.erase(place);
    return engine_.applier.apply(lsn, change);
  }

  Status drop_index(Lsn lsn, const DropIndexChange& drop) {
    Index* index = engine_.catalogue.index_by_number(drop.index);
    if (index == nullptr) return mismatch();
    for (const Namespace& entry : index->namespaces) state_.namespaces.erase(entry.number);
    return engine_.applier.apply(lsn, drop);
  }

  // Numbers that the log has given away after the last checkpoint.
  void note_numbers(const Change& change) {
    auto& numbers = engine_.pipeline.numbers();
    if (const auto* create = std::get_if<CreateIndexChange>(&change)) {
      numbers.index = std::max<IndexNumber>(numbers.index, create->index + 1);
    } else if (const auto* make = std::get_if<CreateNamespaceChange>(&change)) {
      numbers.name_space = std::max<NamespaceNumber>(numbers.name_space, make->name_space + 1);
    }
  }

  static Error mismatch() {
    return Error(ErrorCode::kCorruption, "log and manifest contradict each other");
  }

  Engine& engine_;
  StateReader& state_;
};

Status create(Engine& engine) {
  FileSystem& file_system = engine.env.file_system;
  const std::string& directory = engine.options.directory;
  const std::string log_directory = directory + kLogDirectory;
  TRY(file_system.create_directory(log_directory));
  TRY(file_system.create_directory(engine.catalogue.segment_directory()));
  TRY(refuse_if_log_has_records(file_system, log_directory));
  TRY(file_system.sync_directory(directory));
  TRY(segments::create_segment_directories(file_system, engine.catalogue.segment_directory()));
  const std::uint64_t database_id = engine.env.random.u64() | 1U;
  auto log = TRY(wal::Log::create(file_system, log_options(engine.options, database_id)));
  segments::ManifestOptions manifest_options;
  manifest_options.directory = directory;
  manifest_options.database_id = database_id;
  const segments::ManifestEdit first = segments::CheckpointEdit{1, 0, 0, 1, 1};
  auto manifest = TRY(segments::Manifest::create(file_system, manifest_options,
                                                 std::span(&first, 1)));
  Ledger::Start start;
  start.manifest = std::move(manifest);
  engine.ledger.start(std::move(start));
  engine.pipeline.start(std::move(log));
  return {};
}

// Merges that a stop has left undone.
void note_merges(Engine& engine, const StateReader& state) {
  for (const auto& [number, place] : state.namespaces) {
    const auto& descriptors = place.name_space->descriptors;
    if (descriptors.empty() || first_to_merge(descriptors) == descriptors.size()) continue;
    std::unique_lock lock(engine.catalogue.mutex());
    engine.catalogue.open_version(*place.index, *place.name_space);
    engine.compactor.note_changed(number);
  }
}

}  // namespace

Status recover(Engine& engine, const std::function<void(const std::string&, double)>& progress) {
  FileSystem& file_system = engine.env.file_system;
  const std::string& directory = engine.options.directory;
  if (!TRY(segments::Manifest::exists(file_system, directory))) return create(engine);

  StateReader state(engine);
  segments::ManifestOptions manifest_options;
  manifest_options.directory = directory;
  auto manifest = TRY(segments::Manifest::open(
      file_system, manifest_options,
      [&](const segments::ManifestEdit& edit) { return state.apply(edit); }));
  engine.pipeline.numbers().index = std::max<IndexNumber>(state.checkpoint.next_index, 1);
  engine.pipeline.numbers().name_space =
      std::max<NamespaceNumber>(state.checkpoint.next_namespace, 1);
  const Lsn redo_lsn = std::max<Lsn>(state.checkpoint.redo_lsn, 1);
  engine.ledger.note_applied(redo_lsn - 1);

  Replayer replayer(engine, state);
  auto log = TRY(wal::Log::recover(
      file_system, log_options(engine.options, manifest->database_id()),
      {redo_lsn, state.checkpoint.durable_lsn},
      [&](Lsn lsn, std::string_view record) { return replayer(lsn, record); },
      [&](std::uint64_t done, std::uint64_t all) {
        if (progress) {
          progress("reading the log",
                   all == 0 ? 1 : static_cast<double>(done) / static_cast<double>(all));
        }
      }));
  const Lsn last_lsn = log->next_lsn() - 1;
  if (last_lsn + 1 < redo_lsn) {
    return fail(ErrorCode::kCorruption,
                "the log ends at LSN {}, but the manifest needs it from {} on", last_lsn,
                redo_lsn);
  }
  engine.ledger.note_applied(last_lsn);
  engine.snapshots.publish(last_lsn);

  Ledger::Start start;
  start.manifest = std::move(manifest);
  start.next_file = std::max<FileNumber>(state.reserved.end, 1);
  start.redo_lsn = redo_lsn;
  start.definitions_lsn = state.checkpoint.definitions_lsn;
  std::set<FileNumber> listed;
  for (const auto& [number, place] : state.namespaces) {
    for (const auto& descriptor : place.name_space->descriptors) listed.insert(descriptor.file);
  }
  std::set<FileNumber> garbage = state.pending_unlinks;
  for (FileNumber file = state.reserved.begin; file < state.reserved.end; ++file) {
    if (!listed.contains(file)) garbage.insert(file);
  }
  start.pending_unlinks.assign(garbage.begin(), garbage.end());
  engine.ledger.start(std::move(start));
  engine.pipeline.start(std::move(log));
  TRY(engine.ledger.rewrite(true));
  note_merges(engine, state);
  return {};
}

}  // namespace alcove::executor
