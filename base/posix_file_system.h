#pragma once

#include <memory>

#include "base/file_system.h"

namespace alcove {

// The machine's disk. Files are opened O_CLOEXEC; reads and writes go on after EINTR and short
// transfers. The first map() installs a SIGBUS handler: a fault inside one of our mappings is
// answered with zero pages and marks the mapping faulted(); one elsewhere is the default death.
// At most 65,536 mappings at a time. Files and directories are made for their owner alone.
// Thread-safe.
class PosixFileSystem final : public FileSystem {
 public:
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
};

}  // namespace alcove
