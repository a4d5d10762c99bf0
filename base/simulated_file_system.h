#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/file_system.h"

namespace alcove {

// A disk in memory for tests, strict as POSIX allows: what was written but not synced may be lost
// in any part, a name is volatile until its directory is synced, and any call can be made to fail.
// Deterministic: the same calls and the same seed give the same disk. Thread-safe.
//
// FAULT MODEL
//   crash(seed)   the machine stops: of every file each 512-byte sector written since its last sync
//                 is, by chance, kept, lost (back to any earlier content since then), or, in the
//                 last write of a file, torn; sizes may revert to any size since the last sync;
//                 each unsynced create, rename, link and unlink is, by chance and in order per directory,
//                 kept or undone. Every File, Mapping and lock handed out before fails from then on
//                 (kIo, "the machine stopped").
//   fail          before every call a hook may decide its outcome.
//   capacity      the disk holds only so many bytes; past it kDiskFull. A write fills what is left.
//
// "." and "/" are there from the start; every other directory must be made, and its name synced in
// its parent, before what stands in it is sure to last. A rename across directories is two changes,
// one in each; directories cannot be renamed. A mapping keeps what the file held when it was
// mapped; after a crash it says faulted().
class SimulatedFileSystem final : public FileSystem {
 public:
  enum class Call {
    kOpen, kRead, kWrite, kAllocate, kSync, kTruncate, kSize, kMap, kRename, kLink, kUnlink,
    kCreateDirectory, kSyncDirectory, kExists, kList, kLock,
  };
  // Returns the error with which the call fails, or nothing. It may use the disk itself, even
  // crash() it, and is asked by as many threads at once as use the disk. A failed write has
  // written a prefix of its bytes (half); a failed sync has synced nothing and, as on Linux, the
  // next sync of that file "succeeds" without having made the lost bytes durable.
  using Fault = std::function<std::optional<Error>(Call, const std::string& path)>;

  SimulatedFileSystem();
  ~SimulatedFileSystem() override;

  void set_fault(Fault fault);
  void set_capacity_bytes(std::uint64_t bytes);
  // Calls made so far that can fail (all of Call).
  std::uint64_t call_count() const;
  void crash(std::uint64_t seed);
  // As after a clean power-off: everything becomes durable. Handles die as at crash().
  void stop();

  // The content of a file as now seen, for tests that look at or damage bytes; empty if missing.
  std::string content(const std::string& path) const;
  // Durable at once, with the directories above.
  void set_content(const std::string& path, std::string bytes);
  std::vector<std::string> paths() const;                        // every file, sorted
  std::uint64_t used_bytes() const;
  // Deep copy of what is now seen, all durable.
  std::unique_ptr<SimulatedFileSystem> clone() const;
  // How many ranges the mappings of `path` that there are have been told will be read.
  std::uint64_t hint_count(const std::string& path) const;
  // Makes every mapping of `path` read as zeros and say faulted().
  void fault_mapping(const std::string& path);

  Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override;
  Result<std::unique_ptr<Mapping>> map(const std::string& path, std::uint64_t bytes) override;
  std::size_t mapping_count() const override;
  bool mappings_faulted() const override;
  Status rename(const std::string& from, const std::string& to) override;
  Status link(const std::string& from, const std::string& to) override;
  Status unlink(const std::string& path) override;
  Status create_directory(const std::string& path) override;
  Status sync_directory(const std::string& path) override;
  Result<bool> exists(const std::string& path) override;
  Result<std::vector<std::string>> list(const std::string& path) override;
  Result<std::unique_ptr<FileLock>> lock(const std::string& path) override;

  // The state shared with the handles handed out.
  struct Disk;

 private:
  std::shared_ptr<Disk> disk_;
};

}  // namespace alcove
