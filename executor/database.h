#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/env.h"
#include "base/result.h"

namespace alcove::executor {

// Limits and sizes of one database, each with its default.
struct DatabaseOptions {
  std::string directory;
  std::uint64_t memtable_bytes = 256ULL << 20;         // of all namespaces together, before sealing
  std::uint64_t memtable_bytes_max = 512ULL << 20;     // past it writers wait
  std::uint64_t log_file_bytes = 16ULL << 20;
  std::uint64_t checkpoint_log_bytes = 256ULL << 20;   // a checkpoint begins past so much log (Log::bytes_since)
  std::uint64_t checkpoint_interval_ms = 300'000;
  std::uint64_t transaction_bytes_max = 256ULL << 20;  // of one transaction's writes
  std::uint64_t large_commit_bytes = 8ULL << 20;       // to one namespace: past it not through the log
  std::uint64_t group_commit_bytes_max = 4ULL << 20;   // of one frame, but for a single larger record
  std::uint64_t linked_bytes_min = 16ULL << 20;        // merges copy the vectors of smaller files (segments/vector_file.h)
  std::uint32_t open_namespaces_max = 4096;            // namespaces with their segments mapped
  std::uint32_t mapped_files_max = 32'768;             // files of them; Linux lets a process map 65,530
  std::uint32_t query_slots = 0;                       // morsels at the same time; 0: one a core
  // No thread of its own: tests call Database::run_background() instead.
  bool background_threads = true;
  // Told once when durability is in doubt: must end the process. Default: abort.
  std::function<void(const Error&)> on_panic;
};

// The engine: everything under one data directory. Thread-safe.
class Database {
 public:
  // Opens the database in `options.directory`, making one where there is none, and recovers it.
  // `progress` is told of long steps: a word and a share of 0 to 1.
  // Errors: kIo when another process has it, kCorruption naming file and offset, kTooNew.
  static Result<std::unique_ptr<Database>> open(
      Env env, DatabaseOptions options,
      const std::function<void(const std::string&, double)>& progress = {});
  virtual ~Database() = default;

  // Finishes what is under way, checkpoints and stops the background. Sessions must be gone.
  virtual Status close() = 0;

  // One round of what the background does (flush, merge, checkpoint, unlink, mark, spares), for
  // databases without background threads. Returns whether there was anything to do.
  virtual Result<bool> run_background() = 0;
  virtual Status checkpoint() = 0;

  // The parts, for the engine itself.
  class Engine;
  virtual Engine& engine() = 0;
};

}  // namespace alcove::executor
