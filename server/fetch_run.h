#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "executor/run.h"
#include "server/portal.h"

namespace alcove::server {

// The next rows of a portal: what an Execute, a FETCH or a MOVE asks for. Steps the portal's run no
// further than needed; what that finds beyond is kept in the portal.
class FetchRun final : public executor::Run {
 public:
  static constexpr std::uint64_t kAllRows = UINT64_MAX;
  struct Part {
    std::uint64_t skip = 0;  // rows to pass over
    std::uint64_t rows = kAllRows;
  };
  enum class Verb : unsigned char { kExecute, kFetch, kMove };

  // Requires: the portal has begun, and has not failed.
  FetchRun(std::shared_ptr<Portal> portal, Part part, Verb verb);

  const std::vector<executor::Column>& columns() const override;
  // An error leaves the portal failed.
  Result<Progress> step(executor::RowSink& sink) override;
  void when_ready(std::function<void()> ready) override { portal_->run->when_ready(std::move(ready)); }
  std::optional<std::uint64_t> wake_at_us() const override { return portal_->run->wake_at_us(); }
  std::string tag() const override;

  // Whether it gave all the rows that it was asked for: there may be more.
  bool reached_limit() const { return part_.rows != kAllRows && given_ == part_.rows; }

 private:
  class Window;
  bool satisfied() const { return given_ == part_.rows; }
  Status step_portal(executor::RowSink& window, Progress& progress);

  const std::shared_ptr<Portal> portal_;
  Part part_;  // `skip`: still to pass over
  const Verb verb_;
  std::uint64_t given_ = 0;
};

}  // namespace alcove::server
