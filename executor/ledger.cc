#include "executor/ledger.h"

#include <algorithm>
#include <set>
#include <shared_mutex>

#include "base/check.h"

namespace alcove::executor {
namespace {

constexpr FileNumber kReserveCount = 64;
constexpr std::size_t kStateBatch = 1024;

}  // namespace

void Ledger::start(Start start) {
  manifest_ = std::move(start.manifest);
  begin_file_ = next_file_ = reserved_end_ = start.next_file;
  redo_lsn_ = start.redo_lsn;
  pending_definitions_lsn_ = std::max(pending_definitions_lsn_, start.definitions_lsn);
  for (const FileNumber file : start.pending_unlinks) garbage_.push_back({file, 0, 0, segments::Links::kMaybe});
}

// ---- under apply_mutex --------------------------------------------------------------------------

void Ledger::note_definition(segments::ManifestEdit edit, Lsn lsn) {
  pending_.push_back(std::move(edit));
  pending_definitions_lsn_ = lsn;
}

void Ledger::note_garbage(std::span<const segments::SegmentDescriptor> descriptors, Lsn lsn) {
  const std::uint64_t ticket = snapshots_.next_ticket();
  for (const auto& descriptor : descriptors) {
    const auto links = descriptor.linked_bytes > 0 ? segments::Links::kMaybe : segments::Links::kNone;
    garbage_.push_back({descriptor.file, ticket, lsn, links});
  }
}

// ---- publishing ---------------------------------------------------------------------------------

segments::CheckpointEdit Ledger::checkpoint_edit() {
  const auto [next_index, next_namespace] = next_numbers_();
  return {redo_lsn_, pending_definitions_lsn_, applied_lsn_, next_index, next_namespace};
}

Status Ledger::append(std::span<const Replacement> replacements, std::optional<Lsn> redo_lsn,
                      std::vector<bool>* alive) {
  Edits edits;
  Lsn redo_before = 0;
  {
    std::lock_guard lock(apply_mutex_);
    redo_before = redo_lsn_;
    // Readers open namespaces without it.
    std::shared_lock catalogue_lock(catalogue_.mutex());
    edits.swap(pending_);
    for (const FileNumber file : unlinked_) edits.push_back(segments::UnlinkedEdit{file});
    unlinked_.clear();
    for (const Replacement& replacement : replacements) {
      // Whether it was dropped is decided together with which edits are taken: a drop that comes
      // later finds its edit behind this one.
      const bool live = catalogue_.open_namespace(replacement.name_space) != nullptr;
      alive->push_back(live);
      if (!live) continue;
      segments::ReplaceSegmentsEdit edit;
      edit.name_space = replacement.name_space;
      edit.removed = replacement.removed;
      edit.flushed_lsn = replacement.flushed_lsn;
      if (replacement.added) {
        edit.added.push_back(replacement.added->segment->descriptor());
        edit.added.back().replaced = replacement.replaced;
      }
      edits.push_back(std::move(edit));
    }
    // Of two checkpoints side by side the one that found less may come last, and the log be released as the other says.
    if (redo_lsn) redo_lsn_ = std::max(redo_lsn_, *redo_lsn);
    edits.push_back(checkpoint_edit());
  }
  TRY(sync_log_());
  unproven_ = true;
  Status appended = manifest_->append(edits, segments::Manifest::Reserve::kUse);
  if (!appended && !manifest_->failed()) {
    // Nothing was written: the collected edits wait for the next time. Replacements are their
    // owners' to repeat.
    std::lock_guard lock(apply_mutex_);
    redo_lsn_ = redo_before;
    const std::size_t own = static_cast<std::size_t>(
        std::count(alive->begin(), alive->end(), true)) + 1;
    edits.resize(edits.size() - own);
    pending_.insert(pending_.begin(), std::make_move_iterator(edits.begin()),
                    std::make_move_iterator(edits.end()));
  }
  return appended;
}

namespace {

bool same_segments(std::span<const OpenSegment> x, std::span<const OpenSegment> y) {
  return std::equal(x.begin(), x.end(), y.begin(), y.end(),
                    [](const OpenSegment& a, const OpenSegment& b) {
                      return a.segment->identity().file == b.segment->identity().file;
                    });
}

}  // namespace

void Ledger::install(const Replacement& replacement, Namespace& name_space) {
  auto& descriptors = name_space.descriptors;
  const Version& old = *name_space.open->version;
  std::vector<OpenSegment> open;
  // What a merge's result has lost to segments that came behind it meanwhile is found when the set
  // is opened anew; and so is what a flush has replaced in segments that were merged meanwhile.
  bool overtaken = !replacement.removed.empty() && replacement.added &&
                   descriptors.back().file != replacement.removed.back();
  bool was_open = old.segments->is_open();
  if (was_open) {
    const auto opened = old.segments->open();
    CHECK(opened.has_value(), "open segments stay open");
    open.assign(opened->begin(), opened->end());
    if (replacement.removed.empty() && replacement.added) {
      overtaken = !same_segments(open, replacement.older);
    }
    was_open = !overtaken;
  }
  std::size_t place = descriptors.size();
  if (!replacement.removed.empty()) {
    place = 0;
    while (descriptors[place].file != replacement.removed.front()) ++place;
    const auto count = static_cast<std::ptrdiff_t>(replacement.removed.size());
    const auto first = static_cast<std::ptrdiff_t>(place);
    note_garbage(std::span(descriptors).subspan(place, replacement.removed.size()),
                 std::max(snapshots_.visible_lsn(), old.installed_lsn));
    descriptors.erase(descriptors.begin() + first, descriptors.begin() + first + count);
    if (was_open) open.erase(open.begin() + first, open.begin() + first + count);
  }
  if (was_open && replacement.removed.empty() && replacement.added) open = replacement.older;
  if (replacement.added) {
    segments::SegmentDescriptor descriptor = replacement.added->segment->descriptor();
    descriptor.replaced = replacement.replaced;
    descriptors.insert(descriptors.begin() + static_cast<std::ptrdiff_t>(place), descriptor);
    if (was_open) {
      open.insert(open.begin() + static_cast<std::ptrdiff_t>(place), *replacement.added);
    }
  }
  name_space.flushed_lsn = std::max(name_space.flushed_lsn, replacement.flushed_lsn);

  auto version = std::make_shared<Version>(old);
  version->sealed.erase(
      version->sealed.begin(),
      version->sealed.begin() + static_cast<std::ptrdiff_t>(replacement.sealed_done));
  version->segments =
      was_open ? std::make_shared<SegmentSet>(
                     env_.file_system, catalogue_.segment_directory(),
                     catalogue_.identity(*old.index, name_space.number),
                     Catalogue::owner(*old.index, name_space.name), std::move(open))
               : catalogue_.segment_set(*old.index, name_space);
  // A flush may be faster than the leader that publishes what it has flushed.
  catalogue_.install(name_space, std::move(version), replacement.flushed_lsn);
}

Status Ledger::publish(std::span<const Replacement> replacements) {
  std::lock_guard manifest_lock(manifest_mutex_);
  std::vector<bool> alive;
  TRY(append(replacements, std::nullopt, &alive));
  std::lock_guard apply_lock(apply_mutex_);
  std::unique_lock catalogue_lock(catalogue_.mutex());
  for (std::size_t i = 0; i < replacements.size(); ++i) {
    Namespace* name_space = catalogue_.open_namespace(replacements[i].name_space);
    if (alive[i] && name_space != nullptr) {
      install(replacements[i], *name_space);
    } else if (replacements[i].added) {
      note_garbage(std::span(&replacements[i].added->segment->descriptor(), 1), 0);
    }
  }
  return {};
}

Status Ledger::publish_checkpoint(Lsn redo_lsn) {
  std::lock_guard manifest_lock(manifest_mutex_);
  std::vector<bool> alive;
  TRY(append({}, redo_lsn, &alive));
  std::lock_guard making_lock(making_mutex_);
  begin_file_ = making_.empty() ? next_file_ : *making_.begin();
  return {};
}

Lsn Ledger::redo_lsn() const {
  std::lock_guard lock(apply_mutex_);
  return redo_lsn_;
}

// ---- files --------------------------------------------------------------------------------------

std::string Ledger::path_of(FileNumber file) const {
  return segments::segment_path(catalogue_.segment_directory(), file);
}

NewFile::~NewFile() {
  if (ledger_ == nullptr) return;
  std::lock_guard lock(ledger_->making_mutex_);
  ledger_->making_.erase(number_);
}

Result<NewFile> Ledger::take_file() {
  std::lock_guard lock(manifest_mutex_);
  if (next_file_ == reserved_end_) {
    const FileNumber end = next_file_ + kReserveCount;
    const segments::ManifestEdit edit = segments::ReserveFilesEdit{begin_file_, end};
    TRY(manifest_->append(std::span(&edit, 1), segments::Manifest::Reserve::kKeep));
    unproven_ = true;
    reserved_end_ = end;
  }
  std::lock_guard making_lock(making_mutex_);
  making_.insert(next_file_);
  return NewFile(*this, next_file_++);
}

std::size_t Ledger::garbage_count() const {
  std::lock_guard lock(apply_mutex_);
  return garbage_.size();
}

Result<std::size_t> Ledger::unlink_garbage(std::size_t files_max) {
  std::vector<Garbage> files;
  const std::uint64_t oldest_ticket = snapshots_.oldest_ticket();
  const Lsn oldest_lsn = snapshots_.oldest_lsn();
  {
    std::lock_guard lock(apply_mutex_);
    std::size_t names = 0;
    for (const Garbage& each : garbage_) {
      if (names >= files_max || each.ticket > oldest_ticket || each.lsn > oldest_lsn) break;
      files.push_back(each);
      // Few have as many as there may be.
      names += each.links == segments::Links::kMaybe ? segments::kVectorFilesMax / 8 : 1;
    }
  }
  if (files.empty()) return std::size_t{0};
  {
    // With the files the old state goes for good: the frame that replaced it must not pass for a
    // torn tail any more.
    std::lock_guard lock(manifest_mutex_);
    if (unproven_) {
      TRY(manifest_->append({}, segments::Manifest::Reserve::kUse));
      unproven_ = false;
    }
  }
  std::set<std::string> directories;
  for (const Garbage& each : files) {
    const std::string path = path_of(each.file);
    TRY(segments::unlink_segment(env_.file_system, path, each.links));
    directories.insert(directory_of(path));
  }
  for (const std::string& directory : directories) {
    TRY(env_.file_system.sync_directory(directory));
  }
  // Until then they stay garbage: after an error they are tried again, and a manifest that is rewritten names them.
  std::lock_guard lock(apply_mutex_);
  garbage_.erase(garbage_.begin(), garbage_.begin() + static_cast<std::ptrdiff_t>(files.size()));
  for (const Garbage& each : files) unlinked_.push_back(each.file);
  return files.size();
}

// ---- rewriting ----------------------------------------------------------------------------------

// A role may be newer than the checkpoint that is written with it: an edit, or a record of the log,
// says all of it, so what is older does no harm before what is newer comes again.
Status Ledger::emit_roles(const std::function<Status(const segments::ManifestEdit&)>& emit) {
  std::optional<std::string> after;
  while (true) {
    auto roles = roles_.encoded(after, kStateBatch);
    if (roles.empty()) return {};
    after = roles.back().first;
    for (auto& [name, role] : roles) {
      TRY(emit(segments::PutRoleEdit{std::move(name), std::move(role)}));
    }
  }
}

Status Ledger::rewrite(bool always) {
  std::lock_guard lock(manifest_mutex_);
  if (!always && !manifest_->wants_rewrite()) return {};
  Edits taken;
  std::vector<FileNumber> taken_unlinked;
  // The log is synced last: a commit that was applied meanwhile may stand in the state already.
  const auto state = [&](const auto& emit) -> Status {
    TRY(emit_state(emit, taken, taken_unlinked));
    return sync_log_();
  };
  if (Status rewritten = manifest_->rewrite(state); !rewritten) {
    // The old manifest stays in force, and needs them still.
    std::lock_guard apply_lock(apply_mutex_);
    pending_.insert(pending_.begin(), std::make_move_iterator(taken.begin()),
                    std::make_move_iterator(taken.end()));
    unlinked_.insert(unlinked_.end(), taken_unlinked.begin(), taken_unlinked.end());
    return rewritten;
  }
  unproven_ = false;
  return {};
}

// The state is read piece by piece beside commits. What these define while it is read is left out
// (created) or listed as garbage at the end (dropped); their edits follow with the next append, and
// an edit about something unknown is ignored by recovery.
Status Ledger::emit_state(const std::function<Status(const segments::ManifestEdit&)>& emit,
                          Edits& taken, std::vector<FileNumber>& taken_unlinked) {
  segments::CheckpointEdit checkpoint;
  std::vector<std::shared_ptr<const IndexDefinition>> definitions;
  {
    std::lock_guard lock(apply_mutex_);
    taken.swap(pending_);
    taken_unlinked.swap(unlinked_);
    checkpoint = checkpoint_edit();
    std::shared_lock catalogue_lock(catalogue_.mutex());
    catalogue_.each_index([&](Index& index) { definitions.push_back(index.definition); });
  }
  for (const auto& definition : definitions) {
    TRY(emit(segments::CreateIndexEdit{definition->number, definition->name,
                                       definition->dimension, definition->metric,
                                       definition->created_lsn}));
    std::optional<std::string> after;
    for (bool more = true; more;) {
      Edits edits;
      {
        std::shared_lock catalogue_lock(catalogue_.mutex());
        Index* index = catalogue_.index_by_number(definition->number);
        if (index == nullptr) break;
        auto place = after ? index->namespaces.upper_bound(*after) : index->namespaces.begin();
        for (std::size_t i = 0; i < kStateBatch && place != index->namespaces.end();
             ++i, ++place) {
          const Namespace& entry = *place;
          after = entry.name;
          if (entry.created_lsn > checkpoint.definitions_lsn) continue;
          edits.push_back(segments::CreateNamespaceEdit{entry.number, definition->number,
                                                        entry.name, entry.created_lsn});
          if (entry.descriptors.empty() && entry.flushed_lsn > 0) {
            edits.push_back(
                segments::ReplaceSegmentsEdit{entry.number, {}, {}, entry.flushed_lsn});
          }
          for (const auto& descriptor : entry.descriptors) {
            edits.push_back(segments::ReplaceSegmentsEdit{
                entry.number, {}, {descriptor}, entry.flushed_lsn});
          }
        }
        more = place != index->namespaces.end();
      }
      for (const auto& edit : edits) TRY(emit(edit));
    }
  }
  TRY(emit_roles(emit));
  std::vector<FileNumber> garbage;
  {
    std::lock_guard lock(apply_mutex_);
    for (const Garbage& each : garbage_) garbage.push_back(each.file);
  }
  for (const FileNumber file : garbage) TRY(emit(segments::PendingUnlinkEdit{file}));
  TRY(emit(segments::ReserveFilesEdit{begin_file_, reserved_end_}));
  return emit(checkpoint);
}

}  // namespace alcove::executor
