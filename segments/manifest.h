#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "base/file_system.h"
#include "segments/manifest_edit.h"

namespace alcove::segments {

struct ManifestOptions {
  std::string directory;          // exists
  std::uint64_t database_id = 0;  // 0 at open(): taken from the file
  // The file grows by this much, zero-filled, ahead of need.
  std::uint64_t allocation_bytes = 64 * 1024;
};

// The append-only, checksummed file of edits that says which files are the database; the log's
// checkpoint. A frame is a group of edits that become durable together. Files are named
// manifest-<number>; CURRENT names the one in force and is replaced whole (base/replace_file).
//
// Each frame carries its number and the highest frame number known durable when it was written, so
// that a later valid frame proves an earlier bad one to be damage. A bad frame that nothing proves
// is a torn tail: the file is then never appended to again; the state goes into a new manifest.
//
// Externally synchronised. After a failed write or sync failed() is true and every call answers
// kPanic. kDiskFull means nothing was written; a little room is kept for edits that free space.
class Manifest {
 public:
  // Makes the first manifest with `edits` in it, durable on return, CURRENT last.
  static Result<std::unique_ptr<Manifest>> create(FileSystem& file_system, ManifestOptions options,
                                                  std::span<const ManifestEdit> edits);

  // Whether CURRENT stands in `directory`: whether there is a database.
  static Result<bool> exists(FileSystem& file_system, const std::string& directory);

  // Reads the manifest in force and calls `apply` for each edit, in order. The result is not ready
  // for append() until rewrite() was called once: a recovery always begins a new manifest, so that
  // nothing read from the page cache is trusted to be durable. Errors: kCorruption naming file and
  // offset, kTooNew, what `apply` returns.
  static Result<std::unique_ptr<Manifest>> open(
      FileSystem& file_system, ManifestOptions options,
      const std::function<Status(const ManifestEdit&)>& apply);

  virtual ~Manifest() = default;

  virtual std::uint64_t database_id() const = 0;

  // Appends the edits as one frame, durable on return: after a crash all of them are there or none.
  // `may_use_reserve`: for edits that free space.
  enum class Reserve : unsigned char { kKeep, kUse };
  virtual Status append(std::span<const ManifestEdit> edits, Reserve reserve) = 0;

  // Begins a new manifest that holds what `state` hands out (in order), and makes it the one in
  // force; the old file is unlinked. Memory does not grow with the state.
  virtual Status rewrite(
      const std::function<Status(const std::function<Status(const ManifestEdit&)>&)>& state) = 0;
  // Whether appends since the last rewrite outweigh it so far that a rewrite would pay.
  virtual bool wants_rewrite() const = 0;

  virtual bool failed() const = 0;
  virtual std::uint64_t bytes() const = 0;
};

// Reads a manifest file for people (`alcove inspect manifest`); says in the end why it stopped.
Result<std::string> dump_manifest_file(
    FileSystem& file_system, const std::string& path,
    const std::function<void(std::uint64_t offset, std::uint64_t frame, const ManifestEdit&)>&
        edit);

}  // namespace alcove::segments
