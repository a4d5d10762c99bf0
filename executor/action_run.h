#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "executor/run.h"

namespace alcove::executor {

// A statement that is one action without rows; what it returns is the tag.
class ActionRun final : public Run {
 public:
  using Action = std::function<Result<std::string>()>;
  explicit ActionRun(Action action) : action_(std::move(action)) {}

  const std::vector<Column>& columns() const override { return columns_; }
  Result<Progress> step(RowSink&) override {
    tag_ = TRY(action_());
    return Progress::kDone;
  }
  std::string tag() const override { return tag_; }

 private:
  Action action_;
  std::vector<Column> columns_;
  std::string tag_;
};

inline std::unique_ptr<Run> run_action(ActionRun::Action action) {
  return std::make_unique<ActionRun>(std::move(action));
}

}  // namespace alcove::executor
