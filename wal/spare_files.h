#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "base/result.h"
#include "wal/log.h"

namespace alcove::wal {

// The files that wait to become log files: allocated, filled with zeros by real writes (so that a
// commit's fdatasync writes no metadata), synced, and their names synced. Two are kept, of which
// ordinary use leaves one behind. Thread-safe, but only one thread at a time may take().
//
// Spares that an earlier run left are not trusted but filled again, so that a restart on a full
// disk does not give their space away.
//
// Errors of all that make a spare: kDiskFull and errors of opening it, after which another try may
// succeed; kPanic after any other failed write or sync.
class SpareFiles {
 public:
  // `leftovers` are the numbers of spares that lie in the directory.
  SpareFiles(FileSystem& file_system, std::string directory, std::uint64_t file_bytes,
             std::vector<std::uint64_t> leftovers);

  // A spare for its user to rename. Makes one if kOrdinary would take the last, or there is none.
  Result<std::unique_ptr<File>> take(LogSpace space);
  // Puts back a file that was taken but could not be renamed; it is filled again before use.
  void give_back(const std::string& path);

  // Makes one if there is none.
  Status keep_reserve() { return make_until(1); }
  bool wants() const;
  // Makes all that are wanted.
  Status prepare();

  // Of all spares in the directory.
  std::uint64_t bytes_on_disk() const;

 private:
  std::size_t ready_count() const;
  Status make_until(std::size_t count);
  Status make();
  Status fill(File& file);

  FileSystem& file_system_;
  const std::string directory_;
  const std::uint64_t file_bytes_;

  std::mutex making_;          // held while a spare is made; locked before mutex_
  mutable std::mutex mutex_;   // guards all below
  std::vector<std::unique_ptr<File>> ready_;
  std::vector<std::uint64_t> leftovers_;
  std::uint64_t next_number_ = 0;
};

}  // namespace alcove::wal
