#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/result.h"
#include "executor/engine.h"
#include "executor/transaction.h"

namespace alcove::executor {

// Rows of one namespace on their way to a staged segment, while their session goes on. Whoever began
// it may let go of it at any time: it comes to its end all the same, and a segment that nobody takes
// becomes garbage. Thread-safe.
class Staging {
 public:
  // Begins to write `request`'s rows: aside, by Engine::run_aside, or here and now where there is
  // nobody to do it. Requires: rows, and Transaction::takes_staged() of the namespace.
  static std::shared_ptr<Staging> begin(Engine& engine, WriteRequest request);

  bool is_over() const;
  // Calls `ready` once when it is over: from any thread, maybe before this returns.
  void when_over(std::function<void()> ready);
  // The request with the segment instead of its rows. Requires: is_over(); once. Errors: as Stager.
  Result<WriteRequest> take();
  // The memory that the rows were in, to be used again. Requires: as take().
  std::string take_memory() { return std::move(rows_); }

 private:
  explicit Staging(WriteRequest request)
      : request_(std::move(request)), rows_(std::move(request_.rows)) {}
  void run(Engine& engine);
  Result<std::shared_ptr<StagedSegment>> stage(Engine& engine) const;

  WriteRequest request_;
  std::string rows_;
  mutable std::mutex mutex_;
  std::optional<Result<std::shared_ptr<StagedSegment>>> segment_;  // once it is over
  std::function<void()> ready_;
};

}  // namespace alcove::executor
