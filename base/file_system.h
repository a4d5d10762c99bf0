#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace alcove {

// The door to the disk. Two stand behind it: PosixFileSystem, and SimulatedFileSystem in which
// tests fail any call, tear any write and lose everything that was not synced. Paths are plain
// strings with '/'. Every call is thread-safe; a File is externally synchronised for writes, its
// reads may run beside anything.
//
// Durability, as POSIX has it: bytes written to a file are durable once sync() returned; a name
// (created, renamed, linked, unlinked) is durable once sync_directory() of its directory returned.
// Errors: kDiskFull for ENOSPC and EDQUOT, else kIo; each names the path and the call.

class File {
 public:
  virtual ~File() = default;
  // Reads up to `size` bytes at `offset` into `into`; fewer only at the end of the file.
  virtual Result<std::size_t> read(std::uint64_t offset, char* into, std::size_t size) const = 0;
  // Writes all of `bytes` at `offset`. After an error any part of it may be written.
  virtual Status write(std::uint64_t offset, std::string_view bytes) = 0;
  // Makes room on the disk for [offset, offset + size), extending the file with zeros.
  virtual Status allocate(std::uint64_t offset, std::uint64_t size) = 0;
  // Has the disk begin with what was written to [offset, offset + size), so that sync() finds less left
  // to do. A hint: nothing is durable by it, and an error shows in sync().
  virtual void start_writeback(std::uint64_t offset, std::uint64_t size) = 0;
  // fdatasync. After an error the file must not be synced again as though nothing had happened.
  virtual Status sync() = 0;
  virtual Status truncate(std::uint64_t size) = 0;
  virtual Result<std::uint64_t> size() const = 0;
  virtual const std::string& path() const = 0;
};

// A whole file in memory, read only. Stays valid after the file is unlinked. Thread-safe.
class Mapping {
 public:
  virtual ~Mapping() = default;
  virtual std::string_view bytes() const = 0;
  // True once a page could not be read (SIGBUS): it, and maybe others, read as zeros since.
  virtual bool faulted() const = 0;
  // Has the disk begin with [offset, offset + size), which will be read soon: not waited for, and of what is in memory
  // already nothing is read. A hint. Requires: within bytes().
  virtual void will_read(std::uint64_t offset, std::uint64_t size) const = 0;
  // Tells the kernel that the pages will not be used for a while.
  virtual void release_pages() const = 0;
};

// Holds a lock on a path from lock() until it is destroyed.
class FileLock {
 public:
  virtual ~FileLock() = default;
};

enum class OpenMode {
  kRead,       // must exist
  kReadWrite,  // must exist
  kCreate,     // must not exist; read and write
};

class FileSystem {
 public:
  virtual ~FileSystem() = default;
  virtual Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) = 0;
  // Maps a file that must be exactly `bytes` long, else kCorruption.
  virtual Result<std::unique_ptr<Mapping>> map(const std::string& path, std::uint64_t bytes) = 0;
  // How many mappings there are.
  virtual std::size_t mapping_count() const = 0;
  // Whether any of its mappings has faulted, ever: where none has, each need not be asked.
  virtual bool mappings_faulted() const = 0;
  virtual Status rename(const std::string& from, const std::string& to) = 0;
  // Gives a file one more name: it is there until the last is unlinked. `to` must not exist.
  virtual Status link(const std::string& from, const std::string& to) = 0;
  // A missing file is success.
  virtual Status unlink(const std::string& path) = 0;
  // An existing directory is success.
  virtual Status create_directory(const std::string& path) = 0;
  virtual Status sync_directory(const std::string& path) = 0;
  virtual Result<bool> exists(const std::string& path) = 0;
  // Names (not paths) in a directory, sorted.
  virtual Result<std::vector<std::string>> list(const std::string& path) = 0;
  // An exclusive lock against other processes; kIo when somebody holds it.
  virtual Result<std::unique_ptr<FileLock>> lock(const std::string& path) = 0;
};

// The whole of a file, at most `bytes_max`: kLimitExceeded past that.
Result<std::string> read_file(FileSystem& file_system, const std::string& path,
                              std::uint64_t bytes_max);

// Puts `bytes` under `path` so that after any crash the old content or the new stands there whole:
// writes `path`.new, syncs it, renames, syncs the directory.
Status replace_file(FileSystem& file_system, const std::string& path, std::string_view bytes);

// The part of `path` before the last '/'; "." where there is none, "/" where it is the first.
std::string directory_of(const std::string& path);

}  // namespace alcove
