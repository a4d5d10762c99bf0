#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include "base/env.h"
#include "base/ids.h"
#include "executor/catalogue.h"
#include "executor/role_table.h"
#include "executor/snapshot.h"
#include "segments/manifest.h"
#include "segments/vector_file.h"

namespace alcove::executor {

class Ledger;

// The number of a segment file that is being made. While it is held a checkpoint keeps the number
// among those that recovery looks at for leftovers. Movable.
class NewFile {
 public:
  NewFile(Ledger& ledger, FileNumber number) : ledger_(&ledger), number_(number) {}
  ~NewFile();
  NewFile(NewFile&& other) noexcept
      : ledger_(std::exchange(other.ledger_, nullptr)), number_(other.number_) {}
  NewFile& operator=(NewFile&&) = delete;
  FileNumber number() const { return number_; }

 private:
  Ledger* ledger_;
  FileNumber number_;
};

// What one flush or merge changes in a namespace.
struct Replacement {
  NamespaceNumber name_space = 0;
  std::vector<FileNumber> removed;     // neighbours, replaced by `added`; empty: `added` is newest
  std::optional<OpenSegment> added;    // open, with its dead rows; its descriptor counts
  std::optional<NewFile> file;         // of `added`
  std::uint64_t replaced = 0;          // for the descriptor of `added`
  // Of a flush: how many of the oldest sealed memtables are now in segments, and up to which LSN.
  std::size_t sealed_done = 0;
  Lsn flushed_lsn = 0;
  // Of a flush: the segments it found, in order, with their dead rows now that `added` is there.
  // Where they are others meanwhile, by a merge, the dead rows are found anew.
  std::vector<OpenSegment> older;
};

// Keeps the manifest true to the catalogue: collects the edits that commits cause, appends them
// together with what flush, merge and checkpoint publish, hands out file numbers, and knows which
// files are garbage. Thread-safe.
//
// apply_mutex() orders all that changes the catalogue or a namespace's version: the pipeline's
// leader while it applies, publish() while it installs. Lock order: the manifest's own mutex, then
// pipeline leadership (for syncing the log), then apply_mutex, then catalogue.mutex(). So a leader
// never calls publish().
class Ledger {
 public:
  Ledger(Env& env, Catalogue& catalogue, const RoleTable& roles, SnapshotRegistry& snapshots)
      : env_(env), catalogue_(catalogue), roles_(roles), snapshots_(snapshots) {}

  struct Start {
    std::unique_ptr<segments::Manifest> manifest;
    FileNumber next_file = 1;
    Lsn redo_lsn = 1;
    Lsn definitions_lsn = 0;
    std::vector<FileNumber> pending_unlinks;
  };
  void start(Start start);
  // Makes everything applied durable in the log: no edit goes before. Set before the first use.
  void set_sync_log(std::function<Status()> sync_log) { sync_log_ = std::move(sync_log); }
  // Numbers used up so far, for the checkpoint edit; asked under apply_mutex.
  void set_next_numbers(std::function<std::pair<IndexNumber, NamespaceNumber>()> next_numbers) {
    next_numbers_ = std::move(next_numbers);
  }

  std::mutex& apply_mutex() { return apply_mutex_; }

  // ---- under apply_mutex, by whoever applies a commit ----
  void note_definition(segments::ManifestEdit edit, Lsn lsn);
  // Files that snapshots need which were acquired before, or are below `lsn`: what makes them garbage may be
  // applied and not yet published.
  void note_garbage(std::span<const segments::SegmentDescriptor> descriptors, Lsn lsn);
  void note_applied(Lsn lsn) { applied_lsn_ = lsn; }
  Lsn applied_lsn() const { return applied_lsn_; }

  // ---- the background ----
  // Appends all collected edits and those of `replacements`, durable, then installs the new
  // versions. A namespace dropped meanwhile takes nothing; its new file becomes garbage.
  Status publish(std::span<const Replacement> replacements);
  // As publish({}), and moves the checkpoint: `redo_lsn` is where the next recovery must begin. Never back.
  Status publish_checkpoint(Lsn redo_lsn);
  // A number for a new segment file, reserved durably.
  Result<NewFile> take_file();
  std::string path_of(FileNumber file) const;

  // Unlinks garbage that no reader can still open, at most `files_max` files, of which one with links
  // counts for sixteen. Returns how many. Where that fails they are
  // garbage still. One thread at a time.
  Result<std::size_t> unlink_garbage(std::size_t files_max);
  std::size_t garbage_count() const;
  // Rewrites the manifest if that pays (or `always`).
  Status rewrite(bool always);

  Lsn redo_lsn() const;
  // What the manifest says of itself; fixed once started.
  std::uint64_t database_id() const { return manifest_->database_id(); }

 private:
  friend class NewFile;
  struct Garbage {
    FileNumber file;
    std::uint64_t ticket;  // snapshots acquired before it may still need the file, …
    Lsn lsn;               // … and those below this
    segments::Links links;
  };
  using Edits = std::vector<segments::ManifestEdit>;
  // Require manifest_mutex_.
  Status append(std::span<const Replacement> replacements, std::optional<Lsn> redo_lsn,
                std::vector<bool>* alive);
  segments::CheckpointEdit checkpoint_edit();  // and apply_mutex_
  Status emit_roles(const std::function<Status(const segments::ManifestEdit&)>& emit);
  Status emit_state(const std::function<Status(const segments::ManifestEdit&)>& emit,
                    Edits& taken, std::vector<FileNumber>& taken_unlinked);
  // Requires apply_mutex_ and catalogue mutex.
  void install(const Replacement& replacement, Namespace& name_space);

  Env& env_;
  Catalogue& catalogue_;
  const RoleTable& roles_;
  SnapshotRegistry& snapshots_;
  std::function<Status()> sync_log_;
  std::function<std::pair<IndexNumber, NamespaceNumber>()> next_numbers_;

  mutable std::mutex manifest_mutex_;
  std::unique_ptr<segments::Manifest> manifest_;
  FileNumber begin_file_ = 1;  // leftovers of a crash have numbers from here
  FileNumber next_file_ = 1;
  FileNumber reserved_end_ = 1;
  std::mutex making_mutex_;
  std::set<FileNumber> making_;
  bool unproven_ = false;  // frames appended since the last mark

  mutable std::mutex apply_mutex_;
  Edits pending_;
  Lsn applied_lsn_ = 0;
  Lsn pending_definitions_lsn_ = 0;  // definitions applied so far
  Lsn redo_lsn_ = 1;
  std::deque<Garbage> garbage_;
  std::vector<FileNumber> unlinked_;  // gone, to be told to the manifest with the next edits
};

}  // namespace alcove::executor
