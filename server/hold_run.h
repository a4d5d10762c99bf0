#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "executor/run.h"
#include "server/portal.h"
#include "server/portal_set.h"

namespace alcove::server {

// DECLARE … WITH HOLD: runs the query to its end and keeps all its rows, so that the cursor needs
// neither its transaction nor its snapshot any more.
class HoldRun final : public executor::Run {
 public:
  // `portal`, with its run, is one of `portals`, which bounds what they hold.
  HoldRun(std::shared_ptr<Portal> portal, const PortalSet& portals)
      : portal_(std::move(portal)), portals_(portals), bytes_before_(portal_->bytes) {}

  const std::vector<executor::Column>& columns() const override { return columns_; }
  // Errors besides the query's: kLimitExceeded.
  Result<Progress> step(executor::RowSink& sink) override;
  void when_ready(std::function<void()> ready) override { portal_->run->when_ready(std::move(ready)); }
  std::optional<std::uint64_t> wake_at_us() const override { return portal_->run->wake_at_us(); }
  std::string tag() const override { return "DECLARE CURSOR"; }

 private:
  const std::shared_ptr<Portal> portal_;
  const PortalSet& portals_;
  const std::uint64_t bytes_before_;
  std::vector<executor::Column> columns_;
};

}  // namespace alcove::server
