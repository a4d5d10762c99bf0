#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "executor/run.h"
#include "parser/statement.h"

namespace alcove::server {

// A run that was asked for by another statement than its own, by EXECUTE or FETCH. Its errors have no
// position: an offset in one text says nothing to a client that has sent another.
class InnerRun final : public executor::Run {
 public:
  // With the statement that the run borrows, if nobody else owns that.
  InnerRun(std::unique_ptr<const parser::Statement> statement, std::unique_ptr<executor::Run> run)
      : statement_(std::move(statement)), run_(std::move(run)) {}

  static Error without_position(const Error& error) {
    return Error(error.code(), error.message())
        .with_detail(error.detail())
        .with_hint(error.hint());
  }

  const std::vector<executor::Column>& columns() const override { return run_->columns(); }
  Result<Progress> step(executor::RowSink& sink) override {
    const Result<Progress> progress = run_->step(sink);
    if (!progress) return without_position(progress.error());
    return progress;
  }
  void when_ready(std::function<void()> ready) override { run_->when_ready(std::move(ready)); }
  std::optional<std::uint64_t> wake_at_us() const override { return run_->wake_at_us(); }
  std::string tag() const override { return run_->tag(); }

 private:
  const std::unique_ptr<const parser::Statement> statement_;
  const std::unique_ptr<executor::Run> run_;
};

}  // namespace alcove::server
